"""Frames without IP: which part goes to which protocol, what is only counted, and what repeats."""

from __future__ import annotations

import struct

import pytest

from asepsis.wire.layout import P_DESTINATION_MAC, P_SOURCE_MAC
from tests.protocols.test_bacnet import I_AM, READ_NAME, bvlc, local
from tests.protocols.test_ble import ADVERTISES, METER, PAIRING_REQUEST, PUMP, connected, packet
from tests.protocols.test_hci import CONNECTED, MAKER, REPORT, acl
from tests.protocols.test_modbus import READ, REGISTERS, unit
from tests.protocols.test_wifi import BEACON, DATA, JOIN, PROBE, frame
from tests.wire.frames import ethernet, ipv4, pcap, tcp, udp
from tests.wire.reading import engine_with, read

BACNET, MODBUS, WIFI, BLE, HCI = 34, 35, 38, 39, 40
NPDU = local(I_AM)


def mstp(kind: int, data: bytes = b"") -> bytes:
    """ASHRAE 135 9.3, without real check sums."""
    return bytes((kind, 255, 7)) + len(data).to_bytes(2, "big") + b"\x00" + (data + b"\xc1\xc2" if data else b"")


def radiotap(inside: bytes) -> bytes:
    return struct.pack("<BBHIB", 0, 0, 9, 2, 0x10) + inside + b"\xde\xad\xbe\xef"


def nordic(inside: bytes, flags: int = 1) -> bytes:
    """Board, six bytes with the version third, ten of timing (nRF Sniffer for Bluetooth LE)."""
    return b"\x12" + bytes((6, len(inside) + 10, 1, 9, 0, 6)) + bytes((10, flags, 37, 60)) + bytes(6) + inside


LLC = b"\x82\x82\x03"


@pytest.mark.parametrize(
    ("link", "captured", "application", "handed"),
    [
        (1, ethernet(LLC + NPDU + bytes(20), 3 + len(NPDU)), BACNET, NPDU),
        (1, ethernet(b"\xaa\xaa\x03\x00\x10\x90\x00\x01\x00\x00\x80" + mstp(6, NPDU), 60), BACNET, NPDU),
        (165, b"\x55\xff" + mstp(5, NPDU), BACNET, NPDU),
        (7, b"\xc0\x00\xe8\x00\xcd" + LLC + NPDU, BACNET, NPDU),
        (129, b"\xc0\x00\x00\x00\xcd" + LLC + NPDU, BACNET, NPDU),
        (7, b"\xc0\x00\xcd" + LLC + NPDU, BACNET, NPDU),
        (105, BEACON, WIFI, BEACON),
        (127, radiotap(JOIN), WIFI, JOIN),
        (192, struct.pack("<BBHI", 0, 0, 8, 105) + BEACON, WIFI, BEACON),
        (251, ADVERTISES, BLE, ADVERTISES),
        (256, struct.pack("<BbbBIH", 37, -60, -90, 0, 0x8E89BED6, 0x0C13) + ADVERTISES, BLE, ADVERTISES),
        (272, nordic(packet(0, PUMP + METER, padding=b"\0")), BLE, packet(0, PUMP + METER, padding=b"\0")),
        (272, nordic(ADVERTISES), BLE, ADVERTISES),
        (251, connected(6, PAIRING_REQUEST), BLE, connected(6, PAIRING_REQUEST)),
        (187, CONNECTED, HCI, CONNECTED),
        (201, b"\x00\x00\x00\x01" + REPORT, HCI, REPORT),
        (187, MAKER, HCI, MAKER),
    ],
)
def test_a_frame_goes_to_its_protocol(link: int, captured: bytes, application: int, handed: bytes) -> None:
    reading = read(pcap([captured], link=link), engine_with())
    assert [(words[12] & 255, data) for words, data, _ in reading.pieces] == [(application, handed)]
    assert (reading.account.decoded, reading.account.undecoded) == (1, {})


@pytest.mark.parametrize(
    ("link", "captured", "undecoded"),
    [
        (165, b"\x55\xff" + mstp(0), {}),
        (165, b"\x55\xfe" + mstp(0), {"malformed MS/TP frame": 1}),
        (165, (b"\x55\xff" + mstp(5, NPDU))[:-6], {"malformed MS/TP frame": 1}),
        (7, b"\xc0\x00\xd4" + bytes(30), {"ARCnet without BACnet": 1}),
        (272, nordic(packet(0, PUMP + METER, padding=b"\0"), flags=0), {}),
        (187, acl(4, b"\x1b\x05\x00\x37", from_peer=True), {}),
        (187, acl(6, b"\x06" + bytes(16), from_peer=True), {}),
        (187, b"\x02\x40", {"truncated link header": 1}),
        (105, BEACON[:20], {"truncated link header": 1}),
    ],
)
def test_what_says_nothing_is_counted_and_not_handed_on(link: int, captured: bytes, undecoded: dict[str, int]) -> None:
    reading = read(pcap([captured], link=link), engine_with())
    assert reading.pieces == []
    assert reading.account.undecoded == undecoded
    assert reading.account.decoded == 1 - sum(undecoded.values())


def test_an_encrypted_frame_stays_undecoded_and_shows_who_belongs_to_the_network() -> None:
    other = DATA[:22] + b"\x30\x40" + bytes(60)
    reading = read(pcap([DATA + bytes(40), other], link=105), engine_with())
    assert reading.account.undecoded == {"IEEE 802.11 encrypted frame": 2}
    assert [(words[12] & 255, len(data)) for words, data, _ in reading.pieces] == [(WIFI, 24)]


def test_a_frame_bears_the_addresses_of_its_two_ends() -> None:
    (words, _, _), *_ = read(pcap([JOIN], link=105), engine_with()).pieces
    assert (words[P_SOURCE_MAC], words[P_DESTINATION_MAC]) == (0xF09FC2000002, 0x001A1E000001)
    (words, _, _), *_ = read(pcap([ADVERTISES], link=251), engine_with()).pieces
    assert words[P_SOURCE_MAC] == 0x0023F7C5074F


def ticking(n: int) -> bytes:
    """The same beacon with another sequence number, clock and traffic map."""
    map_of_traffic = bytes((5, 4, n % 3, 3, 0, n))
    return BEACON[:22] + n.to_bytes(2, "little") + n.to_bytes(8, "little") + BEACON[32:] + map_of_traffic


def test_beacons_and_reports_that_say_the_same_are_one_message() -> None:
    engine = engine_with()
    assert len(read(pcap([ticking(n) for n in range(20)], link=105), engine).pieces) == 1
    assert engine.repeated() == {WIFI: 19}
    assert len(read(pcap([PROBE, frame(8, BEACON[24:36] + b"\x00\x05Other")], link=105), engine).pieces) == 2
    reports = [REPORT[:-1] + bytes((200 + n,)) for n in range(20)]
    assert len(read(pcap(reports, link=187), engine).pieces) == 1
    assert engine.repeated() == {HCI: 19}


def asked(invoke: int) -> bytes:
    return ethernet(ipv4(udp(bvlc(local(READ_NAME[:2] + bytes((invoke,)) + READ_NAME[3:])), 47808, 47808), protocol=17))


def answered(invoke: int) -> bytes:
    reading = bytes((0x30, invoke, 12, 0x0C, 0, 0, 0, 3)) + b"\x19\x55\x3e\x44\x42\x90\x00" + bytes((invoke,)) + b"\x3f"
    return ethernet(
        ipv4(udp(bvlc(local(reading)), 47808, 47808), "10.0.0.2", "10.0.0.1", protocol=17),
    )


def test_polling_by_bacnet_is_read_once() -> None:
    engine = engine_with()
    packets = [packet for invoke in range(50) for packet in (asked(invoke), answered(invoke))]
    assert len(read(pcap(packets), engine).pieces) == 2
    assert engine.repeated() == {BACNET: 98}


def test_polling_by_modbus_is_read_once_for_each_unit_and_function() -> None:
    def segment(data: bytes, sequence: int, *, back: bool = False) -> bytes:
        if back:
            return ethernet(ipv4(tcp(data, 502, 40000, seq=sequence), "10.0.0.2", "10.0.0.1"))
        return ethernet(ipv4(tcp(data, 40000, 502, seq=sequence)))

    packets, here, there = [], 1, 1
    for turn in range(30):
        for ask, answer in ((READ, REGISTERS), (unit(b"\x06\x00\x01\x00" + bytes((turn,))),) * 2):
            packets += [segment(ask, here), segment(answer, there, back=True)]
            here += len(ask)
            there += len(answer)
    engine = engine_with()
    reading = read(pcap(packets), engine)
    assert len(reading.pieces) == 4
    assert engine.repeated() == {MODBUS: 4 * 29}
