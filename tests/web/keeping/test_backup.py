from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from asepsis.cli.lookup import device_documents
from asepsis.crypto.strongbox import BoxError, key_file
from asepsis.exposure.reported.report import Tool
from asepsis.history.queries import Selection
from asepsis.pipeline import demo
from asepsis.pipeline.analyze import analyze
from asepsis.pipeline.papers import Papers
from asepsis.pipeline.papers_reading import read_paper
from asepsis.pipeline.registry import Registry
from asepsis.pipeline.reported import Reports
from asepsis.pipeline.workspace import Workspace
from asepsis.web.keeping import backup as backups
from asepsis.web.keeping.backup import BackupError, backup
from asepsis.web.keeping.restore import RestoreError, restore
from tests.exposure.reported.test_reports import NMAP
from tests.pipeline.test_papers import bill

KEY = key_file(b"k" * 32)
SMALL = Path(__file__).parents[2] / "recordings"


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The recorded hospital, analysed."""
    workspace = Workspace.resolve(tmp_path_factory.mktemp("hospital") / "home")
    analyze([demo.recording().benign], workspace=workspace, site="lab")
    device_documents(workspace, site=None)  # devices are folded, and get their ids, when they are first asked for
    (workspace.keys_path / "web-secret.key").write_text("secret", encoding="ascii")
    return workspace


def _conversations(workspace: Workspace) -> list[dict[str, object]]:
    with Registry.open(workspace.registry_path) as registry:
        intervals = registry.intervals("lab")
    with workspace.history().reader(intervals) as reader:
        return list(reader.ask("conversations", Selection(limit=100_000)).documents())


def test_what_is_restored_is_what_was_there(hospital: Workspace, tmp_path: Path) -> None:
    made = backup(hospital, tmp_path / "b.asepsis", KEY)
    other = Workspace.place(tmp_path / "restored" / "home")
    restored = restore(tmp_path / "b.asepsis", other, KEY)
    assert restored.files == made.files
    other.check()
    assert device_documents(other, site=None) == device_documents(hospital, site=None)
    assert len(_conversations(other)) > 2000
    assert _conversations(other) == _conversations(hospital)
    key = other.keys_path / "web-secret.key"
    assert key.read_text(encoding="ascii") == "secret"
    assert key.stat().st_mode & 0o077 == 0
    assert other.root.stat().st_mode & 0o077 == 0
    assert (tmp_path / "b.asepsis").stat().st_mode & 0o077 == 0


def test_papers_and_reports_of_others_come_back_and_what_is_worked_out_again_stays_away(tmp_path: Path) -> None:
    workspace = Workspace.resolve(tmp_path / "home").create()
    with Papers.open(workspace.papers_path) as papers:
        paper, _ = papers.take(read_paper(None, "bill.json", bill()), 1)
        content = papers.content(paper.id)
    with Reports.open(workspace) as reports:
        read, _, digest = reports.take(NMAP, Tool.NMAP, name="audit.xml", site="north")
    (workspace.root / "documents").mkdir()
    (workspace.root / "documents" / "contract").write_bytes(b"agreed")
    (workspace.keys_path / "acceptances.key").write_bytes(b"k")
    (workspace.root / "judged.sqlite").write_bytes(b"anew")
    (workspace.root / "feeds-sent").mkdir()
    (workspace.root / "feeds-sent" / "half").write_bytes(b"half")
    backup(workspace, tmp_path / "b.asepsis", KEY)
    other = Workspace.place(tmp_path / "restored")
    restore(tmp_path / "b.asepsis", other, KEY)
    with Papers.open(other.papers_path) as papers:
        assert papers.content(paper.id) == content == bill()
    with Reports.open(other) as reports:
        found = reports.report(digest)
    assert found is not None
    assert found[1] == read
    assert (other.root / "documents" / "contract").read_bytes() == b"agreed"
    assert (other.keys_path / "acceptances.key").read_bytes() == b"k"
    assert not (other.root / "judged.sqlite").exists()
    assert not (other.root / "feeds-sent").exists()


def test_a_backup_while_somebody_writes_holds_one_moment_of_each_database(tmp_path: Path) -> None:
    """Two tables that are always changed together must be alike in the copy."""
    workspace = Workspace.resolve(tmp_path / "home").create()
    path = workspace.root / "web.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE change (n INTEGER, filling TEXT)")
        connection.execute("CREATE TABLE record (n INTEGER, filling TEXT)")
    connection.close()
    ended = threading.Event()

    def write() -> None:
        own = sqlite3.connect(path, timeout=30)
        number = 0
        while not ended.is_set():
            with own:
                own.execute("INSERT INTO change VALUES (?, ?)", (number, "x" * 500))
                own.execute("INSERT INTO record VALUES (?, ?)", (number, "y" * 500))
            number += 1
        own.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for round_ in range(5):
            backup(workspace, tmp_path / f"{round_}.asepsis", KEY)
    finally:
        ended.set()
        writer.join()
    for round_ in range(5):
        other = Workspace.place(tmp_path / f"restored-{round_}")
        restore(tmp_path / f"{round_}.asepsis", other, KEY)
        copy = sqlite3.connect(other.root / "web.sqlite")
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        changes, records = (copy.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("change", "record"))
        copy.close()
        assert changes == records


def test_a_damaged_backup_or_a_wrong_key_restores_nothing(hospital: Workspace, tmp_path: Path) -> None:
    source = tmp_path / "b.asepsis"
    backup(hospital, source, KEY)
    whole = source.read_bytes()
    place = tmp_path / "restored"
    damages = {
        "cut": whole[: len(whole) // 2],
        "last byte": whole[:-1],
        "flipped": whole[: len(whole) // 2] + bytes([whole[len(whole) // 2] ^ 1]) + whole[len(whole) // 2 + 1 :],
        "other": b"not a backup at all",
        "empty": b"",
    }
    for name, content in damages.items():
        source.write_bytes(content)
        with pytest.raises(BoxError):
            restore(source, Workspace.place(place), KEY)
        assert list(tmp_path.iterdir()) == [source], name
    source.write_bytes(whole)
    with pytest.raises(BoxError, match="not the one"):
        restore(source, Workspace.place(place), key_file(b"x" * 32))
    assert list(tmp_path.iterdir()) == [source]


def test_nothing_that_is_there_is_overwritten(hospital: Workspace, tmp_path: Path) -> None:
    source = tmp_path / "b.asepsis"
    backup(hospital, source, KEY)
    with pytest.raises(BackupError, match="there already"):
        backup(hospital, source, KEY)
    with pytest.raises(BackupError, match="in the workspace itself"):
        backup(hospital, hospital.root / "b.asepsis", KEY)
    other = Workspace.resolve(tmp_path / "other").create()
    with pytest.raises(RestoreError, match="not empty"):
        restore(source, other, KEY)


def test_a_backup_of_a_newer_version_is_refused(
    hospital: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups, "FORMAT_VERSION", 99)
    backup(hospital, tmp_path / "b.asepsis", KEY)
    with pytest.raises(RestoreError, match="newer than this program"):
        restore(tmp_path / "b.asepsis", Workspace.place(tmp_path / "restored"), KEY)
    assert not (tmp_path / "restored").exists()


def test_a_backup_that_fails_leaves_no_file(
    hospital: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(backups, "snapshot", fail)
    with pytest.raises(BackupError, match="no space left"):
        backup(hospital, tmp_path / "b.asepsis", KEY)
    assert list(tmp_path.iterdir()) == []


def test_without_pg_dump_people_in_postgresql_are_not_left_out_silently(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.resolve(tmp_path / "home").create()
    with workspace.settings_path.open("a", encoding="utf-8") as settings:
        settings.write('\n[database]\nengine = "postgresql"\nhost = "127.0.0.1"\n')
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupError, match="pg_dump is not installed"):
        backup(workspace, tmp_path / "b.asepsis", KEY)
    assert not (tmp_path / "b.asepsis").exists()


def _command(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "asepsis.cli", *(str(one) for one in arguments)]
    return subprocess.run(
        line,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_the_commands_take_the_passphrase_from_a_file_and_never_from_the_line(
    hospital: Workspace, tmp_path: Path
) -> None:
    words = tmp_path / "passphrase"
    words.write_text("correct horse battery staple\n", encoding="utf-8")
    file = tmp_path / "b.asepsis"
    nobody = _command("backup", file, "--workspace", hospital.root)
    assert nobody.returncode == 2
    assert "nobody can be asked" in nobody.stderr
    made = _command("backup", file, "--workspace", hospital.root, ASEPSIS_PASSPHRASE_FILE=str(words))
    assert made.returncode == 0, made.stderr
    place = tmp_path / "restored"
    words.write_text("correct horse battery stapler\n", encoding="utf-8")
    wrong = _command("restore", file, "--workspace", place, ASEPSIS_PASSPHRASE_FILE=str(words))
    assert wrong.returncode == 3
    assert "not the one" in wrong.stderr
    words.write_text("correct horse battery staple\n", encoding="utf-8")
    done = _command("restore", file, "--workspace", place, ASEPSIS_PASSPHRASE_FILE=str(words))
    assert done.returncode == 0, done.stderr
    listed = _command("devices", "--json", "--workspace", place)
    assert len(json.loads(listed.stdout)) > 100
