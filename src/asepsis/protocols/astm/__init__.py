"""Laboratory analysers: ASTM E1381 and E1394, today CLSI LIS01-A2 and LIS02-A2, over TCP or serial over TCP.

What comes out: each message's header (who sends: name, model, version, serial number in the maker's own order), which
records it has, and how many results. Never a patient's text, a specimen's number or a value.
"""

from __future__ import annotations

from asepsis.protocols.astm.messages import BioMerieuxMessage, LisMessage, PrintOut
from asepsis.protocols.astm.stream import AstmStream
from asepsis.protocols.message import Dissector

DISSECTOR = Dissector(protocol="astm", open=AstmStream)

__all__ = ["DISSECTOR", "AstmStream", "BioMerieuxMessage", "LisMessage", "PrintOut"]
