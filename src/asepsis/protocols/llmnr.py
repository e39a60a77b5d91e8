"""LLMNR (RFC 4795): how Windows and others ask their link for names without a server, and who answers.

In: one UDP payload of port 5355. Out: one ``Llmnr``. Neighbours: ``dns`` reads the message, whose layout it shares.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.dns import Dns, read_message
from asepsis.protocols.message import Dissector, Malformed, Result
from asepsis.protocols.resource_records import Question, Record

# Records of one answer that are kept: a host has some addresses.
RECORDS_LIMIT = 16
# The same few names are asked for all day. 4,096 messages of at most 512 bytes (RFC 4795 2.1) stay under 16 MiB.
REMEMBERED_MESSAGES = 4096
REMEMBERED_LENGTH_BYTES = 512


@value
class Llmnr:
    """One LLMNR message."""

    PROTOCOL: ClassVar[str] = "llmnr"
    is_response: bool
    is_conflict: bool
    """C: the sender has got several answers, or does not hold the name alone (RFC 4795 2.1.1)."""
    is_tentative: bool
    """T: the responder has not yet made sure that the name is its own."""
    question: Question
    answers: tuple[Record, ...] = ()

    @property
    def kind(self) -> str:
        """``QUERY`` or ``RESPONSE``."""
        return "RESPONSE" if self.is_response else "QUERY"

    @property
    def sender_is_server(self) -> bool | None:
        """Who answers serves."""
        return self.is_response

    def facts(self) -> dict[str, Any]:
        """What is asked and answered."""
        facts: dict[str, Any] = {"question": f"{self.question.name} {self.question.type}"}
        if self.answers:
            facts["answers"] = [record.facts() for record in self.answers]
        for flag in ("is_conflict", "is_tentative"):
            if getattr(self, flag):
                facts[flag] = True
        return facts


def read(payload: bytes) -> Sequence[Result]:
    """Reads one message; what is understood before a malformed record is kept."""
    if len(payload) <= REMEMBERED_LENGTH_BYTES:
        return _remembered(payload[2:])
    return _read(payload[2:])


def _read(behind_id: bytes) -> tuple[Result, ...]:
    # Names point from the first byte of the message, so the id stands there as zeros.
    message, malformed = read_message(b"\0\0" + behind_id)
    if malformed is not None:
        malformed = Malformed(protocol="llmnr", where=malformed.where, why=malformed.why)
    if message is None:
        return (malformed,) if malformed else ()
    if len(message.questions) != 1:
        # RFC 4795 2.1.1: QDCOUNT is one.
        return (malformed or Malformed(protocol="llmnr", where="QDCOUNT", why=f"{len(message.questions)} questions"),)
    found = _llmnr(message)
    return (found, malformed) if malformed else (found,)


def _llmnr(message: Dns) -> Llmnr:
    return Llmnr(
        is_response=message.is_response,
        is_conflict=message.flags & 0x0400 != 0,
        is_tentative=message.flags & 0x0100 != 0,
        question=message.questions[0],
        answers=message.answers[:RECORDS_LIMIT],
    )


_remembered: Final = lru_cache(maxsize=REMEMBERED_MESSAGES)(_read)

DISSECTOR = Dissector(protocol="llmnr", datagram=read)
