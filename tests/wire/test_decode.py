"""Link layers, tunnels, extension headers and fragments: which conversation a packet belongs to."""

from __future__ import annotations

import struct

import pytest

from asepsis.kernel.address import ip_text
from asepsis.wire.tables import TUNNELS
from tests.wire import frames
from tests.wire.frames import ethernet, ipv4, ipv6, pcap, tcp, udp
from tests.wire.reading import Reading, read

UDP4 = ipv4(udp(b"x" * 20, 40000, 5000), protocol=17)
UDP6 = ipv6(udp(b"x" * 20, 40000, 5000), protocol=17)


def ends(reading: Reading) -> list[tuple[str, int, str, int]]:
    out = []
    for row in reading.conversations:
        version = int(row["ip_version"])
        out.append(
            (
                ip_text(version, int(row["client_high"]), int(row["client_low"])),
                int(row["client_port"]),
                ip_text(version, int(row["server_high"]), int(row["server_low"])),
                int(row["server_port"]),
            )
        )
    return out


PAIR4 = [("10.0.0.1", 40000, "10.0.0.2", 5000)]
PAIR6 = [("fd00::1", 40000, "fd00::2", 5000)]


def wifi(body: bytes, control: int = 0x0108, *, qos: bool = False) -> bytes:
    """A data frame to the distribution system: receiver, source, destination."""
    if qos:
        control |= 0x80
    head = struct.pack("<HH", control, 0) + bytes(6) + frames.MAC_A + frames.MAC_B + bytes(2)
    return head + (bytes(2) if qos else b"") + b"\xaa\xaa\x03\x00\x00\x00\x08\x00" + body


@pytest.mark.parametrize(
    ("link", "frame", "pair"),
    [
        (1, ethernet(UDP4), PAIR4),
        (1, ethernet(UDP6, 0x86DD), PAIR6),
        (1, ethernet(frames.vlan(UDP4, 7), 0x8100), PAIR4),
        (1, ethernet(frames.vlan(frames.vlan(UDP6, 9, 0x86DD), 7, 0x8100), 0x88A8), PAIR6),
        (1, ethernet(b"\xaa\xaa\x03\x00\x00\x00\x08\x00" + UDP4, len(UDP4) + 8), PAIR4),
        (101, UDP4, PAIR4),
        (101, UDP6, PAIR6),
        (12, UDP4, PAIR4),
        (228, UDP4, PAIR4),
        (0, struct.pack("<I", 2) + UDP4, PAIR4),
        (0, struct.pack(">I", 2) + UDP4, PAIR4),
        (0, struct.pack("<I", 30) + UDP6, PAIR6),
        (108, struct.pack(">I", 24) + UDP6, PAIR6),
        (113, struct.pack(">HHH8sH", 0, 1, 6, frames.MAC_A + bytes(2), 0x0800) + UDP4, PAIR4),
        (276, struct.pack(">HHIHBB8s", 0x86DD, 0, 1, 1, 0, 6, frames.MAC_A + bytes(2)) + UDP6, PAIR6),
        (105, wifi(UDP4), PAIR4),
        (105, wifi(UDP4, qos=True), PAIR4),
        (127, struct.pack("<BBHI", 0, 0, 8, 0) + wifi(UDP4), PAIR4),
        (127, struct.pack("<BBHIQB", 0, 0, 17, 3, 0, 0x10) + wifi(UDP4) + bytes(4), PAIR4),
        (9, b"\xff\x03\x00\x21" + UDP4, PAIR4),
        (9, b"\x21" + UDP4, PAIR4),
        (104, b"\x0f\x00\x08\x00" + UDP4, PAIR4),
        (9, b"\x0f\x00\x08\x00" + UDP4, PAIR4),
        (192, struct.pack("<BBHI", 0, 0, 12, 1) + bytes(4) + ethernet(UDP4), PAIR4),
        (192, struct.pack("<BBHI", 0, 0, 8, 105) + wifi(UDP4), PAIR4),
        (1, bytes(12) + b"\x89\x03\x00\x01" + ethernet(UDP4), PAIR4),
        (1, ethernet(ipv4(b"\x11\x04" + bytes(22) + UDP4[20:], protocol=51)), PAIR4),
    ],
)
def test_every_link_type_leads_to_the_same_conversation(link: int, frame: bytes, pair: list[object]) -> None:
    reading = read(pcap([frame], link=link))
    assert reading.account.undecoded == {}
    assert ends(reading) == pair


def test_hardware_addresses_and_vlan_come_from_the_frame() -> None:
    for link, frame in ((1, ethernet(frames.vlan(UDP4, 7), 0x8100)), (105, wifi(UDP4))):
        row = read(pcap([frame], link=link)).conversations[0]
        assert int(row["client_mac"]) == int.from_bytes(frames.MAC_A, "big")
        assert int(row["server_mac"]) == int.from_bytes(frames.MAC_B, "big")
        assert row["vlan"] == (7 if link == 1 else 0)


def gre(inner: bytes, kind: int = 0x0800, flags: int = 0) -> bytes:
    return struct.pack(">HH", flags, kind) + bytes(4 * bin(flags & 0xB000).count("1")) + inner


INNER_ETHERNET = ethernet(UDP4)
PPTP = struct.pack(">HHHHI", 0x3001, 0x880B, 0, 0, 0) + b"\xff\x03\x00\x21"
SWAPPED_WIFI = wifi(UDP4)[1::-1] + wifi(UDP4)[2:]
GENEVE = struct.pack(">BBHI", 1, 0, 0x6558, 0) + bytes(4)


@pytest.mark.parametrize(
    ("frame", "tunnel"),
    [
        (ethernet(ipv4(gre(UDP4), protocol=47)), "GRE"),
        (ethernet(ipv4(gre(UDP4, flags=0xB000), protocol=47)), "GRE"),
        (ethernet(ipv4(gre(INNER_ETHERNET, 0x6558), protocol=47)), "GRE"),
        (ethernet(ipv4(PPTP + UDP4, protocol=47)), "GRE"),
        (ethernet(ipv4(udp(b"\x08" + bytes(7) + INNER_ETHERNET, 9, 4789), protocol=17)), "VXLAN"),
        (ethernet(ipv4(UDP4, protocol=4)), "IP in IP"),
        (ethernet(ipv6(UDP4, protocol=4), 0x86DD), "IP in IP"),
        (ethernet(b"\x00\x00\x10\x40" + b"\x00\x00\x31\x40" + UDP4, 0x8847), "MPLS"),
        (ethernet(b"\x00\x00\x31\x40" + bytes(4) + INNER_ETHERNET, 0x8847), "MPLS"),
        (ethernet(struct.pack(">BBHH", 0x11, 0, 1, len(UDP4) + 2) + b"\x00\x21" + UDP4, 0x8864), "PPPoE"),
        (ethernet(ipv4(udp(struct.pack(">BBHI", 0x30, 0xFF, len(UDP4), 1) + UDP4, 9, 2152), protocol=17)), "GTP-U"),
        (
            ethernet(
                ipv4(
                    udp(struct.pack(">BBHIHBB", 0x34, 0xFF, len(UDP4), 1, 0, 0, 0x85) + b"\1\0\0\0" + UDP4, 9, 2152),
                    protocol=17,
                )
            ),
            "GTP-U",
        ),
        (ethernet(ipv4(udp(GENEVE + INNER_ETHERNET, 9, 6081), protocol=17)), "Geneve"),
        (ethernet(ipv4(udp(struct.pack(">BBHI", 0, 0, 0x0800, 0) + UDP4, 9, 6081), protocol=17)), "Geneve"),
        (ethernet(ipv4(udp(b"\x00\x10\x02\x00" + bytes(4) + INNER_ETHERNET, 9, 5247), protocol=17)), "CAPWAP"),
        (ethernet(ipv4(udp(b"\x00\x10\x03\x00" + bytes(4) + wifi(UDP4), 9, 5247), protocol=17)), "CAPWAP"),
        (ethernet(ipv4(udp(b"\x00\x10\x03\x00" + bytes(4) + SWAPPED_WIFI, 9, 5247), protocol=17)), "CAPWAP"),
    ],
)  # fmt: skip
def test_tunnels_count_by_the_inner_conversation(frame: bytes, tunnel: str) -> None:
    reading = read(pcap([frame]))
    assert ends(reading) == PAIR4
    assert TUNNELS[reading.conversations["tunnel"][0]] == tunnel
    assert reading.conversations["bytes_to_server"][0] == len(frame)


@pytest.mark.parametrize(
    "ahead", [b"", bytes(8), b"\x00\x01\x02\x03" + bytes(14), b"\x00\x01\x00\x00" + bytes(9) + bytes(8)]
)
def test_teredo_counts_by_the_inner_conversation(ahead: bytes) -> None:
    reading = read(pcap([ethernet(ipv4(udp(ahead + UDP6, 9, 3544), protocol=17))]))
    assert ends(reading) == PAIR6
    assert TUNNELS[reading.conversations["tunnel"][0]] == "Teredo"


def test_a_tunnel_port_without_a_tunnel_inside_stays_the_outer_conversation() -> None:
    for port in (4789, 6081, 2152):
        reading = read(pcap([ethernet(ipv4(udp(b"\x08 this is no tunnel at all, but text", 9, port), protocol=17))]))
        assert ends(reading)[0][3] == port
        assert reading.conversations["tunnel"][0] == 0


def test_tunnels_nested_without_end_stop_at_a_bound() -> None:
    packet = UDP4
    for _ in range(40):
        packet = ipv4(packet, "10.9.9.9", "10.8.8.8", protocol=4)
    reading = read(pcap([ethernet(packet)]))
    assert reading.account.packets == 1
    assert ends(reading)[0][0] == "10.9.9.9"


def test_ipv6_extension_headers_are_passed() -> None:
    options = struct.pack(">BB6x", 60, 0) + struct.pack(">BB6x", 43, 0) + struct.pack(">BB6x", 17, 0)
    packet = ipv6(options + udp(b"y" * 5, 40000, 5000), protocol=0)
    assert ends(read(pcap([ethernet(packet, 0x86DD)]))) == PAIR6


def test_fragments_belong_to_their_first_fragment() -> None:
    datagram = udp(bytes(2000), 40000, 5000)
    first = ethernet(ipv4(datagram[:1000], protocol=17, ident=77, fragment=0x2000))
    second = ethernet(ipv4(datagram[1000:], protocol=17, ident=77, fragment=125))
    reading = read(pcap([first, second]))
    assert ends(reading) == PAIR4
    assert reading.conversations["packets_to_server"][0] == 2
    six = [
        ethernet(ipv6(struct.pack(">BBHI", 17, 0, offset, 9) + part, protocol=44), 0x86DD)
        for offset, part in ((1, datagram[:1000]), (1000, datagram[1000:]))
    ]
    reading = read(pcap(six))
    assert ends(reading) == PAIR6
    assert reading.conversations["packets_to_server"][0] == 2


def test_a_later_fragment_of_another_datagram_is_not_mixed_in() -> None:
    datagram = udp(bytes(2000), 40000, 5000)
    first = ethernet(ipv4(datagram[:1000], protocol=17, ident=77, fragment=0x2000))
    other = ethernet(ipv4(datagram[1000:], protocol=17, ident=78, fragment=125))
    assert sorted(row[1] for row in ends(read(pcap([first, other])))) == [0, 40000]


def test_ethernet_padding_is_not_payload() -> None:
    hello = b"GET / HTTP/1.1\r\n\r\n"
    frame = ethernet(ipv4(tcp(hello, 40000, 80), protocol=6)) + b"padding"
    assert read(pcap([frame])).bytes_of(0) == hello


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"\x01" * 9, "truncated link header"),
        (b"", "truncated link header"),
        (ethernet(UDP4[:15]), "truncated IPv4 header"),
        (ethernet(b"\x43" + UDP4[1:]), "malformed IPv4 header"),
        (ethernet(UDP6[:30], 0x86DD), "truncated IPv6 header"),
        (ethernet(b"\x50" + UDP6[1:], 0x86DD), "malformed IPv6 header"),
        (ethernet(bytes(40), 0x88B5), "other EtherType"),
        (ethernet(b"\x42\x42\x03" + bytes(40), 43), "IEEE 802.2 LLC"),
    ],
)
def test_what_cannot_be_decoded_has_a_named_reason(frame: bytes, reason: str) -> None:
    account = read(pcap([frame])).account
    assert account.undecoded == {reason: 1}
    assert account.decoded == 0


@pytest.mark.parametrize(
    ("control", "reason"),
    [
        (0x00D4, "IEEE 802.11 control frame"),
        (0x0148, "IEEE 802.11 frame without data"),
        (0x4108, "IEEE 802.11 encrypted frame"),
    ],
)
def test_wireless_frames_without_open_data_have_their_names(control: int, reason: str) -> None:
    assert read(pcap([wifi(UDP4, control)], link=105)).account.undecoded == {reason: 1}


def test_a_tcp_header_cut_behind_its_ports_still_tells_the_conversation() -> None:
    assert ends(read(pcap([ethernet(ipv4(tcp()[:6], protocol=6))])))[0][1::2] == (40000, 5000)
