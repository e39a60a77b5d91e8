"""The generator of the large capture: the same every time, in order, and readable by real dissectors."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from bench import capture
from bench.accuracy import ours
from bench.hospital import ward
from bench.recorded import Recorded, read

SMALL = 0.005  # of the number of sessions; permanent connections stay
NOWHERE = Path("no-captures-here")


def small_plan(limit_us: int = 60_000_000) -> list[ward.Planned]:
    planned, _ = ward.plan(11, SMALL)
    return [session for session in planned if session[0] < ward.START_US + limit_us]


def test_one_seed_gives_one_stream() -> None:
    first = [packet for packet, _ in zip(ward.packets(ward.plan(3, SMALL)[0]), range(5000), strict=False)]
    second = [packet for packet, _ in zip(ward.packets(ward.plan(3, SMALL)[0]), range(5000), strict=False)]
    other = [packet for packet, _ in zip(ward.packets(ward.plan(4, SMALL)[0]), range(5000), strict=False)]
    assert first == second
    assert first != other


def test_packets_come_in_order_of_time_and_nothing_is_lost() -> None:
    planned = [session for session in ward.plan(5, SMALL)[0] if session[0] > ward.START_US + 30_000_000]
    alone = Counter(packet for start, seed, opening in planned for packet in opening(Random(seed), start))
    together = list(ward.packets(planned))
    assert [time for time, _ in together] == sorted(time for time, _ in together)
    assert Counter(together) == alone


def test_every_ipv4_header_checksum_is_right() -> None:
    checked = 0
    for _, frame in zip(range(20_000), (frame for _, frame in ward.packets(small_plan())), strict=False):
        start = 18 if frame[12:14] == b"\x81\x00" else 14
        if frame[start - 2 : start] == b"\x08\x00":
            total = sum(struct.unpack_from(">10H", frame, start))
            assert (total & 0xFFFF) + (total >> 16) == 0xFFFF
            checked += 1
    assert checked > 100


def test_a_cut_ends_with_a_whole_record(tmp_path: Path) -> None:
    frames = [(i * 1000, bytes(100), 100) for i in range(50)]
    capture.write(iter(frames), tmp_path / "all.pcap")
    found = capture.cut(tmp_path / "all.pcap", tmp_path / "cut.pcap", 24 + 116 * 7 + 50)
    assert found["packets"] == 7
    assert found["bytes"] == 24 + 116 * 7 == (tmp_path / "cut.pcap").stat().st_size
    again = read(tmp_path / "cut.pcap")
    assert again is not None
    assert [frame for _, frame, _ in again] == [bytes(100)] * 7


def test_the_description_names_what_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ward, "HOUR_US", 20_000_000)
    monkeypatch.setattr(ward, "LAST_START_US", 19_000_000)
    monkeypatch.setattr(capture, "SCALE_WITHOUT_REAL", SMALL)
    monkeypatch.setattr(capture, "CUT_BYTES", 1_000_000)
    made = capture.build(tmp_path, real_root=NOWHERE)
    assert made == json.loads((tmp_path / "hospital.json").read_text())
    assert made["real"] is None
    written = read(tmp_path / "hospital.pcap")
    assert written is not None
    assert made["files"]["hospital.pcap"]["packets"] == len(written)


def _ethernet(source: str, destination: str, body: bytes) -> bytes:
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 7, 0, 64, 17, 0, _ip(source), _ip(destination))
    total = sum(struct.unpack(">10H", header))
    total = (total & 0xFFFF) + (total >> 16)
    header = header[:10] + struct.pack(">H", ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF) + header[12:]
    return bytes.fromhex("00095c0000010000aa0000020800") + header + body


def _ip(text: str) -> bytes:
    return bytes(int(part) for part in text.split("."))


def test_copies_change_addresses_one_to_one_and_mend_the_checksum(tmp_path: Path) -> None:
    hosts = [f"10.{a}.{b}.5" for a in range(3) for b in range(3)] + ["239.255.255.250", "255.255.255.255"]
    frames = [(i, _ethernet(s, d, b"body"), 38) for i, (s, d) in enumerate((s, d) for s in hosts for d in hosts)]
    (tmp_path / "real").mkdir()
    capture.write(iter(frames), tmp_path / "real" / "one.pcap")
    real = Recorded([tmp_path / "real"], 0)
    seen: dict[bytes, bytes] = {}
    copies = [list(real.copy(number, 0)) for number in (0, 3)]
    for (_, before, _), (_, after, _) in zip(*copies, strict=True):
        total = sum(struct.unpack_from(">10H", after, 14))
        assert (total & 0xFFFF) + (total >> 16) == 0xFFFF
        for place in (26, 30):
            old, new = before[place : place + 4], after[place : place + 4]
            assert seen.setdefault(old, new) == new
            assert (old == new) == (old[0] >= 224)
        assert before[34:] == after[34:]
        assert before[:6] != after[:6]
    assert len(set(seen.values())) == len(hosts)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_tshark_reads_every_message_and_calls_none_malformed(tmp_path: Path) -> None:
    planned, _ = ward.plan(11, 0.05)
    chosen = planned[::12]
    path = tmp_path / "some.pcap"
    stop = ward.START_US + 600_000_000
    capture.write(((t, f, len(f)) for t, f in ward.packets(chosen) if t < stop), path)
    command = ["tshark", "-r", str(path), "-d", "tcp.port==6661-6662,hl7", "-d", "tcp.port==2575,hl7"]
    command += ["-d", "tcp.port==4242,dicom", "-d", "udp.port==24105,data", "-T", "fields", "-E", "separator=|"]
    command += ["-e", "frame.protocols", "-e", "_ws.malformed"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    protocols = Counter(name for line in answer for name in line.split("|")[0].split(":"))
    malformed = [line for line in answer if line.split("|")[1]]
    assert not malformed
    for name in ("dicom", "hl7", "tls", "http", "dns", "mdns", "ssdp", "dhcp", "snmp", "lldp", "mqtt", "arp", "icmpv6"):
        assert protocols[name] > 0, name


@pytest.mark.slow
def test_our_engine_finds_exactly_what_was_planned(tmp_path: Path) -> None:
    planned, counts = ward.plan(11, 0.01)
    path = tmp_path / "some.pcap"
    capture.write(((t, f, len(f)) for t, f in ward.packets(planned)), path)
    answer = ours.read(path)
    found = Counter((s.message.PROTOCOL, s.message.kind) for _, s in answer.sightings)
    conversations = Counter(name for names in answer.applications.values() for name, _ in names)
    assert answer.malformed == {}
    assert answer.account.undecoded == {}
    for protocol, kind, planned_as in (
        ("dicom", "C-STORE-RQ", "images"),
        ("dicom", "C-STORE-RSP", "images"),
        ("dicom", "C-ECHO-RQ", "dicom echo"),
        ("hl7", "ACK", "hl7 messages"),
        ("tls", "ClientHello", "tls"),
        ("tls", "ServerHello", "tls"),
        ("dhcp", "DISCOVER", "dhcp"),
        ("dhcp", "ACK", "dhcp"),
        ("mqtt", "CONNECT", "mqtt"),
        ("smb", "SESSION_SETUP response", "smb"),
    ):
        assert found[protocol, kind] == counts[planned_as], (protocol, kind)
    assert found["dicom", "A-ASSOCIATE-RQ"] == counts["dicom store"] + counts["dicom echo"]
    assert (
        sum(n for (protocol, kind), n in found.items() if protocol == "hl7" and kind != "ACK") == counts["hl7 messages"]
    )
    assert conversations["http"] == counts["http"]
    assert conversations["ssh"] == counts["ssh"]
    assert conversations["dns"] == counts["dns"]
