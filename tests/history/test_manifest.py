"""The manifest says what the history is, and says so plainly when it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from asepsis.history import HistoryError
from asepsis.history.manifest import MANIFEST_NAME, Commit, Manifest, StoredCapture, StoredFile


def stored(name: str, *, site: str = "north") -> tuple[StoredCapture, StoredFile]:
    capture = StoredCapture(
        capture=name,
        digest=name,
        site=site,
        kind="packets",
        path=f"{name}.pcap",
        size_bytes=1,
        stored_ns=5,
        conversations=1,
        messages=0,
        malformed=0,
    )
    file = StoredFile(
        path=f"{name}.parquet",
        table="conversations",
        site=site,
        day="2023-11-15",
        rows=1,
        size_bytes=10,
        first_ns=1,
        last_ns=2,
    )
    return capture, file


def add(root: Path, name: str) -> int:
    manifest = Manifest(root)
    with manifest.locked():
        capture, file = stored(name)
        return manifest.append(Commit(captures=[capture], add=[file]), now_ns=7)


def files(root: Path) -> list[str]:
    return list(Manifest(root).state().files)


def test_a_folder_without_a_manifest_is_an_empty_history(tmp_path: Path) -> None:
    assert Manifest(tmp_path / "absent").state().number == 0
    assert files(tmp_path) == []


def test_commits_are_numbered_and_add_up(tmp_path: Path) -> None:
    assert [add(tmp_path, name) for name in ("a", "b", "c")] == [1, 2, 3]
    assert files(tmp_path) == ["a.parquet", "b.parquet", "c.parquet"]
    assert Manifest(tmp_path).state().held == {("a", "north"), ("b", "north"), ("c", "north")}


def test_one_that_stays_open_sees_what_others_commit(tmp_path: Path) -> None:
    watching = Manifest(tmp_path)
    assert watching.state().number == 0
    add(tmp_path, "a")
    assert watching.state().number == 1
    add(tmp_path, "b")
    assert list(watching.state().files) == ["a.parquet", "b.parquet"]


@pytest.mark.parametrize("kept", range(1, 120, 7))
def test_a_line_that_was_cut_short_never_counted(tmp_path: Path, kept: int) -> None:
    add(tmp_path, "a")
    path = tmp_path / MANIFEST_NAME
    whole = path.read_bytes()
    add(tmp_path, "b" * 500)
    path.write_bytes(path.read_bytes()[: len(whole) + kept])
    assert files(tmp_path) == ["a.parquet"]
    assert add(tmp_path, "c") == 2
    assert files(tmp_path) == ["a.parquet", "c.parquet"]


def test_the_rest_of_a_long_line_does_not_stay_behind_a_short_one(tmp_path: Path) -> None:
    add(tmp_path, "a")
    path = tmp_path / MANIFEST_NAME
    whole = path.read_bytes()
    add(tmp_path, "b" * 5_000)
    path.write_bytes(path.read_bytes()[:-1])  # all but its end, much more than the next line
    add(tmp_path, "c")
    assert path.read_bytes().startswith(whole)
    assert path.read_bytes().count(b"\n") == 3
    assert path.read_bytes().endswith(b"\n")
    assert files(tmp_path) == ["a.parquet", "c.parquet"]


def test_a_first_line_that_was_cut_short_is_no_manifest_yet(tmp_path: Path) -> None:
    add(tmp_path, "a")
    path = tmp_path / MANIFEST_NAME
    path.write_bytes(path.read_bytes()[:20])
    assert files(tmp_path) == []
    assert add(tmp_path, "b") == 1
    assert files(tmp_path) == ["b.parquet"]


def test_a_newest_line_that_a_power_cut_spoilt_never_counted(tmp_path: Path) -> None:
    add(tmp_path, "a")
    path = tmp_path / MANIFEST_NAME
    whole = path.read_bytes()
    add(tmp_path, "b")
    path.write_bytes(whole + b"\0" * 100 + b"\n")
    assert files(tmp_path) == ["a.parquet"]
    assert add(tmp_path, "c") == 2


def test_damage_in_the_middle_is_an_error_that_names_the_line(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        add(tmp_path, name)
    path = tmp_path / MANIFEST_NAME
    lines = path.read_bytes().split(b"\n")
    lines[2] = lines[2].replace(b"b.parquet", b"x.parquet")
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(HistoryError) as error:
        files(tmp_path)
    assert error.value.code == "history-damaged"
    assert "line 3" in error.value.message


@pytest.mark.parametrize("content", [b"hello\n", b"{}\n", b'0bad0bad {"format":"other"}\n', b"\xff\xfe\n\n"])
def test_a_file_that_is_no_manifest_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / MANIFEST_NAME).write_bytes(content)
    for use in (files, lambda root: add(root, "a")):
        with pytest.raises(HistoryError) as error:
            use(tmp_path)
        assert error.value.code == "history-format"
    assert (tmp_path / MANIFEST_NAME).read_bytes() == content


def test_a_manifest_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    import json
    import zlib

    text = json.dumps({"format": "asepsis-history", "version": 2}).encode()
    (tmp_path / MANIFEST_NAME).write_bytes(b"%08x %s\n" % (zlib.crc32(text), text))
    with pytest.raises(HistoryError) as error:
        files(tmp_path)
    assert error.value.code == "history-newer"


def test_rewriting_says_the_same_in_fewer_lines_and_others_notice(tmp_path: Path) -> None:
    watching = Manifest(tmp_path)
    for number in range(20):
        add(tmp_path, f"n{number}")
    manifest = Manifest(tmp_path)
    with manifest.locked():
        manifest.append(Commit(retire=["n0.parquet", "n1.parquet"]), now_ns=50)
        manifest.append(Commit(gone=["n0.parquet"]), now_ns=60)
    before = watching.state()
    assert before.number == 22
    with manifest.locked():
        manifest.rewrite(now_ns=70)
    assert len((tmp_path / MANIFEST_NAME).read_bytes().splitlines()) == 3
    for after in (watching.state(), manifest.state(), Manifest(tmp_path).state()):
        assert after.number == 22
        assert len(after.files) == 18
        assert len(after.held) == 20
        assert after.retired == {"n1.parquet": 50}
    assert add(tmp_path, "more") == 23
    assert watching.state().number == 23


def test_one_that_waits_for_a_hanging_process_says_so(tmp_path: Path) -> None:
    from asepsis.history.locks import FileLock, exclusive

    holder = FileLock(tmp_path / "lock")
    assert holder.try_lock()
    with pytest.raises(HistoryError) as error, exclusive(tmp_path / "lock", timeout_seconds=0.02):
        raise AssertionError("two had it")
    assert error.value.code == "history-busy"
    holder.close()
    with exclusive(tmp_path / "lock", timeout_seconds=0.02):
        pass
