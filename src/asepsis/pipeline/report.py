"""What an analysis answers: the document that ``asepsis analyze --json`` prints."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, kw_only=True)
class CaptureReport:
    """One capture file or interface, every packet accounted for."""

    path: str
    link_types: list[str] = field(default_factory=list)
    packets: int = 0
    decoded: int = 0
    undecoded: dict[str, int] = field(default_factory=dict)
    """Named reason to count; ``decoded`` plus these is ``packets``."""
    bytes: int = 0
    """Original frame lengths, summed."""
    truncated: bool = False
    """True when the file ends inside a packet or block."""
    error: str | None = None
    hint: str = ""
    """What to do about the error, for a person; not part of the document."""
    already_analyzed: bool = False
    """True when the workspace holds this content already; then nothing was added."""

    def document(self) -> dict[str, Any]:
        """The JSON member of the contract."""
        return {
            "path": self.path,
            "link_types": self.link_types,
            "packets": self.packets,
            "decoded": self.decoded,
            "undecoded": self.undecoded,
            "bytes": self.bytes,
            "truncated": self.truncated,
            "error": self.error,
        }


@dataclass(slots=True, kw_only=True)
class AnalysisReport:
    """All captures of one run."""

    captures: list[CaptureReport] = field(default_factory=list)
    conversations: int = 0
    messages: dict[str, int] = field(default_factory=dict)
    """Module name of ``asepsis.protocols`` to count of messages read."""
    devices: int = 0
    seconds: float = 0.0

    def document(self) -> dict[str, Any]:
        """The JSON document of the contract."""
        return {
            "captures": [capture.document() for capture in self.captures],
            "conversations": self.conversations,
            "messages": dict(sorted(self.messages.items())),
            "devices": self.devices,
            "seconds": round(self.seconds, 3),
        }


@dataclass(slots=True, kw_only=True)
class Progress:
    """Where a running analysis stands; handed to the caller a few times a second."""

    path: str
    files_done: int
    files: int
    bytes_done: int
    """Of all files together, as they lie on the disk."""
    bytes_total: int
    """Of all files together; 0 when unknown (a pipe, an interface)."""
    packets: int
    """Of all files together."""
    conversations: int = 0
    drops: int = 0
    """Packets that the kernel dropped before us; live capture only."""
    waiting_bytes: int = 0
    """Taken out of the kernel's ring and not yet read by protocols, about; live capture only."""
    ring_share: float = 0.0
    """How much of the kernel's ring waits to be emptied, 0..1; live capture only."""
