"""DICOM over TCP: the upper layer of PS3.8 and the DIMSE messages of PS3.7, on any port.

What comes out: associations with what both sides are and can do, what was echoed, stored, queried and moved,
and what the beginning of each data set says of the machine that made it. Of patients only that they were named.
"""

from __future__ import annotations

from asepsis.protocols.dicom.messages import (
    Abort,
    Association,
    Command,
    DataSet,
    DimseMessage,
    PresentationContext,
    Rejection,
    Release,
    RoleSelection,
    UserInformation,
)
from asepsis.protocols.dicom.sop_classes import class_name
from asepsis.protocols.dicom.stream import DicomStream
from asepsis.protocols.message import Dissector

DISSECTOR = Dissector(protocol="dicom", open=DicomStream)

__all__ = [
    "DISSECTOR",
    "Abort",
    "Association",
    "Command",
    "DataSet",
    "DicomStream",
    "DimseMessage",
    "PresentationContext",
    "Rejection",
    "Release",
    "RoleSelection",
    "UserInformation",
    "class_name",
]
