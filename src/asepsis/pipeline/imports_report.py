"""What an import answers: each log with its records taken, passed over and broken, and the whole."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from asepsis.kernel.value import value

# Every broken record is counted; so many of one log are kept to be shown. A log with more is no log of that kind.
LISTED_FAULTS: Final = 1_000


@value
class RecordFault:
    """One record of a log that could not be read, and why. It stopped nothing else."""

    path: str
    line: int
    """From 1."""
    field: str
    """As the log names it; empty where the whole line is meant."""
    why: str

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}: "
        return where + (f"{self.field}: {self.why}" if self.field else self.why)


@dataclass(slots=True, kw_only=True)
class LogReport:
    """One log, every record accounted for."""

    path: str
    kind: str = ""
    """``zeek conn``, ``zeek dns``, ..., ``eve``; empty when the file was not recognised."""
    records: int = 0
    """New ones; those that were taken before are counted apart."""
    known: int = 0
    """Records that an earlier import took: the log has grown since."""
    taken: int = 0
    """Records that became conversations or messages."""
    passed_over: Counter[str] = field(default_factory=Counter)
    """Records of a kind that says nothing of devices or conversations: kind to count."""
    broken: int = 0
    """Records that could not be read; ``taken`` plus all passed over plus these is ``records``."""
    faults: list[RecordFault] = field(default_factory=list)
    """The first ``LISTED_FAULTS`` of the broken ones."""
    conversations: int = 0
    messages: Counter[str] = field(default_factory=Counter)
    error: str | None = None
    """Why the file as a whole could not be read, or not to its end; what came before was taken."""
    hint: str = ""
    already_imported: bool = False
    """True when the workspace holds this text already; then nothing was added."""
    ends_broken: bool = False
    """The last line has no end and could not be read: it may be half written. Not part of the document."""

    def fault(self, line: int, name: str, why: str, *, is_whole: bool = True) -> None:
        """Counts a broken record and keeps it while there is room."""
        self.broken += 1
        self.ends_broken = not is_whole
        if len(self.faults) < LISTED_FAULTS:
            self.faults.append(RecordFault(path=self.path, line=line, field=name, why=why))

    def document(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "path": self.path,
            "kind": self.kind,
            "records": self.records,
            "known": self.known,
            "taken": self.taken,
            "passed_over": dict(sorted(self.passed_over.items())),
            "broken": self.broken,
            "faults": [{"line": fault.line, "field": fault.field, "why": fault.why} for fault in self.faults],
            "conversations": self.conversations,
            "messages": dict(sorted(self.messages.items())),
            "error": self.error,
            "already_imported": self.already_imported,
        }


@dataclass(slots=True, kw_only=True)
class ImportReport:
    """All logs of one run."""

    logs: list[LogReport] = field(default_factory=list)
    devices: int = 0
    """Devices of the site that the workspace knows now."""
    seconds: float = 0.0

    @property
    def conversations(self) -> int:
        """Of all logs."""
        return sum(log.conversations for log in self.logs)

    @property
    def messages(self) -> dict[str, int]:
        """Module name of ``asepsis.protocols`` to count of messages."""
        total: Counter[str] = Counter()
        for log in self.logs:
            total.update(log.messages)
        return dict(total)

    def document(self) -> dict[str, Any]:
        """The JSON document that ``asepsis import ... --json`` prints."""
        return {
            "logs": [log.document() for log in self.logs],
            "conversations": self.conversations,
            "messages": dict(sorted(self.messages.items())),
            "devices": self.devices,
            "seconds": round(self.seconds, 3),
        }
