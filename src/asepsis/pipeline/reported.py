"""The store of other scanners' reports: what was read of them, by the digest of the file.

The files themselves are not kept: they hold what a scan signed in with, and what programs printed.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
import zlib
from collections import defaultdict
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

from asepsis.exposure.reported.kept import read_kept, written
from asepsis.exposure.reported.nessus import read_nessus
from asepsis.exposure.reported.nmap import read_nmap
from asepsis.exposure.reported.report import REPORT_LIMIT_BYTES, Report, ReportError, Tool
from asepsis.exposure.reported.sarif import read_sarif
from asepsis.exposure.reported.tying import ReportedFinding, Tied, Ties, findings_of, newest
from asepsis.kernel.value import value
from asepsis.pipeline.embedded import Store, connect
from asepsis.pipeline.registry import Registry
from asepsis.pipeline.workspace import Workspace

READERS: Final = {Tool.NMAP: read_nmap, Tool.NESSUS: read_nessus, Tool.SARIF: read_sarif}
NAME_LIMIT: Final = 120
STORE_FORMAT: Final = 1
"""Before the first one the files were kept as they came."""
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS reports (
    digest TEXT PRIMARY KEY, site TEXT NOT NULL, tool TEXT NOT NULL, name TEXT NOT NULL, program TEXT NOT NULL,
    began_ns INTEGER NOT NULL, taken_ns INTEGER NOT NULL, hosts INTEGER NOT NULL, claims INTEGER NOT NULL,
    content BLOB NOT NULL
) STRICT;
"""


@value
class Kept:
    """A report of the store, without its hosts."""

    digest: str
    site: str
    tool: str
    name: str
    """Of the file."""
    program: str
    began_ns: int
    taken_ns: int
    hosts: int
    claims: int


class Reports(Store):
    """The store of one workspace; a context manager. Use it in one thread."""

    @classmethod
    def open(cls, workspace: Workspace) -> Reports:
        """Opens the file, or makes it.

        Raises:
            ReportError: It cannot be opened.
        """
        path = workspace.reports_path
        try:
            connection = connect(path)
            connection.executescript(_TABLES)
            if connection.execute("PRAGMA user_version").fetchone()[0] < STORE_FORMAT:
                _keep_what_was_read(connection)
        except sqlite3.Error as error:
            raise _unusable(path, error) from error
        return cls(connection, path)

    def take(self, content: bytes, tool: Tool, *, name: str, site: str) -> tuple[Report, bool, str]:
        """Reads a report and keeps it.

        Returns:
            The report, whether it is new here, and its digest.

        Raises:
            ReportError: It is none of this tool, the store cannot be written, or another site has it.
        """
        report = read_report(content, tool)
        digest = hashlib.sha256(content).hexdigest()
        row = (
            *(digest, site, str(tool), name[:NAME_LIMIT], report.program, report.began_ns),
            *(time.time_ns(), len(report.hosts), report.claims, zlib.compress(written(report), 6)),
        )
        try:
            marks = ", ".join("?" * len(row))
            # The marks are question marks and nothing else.
            done = self._connection.execute(f"INSERT OR IGNORE INTO reports VALUES ({marks})", row)  # noqa: S608
        except sqlite3.Error as error:
            raise _unusable(self._path, error) from error
        if done.rowcount != 1 and self._select("SELECT site FROM reports WHERE digest = ?", digest) != [(site,)]:
            # Whoever brings it in would else be told of the other site's report, and none would count for this one.
            raise ReportError(
                "the same file was brought in for another site",
                code="report-other-site",
                hint="A scan of two sites counts for the first that it is brought in for: scan each by itself.",
            )
        return report, done.rowcount == 1, digest

    def kept(self) -> list[Kept]:
        """What is held, the newest first."""
        columns = "digest, site, tool, name, program, began_ns, taken_ns, hosts, claims"
        rows = self._select(f"SELECT {columns} FROM reports ORDER BY taken_ns DESC, digest")  # noqa: S608 - our columns
        return [Kept(**dict(zip(columns.split(", "), row, strict=True))) for row in rows]

    def report(self, digest: str) -> tuple[Kept, Report] | None:
        """One report; None where there is none."""
        rows = self._select("SELECT content FROM reports WHERE digest = ?", digest)
        kept = next((one for one in self.kept() if one.digest == digest), None)
        if not rows or kept is None:
            return None
        return kept, read_kept(zlib.decompress(rows[0][0]))

    def _failed(self, error: sqlite3.Error) -> Exception:
        return _unusable(self._path, error)


def _keep_what_was_read(connection: sqlite3.Connection) -> None:
    """Puts what was read in the place of files that a former version kept, and leaves nothing of them on the disk."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        held = connection.execute("SELECT digest, tool FROM reports").fetchall()
        for digest, tool in held:
            (packed,) = connection.execute("SELECT content FROM reports WHERE digest = ?", (digest,)).fetchone()
            try:
                content = zlib.decompressobj().decompress(packed, REPORT_LIMIT_BYTES)
                kept = zlib.compress(written(read_report(content, Tool(tool))), 6)
            except (ReportError, zlib.error, ValueError):
                connection.execute("DELETE FROM reports WHERE digest = ?", (digest,))
            else:
                connection.execute("UPDATE reports SET content = ? WHERE digest = ?", (kept, digest))
        connection.execute(f"PRAGMA user_version = {STORE_FORMAT}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    if held:
        # What is deleted stays in free pages otherwise, and in the log that runs ahead.
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def read_report(content: bytes, tool: Tool) -> Report:
    """Reads a report of a tool.

    Raises:
        ReportError: It is none.
    """
    if len(content) > REPORT_LIMIT_BYTES:
        raise ReportError(f"it is larger than {REPORT_LIMIT_BYTES >> 20} MiB", code="report-large")
    return READERS[tool](content)


def load_report(path: Path) -> bytes:
    """The bytes of a report's file.

    Raises:
        ReportError: It cannot be read, or is too large.
    """
    try:
        with path.open("rb") as file:
            content = file.read(REPORT_LIMIT_BYTES + 1)
    except OSError as error:
        raise ReportError(f"{path}: {error.strerror or error}", code="report-unreadable") from error
    if len(content) > REPORT_LIMIT_BYTES:
        raise ReportError(f"{path}: it is larger than {REPORT_LIMIT_BYTES >> 20} MiB", code="report-large")
    return content


def ties_of(registry: Registry, site: str) -> Ties:
    """What ties hosts of a site's reports to its devices."""
    return Ties(registry.devices(site), lambda ip, at_ns: registry.device_at(site, ip, at_ns))


def tied(workspace: Workspace, digest: str) -> tuple[Kept, Report, list[Tied]] | None:
    """One report with the devices that its hosts are; None where there is none."""
    with Reports.open(workspace) as reports:
        found = reports.report(digest)
    if found is None:
        return None
    kept, report = found
    with Registry.open(workspace.registry_path) as registry:
        ties = ties_of(registry, kept.site)
        return kept, report, [ties.tie(host, report) for host in report.hosts]


def reported_findings(
    workspace: Workspace, registry: Registry, *, site: str | None, now_ns: int
) -> list[ReportedFinding]:
    """What all reports that are kept claim against the devices of a site, or of all: of each claim the newest.

    Args:
        workspace: Whose reports.
        registry: Of the same workspace.
        site: Only this site.
        now_ns: The moment, for the age of reports.
    """
    if not workspace.reports_path.exists():
        return []
    found: list[ReportedFinding] = []
    with Reports.open(workspace) as reports:
        by_site: Mapping[str, list[Kept]] = defaultdict(list)
        for kept in reports.kept():
            if site in (None, kept.site):
                by_site[kept.site].append(kept)
        for name, ours in by_site.items():
            ties = ties_of(registry, name)
            for kept in ours:
                held = reports.report(kept.digest)
                if held is not None:
                    found += findings_of(held[1], kept.digest, ties, now_ns=now_ns)
    return newest(found)


def taken_of(workspace: Workspace) -> str:
    """Names what the store holds: another text after every report that is taken."""
    path = workspace.reports_path
    if not path.exists():
        return ""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            row = connection.execute("SELECT count(*), max(taken_ns) FROM reports").fetchone()
            return f"{row[0]} {row[1]}"
    except sqlite3.Error:
        return ""


def _unusable(path: Path, error: sqlite3.Error) -> ReportError:
    return ReportError(
        f"{path}: the store of reports cannot be used: {error}",
        code="report-store",
        hint="Is the disk full or the folder not writable?",
    )
