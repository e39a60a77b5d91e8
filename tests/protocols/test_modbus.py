"""Modbus/TCP: who works which unit how."""

from __future__ import annotations

from asepsis.protocols.message import Malformed, Result
from asepsis.protocols.modbus import Modbus, ModbusStream
from tests.protocols.conformance import Vector


def unit(pdu: bytes, *, transaction: int = 1, address: int = 17) -> bytes:
    """An application data unit (MODBUS Messaging on TCP/IP 3.1.3)."""
    return transaction.to_bytes(2, "big") + bytes(2) + (len(pdu) + 1).to_bytes(2, "big") + bytes((address,)) + pdu


def identification(*objects: tuple[int, str]) -> bytes:
    """The answer to Read Device Identification (Application Protocol 6.21)."""
    said = b"".join(bytes((number, len(text))) + text.encode() for number, text in objects)
    return bytes((0x2B, 0x0E, 1, 1, 0, 0, len(objects))) + said


READ = unit(b"\x03\x00\x6b\x00\x03")
REGISTERS = unit(b"\x03\x06\x02\x2b\x00\x00\x00\x64")
WRITE = unit(b"\x06\x00\x01\x00\x03")
REFUSED = unit(b"\x83\x02")
ASK = unit(b"\x2b\x0e\x01\x00")
ANSWER = unit(identification((0, "Schneider Electric"), (1, "BMX P34 2020"), (2, "v2.9")))
WHO = unit(b"\x11\x05\x01\xffPLC")

VECTORS = [
    Vector(
        name="reading",
        provenance="MODBUS Application Protocol 6.3",
        data=((0, READ), (1, REGISTERS)),
        kinds=("Read Holding Registers",) * 2,
    ),
    Vector(
        name="writing",
        provenance="MODBUS Application Protocol 6.6, 7",
        data=((0, READ + WRITE), (1, REFUSED + WRITE)),
        kinds=("Read Holding Registers", "Write Single Register") * 2,
    ),
    Vector(
        name="identification",
        provenance="MODBUS Application Protocol 6.13, 6.21",
        data=((0, ASK), (1, ANSWER), (0, unit(b"\x11")), (1, WHO)),
        kinds=("Encapsulated Interface Transport",) * 2 + ("Report Server ID",) * 2,
    ),
]


def fed(*turns: tuple[int, bytes]) -> list[Result]:
    stream = ModbusStream()
    return [result for sender, data in turns for result in stream.feed(sender, data)]


def facts(*turns: tuple[int, bytes]) -> list[dict[str, object]]:
    found = []
    for message in fed(*turns):
        assert isinstance(message, Modbus)
        found.append(message.facts())
    return found


def test_registers_are_not_kept() -> None:
    assert facts((0, READ), (1, REGISTERS)) == [{"unit": 17}, {"unit": 17}]


def test_a_device_says_what_it_is() -> None:
    assert facts((0, ASK), (1, ANSWER))[1] == {
        "unit": 17,
        "vendor_name": "Schneider Electric",
        "product_code": "BMX P34 2020",
        "revision": "v2.9",
    }
    assert facts((0, unit(b"\x11")), (1, WHO))[1] == {"unit": 17, "server_id": "0501ff504c43"[2:]}


def test_a_write_and_a_refusal_are_facts() -> None:
    assert facts((0, READ), (0, WRITE), (1, REFUSED)) == [
        {"unit": 17},
        {"unit": 17, "writes": True},
        {"unit": 17, "exception": "Illegal Data Address"},
    ]


def test_the_form_of_a_message_says_who_serves() -> None:
    read = fed((0, WRITE), (0, READ), (1, REGISTERS), (0, WRITE))
    sides = [message.sender_is_server for message in read if isinstance(message, Modbus)]
    assert sides == [None, False, True, False]


def test_after_bytes_that_are_not_modbus_the_next_gap_begins_anew() -> None:
    stream = ModbusStream()
    assert isinstance(stream.feed(0, b"GET / HTTP/1.1\r\n\r\n")[0], Malformed)
    assert stream.feed(0, READ) == ()
    assert len(stream.feed(0, READ, gap=True)) == 1
