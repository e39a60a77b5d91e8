"""Asepsis: the open security platform for the Internet of Medical Things.

The engine is a library; it needs no server. ``asepsis.pipeline`` joins its parts;
``asepsis.cli`` is the command. Asepsis is not a medical device.
"""

__version__ = "0.1.0"
