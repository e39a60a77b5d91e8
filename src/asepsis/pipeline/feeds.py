"""The store of feeds: documents of publishers in the workspace, with where they came from, their age and their digest.

One SQLite file. An edition that is older than the one that is held never takes its place. What changed for the devices
is worked out at each update, from the findings before and after, and kept.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from asepsis.crypto.openpgp import Keyring
from asepsis.exposure.advisory import Advisory, Problem
from asepsis.exposure.feeds.document import DOCUMENT_LIMIT_BYTES
from asepsis.exposure.feeds.edition import is_older, is_overtaken
from asepsis.exposure.feeds.reading import Document, Kind, read_document
from asepsis.exposure.feeds.telling import told_by
from asepsis.kernel.time import SECOND_NS
from asepsis.kernel.value import value
from asepsis.pipeline.embedded import Store, connect
from asepsis.pipeline.feeds_download import Known
from asepsis.pipeline.feeds_error import FeedsError
from asepsis.pipeline.feeds_folder import Unread, read_folder
from asepsis.pipeline.feeds_https import Edition
from asepsis.pipeline.feeds_schema import FORMAT_VERSION, form, newest_of, tally, write_changes
from asepsis.pipeline.feeds_sources import NAMED

ADVISORIES: Final = (Kind.CSAF, Kind.CVE, Kind.OPENVEX, Kind.CYCLONEDX_VEX)
"""The kinds of documents that say something of products."""

FOLDER: Final = "folder"
"""The name of the source of what people carried here themselves."""
# Of one source, the first of them: more than a person reads.
UNREAD_KEPT: Final = 500


@value
class Held:
    """A document of the store, without its content."""

    key: str
    kind: str
    updated: str
    revision: str
    path: str
    sha256: str
    loaded_ns: int
    problems: tuple[Problem, ...]
    signature: str
    """What its signature is worth; empty where there was none."""
    source: str
    """The name of the source that it came from."""


@value
class Tallied:
    """The documents of one kind that a source has."""

    source: str
    kind: str
    documents: int
    newest: datetime | None
    """The latest date that one of them bears; None where none bears any."""
    loaded_ns: int
    """When the last of them was taken in."""
    signatures: Mapping[str, int]
    """How many by what their signatures are worth; those without one are not counted."""


@value
class Attempt:
    """How the last look at a source ended, and what is remembered of it."""

    source: str
    publisher: str
    at_ns: int
    succeeded_ns: int
    """When it was last reached, or its folder read; 0 for never."""
    failure: str
    """Why nothing came; empty where all went well."""
    updated: str
    """What its list of documents said of itself."""
    etag: str
    modified: str
    keys: tuple[str, ...]
    listed: int
    waiting: int
    warnings: tuple[str, ...]
    added: int
    replaced: int
    unchanged: int
    older: int
    unread: tuple[Unread, ...]
    unread_count: int


@value
class Update:
    """What an update of the store did."""

    added: tuple[str, ...]
    replaced: tuple[str, ...]
    older: tuple[tuple[str, str], ...]
    """(path, key) of editions that were not taken because a newer one is held."""
    unchanged: int
    unread: tuple[Unread, ...]
    problems: tuple[tuple[str, Problem], ...]
    """(path, problem) of documents that were taken all the same."""

    def document(self) -> dict[str, Any]:
        """The JSON object of ``asepsis feeds update --json``."""
        return {
            "added": len(self.added),
            "replaced": len(self.replaced),
            "unchanged": self.unchanged,
            "older": [{"path": path, "document": _shown(key)} for path, key in self.older],
            "unread": [{"path": one.path, "where": one.problem.where, "why": one.problem.why} for one in self.unread],
            "problems": [{"path": path, "where": one.where, "why": one.why} for path, one in self.problems],
        }


Told = Document | Unread | str


def _counted(documents: Iterable[Told], tell: Callable[[int], object]) -> Iterator[Told]:
    for number, document in enumerate(documents, start=1):
        yield document
        tell(number)


def _shown(key: str) -> str:
    return key.replace("\n", " ")


class Feeds(Store):
    """The store of one workspace; a context manager. Use it in one thread."""

    @classmethod
    def open(cls, path: Path) -> Feeds:
        """Opens the file, or makes it.

        Raises:
            FeedsError: It cannot be opened, or is of a newer format.
        """
        try:
            connection = connect(path)
            try:
                if (held := form(connection)) != FORMAT_VERSION:
                    raise FeedsError(
                        f"{path}: the store of feeds has format {held}, this program reads {FORMAT_VERSION}",
                        code="feeds-format",
                        hint="Use the version of Asepsis that wrote it, or a newer one.",
                    )
            except BaseException:
                connection.close()
                raise
        except sqlite3.Error as error:
            raise _unusable(path, error) from error
        return cls(connection, path)

    def update(
        self,
        folder: Path,
        now_ns: int,
        *,
        pinned: Keyring | None = None,
        kinds: frozenset[Kind] | None = None,
        shown_as: str = "",
        tell: Callable[[int], object] = bool,
        taken: Callable[[Document], object] = lambda _: None,
    ) -> Update:
        """Takes in the documents of a folder; broken ones are named and the rest is taken.

        Args:
            folder: The folder, or one file.
            now_ns: When; also the moment for which keys are judged.
            pinned: Keys that a person has laid down.
            kinds: Only these kinds of documents.
            shown_as: What people call the folder.
            tell: Told how many documents were read; what it raises ends the update, and nothing of it is kept.
            taken: Told every document that is taken.

        Raises:
            FeedsError: There is no such folder, or the store cannot be written.
        """
        documents = read_folder(
            folder, self._digests(), pinned=pinned, now=_moment(now_ns), kinds=kinds, shown_as=shown_as
        )
        return self.take(_counted(documents, tell), now_ns, taken=taken)

    def take(
        self,
        documents: Iterable[Document | Unread | str],
        now_ns: int,
        source: str = FOLDER,
        *,
        taken: Callable[[Document], object] = lambda _: None,
    ) -> Update:
        """Takes in documents; see ``read_folder``."""
        added: list[str] = []
        replaced: list[str] = []
        older: list[tuple[str, str]] = []
        unread: list[Unread] = []
        problems: list[tuple[str, Problem]] = []
        unchanged = 0
        now = _moment(now_ns)
        touched: dict[tuple[str, str], None] = {}
        with self._transaction() as cursor:
            for document in documents:
                if isinstance(document, str):
                    unchanged += 1
                    continue
                if isinstance(document, Unread):
                    unread.append(document)
                    continue
                path = document.provenance.path
                row = cursor.execute(
                    "SELECT updated, revision, sha256, source, kind, loaded_ns FROM documents WHERE key = ?",
                    (document.key,),
                ).fetchone()
                if row is not None and row[2] == document.provenance.sha256:
                    unchanged += 1
                    continue
                if (
                    row is not None
                    and is_older(document.updated, document.revision, row[0], row[1])
                    and not is_overtaken(document.updated, row[0], _moment(row[5]), now)
                ):
                    older.append((path, document.key))
                    continue
                if row is not None and not _may_replace(source, row[3]):
                    why = f"is held from {row[3]}, and what one source says, another does not take back"
                    unread.append(Unread(path=path, problem=Problem(where="", why=why)))
                    continue
                (added if row is None else replaced).append(document.key)
                problems.extend((path, problem) for problem in document.problems)
                _write(cursor, document, now_ns, source)
                taken(document)
                touched[source, str(document.kind)] = None
                if row is not None:
                    touched[row[3], row[4]] = None
            # In the same transaction: whoever is killed leaves neither a document without its count nor the reverse.
            tally(cursor, touched)
        return Update(
            added=tuple(added),
            replaced=tuple(replaced),
            older=tuple(older),
            unchanged=unchanged,
            unread=tuple(unread),
            problems=tuple(problems),
        )

    def held(self) -> list[Held]:
        """What is held, by kind and key."""
        rows = self._select(
            "SELECT key, kind, updated, revision, path, sha256, loaded_ns, problems, signature, source"
            " FROM documents ORDER BY kind, key"
        )
        return [
            Held(
                key=key,
                kind=kind,
                updated=updated,
                revision=revision,
                path=path,
                sha256=sha256,
                loaded_ns=loaded_ns,
                problems=tuple(Problem(where=where, why=why) for where, why in json.loads(problems)),
                signature=signature,
                source=source,
            )
            for key, kind, updated, revision, path, sha256, loaded_ns, problems, signature, source in rows
        ]

    def documents(self, *kinds: Kind) -> Iterator[Document]:
        """The documents of some kinds, read anew from what was kept."""
        marks = ",".join("?" * len(kinds))
        # The marks are question marks and nothing else.
        query = f"SELECT path, content, signature FROM documents WHERE kind IN ({marks}) ORDER BY kind, key"  # noqa: S608
        for path, content, signature in self._select(query, *map(str, kinds)):
            document = read_document(_unpacked(content), path, signature=signature)
            if isinstance(document, Document):
                yield document

    def editions(self, *kinds: Kind) -> list[tuple[str, str, int]]:
        """(key, SHA-256, when it was taken in) of every document of some kinds, in the order of ``documents``."""
        marks = ",".join("?" * len(kinds))
        query = f"SELECT key, sha256, loaded_ns FROM documents WHERE kind IN ({marks}) ORDER BY kind, key"  # noqa: S608
        return [(key, sha256, loaded_ns) for key, sha256, loaded_ns in self._select(query, *map(str, kinds))]

    def document(self, key: str) -> Document | None:
        """One document, read anew from what was kept; None where there is none, or it can no longer be read."""
        for path, content, signature in self._select(
            "SELECT path, content, signature FROM documents WHERE key = ?", key
        ):
            document = read_document(_unpacked(content), path, signature=signature)
            return document if isinstance(document, Document) else None
        return None

    def advisories(self) -> list[Advisory]:
        """Every advisory that is held, of whatever format."""
        kinds = (*ADVISORIES, Kind.CYCLONEDX_BOM, Kind.FDA_RECALLS)
        return told_by(document.content for document in self.documents(*kinds))

    def tallies(self) -> list[Tallied]:
        """How many documents of each kind each source has, by source and kind; kept at each update."""
        rows = self._select(
            "SELECT source, kind, documents, newest, loaded_ns, signatures FROM tallies ORDER BY source, kind"
        )
        return [
            Tallied(
                source=source,
                kind=kind,
                documents=documents,
                newest=newest_of(newest),
                loaded_ns=loaded_ns,
                signatures=json.loads(signatures),
            )
            for source, kind, documents, newest, loaded_ns, signatures in rows
        ]

    def problems(self, source: str, kind: str, most: int | None = None) -> list[tuple[str, Problem]]:
        """(path, problem) of documents of a source that were taken all the same.

        Args:
            source: Its name.
            kind: Of which documents.
            most: No more than so many; all where it is None.
        """
        rows = self._select(
            "SELECT path, problems FROM documents WHERE source = ? AND kind = ? AND problems <> '[]' ORDER BY key"
            " LIMIT ?",
            *(source, kind, -1 if most is None else most),
        )
        found = [(path, Problem(where=where, why=why)) for path, told in rows for where, why in json.loads(told)]
        return found[:most]

    def record_changes(self, at_ns: int, changes: Iterable[dict[str, Any]]) -> None:
        """Keeps what an update changed for the devices, in place of what the one before it did."""
        with self._transaction() as cursor:
            write_changes(cursor, at_ns, changes)

    def changes(self) -> tuple[int, list[dict[str, Any]]] | None:
        """When the last update was and what it changed for the devices; None where there was none."""
        last = self.last_changed()
        if last is None:
            return None
        rows = self._select("SELECT device, advisory, before, after, vulnerabilities FROM changed ORDER BY number")
        return last[1], [_change(row) for row in rows]

    def last_changed(self) -> tuple[int, int] | None:
        """The number of the last update that took something, and when it was; None where there was none."""
        rows = self._select("SELECT number, at_ns FROM updates ORDER BY number DESC LIMIT 1")
        return rows[0] if rows else None

    def changes_of(self, devices: Iterable[str], most: int) -> tuple[int, list[dict[str, Any]]]:
        """How many changes the last update brought for some devices, and the first: what can hurt before the rest."""
        # One parameter of any length: SQLite takes no more than some thousand.
        ids = json.dumps(list(devices))
        ((count,),) = self._select(
            "SELECT count(*) FROM json_each(?) AS wanted JOIN changed ON changed.device = wanted.value", ids
        )
        rows = self._select(
            "SELECT device, advisory, before, after, vulnerabilities FROM changed"
            " WHERE device IN (SELECT value FROM json_each(?)) ORDER BY rank, number LIMIT ?",
            *(ids, most),
        )
        return count, [_change(row) for row in rows]

    def known(self, source: str) -> Known:
        """What is remembered of a source."""
        rows = self._select("SELECT url, updated FROM listed WHERE source = ?", source)
        last = self.attempts().get(source)
        listed = dict(rows)
        if last is None:
            return Known(listed=listed)
        edition = Edition(etag=last.etag, modified=last.modified)
        return Known(listed=listed, updated=last.updated, edition=edition, keys=last.keys)

    def remember(self, attempt: Attempt, taken: Mapping[str, str]) -> None:
        """Keeps how a look at a source ended, and which of its documents need not be fetched again."""
        document = {
            **{name: getattr(attempt, name) for name in Attempt.__dataclass_fields__ if name != "unread"},
            "unread": [(one.path, one.problem.where, one.problem.why) for one in attempt.unread[:UNREAD_KEPT]],
        }
        with self._transaction() as cursor:
            cursor.execute("INSERT OR REPLACE INTO sources VALUES (?, ?)", (attempt.source, json.dumps(document)))
            cursor.executemany(
                "INSERT OR REPLACE INTO listed VALUES (?, ?, ?)",
                [(attempt.source, url, updated) for url, updated in taken.items()],
            )

    def attempts(self) -> dict[str, Attempt]:
        """How the last look at each source ended, by the source's name."""
        found = {}
        for name, text in self._select("SELECT name, document FROM sources ORDER BY name"):
            document = json.loads(text)
            unread = tuple(
                Unread(path=path, problem=Problem(where=where, why=why)) for path, where, why in document.pop("unread")
            )
            for many in ("keys", "warnings"):
                document[many] = tuple(document[many])
            found[name] = Attempt(**document, unread=unread)
        return found

    def _digests(self) -> frozenset[str]:
        return frozenset(digest for (digest,) in self._select("SELECT sha256 FROM documents"))

    def _failed(self, error: sqlite3.Error) -> Exception:
        return _unusable(self._path, error)


def _change(row: tuple[Any, ...]) -> dict[str, Any]:
    device, advisory, before, after, vulnerabilities = row
    return {
        "device": device,
        "advisory": advisory,
        "before": before or None,
        "after": after or None,
        "vulnerabilities": json.loads(vulnerabilities),
    }


def _moment(at_ns: int) -> datetime:
    return datetime.fromtimestamp(at_ns // SECOND_NS, UTC)


def _may_replace(source: str, held: str) -> bool:
    """Whether what a source says may take the place of what another said.

    Documents say themselves who publishes them, and anybody can say so. What a person carries here replaces anything,
    and is renewed from wherever its newer editions come; of two addresses, only one of those that have a name here
    replaces what another said.
    """
    if FOLDER in (source, held) or _address(source) == _address(held):
        return True
    return source in NAMED and held not in NAMED


def _address(source: str) -> str:
    return NAMED[source].url if source in NAMED else source


def _write(cursor: sqlite3.Cursor, document: Document, now_ns: int, source: str) -> None:
    cursor.execute(
        "INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            document.key,
            str(document.kind),
            document.updated,
            document.revision,
            document.provenance.path,
            document.provenance.sha256,
            now_ns,
            json.dumps([(problem.where, problem.why) for problem in document.problems]),
            zlib.compress(document.original, 3),
            document.provenance.signature,
            source,
        ),
    )


def _unpacked(content: bytes) -> bytes:
    """What we packed; a store that somebody altered gives no more than a document may have."""
    try:
        return zlib.decompressobj().decompress(content, DOCUMENT_LIMIT_BYTES)
    except zlib.error:
        return b""


def ages(held: Iterable[Held]) -> Counter[str]:
    """How many documents of each kind."""
    return Counter(one.kind for one in held)


def loaded_of(path: Path) -> str:
    """Names what a store holds, without opening it for writing: another text after every update that took something.

    Returns:
        Empty where there is no store, or none that can be read.
    """
    if not path.exists():
        return ""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            try:
                counted = connection.execute("SELECT sum(documents), max(loaded_ns) FROM tallies")
            except sqlite3.OperationalError:
                # A store of an earlier format, which the first who opens it brings to this one.
                counted = connection.execute("SELECT count(*), max(loaded_ns) FROM documents")
            count, latest = counted.fetchone()
            return f"{count or 0} {latest}"
    except sqlite3.Error:
        return ""


def _unusable(path: Path, error: sqlite3.Error) -> FeedsError:
    if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_BUSY:
        return FeedsError("documents are being taken in just now", code="feeds-busy", hint="Wait until that has ended.")
    return FeedsError(
        f"{path}: the store of feeds cannot be used: {error}",
        code="feeds-unusable",
        hint="Is the disk full or the folder not writable? The file can be removed and the feeds loaded again.",
    )
