"""The wire for live capture carries every frame unchanged; tcpdump is the witness."""

from __future__ import annotations

import gzip
import random
import shutil
import signal
import struct
import subprocess
from pathlib import Path

import pytest

from tests.system.namespaces import MTU, Wire

pytestmark = [pytest.mark.root, pytest.mark.slow]

HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
"""A classic capture file: little-endian, microseconds, Ethernet (draft-ietf-opsawg-pcap 4)."""
ETHERNET_HEADER_BYTES = 14


def write_capture(path: Path, frames: list[bytes]) -> Path:
    records = (struct.pack("<IIII", 1, i, len(frame), len(frame)) + frame for i, frame in enumerate(frames))
    path.write_bytes(HEADER + b"".join(records))
    return path


def read_capture(path: Path) -> list[bytes]:
    content, at, frames = path.read_bytes(), len(HEADER), []
    assert content[:4] == HEADER[:4]
    while at < len(content):
        length = int(struct.unpack_from("<I", content, at + 8)[0])
        frames.append(content[at + 16 : at + 16 + length])
        at += 16 + length
    return frames


def some_frames(count: int, longest: int) -> list[bytes]:
    """Frames with a local experimental EtherType (IEEE 802, 88B5), so that no stack answers them."""
    dice = random.Random(7)
    head = bytes.fromhex("020000000002 020000000001 88b5")
    return [head + dice.randbytes(dice.randint(46, longest - ETHERNET_HEADER_BYTES)) for _ in range(count)]


def received_by_tcpdump(wire: Wire, target: Path, send: Path, packets: int, **how: int | bool) -> list[bytes]:
    tcpdump = shutil.which("tcpdump")
    if tcpdump is None:
        pytest.skip("tcpdump is not installed")
    argv = [tcpdump, "-i", wire.receiver, "-Z", "root", "-U", "-B", "16384", "-c", str(packets), "-w", str(target)]
    receiver = wire.start(argv, stderr=subprocess.DEVNULL)
    wire.wait_for_receiver(receiver)
    sent = wire.replay(send, **how)  # type: ignore[arg-type] # the options of replay, by name
    assert (sent.packets, sent.failed) == (packets, 0)
    try:
        receiver.wait(timeout=60)
    except subprocess.TimeoutExpired:
        receiver.send_signal(signal.SIGINT)
        receiver.wait()
    return read_capture(target)


def test_every_frame_arrives_unchanged_up_to_the_mtu(wire: Wire, tmp_path: Path) -> None:
    frames = [*some_frames(300, MTU), b"\xff" * 12 + b"\x88\xb5" + b"\x00" * MTU]
    got = received_by_tcpdump(
        wire, tmp_path / "got.pcap", write_capture(tmp_path / "s.pcap", frames), 301, topspeed=True
    )
    assert got == frames
    assert wire.arrived() == 301


def test_a_compressed_capture_is_unpacked_before_it_is_sent(wire: Wire, tmp_path: Path) -> None:
    frames = some_frames(20, 200)
    packed = tmp_path / "s.pcap.gz"
    packed.write_bytes(gzip.compress(write_capture(tmp_path / "s.pcap", frames).read_bytes()))
    assert received_by_tcpdump(wire, tmp_path / "got.pcap", packed, 20, packets_per_second=1000) == frames


def test_a_frame_longer_than_the_mtu_is_counted_as_failed(wire: Wire, tmp_path: Path) -> None:
    too_long = b"\xff" * 12 + b"\x88\xb5" + b"\x00" * (MTU + 1)
    sent = wire.replay(write_capture(tmp_path / "s.pcap", [too_long, *some_frames(5, 100)]))
    assert (sent.packets, sent.failed) == (5, 1)
    assert wire.arrived() == 5


def test_the_wire_is_silent_and_gone_after_use(tmp_path: Path) -> None:
    with Wire() as wire:
        process = Path(f"/proc/{wire.pid}")
        assert wire.arrived() == 0
        assert wire.run(["ip", "-o", "link"]).stdout.count("\n") == 3
    assert not process.exists()


def test_a_receiver_that_ends_early_is_reported(wire: Wire) -> None:
    ended = wire.start(["false"])
    ended.wait()
    with pytest.raises(RuntimeError, match="ended with 1 before it captured"):
        wire.wait_for_receiver(ended)
