"""What ``asepsis doctor`` looks at: each examination gives findings; none changes anything.

A finding is good, a warning (something is slower or not possible here) or bad (it will not work).
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import socket
import sys
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Final

from asepsis.kernel.errors import AsepsisError
from asepsis.kernel.value import value


class State(StrEnum):
    """How serious a finding is."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@value
class Finding:
    """One line of the examination."""

    subject: str
    state: State
    found: str
    remedy: str = ""

    def document(self) -> dict[str, str]:
        """The JSON member of ``asepsis doctor --json``."""
        return {"subject": self.subject, "state": self.state.value, "found": self.found, "remedy": self.remedy}


MINIMUM_PYTHON: Final = (3, 11)

CAP_NET_RAW: Final = 13
"""The number of the capability in ``linux/capability.h``: the right to open packet sockets."""

LITTLE_SPACE_BYTES: Final = 1 << 30
"""History takes about a hundredth of the captures it comes from; below one GiB a busy day no longer fits."""

STATUS: Final = Path("/proc/self/status")

_BEHIND_A_NAME: Final = re.compile(r"[^A-Za-z0-9._-]")
_EXTRA: Final = re.compile(r"""extra\s*==\s*["']([A-Za-z0-9._-]+)""")


def examine(workspace: Path | None) -> list[Finding]:
    """All examinations, in the order in which they are worth reading."""
    return [
        *_contained("python", python),
        *_contained("processor", processor),
        *_contained("packages", packages),
        *_contained("kernels", kernels),
        *_contained("knowledge", knowledge),
        *_contained("capture", capture),
        *_contained("workspace", lambda: workspace_health(workspace)),
    ]


def _contained(subject: str, examination: Callable[[], Sequence[Finding]]) -> Sequence[Finding]:
    """An examination that fails is a finding, so that the others are still read."""
    try:
        return examination()
    except AsepsisError as error:
        return [Finding(subject=subject, state=State.BAD, found=error.message, remedy=error.hint)]
    except Exception as error:
        return [Finding(subject=subject, state=State.BAD, found=f"{type(error).__name__}: {error}")]


def workspace_health(explicit: Path | None) -> list[Finding]:
    """Can the workspace be used, what does it hold, and is what it names still there?"""
    from asepsis.pipeline.workspace import Workspace

    workspace = Workspace.resolve(explicit)
    if not workspace.exists:
        return [
            Finding(subject="workspace", state=State.GOOD, found=f"none yet in {workspace.root}"),
            room(workspace.root),
        ]
    captures = workspace.history().captures()
    conversations = sum(capture.conversations for capture in captures)
    found = f"{workspace.root}; captures and logs: {len(captures):,}, conversations: {conversations:,}"
    findings = [Finding(subject="workspace", state=State.GOOD, found=found), room(workspace.root)]
    if not os.access(workspace.root, os.W_OK):
        findings.append(
            Finding(
                subject="workspace",
                state=State.WARNING,
                found="it may be read and not written, so nothing can be added",
                remedy="work as its owner, or name another one: --workspace DIR",
            )
        )
    # Reading every row proves that every file the manifest names is there and whole.
    with workspace.history().reader() as reader:
        for question in ("conversations-by-application", "messages-by-protocol"):
            for _ in reader.ask(question).rows():
                pass
    return findings


def python() -> list[Finding]:
    """The interpreter."""
    good = sys.version_info >= MINIMUM_PYTHON
    return [
        Finding(
            subject="python",
            state=State.GOOD if good else State.BAD,
            found=f"{platform.python_implementation()} {platform.python_version()} at {sys.executable}",
            remedy="" if good else "install Python 3.11 or newer",
        )
    ]


def processor() -> list[Finding]:
    """What the kernels run on."""
    usable = len(os.sched_getaffinity(0))
    return [
        Finding(
            subject="processor",
            state=State.GOOD,
            found=f"{platform.machine()}, {usable} of {os.cpu_count()} cores usable",
        )
    ]


def packages(requirements: Iterable[str] | None = None) -> list[Finding]:
    """The versions of what Asepsis stands on: its own list of requirements, unless another one is given."""
    found: list[str] = []
    absent: list[str] = []
    optional: dict[str, list[str]] = {}
    for requirement in requires("asepsis") or [] if requirements is None else requirements:
        # The name may be followed by extras, versions and a marker (PEP 508).
        name = _BEHIND_A_NAME.split(requirement, maxsplit=1)[0]
        extra = _EXTRA.search(requirement)
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            (optional.setdefault(extra[1], []) if extra else absent).append(name)
    findings = [Finding(subject="packages", state=State.GOOD, found=", ".join(found))]
    if absent:
        findings.append(
            Finding(
                subject="packages",
                state=State.BAD,
                found=f"absent: {', '.join(absent)}",
                remedy="install them from the lock: make run",
            )
        )
    findings.extend(
        Finding(
            subject="packages",
            state=State.WARNING,
            found=f"absent, and needed for a part only: {', '.join(names)}",
            remedy=f"pip install 'asepsis[{extra}]'",
        )
        for extra, names in optional.items()
    )
    return findings


def capture(status: Path = STATUS) -> list[Finding]:
    """May this process open a packet socket, and on what?"""
    interfaces = ", ".join(name for _, name in socket.if_nameindex())
    if may_capture(status.read_text(encoding="ascii", errors="replace")):
        return [Finding(subject="capture", state=State.GOOD, found=f"allowed; interfaces: {interfaces}")]
    return [
        Finding(
            subject="capture",
            state=State.WARNING,
            found="not allowed: this process lacks CAP_NET_RAW, so asepsis watch will refuse; captures can be read",
            remedy="run asepsis watch as root, or in a service with AmbientCapabilities=CAP_NET_RAW",
        )
    ]


def may_capture(status: str) -> bool:
    """Whether the effective capabilities in the text of ``/proc/PID/status`` hold CAP_NET_RAW."""
    for line in status.splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> CAP_NET_RAW & 1)
    return False


def room(path: Path) -> Finding:
    """The space left where the workspace is or would be."""
    place = path
    while not place.exists() and place != place.parent:
        place = place.parent
    free = shutil.disk_usage(place).free
    little = free < LITTLE_SPACE_BYTES
    return Finding(
        subject="workspace",
        state=State.WARNING if little else State.GOOD,
        found=f"{free / 1e9:.1f} GB free on its disk",
        remedy="make room, or put the workspace elsewhere (--workspace DIR)" if little else "",
    )


def kernels() -> list[Finding]:
    """Is the packet engine compiled for this machine?"""
    from asepsis.wire.compiled import object_path

    path = object_path()
    if path.exists():
        return [Finding(subject="kernels", state=State.GOOD, found=f"compiled: {path}")]
    return [
        Finding(
            subject="kernels",
            state=State.WARNING,
            found="not compiled yet for this machine and version; the first analysis takes half a minute longer",
            remedy="asepsis demo compiles them",
        )
    ]


def knowledge() -> list[Finding]:
    """The tables of facts that come with Asepsis."""
    from asepsis.knowledge.lint import lint
    from asepsis.knowledge.table import folder, rows

    count = tables = 0
    for entry in folder().iterdir():
        if entry.name.endswith(".jsonl"):
            tables += 1
            count += len(rows(entry.read_text(encoding="utf-8")))
    faults = lint()
    if faults:
        more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
        return [
            Finding(
                subject="knowledge",
                state=State.BAD,
                found=faults[0] + more,
                remedy="install Asepsis again: a table is damaged",
            )
        ]
    return [Finding(subject="knowledge", state=State.GOOD, found=f"{count:,} rows in {tables} tables")]
