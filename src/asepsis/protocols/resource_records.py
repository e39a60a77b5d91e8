"""Domain names, questions and resource records (RFC 1035 3 and 4): what DNS and multicast DNS share.

In: a whole message and an offset into it, because names point backwards. Out: values, and the next offset.
Raises ``MalformedError`` within the package only; ``dns`` and ``mdns`` turn it into ``Malformed``.
"""

from __future__ import annotations

from functools import lru_cache
from struct import Struct
from typing import Any, Final

from asepsis.kernel.value import value
from asepsis.protocols.fields import NAME_LIMIT_BYTES, MalformedError, ip, text
from asepsis.protocols.masking import printable

# A chain of pointers longer than this is an attack; each must point further back, so there is no loop.
POINTERS_LIMIT = 16
# Questions or records of one section that are read. Zone transfers hold more; their number says enough.
RECORDS_LIMIT = 128
# Strings of one TXT record; DNS-SD devices use up to thirty.
STRINGS_LIMIT = 64
# The names of a site come again and again; 8,192 names of at most 255 bytes stay under 6 MiB.
REMEMBERED_NAMES = 8192

_QUESTION = Struct(">HH")
_RECORD = Struct(">HHIH")

# IANA "Domain Name System (DNS) Parameters", resource record types.
TYPES: Final = {
    1: "A",
    2: "NS",
    5: "CNAME",
    6: "SOA",
    10: "NULL",
    12: "PTR",
    13: "HINFO",
    15: "MX",
    16: "TXT",
    17: "RP",
    18: "AFSDB",
    24: "SIG",
    25: "KEY",
    28: "AAAA",
    29: "LOC",
    33: "SRV",
    35: "NAPTR",
    37: "CERT",
    39: "DNAME",
    41: "OPT",
    43: "DS",
    44: "SSHFP",
    45: "IPSECKEY",
    46: "RRSIG",
    47: "NSEC",
    48: "DNSKEY",
    49: "DHCID",
    50: "NSEC3",
    51: "NSEC3PARAM",
    52: "TLSA",
    53: "SMIMEA",
    59: "CDS",
    60: "CDNSKEY",
    61: "OPENPGPKEY",
    64: "SVCB",
    65: "HTTPS",
    99: "SPF",
    249: "TKEY",
    250: "TSIG",
    251: "IXFR",
    252: "AXFR",
    255: "ANY",
    256: "URI",
    257: "CAA",
}
_ADDRESSES: Final = frozenset((1, 28))  # A, AAAA
_UNSPECIFIED: Final = {4: "0.0.0.0", 16: "::"}  # noqa: S104 - an address in an answer, not one to listen on
_NAMES: Final = frozenset((2, 5, 6, 12, 39))  # NS, CNAME, SOA (its first name: the primary server), PTR, DNAME
_OPT = 41


@value
class Question:
    """One entry of the question section."""

    name: str
    type: str
    """``A``, ``PTR``, ...; ``TYPE65280`` for a type without a name (RFC 3597 5)."""
    wants_unicast: bool = False
    """The top bit of the class: in multicast DNS, the answer may come by unicast (RFC 6762 5.4)."""


@value
class Record:
    """One resource record."""

    name: str
    type: str
    ttl_seconds: int
    data: str = ""
    """An address, the name that the record leads to, or the first string; empty for other types."""
    port: int = 0
    """Of SRV."""
    strings: tuple[bytes, ...] = ()
    """Of TXT and HINFO."""

    def facts(self) -> dict[str, Any]:
        """What is worth keeping; the strings of TXT are kept as text."""
        facts: dict[str, Any] = {"name": self.name, "type": self.type, "ttl_seconds": self.ttl_seconds}
        if self.data:
            facts["data"] = self.data
        if self.port:
            facts["port"] = self.port
        if len(self.strings) > 1:
            facts["strings"] = [text(string) for string in self.strings]
        return facts


@value
class Edns:
    """The OPT pseudo-record (RFC 6891 6.1)."""

    payload_size_bytes: int
    dnssec_ok: bool
    extended_rcode: int
    """The upper eight bits of the response code."""
    options: tuple[int, ...] = ()


@lru_cache(maxsize=512)
def type_name(code: int) -> str:
    """``PTR`` for 12; ``TYPE65280`` where there is no name."""
    return TYPES.get(code, f"TYPE{code}")


@lru_cache(maxsize=REMEMBERED_NAMES)
def _whole_name(wire: bytes) -> str | None:
    """The text of a name without pointers, given without its last zero; None when it is no such name."""
    labels, at, end = [], 0, len(wire)
    while at < end:
        length = wire[at]
        if length > 63:
            return None
        labels.append(wire[at + 1 : at + 1 + length])
        at += 1 + length
    return _name(labels) if at == end else None


def _name(labels: list[bytes]) -> str:
    joined = b".".join(labels)
    if joined.isascii():
        name = joined.decode("ascii")
        if name.isprintable():
            return name
    return printable(joined)


def read_name(message: bytes, at: int, names: dict[int, str]) -> tuple[str, int]:
    """Reads a name with its pointers (RFC 1035 4.1.4).

    Args:
        message: The whole message.
        at: Where the name begins.
        names: The names of this message by where they begin: mostly, a pointer leads to one. It grows here.

    Returns:
        The text without the last dot, and the offset behind the name.

    Raises:
        MalformedError: The name is too long, ends early, or points anywhere but backwards.
        IndexError: ``at`` is behind the end.
    """
    first = message[at]
    if first >= 0xC0:
        known = names.get((first & 0x3F) << 8 | message[at + 1])
        if known is not None:
            return known, at + 2
    else:
        end = message.find(0, at, at + NAME_LIMIT_BYTES + 1)
        if end >= 0:
            # Most names are whole. One that ends in a pointer can hold a zero behind it, and is told apart there.
            whole = _whole_name(message[at:end])
            if whole is not None:
                names[at] = whole
                return whole, end + 1
    name, behind = _read_compressed_name(message, at)
    names[at] = name
    return name, behind


def _read_compressed_name(message: bytes, at: int) -> tuple[str, int]:
    labels: list[bytes] = []
    size = pointers = behind = 0
    start = at
    while at < len(message):
        length = message[at]
        if length == 0:
            return _name(labels), behind or at + 1
        if length >= 0xC0:
            if at + 2 > len(message):
                break
            target = (length & 0x3F) << 8 | message[at + 1]
            behind = behind or at + 2
            pointers += 1
            if target >= start:
                raise MalformedError("name", "a pointer that does not point backwards")
            if pointers > POINTERS_LIMIT:
                raise MalformedError("name", f"more than {POINTERS_LIMIT} pointers")
            start = at = target
            continue
        if length > 63:
            raise MalformedError("name", f"label type {length >> 6}")
        size += 1 + length
        if size > NAME_LIMIT_BYTES:
            raise MalformedError("name", f"more than {NAME_LIMIT_BYTES} bytes")
        labels.append(message[at + 1 : at + 1 + length])
        at += 1 + length
    raise MalformedError("name", "it runs over the end")


def read_questions(message: bytes, at: int, count: int, names: dict[int, str], questions: list[Question]) -> int:
    """Appends the questions from an offset on; gives the offset behind them.

    Raises:
        MalformedError: They are no questions.
        IndexError, struct.error: They run over the end.
    """
    for _ in range(count):
        name, at = read_name(message, at, names)
        code, question_class = _QUESTION.unpack_from(message, at)
        at += 4
        questions.append(
            Question(name=name, type=TYPES.get(code) or type_name(code), wants_unicast=question_class >= 0x8000)
        )
    return at


def read_records(
    message: bytes, at: int, count: int, names: dict[int, str], records: list[Record]
) -> tuple[Edns | None, int]:
    """Appends so many records from an offset on; gives the OPT record, if one was met, and the offset behind.

    Raises:
        MalformedError: They are no records.
        IndexError, struct.error: They run over the end.
    """
    edns = None
    for _ in range(count):
        name, at = read_name(message, at, names)
        code, record_class, ttl, length = _RECORD.unpack_from(message, at)
        at += 10
        end = at + length
        if end > len(message):
            raise MalformedError(f"{type_name(code)} record", f"{length} bytes said, {len(message) - at} left")
        if code in _ADDRESSES:
            # An answer of all zeros sends whoever asked nowhere: unlike elsewhere, that says something.
            data = ip(message[at:end]) or _UNSPECIFIED.get(length, "")
            records.append(Record(name=name, type=TYPES[code], ttl_seconds=ttl, data=data))
        elif code in _NAMES:
            target = read_name(message, at, names)[0] if length else ""
            records.append(Record(name=name, type=TYPES[code], ttl_seconds=ttl, data=target))
        elif code == _OPT:
            edns = _read_edns(message, at, end, record_class, ttl)
        else:
            data, port, strings = _read_data(message, code, at, end, names) if length else ("", 0, ())
            records.append(
                Record(name=name, type=type_name(code), ttl_seconds=ttl, data=data, port=port, strings=strings)
            )
        at = end
    return edns, at


def _read_data(
    message: bytes, code: int, at: int, end: int, names: dict[int, str]
) -> tuple[str, int, tuple[bytes, ...]]:
    """(data, port, strings) of a record's data, which is not empty."""
    match code:
        case 16 | 13:  # TXT, HINFO
            strings = _read_strings(message, at, end)
            return text(strings[0]) if strings else "", 0, strings
        case 33:  # SRV, RFC 2782: priority, weight, port, target
            if end - at < 7:
                raise MalformedError("SRV record", f"{end - at} bytes are too few")
            return read_name(message, at + 6, names)[0], message[at + 4] << 8 | message[at + 5], ()
        case 15 | 64 | 65:  # MX; SVCB and HTTPS (RFC 9460 2.2): preference or priority, name
            if end - at < 3:
                raise MalformedError(f"{type_name(code)} record", f"{end - at} bytes are too few")
            return read_name(message, at + 2, names)[0], 0, ()
        case _:
            return "", 0, ()


def _read_strings(message: bytes, at: int, end: int) -> tuple[bytes, ...]:
    strings: list[bytes] = []
    while at < end and len(strings) < STRINGS_LIMIT:
        length = message[at]
        at += 1
        if at + length > end:
            raise MalformedError("character-string", f"{length} bytes said, {end - at} left")
        if length:
            strings.append(message[at : at + length])
        at += length
    return tuple(strings)


def _read_edns(message: bytes, at: int, end: int, size: int, ttl: int) -> Edns:
    options: list[int] = []
    while at + 4 <= end and len(options) < STRINGS_LIMIT:
        options.append(message[at] << 8 | message[at + 1])
        at += 4 + (message[at + 2] << 8 | message[at + 3])
    return Edns(
        payload_size_bytes=size,
        dnssec_ok=bool(ttl & 0x8000),
        extended_rcode=ttl >> 24,
        options=tuple(options),
    )
