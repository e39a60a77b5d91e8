"""DNS (RFC 1035, RFC 6891) over UDP and TCP: which names a device asks for, which addresses names have.

In: a UDP payload, or the two directions of a TCP conversation. Out: one ``Dns`` a message. Neighbours:
``resource_records`` reads names and records; ``mdns`` reads its own meaning out of the same messages.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.fields import MalformedError
from asepsis.protocols.message import Dissector, Malformed, Result
from asepsis.protocols.resource_records import (
    RECORDS_LIMIT,
    Edns,
    Question,
    Record,
    read_questions,
    read_records,
)

# RFC 1035 4.1.1: flags and the numbers of questions, answers, authorities, additional records; the id is left out.
_COUNTS = struct.Struct(">HHHHH")
_HEADER_LENGTH_BYTES = 12

# The same questions and answers come again with another id. 4,096 messages of at most 512 bytes (the size that UDP
# carried before EDNS), with what was read from them, stay under 16 MiB.
REMEMBERED_MESSAGES = 4096
REMEMBERED_LENGTH_BYTES = 512

# IANA "DNS Parameters".
_OPCODES: Final = {0: "QUERY", 1: "IQUERY", 2: "STATUS", 4: "NOTIFY", 5: "UPDATE", 6: "DSO"}
_RCODES: Final = {
    0: "NOERROR",
    1: "FORMERR",
    2: "SERVFAIL",
    3: "NXDOMAIN",
    4: "NOTIMP",
    5: "REFUSED",
    6: "YXDOMAIN",
    7: "YXRRSET",
    8: "NXRRSET",
    9: "NOTAUTH",
    10: "NOTZONE",
    11: "DSOTYPENI",
    16: "BADVERS",
    17: "BADKEY",
    18: "BADTIME",
    19: "BADMODE",
    20: "BADNAME",
    21: "BADALG",
    22: "BADTRUNC",
    23: "BADCOOKIE",
}


@value
class Dns:
    """One DNS message. Records beyond ``RECORDS_LIMIT`` of a section are counted, not read."""

    PROTOCOL: ClassVar[str] = "dns"
    flags: int
    """The second 16 bits of the header, as they are."""
    questions: tuple[Question, ...] = ()
    answers: tuple[Record, ...] = ()
    authorities: tuple[Record, ...] = ()
    additional: tuple[Record, ...] = ()
    records_counted: int = 0
    """How many records the header promises in all sections."""
    edns: Edns | None = None

    @property
    def opcode(self) -> str:
        """By its name."""
        return _OPCODES[self.flags >> 11 & 15]

    @property
    def is_response(self) -> bool:
        """QR."""
        return self.flags >= 0x8000

    @property
    def rcode(self) -> str:
        """The response code by its name, the extended one of EDNS where there is one; empty in a query."""
        if not self.is_response:
            return ""
        code = self.flags & 15 | (self.edns.extended_rcode << 4 if self.edns is not None else 0)
        return _RCODES.get(code, f"code {code}")

    @property
    def is_authoritative(self) -> bool:
        """AA."""
        return self.flags & 0x0400 != 0

    @property
    def is_truncated(self) -> bool:
        """TC."""
        return self.flags & 0x0200 != 0

    @property
    def kind(self) -> str:
        """``QUERY`` or ``RESPONSE``; with another opcode than QUERY, its name, and ``NOTIFY RESPONSE`` and the like."""
        if self.opcode == "QUERY":
            return "RESPONSE" if self.is_response else "QUERY"
        return f"{self.opcode} RESPONSE" if self.is_response else self.opcode

    @property
    def sender_is_server(self) -> bool | None:
        """Who answers serves."""
        return self.is_response

    def facts(self) -> dict[str, Any]:
        """Questions as ``NAME TYPE``, records as objects, and what is set in the header."""
        facts: dict[str, Any] = {}
        if self.rcode:
            facts["rcode"] = self.rcode
        if self.questions:
            facts["questions"] = [f"{question.name} {question.type}" for question in self.questions]
        for section in ("answers", "authorities", "additional"):
            records = getattr(self, section)
            if records:
                facts[section] = [record.facts() for record in records]
        for flag in ("is_authoritative", "is_truncated"):
            if getattr(self, flag):
                facts[flag] = True
        if self.edns is not None:
            facts["edns_payload_size_bytes"] = self.edns.payload_size_bytes
            if self.edns.options:
                facts["edns_options"] = list(self.edns.options)
        return facts


def read(payload: bytes) -> Sequence[Result]:
    """Reads one message out of a UDP payload; what is understood before a malformed record is kept."""
    if len(payload) <= REMEMBERED_LENGTH_BYTES:
        return _remembered(payload[2:])
    return _results(payload[2:])


def read_message(payload: bytes) -> tuple[Dns | None, Malformed | None]:
    """Reads one message, for ``dns`` and ``mdns`` alike; ``protocol`` of the malformed part is ``dns``."""
    return _read_message(payload[2:])


def _results(behind_id: bytes) -> tuple[Result, ...]:
    message, malformed = _read_message(behind_id)
    if malformed is None:
        return (message,) if message is not None else ()
    return (malformed,) if message is None else (message, malformed)


_remembered = lru_cache(maxsize=REMEMBERED_MESSAGES)(_results)


def _read_message(behind_id: bytes) -> tuple[Dns | None, Malformed | None]:
    if len(behind_id) < _HEADER_LENGTH_BYTES - 2:
        return None, Malformed(protocol="dns", where="header", why="it runs over the end")
    flags, question_count, answer_count, authority_count, additional_count = _COUNTS.unpack_from(behind_id)
    if flags >> 11 & 15 not in _OPCODES:
        return None, Malformed(protocol="dns", where="opcode", why=f"{flags >> 11 & 15} is not assigned")
    if question_count > RECORDS_LIMIT:
        return None, Malformed(protocol="dns", where="QDCOUNT", why=f"{question_count} questions")
    # Pointers count from the first byte of the message: in place of the id, which was cut out, stand zeros.
    payload = b"\0\0" + behind_id
    names: dict[int, str] = {}
    questions: list[Question] = []
    answers: list[Record] = []
    authorities: list[Record] = []
    additional: list[Record] = []
    edns = malformed = None
    try:
        at = read_questions(payload, _HEADER_LENGTH_BYTES, question_count, names, questions)
        if answer_count:
            _, at = read_records(payload, at, min(answer_count, RECORDS_LIMIT), names, answers)
        if authority_count and answer_count <= RECORDS_LIMIT:
            _, at = read_records(payload, at, min(authority_count, RECORDS_LIMIT), names, authorities)
        if additional_count and max(answer_count, authority_count) <= RECORDS_LIMIT:
            edns, at = read_records(payload, at, min(additional_count, RECORDS_LIMIT), names, additional)
    except MalformedError as error:
        malformed = Malformed(protocol="dns", where=error.where, why=error.why)
    except (IndexError, struct.error):
        malformed = Malformed(protocol="dns", where="section", why="it runs over the end")
    if malformed is not None and not (questions or answers or authorities or additional):
        return None, malformed  # a header alone is no evidence that this is DNS at all
    message = Dns(
        flags=flags,
        questions=tuple(questions),
        answers=tuple(answers),
        authorities=tuple(authorities),
        additional=tuple(additional),
        records_counted=answer_count + authority_count + additional_count,
        edns=edns,
    )
    return message, malformed


# RFC 1035 4.2.2: over TCP, two bytes of length stand before each message.
_LENGTH_BYTES = 2
# A conversation that gives this many messages in a row without sense is not DNS, or its boundary is lost.
MALFORMED_LIMIT = 3
# The start of a message is looked for after a gap; a header that promises more than this is none.
PLAUSIBLE_COUNT = 1024


class _Direction:
    __slots__ = ("is_lost", "malformed", "pending")

    def __init__(self) -> None:
        self.pending = bytearray()  # at most one message and its length: 65,537 bytes
        self.is_lost = False
        self.malformed = 0


class DnsStream:
    """DNS over TCP."""

    __slots__ = ("_directions",)

    def __init__(self) -> None:
        self._directions = (_Direction(), _Direction())

    def feed(self, sender: int, data: bytes, *, gap: bool = False) -> Sequence[Result]:
        """Gives the messages that are complete now."""
        direction = self._directions[sender]
        if gap:
            direction.pending.clear()
            direction.is_lost = True
        if direction.malformed == MALFORMED_LIMIT or not data:
            return ()
        if direction.is_lost:
            # A sender mostly begins a segment with a message: the only boundary that can be found again.
            if not _may_begin(data):
                return ()
            direction.is_lost = False
        return self._take(direction, data)

    def close(self) -> Sequence[Result]:
        """Part of a message says nothing that can be trusted."""
        return ()

    @staticmethod
    def _take(direction: _Direction, data: bytes) -> list[Result]:
        results: list[Result] = []
        pending = direction.pending
        pending += data
        at = 0
        while at + _LENGTH_BYTES <= len(pending):
            end = at + _LENGTH_BYTES + (pending[at] << 8 | pending[at + 1])
            if end > len(pending):
                break
            found = read(bytes(pending[at + _LENGTH_BYTES : end]))
            results.extend(found)
            at = end
            if isinstance(found[0], Malformed):
                direction.malformed += 1
                if direction.malformed == MALFORMED_LIMIT:
                    at = len(pending)
            else:
                direction.malformed = 0
        del pending[:at]
        return results


def _may_begin(data: bytes) -> bool:
    """Whether bytes look like the length and the header of a message."""
    if len(data) < _LENGTH_BYTES + _HEADER_LENGTH_BYTES or data[0] << 8 | data[1] < _HEADER_LENGTH_BYTES:
        return False
    flags, *counts = _COUNTS.unpack_from(data, _LENGTH_BYTES + 2)
    return flags >> 11 & 15 in _OPCODES and 0 < sum(counts) <= PLAUSIBLE_COUNT


DISSECTOR = Dissector(protocol="dns", open=DnsStream, datagram=read)
