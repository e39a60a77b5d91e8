"""JSON and archives of strangers: small files that would become gigabytes, or hours."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile

import pytest

from asepsis.exposure.advisory import Problem
from asepsis.exposure.feeds import document
from asepsis.exposure.feeds.document import ENTRIES_LIMIT, Field, Notes, entries_at_most, read_json, unpacked


@pytest.mark.parametrize("value", ["{}", "[]", '{"a":1}', "1.5", '"ab"'])
def test_a_document_of_more_values_than_there_is_room_for_is_refused_before_they_are_made(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document, "ROOM_LIMIT_BYTES", 1 << 20)
    bomb = b'{"a":[' + b",".join([value.encode()] * 20_000) + b"]}"
    packed = gzip.compress(bomb)
    assert len(packed) < 2000
    refused = read_json(packed, Notes())
    assert isinstance(refused, Problem)
    assert "room" in refused.why
    monkeypatch.undo()
    assert isinstance(read_json(packed, Notes()), Field)


def directory_of(entries: int) -> bytes:
    """An archive of no file to speak of, whose directory names many (APPNOTE 4.3.12, 4.3.14 to 4.3.16)."""
    local = b"PK\x03\x04" + struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 0, 0, 0, 0, 1, 0) + b"a"
    one = b"PK\x01\x02" + struct.pack("<HHHHHHIIIHHHHHII", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    listed = one * entries
    at = len(local)
    whole = struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, entries, entries, len(listed), at)
    where = struct.pack("<IQI", 0, at + len(listed), 1)
    end = struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return local + listed + b"PK\x06\x06" + whole + b"PK\x06\x07" + where + b"PK\x05\x06" + end


def test_an_archive_whose_directory_is_the_bomb_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    archive = directory_of(ENTRIES_LIMIT + 1)
    # It is an archive for whoever reads it.
    assert len(zipfile.ZipFile(io.BytesIO(archive)).infolist()) == ENTRIES_LIMIT + 1
    monkeypatch.delattr(zipfile, "ZipFile")
    refused = unpacked(archive)
    assert isinstance(refused, Problem)
    assert str(ENTRIES_LIMIT + 1) in refused.why


def test_entries_are_counted_across_the_borders_of_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    archive = directory_of(50)
    for size in (5, 7, 46, 47, 1000):
        monkeypatch.setattr(document, "_BLOCK_BYTES", size)
        assert entries_at_most(io.BytesIO(archive)) == 50
