"""OPC UA: which server is what, how it is protected, and who logs in how."""

from __future__ import annotations

import pytest

from asepsis.protocols.message import Malformed, Result
from asepsis.protocols.opcua import Opcua, OpcuaStream
from tests.protocols.conformance import CANARY, Vector

NOTHING = b"\xff\xff\xff\xff"
URL = "opc.tcp://plc.ward:4840"
POLICY = "http://opcfoundation.org/UA/SecurityPolicy#"


def number(found: int) -> bytes:
    return found.to_bytes(4, "little")


def string(letters: str) -> bytes:
    """OPC 10000-6 5.2.2.4."""
    return number(len(letters)) + letters.encode()


def node(identifier: int) -> bytes:
    """A NodeId of four bytes (OPC 10000-6 5.2.2.9)."""
    return b"\x01\x00" + identifier.to_bytes(2, "little")


def chunk(name: bytes, body: bytes, kind: bytes = b"F") -> bytes:
    """OPC 10000-6 6.7.2.2."""
    return name + kind + number(len(body) + 8) + body


def message(identifier: int, body: bytes) -> bytes:
    """Channel, token, sequence, request (OPC 10000-6 6.7.2.3), then the service."""
    return chunk(b"MSG", bytes(16) + node(identifier) + body)


REQUEST = b"\x00\x00" + bytes(8) + number(1) + number(0) + NOTHING + number(1000) + b"\x00\x00\x00"
RESPONSE = bytes(8) + number(1) + number(0) + b"\x00" + NOTHING + b"\x00\x00\x00"
HELLO = chunk(b"HEL", bytes(20) + string(URL))
ACKNOWLEDGE = chunk(b"ACK", bytes(20))
CHANNEL = bytes(4) + string(f"{POLICY}None") + NOTHING + NOTHING + bytes(8)
OPEN = chunk(b"OPN", CHANNEL + node(446) + REQUEST)
OPENED = chunk(b"OPN", CHANNEL + node(449) + RESPONSE)
SECURE = chunk(b"OPN", bytes(4) + string(f"{POLICY}Basic256Sha256") + string("certificate") + bytes(60))
APPLICATION = (
    string("urn:plc")
    + string("urn:maker:plc")
    + b"\x03"
    + string("en")
    + string("Air handling")
    + number(0)
    + NOTHING * 3
)


def endpoint(mode: int, policy: str, *tokens: int) -> bytes:
    """OPC 10000-4 7.14."""
    users = number(len(tokens)) + b"".join(string("p") + number(token) + NOTHING * 3 for token in tokens)
    return string(URL) + APPLICATION + NOTHING + number(mode) + string(POLICY + policy) + users + NOTHING + b"\x00"


ENDPOINTS = number(2) + endpoint(1, "None", 0, 1) + endpoint(3, "Basic256Sha256", 1)
ASK = message(428, REQUEST + string(URL) + NOTHING * 2)
ANSWER = message(431, RESPONSE + ENDPOINTS)
IN_TWO = chunk(b"MSG", bytes(16) + node(431) + RESPONSE + ENDPOINTS[:50], b"C") + chunk(
    b"MSG", bytes(16) + ENDPOINTS[50:]
)
CREATE = message(461, REQUEST + APPLICATION + NOTHING + string(URL) + NOTHING * 3 + bytes(12))
CREATED = message(464, RESPONSE + node(1) + node(2) + bytes(8) + NOTHING * 2 + ENDPOINTS + NOTHING * 2 + bytes(4))
TOKEN = string("p") + string(CANARY) + string(CANARY)


def activate(kind: int, token: bytes) -> bytes:
    """OPC 10000-4 5.6.3.2: signature, certificates, locales, the user's token, its signature."""
    return message(467, REQUEST + NOTHING * 4 + node(kind) + b"\x01" + number(len(token)) + token + NOTHING * 2)


LOGIN = activate(324, TOKEN + NOTHING)
VALUES = message(634, RESPONSE + CANARY.encode())

VECTORS = [
    Vector(
        name="endpoints",
        provenance="OPC 10000-6 7.1.2, 6.7; OPC 10000-4 5.4.4",
        data=((0, HELLO), (1, ACKNOWLEDGE), (0, OPEN), (1, OPENED), (0, ASK), (1, ANSWER)),
        kinds=(
            *("Hello", "Acknowledge", "OpenSecureChannelRequest", "OpenSecureChannelResponse"),
            *("GetEndpointsRequest", "GetEndpointsResponse"),
        ),
    ),
    Vector(
        name="session",
        provenance="OPC 10000-4 5.6",
        data=((0, OPEN + CREATE), (1, CREATED), (0, LOGIN), (1, VALUES)),
        kinds=(
            *("OpenSecureChannelRequest", "CreateSessionRequest", "CreateSessionResponse"),
            *("ActivateSessionRequest", "ReadResponse"),
        ),
    ),
    Vector(
        name="secured",
        provenance="OPC 10000-6 6.7.2",
        data=((0, SECURE), (1, IN_TWO), (0, chunk(b"MSG", bytes(range(100, 200))))),
        kinds=("OpenSecureChannel", "GetEndpointsResponse", "Message"),
    ),
]


def fed(data: bytes) -> list[Result]:
    return list(OpcuaStream().feed(0, data))


def facts(data: bytes) -> dict[str, object]:
    (found,) = fed(data)
    assert isinstance(found, Opcua)
    return found.facts()


SERVER = {
    "endpoint_url": URL,
    "application_name": "Air handling",
    "application_uri": "urn:plc",
    "product_uri": "urn:maker:plc",
    "application_type": "Server",
}


@pytest.mark.parametrize("answer", [ANSWER, IN_TWO, CREATED])
def test_a_server_says_what_it_is_and_how_it_is_protected(answer: bytes) -> None:
    assert facts(answer) == SERVER | {
        "policies": ("None", "Basic256Sha256"),
        "modes": ("None", "SignAndEncrypt"),
        "identities": ("Anonymous", "UserName"),
        "anonymous": True,
    }


def test_of_a_login_only_its_kind_and_whether_the_password_can_be_read_is_kept() -> None:
    assert facts(LOGIN) == {"identities": ("UserName",), "password_in_clear": True}
    encrypted = activate(324, TOKEN + string("http://www.w3.org/2001/04/xmlenc#rsa-oaep"))
    assert facts(encrypted) == {"identities": ("UserName",)}
    assert facts(activate(321, string("p"))) == {"identities": ("Anonymous",), "anonymous": True}


def test_the_policy_of_a_channel_is_told_and_what_it_protects_is_not_read() -> None:
    assert facts(SECURE) == {"policies": ("Basic256Sha256",)}
    assert facts(OPEN) == {"policies": ("None",)}


def test_who_asks_and_who_answers_is_told() -> None:
    sides = [found.sender_is_server for found in fed(HELLO + ACKNOWLEDGE + ASK + ANSWER) if isinstance(found, Opcua)]
    assert sides == [False, True, False, True]


def test_what_is_no_chunk_ends_the_reading_until_the_next_gap() -> None:
    stream = OpcuaStream()
    assert isinstance(stream.feed(0, b"GET / HTTP/1.1\r\n\r\n")[0], Malformed)
    assert stream.feed(0, HELLO) == ()
    assert len(stream.feed(0, HELLO, gap=True)) == 1


def test_lengths_that_lie_are_malformed() -> None:
    assert isinstance(fed(chunk(b"HEL", bytes(20) + number(99) + b"opc"))[0], Malformed)
    assert isinstance(fed(message(431, RESPONSE + number(100_000)))[0], Malformed)
