"""What the store of feeds keeps beside its documents: right after each update, whoever was killed in the middle."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from asepsis.pipeline.feeds import Feeds, Tallied, loaded_of
from asepsis.pipeline.feeds_folder import read_folder
from asepsis.pipeline.feeds_schema import FORMAT_VERSION
from asepsis.pipeline.feeds_standing import standings
from tests.exposure.documents import csaf

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SECOND_FORMAT = """
CREATE TABLE documents (
    key TEXT PRIMARY KEY, kind TEXT NOT NULL, updated TEXT NOT NULL, revision TEXT NOT NULL, path TEXT NOT NULL,
    sha256 TEXT NOT NULL, loaded_ns INTEGER NOT NULL, problems TEXT NOT NULL, content BLOB NOT NULL,
    signature TEXT NOT NULL DEFAULT '', source TEXT NOT NULL DEFAULT 'folder'
) STRICT;
CREATE INDEX documents_by_kind ON documents (kind, key);
CREATE TABLE changes (number INTEGER PRIMARY KEY, at_ns INTEGER NOT NULL, document TEXT NOT NULL) STRICT;
CREATE TABLE sources (name TEXT PRIMARY KEY, document TEXT NOT NULL) STRICT;
CREATE TABLE listed (source TEXT NOT NULL, url TEXT NOT NULL, updated TEXT NOT NULL, PRIMARY KEY (source, url)) STRICT;
PRAGMA user_version = 2;
"""
KILLED = """
import os, signal, sys
from pathlib import Path
from asepsis.pipeline.feeds import Feeds
from asepsis.pipeline.feeds_folder import read_folder
def documents():
    yield from read_folder(Path(sys.argv[2]))
    os.kill(os.getpid(), signal.SIGKILL)
with Feeds.open(Path(sys.argv[1])) as feeds:
    feeds.take(documents(), 2)
"""


def folder_of(tmp_path: Path, name: str, *numbers: str, updated: str = "2026-01-02", broken: bool = False) -> Path:
    folder = tmp_path / name
    folder.mkdir()
    for number in numbers:
        document = csaf([("BD", "Vortan 8015", "<= 9.33")], number=number, current_release_date=f"{updated}T00:00:00Z")
        if broken:
            document["document"].pop("title")
            document["vulnerabilities"] = 7
        (folder / f"{number}.json").write_text(json.dumps(document))
    return folder


def counted(feeds: Feeds) -> list[Tallied]:
    """The tallies by counting what is held: the plain way."""
    kinds = sorted({(one.source, one.kind) for one in feeds.held()})
    found = []
    for source, kind in kinds:
        held = [one for one in feeds.held() if (one.source, one.kind) == (source, kind)]
        dates = [datetime.fromisoformat(one.updated) for one in held if one.updated]
        found.append(
            Tallied(
                source=source,
                kind=kind,
                documents=len(held),
                newest=max(dates, default=None),
                loaded_ns=max(one.loaded_ns for one in held),
                signatures=dict(Counter(one.signature for one in held if one.signature)),
            )
        )
    return found


def change(device: str, after: str | None, advisory: str = "A-1") -> dict[str, Any]:
    return {"device": device, "advisory": advisory, "before": None, "after": after, "vulnerabilities": ["CVE-1"]}


def test_what_is_kept_is_what_counting_gives_after_each_update(tmp_path: Path) -> None:
    path = tmp_path / "feeds.sqlite"
    with Feeds.open(path) as feeds:
        for moment_ns, folder in enumerate(
            (
                folder_of(tmp_path, "first", "A-1", "A-2"),
                folder_of(tmp_path, "newer", "A-2", "A-3", updated="2026-03-04"),
                folder_of(tmp_path, "older", "A-3", updated="2025-03-04"),
            ),
            start=1,
        ):
            feeds.update(folder, moment_ns)
            assert feeds.tallies() == counted(feeds)
            assert loaded_of(path) == f"{len(feeds.held())} {max(one.loaded_ns for one in feeds.held())}"
        assert [one.documents for one in feeds.tallies()] == [3]


def test_a_document_that_comes_from_another_source_is_no_longer_counted_with_the_first(tmp_path: Path) -> None:
    with Feeds.open(tmp_path / "feeds.sqlite") as feeds:
        feeds.update(folder_of(tmp_path, "carried", "A-1"), 1)
        feeds.take(read_folder(folder_of(tmp_path, "fetched", "A-1", updated="2026-03-04")), 2, "cisa")
        assert [(one.source, one.documents) for one in feeds.tallies()] == [("cisa", 1)]
        assert feeds.tallies() == counted(feeds)


def test_an_update_that_is_killed_leaves_what_was_held_and_its_counts(tmp_path: Path) -> None:
    path = tmp_path / "feeds.sqlite"
    with Feeds.open(path) as feeds:
        feeds.update(folder_of(tmp_path, "first", "A-1"), 1)
        before = feeds.tallies()
    more = folder_of(tmp_path, "more", "A-2", "A-3")
    ended = subprocess.run([sys.executable, "-c", KILLED, str(path), str(more)], check=False, env=dict(os.environ))
    assert ended.returncode == -signal.SIGKILL
    with Feeds.open(path) as feeds:
        assert feeds.tallies() == before == counted(feeds)
        feeds.update(more, 3)
        assert [one.documents for one in feeds.tallies()] == [3]


def test_a_store_is_read_while_an_update_writes(tmp_path: Path) -> None:
    path = tmp_path / "feeds.sqlite"
    with Feeds.open(path) as feeds:
        feeds.update(folder_of(tmp_path, "first", "A-1"), 1)
    writing = sqlite3.connect(path, isolation_level=None)
    writing.execute("BEGIN IMMEDIATE")
    try:
        # It would wait a minute for that transaction, and then fail.
        with Feeds.open(path) as feeds:
            assert [one.documents for one in standings(feeds, NOW)] == [1]
    finally:
        writing.execute("ROLLBACK")
        writing.close()


def test_how_feeds_stand_is_told_without_reading_a_document(tmp_path: Path) -> None:
    statements: list[int] = []
    for name, numbers in (("few", range(3)), ("many", range(60))):
        with Feeds.open(tmp_path / f"{name}.sqlite") as feeds:
            feeds.update(folder_of(tmp_path, name, *(f"A-{number}" for number in numbers)), 1)
            before = standings(feeds, NOW)
            feeds._connection.execute("UPDATE documents SET content = x'00', updated = '', revision = ''")
            asked: list[str] = []
            feeds._connection.set_trace_callback(asked.append)
            assert standings(feeds, NOW) == before
            feeds._connection.set_trace_callback(None)
            statements.append(len(asked))
    assert statements[0] == statements[1]


def test_problems_are_told_up_to_a_number(tmp_path: Path) -> None:
    with Feeds.open(tmp_path / "feeds.sqlite") as feeds:
        feeds.update(folder_of(tmp_path, "broken", "A-1", "A-2", "A-3", broken=True), 1)
        ((source, kind),) = {(one.source, one.kind) for one in feeds.tallies()}
        every = feeds.problems(source, kind)
        assert len({path for path, _ in every}) == 3
        assert feeds.problems(source, kind, 2) == every[:2]
        assert [one.problems for one in standings(feeds, NOW, problems_most=1)] == [tuple(every[:1])]


def test_changes_are_told_for_some_devices_and_what_can_hurt_first(tmp_path: Path) -> None:
    told = [change("a", "not affected"), change("a", None, "A-2"), change("b", "affected"), change("c", "cannot tell")]
    with Feeds.open(tmp_path / "feeds.sqlite") as feeds:
        assert feeds.last_changed() is None
        feeds.record_changes(5, [change("z", "affected")])
        feeds.record_changes(7, told)
        assert feeds.changes() == (7, told)
        assert feeds.last_changed() == (2, 7)
        count, first = feeds.changes_of(["a", "b", "gone"], 2)
        assert count == 3
        assert [(one["device"], one["after"]) for one in first] == [("b", "affected"), ("a", "not affected")]
        assert feeds.changes_of([], 2) == (0, [])
        many = [f"device-{number}" for number in range(40_000)]
        assert feeds.changes_of([*many, "c"], 9)[0] == 1


@pytest.mark.parametrize("with_changes", [True, False])
def test_a_store_of_the_format_before_is_brought_to_this_one(tmp_path: Path, *, with_changes: bool) -> None:
    path, now = tmp_path / "old.sqlite", tmp_path / "now.sqlite"
    with Feeds.open(now) as feeds:
        feeds.update(folder_of(tmp_path, "first", "A-1", "A-2"), 1)
        expected = feeds.tallies()
        (columns, rows) = (
            "key, kind, updated, revision, path, sha256, loaded_ns, problems, content, signature, source",
            feeds._select(
                "SELECT key, kind, updated, revision, path, sha256, loaded_ns, problems, content,"
                " signature, source FROM documents"
            ),
        )
    told = [change("b", "affected"), change("a", None)]
    with sqlite3.connect(path) as old:
        old.executescript(SECOND_FORMAT)
        old.executemany(f"INSERT INTO documents ({columns}) VALUES ({','.join('?' * 11)})", rows)
        if with_changes:
            old.execute("INSERT INTO changes (at_ns, document) VALUES (1, '[]'), (9, ?)", (json.dumps(told),))
    old.close()
    assert loaded_of(path) == "2 1", "it is named before anybody brings it to this format"
    for _ in range(2):
        with Feeds.open(path) as feeds:
            assert feeds.tallies() == expected
            assert feeds.changes() == ((9, told) if with_changes else None)
            assert feeds._select("PRAGMA user_version") == [(FORMAT_VERSION,)]
    assert loaded_of(path) == "2 1"
