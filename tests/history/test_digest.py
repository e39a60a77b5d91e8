"""The digest names the content of a capture, however it is read."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from asepsis.history import CaptureDigest, HistoryError, digest_file
from asepsis.history.digest import WINDOW_BYTES

# BLAKE3's published test vectors: the input repeats 0..250; these are its lengths 0, 1 and 102,400.
# github.com/BLAKE3-team/BLAKE3/blob/master/test_vectors/test_vectors.json, first 32 bytes of "hash".
VECTORS = {
    0: "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
    1: "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213",
    102_400: "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085",
}


@pytest.mark.parametrize("length", VECTORS)
def test_the_digest_is_the_blake3_of_the_file(tmp_path: Path, length: int) -> None:
    content = (bytes(range(251)) * (length // 251 + 1))[:length]
    path = tmp_path / "ward.pcap"
    path.write_bytes(content)
    assert digest_file(path) == VECTORS[length]


def test_a_large_file_has_the_same_digest_as_its_pieces(tmp_path: Path) -> None:
    chance = random.Random(7)
    content = chance.randbytes(2 * WINDOW_BYTES + 12_345)
    path = tmp_path / "ward.pcap"
    path.write_bytes(content)
    digest = CaptureDigest()
    begin = 0
    while begin < len(content):
        size = chance.choice((1, 100, 65_536, 1_000_000))
        digest.update(memoryview(content)[begin : begin + size])
        begin += size
    assert digest.text() == digest_file(path)
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert digest.text() != digest_file(path)


def test_progress_is_told(tmp_path: Path) -> None:
    path = tmp_path / "large.pcap"
    with path.open("wb") as file:
        file.truncate(33 * WINDOW_BYTES)
    told: list[int] = []
    digest_file(path, told.append)
    assert told == [16 * WINDOW_BYTES, 32 * WINDOW_BYTES]


def test_a_file_that_is_cut_while_it_is_read_is_an_error_and_no_crash(tmp_path: Path) -> None:
    path = tmp_path / "ward.pcap"
    with path.open("wb") as file:
        file.truncate(40 * WINDOW_BYTES)
    with pytest.raises(HistoryError) as error:
        digest_file(path, lambda _: os.truncate(path, 100))
    assert error.value.code == "capture-changed"


def test_what_is_no_readable_file_is_an_error_with_a_code(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "absent", tmp_path, tmp_path / "pipe"):
        with pytest.raises(HistoryError) as error:
            digest_file(path)
        assert error.value.code == "capture-unreadable"
        assert str(path) in error.value.message
