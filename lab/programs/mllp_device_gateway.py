"""An MLLP listener by the ``hl7apy`` package: its own threaded server and message classes.

Runs in the lab's own environment: ``python mllp_device_gateway.py PORT``.
"""

from __future__ import annotations

import sys

from hl7apy.core import Message
from hl7apy.mllp import AbstractErrorHandler, AbstractHandler, MLLPServer


def acknowledgement(incoming: str, code: str) -> str:
    """HL7 v2.5 2.9.2: sender and receiver change places, MSA-2 repeats the control id."""
    fields = incoming.split("\r", 1)[0].split("|")
    reply = Message("ACK", version="2.5")
    reply.msh.msh_3, reply.msh.msh_4 = fields[4], fields[5]
    reply.msh.msh_5, reply.msh.msh_6 = fields[2].split("^")[0], fields[3]
    reply.msh.msh_9 = "ACK^R01^ACK"
    reply.msh.msh_10 = "A" + fields[9]
    reply.msh.msh_11 = "T"
    reply.msa.msa_1 = code
    reply.msa.msa_2 = fields[9]
    return str(reply.to_mllp())


class Accept(AbstractHandler):
    """Accepts a result."""

    def reply(self) -> str:
        """The positive acknowledgement."""
        return acknowledgement(self.incoming_message, "AA")


class Refuse(AbstractErrorHandler):
    """Refuses what has no handler."""

    def reply(self) -> str:
        """The negative acknowledgement."""
        return acknowledgement(self.incoming_message, "AR")


MLLPServer("0.0.0.0", int(sys.argv[1]), {"ORU^R01^ORU_R01": (Accept,), "ERR": (Refuse,)}, timeout=300).serve_forever()
