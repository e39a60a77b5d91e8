"""The ``asepsis`` command: arguments in, text or JSON out, one exit code. Imports ``pipeline`` and what is below it."""
