"""NetBIOS name service: names with their services, and what a node tells of itself."""

from __future__ import annotations

from asepsis.protocols.message import Malformed
from asepsis.protocols.nbns import Nbns, read
from asepsis.protocols.netbios_names import NetbiosName, read_encoded
from tests.protocols.conformance import CANARY, MALFORMED, Vector


def padded(name: str, suffix: int) -> bytes:
    return name.encode().ljust(15, b"\0" if name == "*" else b" ") + bytes((suffix,))


def encoded(name: str, suffix: int, scope: bytes = b"") -> bytes:
    """RFC 1002 4.1."""
    halves = bytes(0x41 + half for byte in padded(name, suffix) for half in (byte >> 4, byte & 15))
    return b"\x20" + halves + scope + b"\0"


def header(flags: int, questions: int = 0, answers: int = 0, additional: int = 0) -> bytes:
    counts = (questions, answers, 0, additional)
    return b"\x12\x34" + flags.to_bytes(2, "big") + b"".join(count.to_bytes(2, "big") for count in counts)


NB, NBSTAT = b"\0\x20\0\x01", b"\0\x21\0\x01"
TTL = b"\0\x04\x93\xe0"
ADDRESS = b"\xc0\0\x02\x07"

# RFC 1002 4.2.12: query; B node, recursion desired.
QUERY = header(0x0110, questions=1) + encoded("ARCHIVE", 0x20) + NB
# 4.2.13: positive response, with a node of type H.
FOUND = header(0x8500, answers=1) + encoded("ARCHIVE", 0x20) + NB + TTL + b"\0\x06\x60\0" + ADDRESS
# 4.2.14: negative response.
MISSING = header(0x8583, answers=1) + encoded("NOBODY", 0) + b"\0\x0a\0\x01" + bytes(6)
# 4.2.2: registration of a group's name; the additional record points to the question's name.
REGISTRATION = (
    header(0x2910, questions=1, additional=1)
    + encoded("WARD", 0) + NB
    + b"\xc0\x0c" + NB + TTL + b"\0\x06\x80\0" + ADDRESS
)  # fmt: skip
# 4.2.2 with a messenger's name, which is a person's.
PERSON = (
    header(0x2910, questions=1, additional=1)
    + encoded(CANARY, 3)
    + NB
    + b"\xc0\x0c" + NB + TTL + b"\0\x06\x00\0" + ADDRESS
)  # fmt: skip
STATUS = header(0x0000, questions=1) + encoded("*", 0) + NBSTAT
HELD = (
    b"\x05"
    + (padded("WARD3PC", 0x00) + b"\x04\0")
    + (padded("WARD", 0x00) + b"\x84\0")
    + (padded("WARD3PC", 0x20) + b"\x04\0")
    + (padded(CANARY, 0x03) + b"\x04\0")
    + (b"\x01\x02__MSBROWSE__\x02\x01" + b"\x84\0")
)
# 4.2.18: names, then statistics, which begin with the unit id.
STATUS_DATA = HELD + bytes.fromhex("020000000001") + bytes(40)
TOLD = (
    header(0x8400, answers=1) + encoded("*", 0) + NBSTAT + bytes(4) + len(STATUS_DATA).to_bytes(2, "big") + STATUS_DATA
)

VECTORS = [
    Vector(name="query", provenance="RFC 1002 4.2.12", data=QUERY, kinds=("QUERY",)),
    Vector(name="positive answer", provenance="RFC 1002 4.2.13", data=FOUND, kinds=("QUERY RESPONSE",)),
    Vector(name="negative answer", provenance="RFC 1002 4.2.14", data=MISSING, kinds=("QUERY RESPONSE",)),
    Vector(name="registration", provenance="RFC 1002 4.2.2", data=REGISTRATION, kinds=("REGISTRATION",)),
    Vector(name="a person's name", provenance="RFC 1002 4.2.2; KB 163409", data=PERSON, kinds=("REGISTRATION",)),
    Vector(name="status asked", provenance="RFC 1002 4.2.17", data=STATUS, kinds=("STATUS",)),
    Vector(name="status told", provenance="RFC 1002 4.2.18", data=TOLD, kinds=("STATUS RESPONSE",)),
    Vector(name="no name", provenance="RFC 1002 4.1", data=header(0x0110, 1) + bytes(38), kinds=(MALFORMED,)),
]


def only(payload: bytes) -> Nbns:
    (message,) = read(payload)
    assert isinstance(message, Nbns)
    return message


def test_a_query_names_the_service_that_is_wanted() -> None:
    assert only(QUERY).facts() == {"name": "ARCHIVE<20>", "service": "file server", "is_broadcast": True}


def test_an_answer_gives_the_address_of_a_name() -> None:
    assert only(FOUND).facts() == {
        "name": "ARCHIVE<20>",
        "service": "file server",
        "addresses": ("192.0.2.7",),
        "node_type": "H",
    }


def test_a_name_that_nobody_has_is_a_failure() -> None:
    assert only(MISSING).failure == "name error"


def test_the_name_of_a_group_is_a_domain() -> None:
    message = only(REGISTRATION)
    assert message.is_group
    assert message.facts()["service"] == "domain"
    assert message.addresses == ("192.0.2.7",)


def test_a_node_tells_its_names_and_its_hardware_address() -> None:
    message = only(TOLD)
    assert [str(held) for held in message.held] == [
        "WARD3PC<00> workstation",
        "WARD<00> domain",
        "WARD3PC<20> file server",
        "#<03> messenger",
        "__MSBROWSE__<01> master browsers",
    ]
    assert message.mac == "02:00:00:00:00:01"


def test_more_names_than_there_are_bytes_are_malformed() -> None:
    lie = TOLD[: len(TOLD) - len(STATUS_DATA)] + b"\xff" + STATUS_DATA[1:]
    (malformed,) = read(lie)
    assert isinstance(malformed, Malformed)
    assert malformed.why == f"255 names said in {len(STATUS_DATA)} bytes"


def test_a_scope_belongs_to_the_name() -> None:
    found = read_encoded(encoded("ARCHIVE", 0x20, scope=b"\x04ward\x07example"), 0)
    assert found is not None
    assert found[0] == NetbiosName(name="ARCHIVE", suffix=0x20, scope="ward.example")
