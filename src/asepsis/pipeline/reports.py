"""What each analysis said of its captures, kept beside the workspace's other files: one line of JSON for each run.

Whoever analysed, on the command line, in a job or live: the page of health sums what could be read and what not.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from asepsis.history.locks import exclusive
from asepsis.kernel.value import value
from asepsis.pipeline.report import CaptureReport
from asepsis.pipeline.workspace import Workspace

NAME: Final = "reports.jsonl"
LOCK_NAME: Final = "reports.lock"
LOCK_SECONDS: Final = 30.0
# Some ten thousand captures; the older half goes when there are more.
SIZE_LIMIT_BYTES: Final = 4 * 1024 * 1024


@value
class Kept:
    """One capture as its latest analysis reported it."""

    site: str
    at: datetime
    capture: dict[str, Any]
    """As ``CaptureReport.document`` writes it."""


def keep(workspace: Workspace, site: str, captures: Sequence[CaptureReport], *, now: datetime | None = None) -> None:
    """Adds what one run said of its captures.

    Args:
        workspace: Where; it is there already.
        site: Of the captures.
        captures: Those that were read or could not be; what the workspace held already is left out.
        now: When; this moment where None.
    """
    said = [capture.document() for capture in captures if not capture.already_analyzed]
    if not said or not workspace.exists:
        return
    at = (now or datetime.now(UTC)).isoformat()
    lines = b"".join(
        json.dumps({"at": at, "site": site, "capture": one}, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        for one in said
    )
    path = workspace.root / NAME
    with exclusive(workspace.root / LOCK_NAME, timeout_seconds=LOCK_SECONDS):
        if path.exists() and path.stat().st_size > SIZE_LIMIT_BYTES:
            held = path.read_bytes().splitlines(keepends=True)
            temporary = path.with_suffix(".new")
            temporary.write_bytes(b"".join(held[len(held) // 2 :]))
            temporary.replace(path)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as file:
            file.write(lines)


def latest(workspace: Workspace) -> list[Kept]:
    """The latest report of each capture of each site, the newest first; a line that is damaged is passed over."""
    try:
        lines = (workspace.root / NAME).read_bytes().splitlines()
    except OSError:
        return []
    found: dict[tuple[str, str], Kept] = {}
    for line in lines:
        kept = _read(line)
        if kept is not None:
            key = (kept.site, str(kept.capture.get("path")))
            found.pop(key, None)
            found[key] = kept
    return list(reversed(found.values()))


def _read(line: bytes) -> Kept | None:
    try:
        document = json.loads(line)
        capture = document["capture"]
        counts = (capture["packets"], capture["decoded"], *capture["undecoded"].values())
        if not all(isinstance(count, int) for count in counts):
            return None
        return Kept(site=str(document["site"]), at=datetime.fromisoformat(document["at"]), capture=capture)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
