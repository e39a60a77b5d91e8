"""``import zeek`` and ``import eve``: what other sensors logged goes to the same tables and devices as captures.

A log stands for a capture: the digest of its text keeps it from being taken twice, and the number of a line takes
the place of a packet's number, so that a claim leads back to the line that caused it. Logs are independent of each
other, and a broken line stops nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from asepsis.kernel.errors import AsepsisError
from asepsis.pipeline.imports_lines import Content, Line, examine, lines
from asepsis.pipeline.imports_read import NotSuchALogError, read_eve, read_zeek
from asepsis.pipeline.imports_report import ImportReport, LogReport
from asepsis.pipeline.report import Progress
from asepsis.wire.errors import CaptureError
from asepsis.wire.source import Source, open_source

if TYPE_CHECKING:
    from asepsis.pipeline.imports_intake import Intake
    from asepsis.pipeline.workspace import Workspace

Told = Callable[[Progress], None]
Read = Callable[[Path, Iterable[Line], "Intake", LogReport], None]

PROGRESS_EVERY_SECONDS: Final = 0.2
# How often the clock is looked at; a line takes some ten microseconds.
_LINES_BETWEEN: Final = 1_000


class LogError(AsepsisError):
    """There is nothing to import."""


def import_zeek(path: Path | str, *, workspace: Workspace, site: str, progress: Told | None = None) -> ImportReport:
    """Takes in Zeek's logs.

    Args:
        path: A log (tab-separated, JSON lines or a plain table; also ``.gz`` and ``.zst``), or a folder of them.
        workspace: Where it goes; it is made when it is not there yet.
        site: The hospital's site that the logs are from.
        progress: Called a few times a second.

    Returns:
        The report; a log that could not be read bears an error there.

    Raises:
        AsepsisError: There is no log in the folder, or the workspace cannot be written.
    """
    hint = "Zeek's logs have .log or .json in their names, tables of them .csv."
    paths = _find(Path(path), frozenset(("log", "json", "csv")), workspace, hint)
    return _Import("zeek", read_zeek, workspace, site, progress).run(paths)


def import_eve(path: Path | str, *, workspace: Workspace, site: str, progress: Told | None = None) -> ImportReport:
    """Takes in Suricata's EVE logs; arguments, answer and errors are those of ``import_zeek``."""
    hint = "EVE logs have .json in their names."
    paths = _find(Path(path), frozenset(("json", "jsonl")), workspace, hint)
    return _Import("eve", read_eve, workspace, site, progress).run(paths)


def _find(path: Path, parts: frozenset[str], workspace: Workspace, hint: str) -> list[Path]:
    """The logs that a path means: a file as it is, a folder with all below it but the workspace itself."""
    if not path.is_dir():
        return [path]
    found = sorted(
        file
        for file in path.rglob("*")
        if parts & set(file.name.lower().split(".")[1:])
        and file.is_file()
        and not file.absolute().is_relative_to(workspace.root)
    )
    if not found:
        raise LogError(f"{path}: no log in this folder", code="import-folder-empty", hint=hint)
    return found


class _Import:
    """One run over logs of one sensor and one site."""

    def __init__(self, kind: str, read: Read, workspace: Workspace, site: str, progress: Told | None) -> None:
        self._kind = kind
        self._read = read
        self._workspace = workspace
        self._site = site
        self._progress = progress
        self._told = 0.0
        self._sizes: list[int] = []
        self.report = ImportReport()

    def run(self, paths: list[Path]) -> ImportReport:
        """Takes all logs, one after the other."""
        from asepsis.pipeline.registry import Registry

        began = time.monotonic()
        self._workspace.create()
        self._sizes = [path.stat().st_size if path.is_file() else 0 for path in paths]
        for path in paths:
            log = LogReport(path=str(path))
            self.report.logs.append(log)
            try:
                self._log(path, log)
            except CaptureError as error:
                log.error, log.hint = error.message.removeprefix(f"{path}: "), error.hint
            except OSError as error:
                log.error = error.strerror or str(error)
        with Registry.open(self._workspace.registry_path) as registry:
            self.report.devices = registry.count(self._site)
        self.report.seconds = time.monotonic() - began
        return self.report

    def _log(self, path: Path, log: LogReport) -> None:
        content = examine(path, self._known())
        log.error = content.error
        if content.known_bytes and content.known_bytes >= content.lines_size_bytes:
            log.kind, log.already_imported = self._kind, True
            return
        source, _ = open_source(path)
        try:
            self._take(path, log, content, source)
        finally:
            source.close()

    def _take(self, path: Path, log: LogReport, content: Content, source: Source) -> None:
        """Takes one log into the history, and then what it says of devices into the registry."""
        from asepsis.devices.observe.observer import Observer
        from asepsis.history import CaptureSource
        from asepsis.pipeline.imports_intake import Intake
        from asepsis.pipeline.registry import CaptureRecord, Registry

        observer = Observer(site=self._site, capture=content.digest)
        with self._workspace.history().writer(site=self._site, capture=content.digest) as writer:
            intake = Intake(capture=content.digest, writer=writer, observer=observer)
            numbered = self._watched(source, log, lines(source, content.size_bytes, content.known_bytes))
            try:
                self._read(path, numbered, intake, log)
            except NotSuchALogError as error:
                log.error, log.hint = error.message, error.hint
                return
            intake.flush()
            log.conversations, log.messages = intake.conversations, intake.messages
            # The registry first: it takes a log once whatever happens, so that an import which ends between the two
            # is made good by the next one. The other way round, the devices of this log would be lost.
            record = CaptureRecord(
                digest=content.digest, path=str(path), packets=log.records, analyzed_ns=time.time_ns()
            )
            with Registry.open(self._workspace.registry_path) as registry:
                registry.merge(observer.observed(), [record])
            # A last line that could not be read may have been half written: it is not known, and comes again.
            is_whole = not log.ends_broken
            writer.commit(
                CaptureSource(
                    path=str(path),
                    kind=self._kind,
                    size_bytes=content.size_bytes if is_whole else content.lines_size_bytes,
                    digest=content.digest if is_whole else content.lines_digest,
                )
            )

    def _known(self) -> dict[int, frozenset[str]]:
        """Lengths of the texts that the site holds, with their digests."""
        known: dict[int, frozenset[str]] = {}
        for capture in self._workspace.history().captures():
            if capture.kind == self._kind and capture.site == self._site:
                known[capture.size_bytes] = known.get(capture.size_bytes, frozenset()) | {capture.digest}
        return known

    def _watched(self, source: Source, log: LogReport, numbered: Iterator[Line]) -> Iterator[Line]:
        """The same lines; tells the caller of progress on the way."""
        progress = self._progress
        if progress is None:
            yield from numbered
            return
        done = len(self.report.logs) - 1
        for line in numbered:
            yield line
            if line.number % _LINES_BETWEEN == 0 and time.monotonic() - self._told >= PROGRESS_EVERY_SECONDS:
                self._told = time.monotonic()
                progress(
                    Progress(
                        path=log.path,
                        files_done=done,
                        files=len(self._sizes),
                        bytes_done=sum(self._sizes[:done]) + source.position(),
                        bytes_total=sum(self._sizes),
                        packets=sum(log.records for log in self.report.logs),
                    )
                )
