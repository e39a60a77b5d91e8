"""LLMNR: who asks the link for a name, who answers."""

from __future__ import annotations

from asepsis.protocols.llmnr import Llmnr, read
from asepsis.protocols.message import Malformed
from tests.protocols.conformance import MALFORMED, Vector

# RFC 4795 2.1.1: id, flags, four counts; then a question as in RFC 1035 4.1.2.
NAME = b"\x07ward3pc\0"
QUERY = b"\x12\x34\x00\x00\x00\x01\0\0\0\0\0\0" + NAME + b"\0\x01\0\x01"
ANSWER = b"\0\x01\0\x01\0\0\0\x1e\0\x04\xc0\0\x02\x07"
RESPONSE = b"\x12\x34\x80\x00\x00\x01\0\x01\0\0\0\0" + NAME + b"\0\x01\0\x01\xc0\x0c" + ANSWER
CONFLICT = b"\x12\x34\x05\x00\x00\x01\0\0\0\0\0\0" + NAME + b"\0\xff\0\x01"

VECTORS = [
    Vector(name="query", provenance="RFC 4795 2.1.1", data=QUERY, kinds=("QUERY",)),
    Vector(name="response", provenance="RFC 4795 2.1.1, RFC 1035 4.1.3", data=RESPONSE, kinds=("RESPONSE",)),
    Vector(name="conflict", provenance="RFC 4795 4.1", data=CONFLICT, kinds=("QUERY",)),
    Vector(
        name="no question",
        provenance="RFC 4795 2.1.1",
        data=b"\x12\x34\x80\x00\0\0\0\x01\0\0\0\0" + NAME + ANSWER,
        kinds=(MALFORMED,),
    ),
]


def only(payload: bytes) -> Llmnr:
    (message,) = read(payload)
    assert isinstance(message, Llmnr)
    return message


def test_who_bears_a_name_tells_its_address() -> None:
    assert only(RESPONSE).facts() == {
        "question": "ward3pc A",
        "answers": [{"name": "ward3pc", "type": "A", "ttl_seconds": 30, "data": "192.0.2.7"}],
    }
    assert only(RESPONSE).sender_is_server


def test_a_conflict_and_a_tentative_name_are_told() -> None:
    assert only(CONFLICT).facts() == {"question": "ward3pc ANY", "is_conflict": True, "is_tentative": True}


def test_the_id_changes_nothing() -> None:
    assert read(QUERY) == read(b"\xff\xff" + QUERY[2:])


def test_what_is_malformed_is_so_under_the_own_name() -> None:
    message, malformed = read(RESPONSE[:-1])
    assert isinstance(message, Llmnr)
    assert malformed == Malformed(protocol="llmnr", where="A record", why="4 bytes said, 3 left")
