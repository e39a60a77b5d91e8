"""A workspace in which a server and a pump were seen a moment ago: frames made by hand from RFC 791 and RFC 9293."""

from __future__ import annotations

import struct
import time
from ipaddress import IPv4Address
from pathlib import Path

from asepsis.kernel.time import SECOND_NS
from asepsis.pipeline.analyze import analyze
from asepsis.pipeline.registry import Registry
from asepsis.pipeline.workspace import Workspace

CLIENT, SERVER, PUMP = "10.77.0.1", "10.77.0.2", "10.77.0.3"
_SYN, _ACK, _PUSH, _FIN = 2, 16, 8, 1


def mac(ip: str) -> str:
    """The hardware address that belongs to an address in these tests."""
    return f"00:1b:21:00:00:{int(IPv4Address(ip)) & 255:02x}"


def frame(
    source: str, destination: str, ports: tuple[int, int], flags: int, numbers: tuple[int, int], data: bytes = b""
) -> bytes:
    """One TCP segment in one Ethernet frame."""
    tcp = struct.pack(">HHIIBBHHH", *ports, *numbers, 0x50, flags, 8192, 0, 0) + data
    ip = struct.pack(
        ">BBHHHBBH4s4s",
        *(0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0),
        IPv4Address(source).packed,
        IPv4Address(destination).packed,
    )
    ends = bytes.fromhex((mac(destination) + mac(source)).replace(":", ""))
    return ends + b"\x08\x00" + ip + tcp


def served(server: str, port: int, said: bytes) -> list[bytes]:
    """A client connects, the server says something, both close."""
    there, back = (40000 + port, port), (port, 40000 + port)
    end = 901 + len(said)
    return [
        frame(CLIENT, server, there, _SYN, (100, 0)),
        frame(server, CLIENT, back, _SYN | _ACK, (900, 101)),
        frame(CLIENT, server, there, _ACK, (101, 901)),
        frame(server, CLIENT, back, _ACK | _PUSH, (901, 101), said),
        frame(CLIENT, server, there, _ACK | _FIN, (101, end)),
        frame(server, CLIENT, back, _ACK | _FIN, (end, 102)),
        frame(CLIENT, server, there, _ACK, (102, end + 1)),
    ]


def seen_just_now(workspace: Workspace, folder: Path, *, site: str = "north") -> dict[str, str]:
    """Analyses the traffic and says what the two devices are.

    Returns:
        Address to device id.
    """
    banner = b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"
    frames = [one for server in (SERVER, PUMP) for one in served(server, 22, banner)]
    now_ns = time.time_ns() - SECOND_NS
    capture = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1)
    for number, one in enumerate(frames):
        seconds, rest = divmod(now_ns + number * 1000, SECOND_NS)
        capture += struct.pack("<IIII", seconds, rest, len(one), len(one)) + one
    path = folder / "now.pcap"
    path.write_bytes(capture)
    analyze([path], workspace=workspace, site=site)
    with Registry.open(workspace.registry_path) as registry:
        known = {ip: device.id for device in registry.devices(site) for ip in device.ips}
        registry.override(known[SERVER], "category", "server", by="ada", note="")
        registry.override(known[PUMP], "category", "infusion_pump", by="ada", note="")
    return known
