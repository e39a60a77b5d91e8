"""Personal health devices, IEEE 11073-20601, over TCP on any port: oximeters, cuffs, scales, glucose meters.

What comes out: who associates (EUI-64, configuration, specialization), what a device is and measures, and which kinds
of measurements are reported. Never a value, a time of measurement or a person's number.
"""

from __future__ import annotations

from asepsis.protocols.message import Dissector
from asepsis.protocols.phd.messages import (
    Association,
    DataMessage,
    Ending,
    Identity,
    MeasuredObject,
    Specification,
)
from asepsis.protocols.phd.stream import PhdStream

DISSECTOR = Dissector(protocol="phd", open=PhdStream)

__all__ = [
    "DISSECTOR",
    "Association",
    "DataMessage",
    "Ending",
    "Identity",
    "MeasuredObject",
    "PhdStream",
    "Specification",
]
