"""EtherNet/IP and CIP: which controller is what, and who works it how."""

from __future__ import annotations

from asepsis.protocols.ethernet_ip import EthernetIp, EthernetIpStream, read
from asepsis.protocols.message import Malformed, Result
from tests.protocols.conformance import CANARY, Vector

SESSION = 0x12345678


def command(number: int, body: bytes = b"", *, session: int = 0, context: bytes = bytes(8)) -> bytes:
    """CIP volume 2, 2-3.1."""
    head = number.to_bytes(2, "little") + len(body).to_bytes(2, "little") + session.to_bytes(4, "little")
    return head + bytes(4) + context + bytes(4) + body


def word(found: int) -> bytes:
    return found.to_bytes(2, "little")


def items(*found: tuple[int, bytes]) -> bytes:
    """The common packet format (CIP volume 2, 2-6.1)."""
    return word(len(found)) + b"".join(word(kind) + word(len(item)) + item for kind, item in found)


# Vendor 1, a programmable logic controller, product 90, revision 33.11, its serial number and name.
IDENTITY = word(1) + word(14) + word(90) + bytes((33, 11)) + word(0x30) + bytes.fromhex("efbeadde") + b"\x0b1756-L72/B "
ASK = command(0x63)
ANSWER = command(0x63, items((0x0C, word(1) + bytes(16) + IDENTITY + b"\x03")))
REGISTER = command(0x65, b"\x01\x00\x00\x00")
REGISTERED = command(0x65, b"\x01\x00\x00\x00", session=SESSION)


def sent(service: bytes, context: bytes = b"context1") -> bytes:
    """SendRRData with unconnected data (CIP volume 2, 2-4.7)."""
    return command(0x6F, bytes(6) + items((0, b""), (0xB2, service)), session=SESSION, context=context)


def sent_connected(service: bytes, count: int = 1) -> bytes:
    """SendUnitData (CIP volume 2, 2-4.8)."""
    body = bytes(6) + items((0xA1, bytes(4)), (0xB1, word(count) + service))
    return command(0x70, body, session=SESSION)


IDENTITY_PATH = b"\x02\x20\x01\x24\x01"
GET_IDENTITY = b"\x01" + IDENTITY_PATH
GOT_IDENTITY = b"\x81\x00\x00\x00" + IDENTITY
SET = b"\x10\x03\x20\x04\x24\x64\x30\x03" + CANARY.encode()
SET_DONE = b"\x90\x00\x00\x00"
ROUTED = b"\x52\x02\x20\x06\x24\x01\x0a\xf0" + word(len(GET_IDENTITY)) + GET_IDENTITY + b"\x01\x00\x01\x00"
OPEN = b"\x54\x02\x20\x06\x24\x01" + bytes(30)

VECTORS = [
    Vector(name="ask", provenance="CIP volume 2, 2-4.2", data=ASK, kinds=("ListIdentity",)),
    Vector(name="identity", provenance="CIP volume 2, 2-4.2.3", data=ANSWER, kinds=("ListIdentity",)),
    Vector(
        name="session",
        provenance="CIP volume 2, 2-4; CIP volume 1, 5-2.2",
        data=((0, REGISTER), (1, REGISTERED), (0, sent(GET_IDENTITY)), (1, sent(GOT_IDENTITY))),
        kinds=("RegisterSession", "RegisterSession", "SendRRData", "SendRRData"),
    ),
    Vector(
        name="connected",
        provenance="CIP volume 2, 2-4.8",
        data=((0, sent(OPEN) + sent_connected(SET)), (1, sent_connected(SET_DONE))),
        kinds=("SendRRData", "SendUnitData", "SendUnitData"),
    ),
]


def fed(*turns: tuple[int, bytes]) -> list[Result]:
    stream = EthernetIpStream()
    return [result for sender, data in turns for result in stream.feed(sender, data)]


def facts(*turns: tuple[int, bytes]) -> list[dict[str, object]]:
    found = []
    for message in fed(*turns):
        assert isinstance(message, EthernetIp)
        found.append(message.facts())
    return found


CONTROLLER = {
    "vendor_id": 1,
    "device_type": "programmable logic controller",
    "product_code": 90,
    "revision": "33.11",
    "serial": "deadbeef",
    "product_name": "1756-L72/B",
}


def test_a_device_that_is_asked_who_it_is_says_it() -> None:
    (message,) = read(ANSWER)
    assert isinstance(message, EthernetIp)
    assert message.facts() == CONTROLLER
    assert message.sender_is_server


def test_the_identity_object_says_the_same_also_through_a_router() -> None:
    of_the_object = {"service": "Get_Attributes_All", "object_class": "Identity"}
    assert facts((0, sent(GET_IDENTITY)), (1, sent(GOT_IDENTITY))) == [of_the_object, of_the_object | CONTROLLER]
    assert facts((0, sent(ROUTED)), (1, sent(GOT_IDENTITY)))[1] == of_the_object | CONTROLLER


def test_an_answer_to_another_request_is_no_identity() -> None:
    other = sent(GOT_IDENTITY, context=b"context2")
    assert facts((0, sent(GET_IDENTITY)), (1, other))[1] == {"service": "Get_Attributes_All"}


def test_a_write_is_a_fact_and_what_is_written_is_not_kept() -> None:
    assert facts((0, sent_connected(SET)), (1, sent_connected(SET_DONE))) == [
        {"service": "Set_Attribute_Single", "object_class": "Assembly", "writes": True},
        {"service": "Set_Attribute_Single", "object_class": "Assembly"},
    ]
    assert facts((0, sent(OPEN))) == [{"service": "Forward_Open", "object_class": "Connection Manager"}]


def test_what_is_no_command_ends_the_reading_until_the_next_gap() -> None:
    stream = EthernetIpStream()
    assert isinstance(stream.feed(0, b"GET / HTTP/1.1\r\nHost: plc\r\n\r\n")[0], Malformed)
    assert stream.feed(0, REGISTER) == ()
    assert len(stream.feed(0, REGISTER, gap=True)) == 1
    assert isinstance(read(ANSWER[:-1])[0], Malformed)
