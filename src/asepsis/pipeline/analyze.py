"""``analyze``: captures in, messages and conversations into the history, devices into the registry.

One straight line for each capture: source -> engine -> messages -> observer and history. Captures are
independent of each other; a damaged one is reported and stops nothing else.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asepsis.kernel.errors import AsepsisError
from asepsis.pipeline.attention import Attention
from asepsis.pipeline.memory import cycles_later
from asepsis.pipeline.messages import MessageReader
from asepsis.pipeline.report import AnalysisReport, CaptureReport, Progress
from asepsis.wire.capture import CaptureReader
from asepsis.wire.engine import Emit, Engine
from asepsis.wire.errors import CaptureError
from asepsis.wire.source import Source, open_source

if TYPE_CHECKING:
    from asepsis.devices.behaviour.gather import Behaviours
    from asepsis.devices.behaviour.model import Model
    from asepsis.devices.observed import Observed
    from asepsis.history import CaptureWriter
    from asepsis.pipeline.workspace import Workspace

Report = Callable[[Progress], None]

# How often the caller hears of progress; more often would cost more than it tells.
PROGRESS_EVERY_SECONDS = 0.2
# After so many new captures in one run their small files are merged; a few do not slow queries down.
COMPACT_AFTER = 32
# Files with these endings are taken from folders; a file named by itself may be called anything.
CAPTURE_ENDINGS = (".pcap", ".pcapng", ".cap", ".dmp", ".trace")
COMPRESSED_ENDINGS = (".gz", ".zst", ".zstd")
STANDARD_INPUT = "-"


def find_captures(paths: Sequence[Path | str]) -> Iterator[tuple[str, CaptureError | None]]:
    """The capture files that paths mean: files as they are, folders searched; with an error for what is not there."""
    for path in paths:
        if str(path) == STANDARD_INPUT:
            yield STANDARD_INPUT, None
            continue
        folder = Path(path)
        if not folder.is_dir():
            yield str(path), None
            continue
        found = sorted(str(file) for file in folder.rglob("*") if _looks_like_capture(file))
        if not found:
            yield (
                str(path),
                CaptureError(
                    f"{path}: no capture in this folder",
                    code="capture-folder-empty",
                    hint=f"Captures end in {', '.join(CAPTURE_ENDINGS)}, also followed by .gz or .zst.",
                ),
            )
        for file in found:
            yield file, None


def _looks_like_capture(file: Path) -> bool:
    name = file.name.lower()
    for ending in COMPRESSED_ENDINGS:
        name = name.removesuffix(ending)
    # Rotated captures have a number behind the ending: ward.pcap3, ward.pcap.3
    stem = name.rstrip("0123456789").rstrip(".")
    return (name.endswith(CAPTURE_ENDINGS) or stem.endswith(CAPTURE_ENDINGS)) and file.is_file()


class Analysis:
    """One run over captures of one site, with or without a workspace."""

    def __init__(
        self, *, workspace: Workspace | None, site: str, progress: Report | None = None, model: Model | None = None
    ) -> None:
        self.report = AnalysisReport()
        self._workspace = workspace
        self._site = site
        self._progress = progress
        self._model = model
        # What is not kept is read for clues only; a model counts more than clues.
        clues = workspace is None and model is None
        self._engine = Engine(emit=Emit.CLUES if clues else Emit.MESSAGES)
        self._observed: list[Observed] = []
        self._began = time.monotonic()
        self._told = 0.0
        self._messages: Counter[str] = Counter()
        self._bytes_total = 0
        self._bytes_done = 0
        self._packets_done = 0
        self._kept = 0

    def run(self, paths: Sequence[Path | str]) -> AnalysisReport:
        """Reads all captures, then settles the devices."""
        captures = list(find_captures(paths))
        self._bytes_total = _total_size(captures) if self._progress is not None else 0
        for number, (path, error) in enumerate(captures):
            if error is not None:
                self.report.captures.append(CaptureReport(path=path, error=_line(path, error), hint=error.hint))
                continue
            self.report.captures.append(self._capture(path, number, len(captures)))
        if self._workspace is not None and self._kept >= COMPACT_AFTER:
            self._workspace.history().compact()
        self.settle()
        if self._workspace is not None:
            from asepsis.pipeline.reports import keep

            keep(self._workspace, self._site, self.report.captures)
        return self.report

    def settle(self) -> None:
        """Counts what was found and writes the rest of the document."""
        self.report.messages = dict(self._messages)
        self.report.devices = self._count_devices()
        self.report.seconds = time.monotonic() - self._began

    def _capture(self, path: str, number: int, count: int) -> CaptureReport:
        try:
            source, size = open_source(path)
        except AsepsisError as error:
            return CaptureReport(path=path, error=_line(path, error), hint=error.hint)
        try:
            return self._read(path, source, size, number, count)
        finally:
            self._bytes_done += size
            source.close()

    def _read(self, path: str, source: Source, size: int, number: int, count: int) -> CaptureReport:
        from asepsis.devices.observe import Observer

        with ExitStack() as stack:
            digest, writer, held = self._writer(path, stack)
            observer = Observer(site=self._site, capture=digest)
            sighted: Callable[[Any], None] = observer.message
            repeated: Callable[[Any], None] = observer.repeats
            if writer is not None:
                sighted, repeated = both(sighted, writer.message), both(repeated, writer.repeats)
            behaviours = None
            if self._model is not None:
                from asepsis.devices.behaviour.gather import Behaviours

                behaviours = Behaviours(capture=digest)
                sighted, repeated = both(sighted, behaviours.message), both(repeated, behaviours.repeats)
            reader = MessageReader(
                capture=digest,
                sighted=sighted,
                repeated=repeated,
                unlearn=self._engine.forget_meaning,
                malformed=writer.malformed if writer is not None else None,
                # A model counts what devices repeat, so nobody is passed over.
                attention=Attention(lambda: observer.novelties)
                if self._workspace is None and behaviours is None
                else None,
            )
            told = self._teller(path, number, count)
            if path == STANDARD_INPUT and writer is not None:
                source = DigestedSource(source)
            capture = CaptureReader(self._engine, source, progress=told)
            conversations = 0
            for output in capture.outputs():
                reader.take(output)
                reader.finished(output.finished)
                if len(output.finished):
                    conversations += len(output.finished)
                    observer.conversations(output.finished)
                    if behaviours is not None:
                        behaviours.conversations(output.finished)
                    if writer is not None:
                        writer.conversations(output.finished)
            account = capture.account
            reader.end(self._engine.repeated())
            self._messages.update(reader.counts)
            self._packets_done += account.packets
            self.report.conversations += conversations
            report = CaptureReport(
                path=path,
                link_types=account.link_types,
                packets=account.packets,
                decoded=account.decoded,
                undecoded=account.undecoded,
                bytes=account.bytes,
                truncated=account.truncated,
                error=account.error or _told(reader.failures),
                already_analyzed=held,
            )
            if held:
                self._read_anew(observer.observed())
            elif account.packets:
                content = source.digest() if isinstance(source, DigestedSource) else digest
                observed = observer.observed()
                if behaviours is not None and self._model is not None:
                    observed = _with_behaviour(observed, self._model, behaviours)
                report.already_analyzed = not self._keep(observed, writer, path, size, content, account.packets)
            return report

    def _writer(self, path: str, stack: ExitStack) -> tuple[str, CaptureWriter | None, bool]:
        """The capture's digest, a writer for what is new, and whether the workspace holds it already."""
        if self._workspace is None:
            return path, None, False
        from asepsis.history import digest_file

        history = self._workspace.create().history()
        if path == STANDARD_INPUT:
            digest = f"stdin:{time.time_ns()}"
        else:
            digest = digest_file(Path(path))
            if history.holds(digest, self._site):
                return digest, None, True
        return digest, stack.enter_context(history.writer(site=self._site, capture=digest)), False

    def _keep(
        self, observed: Observed, writer: CaptureWriter | None, path: str, size: int, content: str, packets: int
    ) -> bool:
        """Keeps what is new; False when the workspace held the content already.

        The registry comes first: merging is idempotent, so a crash between the two is mended by analysing the
        capture once more, while a history without its devices would count as done.
        """
        if writer is None or self._workspace is None:
            self._observed.append(observed)
            return True
        from asepsis.history import CaptureSource
        from asepsis.pipeline.registry import CaptureRecord, Registry

        if self._workspace.history().holds(content, self._site):
            return False
        # Where it lies, whichever folder somebody asks from later.
        lies = path if path == STANDARD_INPUT else os.path.abspath(path)  # noqa: PTH100 - a link stays the link it is
        record = CaptureRecord(digest=observed.captures[0], path=lies, packets=packets, analyzed_ns=time.time_ns())
        with Registry.open(self._workspace.registry_path) as registry:
            registry.merge(observed, [record])
        added = writer.commit(CaptureSource(path=path, size_bytes=size, digest=content)).added
        self._kept += added
        return added

    def _read_anew(self, observed: Observed) -> None:
        """A capture that the workspace holds says more, or less, where the site's own knowledge has changed since."""
        from asepsis.pipeline.registry import Registry

        if self._workspace is not None:
            with Registry.open(self._workspace.registry_path) as registry:
                registry.merge(observed)

    def _count_devices(self) -> int:
        if self._workspace is not None:
            if not self._workspace.exists:
                return 0
            from asepsis.pipeline.registry import Registry

            with Registry.open(self._workspace.registry_path) as registry:
                return registry.count(self._site)
        if not self._observed:
            return 0
        from asepsis.devices.fold import fold
        from asepsis.devices.observed import combine

        return len(fold(combine(self._observed)))

    def _teller(self, path: str, number: int, count: int) -> Callable[[int, int], None] | None:
        progress = self._progress
        if progress is None:
            return None

        def tell(position: int, packets: int) -> None:
            now = time.monotonic()
            if now - self._told < PROGRESS_EVERY_SECONDS:
                return
            self._told = now
            progress(
                Progress(
                    path=path,
                    files_done=number,
                    files=count,
                    bytes_done=self._bytes_done + position,
                    bytes_total=self._bytes_total,
                    packets=self._packets_done + packets,
                    conversations=self._engine.conversations,
                )
            )

        return tell


def _total_size(captures: Sequence[tuple[str, CaptureError | None]]) -> int:
    """Bytes on the disk that will be read, for progress; 0 (unknown) where standard input is among them."""
    total = 0
    for path, _ in captures:
        if path == STANDARD_INPUT:
            return 0
        with suppress(OSError):
            total += os.stat(path).st_size  # noqa: PTH116  # a thousand files: no object for each
    return total


class DigestedSource:
    """Standard input, whose content is named while it passes: it cannot be read twice."""

    def __init__(self, source: Source) -> None:
        from asepsis.history import CaptureDigest

        self._source = source
        self._content = CaptureDigest()

    def readinto(self, target: memoryview) -> int:
        """As ``Source.readinto``."""
        count = self._source.readinto(target)
        self._content.update(target[:count])
        return count

    def position(self) -> int:
        """As ``Source.position``."""
        return self._source.position()

    def close(self) -> None:
        """As ``Source.close``."""
        self._source.close()

    def digest(self) -> str:
        """The digest of what was read."""
        return self._content.text()


def _told(failures: list[str]) -> str | None:
    """One line about faults of our own, None where there were none."""
    return f"{'; '.join(failures)}; please report this" if failures else None


def both(one: Callable[[Any], None], other: Callable[[Any], None]) -> Callable[[Any], None]:
    """Two that take the same, as one."""

    def taken(said: Any) -> None:
        one(said)
        other(said)

    return taken


def _with_behaviour(observed: Observed, model: Model, behaviours: Behaviours) -> Observed:
    """What was observed, and what a model makes of how the devices behaved."""
    from asepsis.devices.behaviour.clues import behaviour_clues
    from asepsis.devices.behaviour.windows import full_windows
    from asepsis.devices.observed import Observed

    clues = behaviour_clues(model, full_windows(behaviours.profiles()))
    return Observed(
        site=observed.site,
        captures=observed.captures,
        clues=(*observed.clues, *clues),
        ties=observed.ties,
        dropped=observed.dropped,
    )


def _line(path: str, error: AsepsisError) -> str:
    """The error without the path in front, which stands beside it in the document."""
    return error.message.removeprefix(f"{path}: ")


def analyze(
    paths: Sequence[Path | str],
    *,
    workspace: Workspace | None,
    site: str,
    progress: Report | None = None,
    model: Model | None = None,
) -> AnalysisReport:
    """Analyses captures.

    Args:
        paths: Files, folders, or ``-`` for standard input.
        workspace: Where history and devices are kept; None keeps nothing.
        site: The hospital's site that the captures come from; addresses never tie devices across sites.
        progress: Called a few times a second.
        model: What was learnt from labelled captures; it adds clues from how devices behave.

    Returns:
        The report; a capture that could not be read bears an error there.

    Raises:
        AsepsisError: The workspace cannot be written.
    """
    with cycles_later():
        return Analysis(workspace=workspace, site=site, progress=progress, model=model).run(paths)
