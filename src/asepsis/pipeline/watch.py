"""``watch``: a live interface through the same line as captures, kept in parts so that a crash costs minutes."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from asepsis.pipeline.analyze import both
from asepsis.pipeline.memory import cycles_later
from asepsis.pipeline.messages import MessageReader
from asepsis.pipeline.report import AnalysisReport, CaptureReport, Progress
from asepsis.wire.engine import Emit, Engine, Output
from asepsis.wire.live import LiveCapture

if TYPE_CHECKING:
    from asepsis.devices.observed import Observed
    from asepsis.history import CaptureWriter
    from asepsis.pipeline.workspace import Workspace

# History and devices are committed this often; a crash or a power cut loses at most so much.
COMMIT_EVERY_SECONDS = 60.0
# Each part adds small files; they are merged about once an hour.
COMPACT_EVERY_COMMITS = 60
PROGRESS_EVERY_SECONDS = 0.5
# A live engine holds more conversations at once than a file's: nobody can wait for it.
LIVE_ROWS = 1 << 17


class Watch:
    """One live capture of one site."""

    def __init__(self, interface: str, *, workspace: Workspace | None, site: str) -> None:
        self._workspace = workspace
        self._site = site
        self._engine = Engine(rows=LIVE_ROWS, emit=Emit.CLUES if workspace is None else Emit.MESSAGES)
        self.report = AnalysisReport(captures=[CaptureReport(path=f"interface:{interface}")])
        self._stack = ExitStack()
        self._history = None if workspace is None else workspace.create().history()
        self._observed: list[Observed] = []
        self._commits = 0
        self._reader = MessageReader(capture="", sighted=lambda _: None, unlearn=self._engine.forget_meaning)
        self._reader.import_all()
        self._open_part()
        # The ring is opened last: what it holds while we set up would fill it.
        self.live = LiveCapture(self._engine, interface)

    def _open_part(self) -> None:
        """A new part: an observer, and a writer where there is a workspace."""
        from asepsis.devices.observe import Observer

        capture = f"{self.report.captures[0].path}:{time.time_ns()}"
        self._observer = Observer(site=self._site, capture=capture)
        self._writer: CaptureWriter | None = None
        self._committed_at = time.monotonic()
        observer, writer = self._observer, None
        if self._history is not None:
            writer = self._writer = self._stack.enter_context(self._history.writer(site=self._site, capture=capture))
        # Streams go on across parts; only where their messages go changes.
        self._reader.redirect(
            capture=capture,
            sighted=observer.message if writer is None else both(observer.message, writer.message),
            repeated=observer.repeats if writer is None else both(observer.repeats, writer.repeats),
        )

    def take(self, outputs: Iterable[Output]) -> None:
        """Reads what the engine says."""
        for output in outputs:
            self._reader.take(output)
            self._reader.finished(output.finished)
            if len(output.finished):
                self.report.conversations += len(output.finished)
                self._observer.conversations(output.finished)
                if self._writer is not None:
                    self._writer.conversations(output.finished)

    def commit(self, *, final: bool = False) -> None:
        """Keeps the part and, unless it was the last, opens the next."""
        observed = self._observer.observed()
        if self._writer is None or self._workspace is None:
            self._observed.append(observed)
        else:
            from asepsis.history import CaptureSource
            from asepsis.pipeline.registry import CaptureRecord, Registry

            self._writer.commit(CaptureSource(path=self.report.captures[0].path, digest=""))
            record = CaptureRecord(
                digest=observed.captures[0],
                path=self.report.captures[0].path,
                packets=self._engine.packets,
                analyzed_ns=time.time_ns(),
            )
            with Registry.open(self._workspace.registry_path) as registry:
                registry.merge(observed, [record])
        self._commits += 1
        if self._history is not None and self._commits % COMPACT_EVERY_COMMITS == 0:
            self._history.compact()
        if not final:
            self._open_part()

    @property
    def packets_seen(self) -> int:
        """Packets read so far."""
        return self._engine.packets

    @property
    def bytes_seen(self) -> int:
        """Original frame lengths so far."""
        return self._engine.wire_bytes

    @property
    def is_commit_due(self) -> bool:
        """True when the part is a minute old."""
        return self._workspace is not None and time.monotonic() - self._committed_at > COMMIT_EVERY_SECONDS

    def finish(self, began: float) -> AnalysisReport:
        """Ends the capture and writes the document."""
        self.take(self.live.finish())
        self._reader.end(self._engine.repeated())
        self.commit(final=True)
        self._stack.close()
        account = self.live.account
        capture = self.report.captures[0]
        capture.link_types = account.link_types
        capture.packets, capture.decoded = account.packets, account.decoded
        capture.undecoded, capture.bytes = account.undecoded, account.bytes
        if self.live.dropped:
            capture.error = f"{self.live.dropped} packets were dropped by the kernel because the ring was full"
        self.report.messages = dict(self._reader.counts)
        self.report.devices = self._count_devices()
        self.report.seconds = time.monotonic() - began
        if self._workspace is not None:
            from asepsis.pipeline.reports import keep

            keep(self._workspace, self._site, self.report.captures)
        return self.report

    def _count_devices(self) -> int:
        if self._workspace is not None:
            from asepsis.pipeline.registry import Registry

            with Registry.open(self._workspace.registry_path) as registry:
                return registry.count(self._site)
        from asepsis.devices.fold import fold
        from asepsis.devices.observed import combine

        return len(fold(combine(self._observed)))


def watch(
    interface: str,
    *,
    workspace: Workspace | None,
    site: str,
    seconds: float | None = None,
    progress: Callable[[Progress], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> AnalysisReport:
    """Captures from an interface until ``stop`` says so or ``seconds`` are over.

    Raises:
        CaptureError: No such interface, no permission, or it is down.
        AsepsisError: The workspace cannot be written.
    """
    began = time.monotonic()
    with cycles_later():
        run = Watch(interface, workspace=workspace, site=site)
        run.live.begin()
        told = 0.0
        while not stop():
            now = time.monotonic()
            if seconds is not None and now - began >= seconds:
                break
            run.take(run.live.outputs())
            if run.is_commit_due:
                run.commit()
                gc.collect()  # days of running: what makes cycles after all is found here
            if progress is not None and now - told >= PROGRESS_EVERY_SECONDS:
                told = now
                progress(
                    Progress(
                        path=f"interface:{interface}",
                        files_done=0,
                        files=1,
                        bytes_done=run.bytes_seen,
                        bytes_total=0,
                        packets=run.packets_seen,
                        conversations=run.report.conversations,
                        drops=run.live.dropped,
                        waiting_bytes=run.live.waiting_bytes,
                        ring_share=run.live.ring_share,
                    )
                )
        return run.finish(began)
