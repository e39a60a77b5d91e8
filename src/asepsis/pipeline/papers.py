"""The store of papers: disclosure forms and lists of components in the workspace, and which devices they speak of.

One SQLite file. The bytes are kept as they came, under their digest; the same bytes twice are one paper. Which devices
a paper speaks of follows from maker, model and version (``asepsis.exposure.paper``), and a person may tie and untie.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from asepsis.devices.device import Device
from asepsis.exposure.feeds.document import DOCUMENT_LIMIT_BYTES
from asepsis.exposure.identity import Identity, identity_of
from asepsis.exposure.paper import PaperKind, Subject, Tie, tie
from asepsis.kernel.time import iso_from_ns
from asepsis.kernel.value import value
from asepsis.pipeline.embedded import Store, connect
from asepsis.pipeline.papers_error import PapersError
from asepsis.pipeline.papers_reading import Read, read_paper

FORMAT_VERSION: Final = 1
# Hexadecimal digits of the digest that name a paper; nobody makes two files that share them.
ID_DIGITS: Final = 32
# A beginning of an id is enough where it is unique; shorter ones are slips.
ID_LEAST: Final = 4

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS papers (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, sha256 TEXT NOT NULL, received_ns INTEGER NOT NULL,
    maker TEXT NOT NULL, model TEXT NOT NULL, version TEXT NOT NULL, edition TEXT NOT NULL, made TEXT NOT NULL,
    items INTEGER NOT NULL, problems TEXT NOT NULL, content BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS ties (
    paper TEXT NOT NULL REFERENCES papers (id) ON DELETE CASCADE, device TEXT NOT NULL, is_tied INTEGER NOT NULL,
    by TEXT NOT NULL, at_ns INTEGER NOT NULL, PRIMARY KEY (paper, device)
) STRICT;
CREATE TABLE IF NOT EXISTS claims (
    paper TEXT NOT NULL REFERENCES papers (id) ON DELETE CASCADE, device TEXT NOT NULL, claims TEXT NOT NULL,
    PRIMARY KEY (paper, device)
) STRICT;
CREATE TABLE IF NOT EXISTS parts (
    paper TEXT PRIMARY KEY REFERENCES papers (id) ON DELETE CASCADE, verdicts TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, said TEXT NOT NULL) STRICT;
"""


@value
class Paper:
    """A paper of the store, without its content."""

    id: str
    kind: PaperKind
    name: str
    sha256: str
    received_ns: int
    subject: Subject
    edition: str
    made: str
    items: int
    problems: tuple[tuple[str, str], ...]

    def document(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "id": self.id,
            "kind": str(self.kind),
            "file": self.name,
            "sha256": self.sha256,
            "received": iso_from_ns(self.received_ns),
            "maker": self.subject.maker or None,
            "model": self.subject.model or None,
            "version": self.subject.version or None,
            "edition": self.edition,
            "made": self.made or None,
            "items": self.items,
            "problems": [{"where": where, "why": why} for where, why in self.problems],
        }


@value
class Holding:
    """A paper that speaks of a device, and why."""

    paper: Paper
    device: str
    tie: Tie


class Papers(Store):
    """The store of one workspace; a context manager. Use it in one thread."""

    @classmethod
    def open(cls, path: Path) -> Papers:
        """Opens the file, or makes it.

        Raises:
            PapersError: It cannot be opened, or is of a newer format.
        """
        try:
            connection = connect(path)
            try:
                (held,) = connection.execute("PRAGMA user_version").fetchone()
                if held not in (0, FORMAT_VERSION):
                    raise PapersError(
                        f"{path}: the store of papers has format {held}, this program reads {FORMAT_VERSION}",
                        code="papers-format",
                        hint="Use the version of Asepsis that wrote it, or a newer one.",
                    )
                connection.execute("PRAGMA foreign_keys = ON")
                if held == 0:
                    connection.executescript(_TABLES)
                    connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
            except BaseException:
                connection.close()
                raise
        except sqlite3.Error as error:
            raise _unusable(path, error) from error
        return cls(connection, path)

    def take(self, read: Read, now_ns: int, *, subject: Subject | None = None) -> tuple[Paper, bool]:
        """Keeps a paper; the second answer is False where the same bytes were held already.

        Args:
            read: The paper.
            now_ns: When it was received.
            subject: The product that a person says it speaks of; what it leaves empty, the paper says itself.
        """
        spoken_of = _merged(subject, read.subject)
        paper_id = read.sha256[:ID_DIGITS]
        with self._transaction() as cursor:
            known = cursor.execute("SELECT 1 FROM papers WHERE id = ?", (paper_id,)).fetchone()
            if known is None:
                cursor.execute(
                    "INSERT INTO papers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        *(paper_id, str(read.kind), read.name, read.sha256, now_ns),
                        *(spoken_of.maker, spoken_of.model, spoken_of.version),
                        *(read.edition, read.made, read.items, json.dumps(read.problems)),
                        zlib.compress(read.content, 3),
                    ),
                )
                _touch(cursor, now_ns)
            elif subject is not None:
                _say(cursor, paper_id, spoken_of, now_ns)
        return self.paper(paper_id), known is None

    def papers(self, kind: PaperKind | None = None) -> list[Paper]:
        """The papers that are held, by product."""
        found = [_paper(row) for row in self._select(f"{_SELECT} ORDER BY maker, model, version, kind, id")]
        return [paper for paper in found if kind is None or paper.kind is kind]

    def paper(self, paper_id: str) -> Paper:
        """One paper, by its id or the beginning of it.

        Raises:
            PapersError: No paper or several begin so (code ``paper-unknown``).
        """
        begun = paper_id.lower()
        rows = []
        if len(begun) >= ID_LEAST and set(begun) <= set("0123456789abcdef"):
            rows = self._select(f"{_SELECT} WHERE id >= ? AND id < ? || 'g' LIMIT 2", begun, begun)
        if len(rows) != 1:
            which = "several papers begin" if rows else "no paper begins"
            raise PapersError(f"{which} with {paper_id[:ID_DIGITS]!r}", code="paper-unknown", hint="asepsis papers")
        return _paper(rows[0])

    def content(self, paper_id: str) -> bytes:
        """The bytes as they came; empty where there is no such paper."""
        rows = self._select("SELECT content FROM papers WHERE id = ?", paper_id)
        return _unpacked(rows[0][0]) if rows else b""

    def read(self, paper: Paper) -> Read:
        """A paper that is held, read anew from its bytes.

        Raises:
            PapersError: What was kept can no longer be read.
            Mds2Error: The same, of a form.
        """
        return read_paper(paper.kind, paper.name, self.content(paper.id))

    def say(self, paper_id: str, subject: Subject, now_ns: int) -> None:
        """Keeps which product a paper speaks of, as a person says it."""
        with self._transaction() as cursor:
            _say(cursor, paper_id, subject, now_ns)

    def remove(self, paper_id: str, now_ns: int) -> None:
        """Forgets a paper and its ties."""
        with self._transaction() as cursor:
            cursor.execute("DELETE FROM papers WHERE id = ?", (paper_id,))
            _touch(cursor, now_ns)

    def tie(self, paper_id: str, device: str, *, is_tied: bool | None, by: str, now_ns: int) -> None:
        """Keeps that a person ties or unties a paper and a device; None leaves it to maker, model and version again."""
        with self._transaction() as cursor:
            if is_tied is None:
                cursor.execute("DELETE FROM ties WHERE paper = ? AND device = ?", (paper_id, device))
            else:
                row = (paper_id, device, int(is_tied), by, now_ns)
                cursor.execute("INSERT OR REPLACE INTO ties VALUES (?, ?, ?, ?, ?)", row)
            _touch(cursor, now_ns)

    def ties(self, current: Callable[[str], str] = str) -> dict[tuple[str, str], bool]:
        """(paper, device) -> whether a person tied or untied them.

        Args:
            current: Gives the id of today for a device that was merged since.
        """
        rows = self._select("SELECT paper, device, is_tied FROM ties ORDER BY at_ns")
        return {(paper, current(device)): bool(is_tied) for paper, device, is_tied in rows}

    def holdings(
        self, devices: Iterable[Device], kind: PaperKind | None = None, *, current: Callable[[str], str] = str
    ) -> list[Holding]:
        """Which papers speak of which devices, in the order of the devices; the nearest tie of each kind first."""
        papers = {paper.id: paper for paper in self.papers(kind)}
        decided: dict[str, dict[str, bool]] = defaultdict(dict)
        for (paper_id, device_id), is_tied in self.ties(current).items():
            if paper_id in papers:
                decided[device_id][paper_id] = is_tied
        # A thousand pumps of one version are one look.
        alike: dict[Identity, dict[str, Tie]] = {}
        found: list[Holding] = []
        for device in devices:
            identity = replace(identity_of(device), serial="", udi="")
            ties = alike.get(identity)
            if ties is None:
                every = ((paper.id, tie(paper.subject, identity)) for paper in papers.values())
                ties = alike[identity] = {paper_id: one for paper_id, one in every if one is not None}
            if said := decided.get(device.id):
                ties = {paper_id: one for paper_id, one in ties.items() if said.get(paper_id, True)}
                ties.update((paper_id, Tie.PERSON) for paper_id, is_tied in said.items() if is_tied)
            held = [Holding(paper=papers[each], device=device.id, tie=one) for each, one in ties.items()]
            found.extend(sorted(held, key=_nearness))
        return found

    def keep_claims(self, claims: Mapping[tuple[str, str], list[dict[str, Any]]], stamp: str) -> None:
        """Keeps how forms stand beside what devices do, in place of what was kept before.

        Args:
            claims: (paper, device) -> documents of claims.
            stamp: What they were worked out from; ``stamp`` gives it back.
        """
        with self._transaction() as cursor:
            known = {paper for (paper,) in cursor.execute("SELECT id FROM papers")}
            cursor.execute("DELETE FROM claims")
            cursor.executemany(
                "INSERT INTO claims VALUES (?, ?, ?)",
                # A paper may have been removed while its claims were worked out.
                ((paper, device, json.dumps(of)) for (paper, device), of in claims.items() if paper in known),
            )
            cursor.execute("INSERT OR REPLACE INTO facts VALUES ('claims', ?)", (stamp,))

    def claims(self, paper_id: str | None = None, device: str | None = None) -> dict[tuple[str, str], list[Any]]:
        """(paper, device) -> documents of claims, as they were kept last."""
        wanted = [("paper = ?", paper_id), ("device = ?", device)]
        named = [(words, said) for words, said in wanted if said is not None]
        where = " AND ".join(words for words, _ in named) or "TRUE"
        # The conditions are ours; what is asked for is bound.
        query = f"SELECT paper, device, claims FROM claims WHERE {where} ORDER BY paper, device"  # noqa: S608
        found: dict[tuple[str, str], list[Any]] = defaultdict(list)
        for paper, holder, documents in self._select(query, *(said for _, said in named)):
            found[paper, holder] = json.loads(documents)
        return dict(found)

    def contradicted(self, devices: Iterable[str] | None = None) -> dict[str, frozenset[str]]:
        """Paper -> the questions of it that traffic contradicts, as they were kept last; others are left out.

        Args:
            devices: Only on these devices; on any where it is None.
        """
        # One parameter of any length: SQLite takes no more than some thousand.
        arguments = () if devices is None else (json.dumps(list(devices)),)
        narrowed = "" if devices is None else " AND claims.device IN (SELECT value FROM json_each(?))"
        rows = self._select(
            "SELECT DISTINCT claims.paper, json_extract(one.value, '$.question') FROM claims,"  # noqa: S608 - our words
            " json_each(claims.claims) AS one WHERE json_extract(one.value, '$.standing') = 'contradicted'" + narrowed,
            *arguments,
        )
        found: dict[str, set[str]] = defaultdict(set)
        for paper, question in rows:
            found[paper].add(str(question))
        return {paper: frozenset(questions) for paper, questions in found.items()}

    def keep_parts(self, parts: Mapping[str, list[dict[str, Any]]]) -> None:
        """Keeps what advisories mean for lists of components, in place of what was kept before.

        Args:
            parts: Paper -> documents of verdicts.
        """
        with self._transaction() as cursor:
            known = {paper for (paper,) in cursor.execute("SELECT id FROM papers")}
            cursor.execute("DELETE FROM parts")
            cursor.executemany(
                "INSERT INTO parts VALUES (?, ?)",
                ((paper, json.dumps(of)) for paper, of in parts.items() if paper in known),
            )

    def parts(self, paper_id: str) -> list[dict[str, Any]]:
        """Documents of verdicts on the parts of one list, as they were kept last."""
        rows = self._select("SELECT verdicts FROM parts WHERE paper = ?", paper_id)
        return list(json.loads(rows[0][0])) if rows else []

    def stamp(self) -> str:
        """What the claims were worked out from; empty where they never were."""
        return self._fact("claims")

    def revision(self) -> str:
        """Another text after each change of papers or ties."""
        return self._fact("revision")

    def _fact(self, name: str) -> str:
        rows = self._select("SELECT said FROM facts WHERE name = ?", name)
        return str(rows[0][0]) if rows else ""

    def _failed(self, error: sqlite3.Error) -> Exception:
        return _unusable(self._path, error)


_SELECT: Final = (
    "SELECT id, kind, name, sha256, received_ns, maker, model, version, edition, made, items, problems FROM papers"
)
_ORDER: Final = list(Tie)


def _nearness(holding: Holding) -> tuple[str, int, int]:
    # Of two papers that hold alike, the one that came last.
    return holding.paper.kind, _ORDER.index(holding.tie), -holding.paper.received_ns


def _paper(row: tuple[Any, ...]) -> Paper:
    paper_id, kind, name, sha256, received_ns, maker, model, version, edition, made, items, problems = row
    return Paper(
        id=paper_id,
        kind=PaperKind(kind),
        name=name,
        sha256=sha256,
        received_ns=received_ns,
        subject=Subject(maker=maker, model=model, version=version),
        edition=edition,
        made=made,
        items=items,
        problems=tuple((where, why) for where, why in json.loads(problems)),
    )


def _merged(said: Subject | None, read: Subject) -> Subject:
    if said is None:
        return read
    return Subject(maker=said.maker or read.maker, model=said.model or read.model, version=said.version or read.version)


def _say(cursor: sqlite3.Cursor, paper_id: str, subject: Subject, now_ns: int) -> None:
    row = (subject.maker, subject.model, subject.version, paper_id)
    cursor.execute("UPDATE papers SET maker = ?, model = ?, version = ? WHERE id = ?", row)
    _touch(cursor, now_ns)


def _touch(cursor: sqlite3.Cursor, now_ns: int) -> None:
    """Two changes within one tick of the clock are two all the same: the counter tells them apart."""
    row = cursor.execute("SELECT said FROM facts WHERE name = 'revision'").fetchone()
    number = int(row[0].partition(" ")[0]) + 1 if row else 1
    cursor.execute("INSERT OR REPLACE INTO facts VALUES ('revision', ?)", (f"{number} {now_ns}",))


def _unpacked(content: bytes) -> bytes:
    """What we packed; a store that somebody altered gives no more than a paper may have."""
    try:
        return zlib.decompressobj().decompress(content, DOCUMENT_LIMIT_BYTES)
    except zlib.error:
        return b""


def changed_of(path: Path) -> str:
    """Names what a store holds, without opening it for writing: another text after every change.

    Returns:
        Empty where there is no store, or none that can be read.
    """
    if not path.exists():
        return ""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            row = connection.execute("SELECT said FROM facts WHERE name = 'revision'").fetchone()
            return str(row[0]) if row else ""
    except sqlite3.Error:
        return ""


def _unusable(path: Path, error: sqlite3.Error) -> PapersError:
    return PapersError(
        f"{path}: the store of papers cannot be used: {error}",
        code="papers-unusable",
        hint="Is the disk full or the folder not writable? asepsis doctor looks at the workspace.",
    )
