"""HL7 v2 over MLLP, on any port.

What comes out: each message's header, kind and segments, what was ordered and observed by codes, which devices
observed it, and acknowledgments. Of patients only which PID fields were filled in clear.
"""

from __future__ import annotations

from asepsis.protocols.hl7.messages import (
    Acknowledgment,
    Batch,
    Equipment,
    Header,
    Hl7Message,
    Observations,
    Orders,
    Software,
)
from asepsis.protocols.hl7.stream import Hl7Stream
from asepsis.protocols.message import Dissector

DISSECTOR = Dissector(protocol="hl7", open=Hl7Stream)

__all__ = [
    "DISSECTOR",
    "Acknowledgment",
    "Batch",
    "Equipment",
    "Header",
    "Hl7Message",
    "Hl7Stream",
    "Observations",
    "Orders",
    "Software",
]
