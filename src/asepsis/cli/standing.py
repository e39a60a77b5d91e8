"""How a device stands, for a document and in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from asepsis.cli.moment import nanoseconds
from asepsis.devices.telling import duration, standing_words
from asepsis.kernel.time import SECOND_NS

if TYPE_CHECKING:
    from asepsis.pipeline.presence import Standing

__all__ = ["duration", "now_option", "status_words", "with_standing"]

Document = dict[str, Any]
Function = TypeVar("Function", bound=Callable[..., Any])


_STANDING: Final = "Say how devices stand at TIME (ISO 8601, UTC if not said); else when their site was last watched."


def now_option(meaning: str = _STANDING) -> Callable[[Function], Function]:
    """``--now TIME``, the same on every verb whose answer hangs on a moment."""
    return click.option(
        "--now",
        "now_ns",
        metavar="TIME",
        default=None,
        callback=nanoseconds,
        help=meaning,
    )


def with_standing(document: Document, standing: Standing, *, in_full: bool = False) -> Document:
    """The document with the member ``status`` after the times; in full also what the status follows from."""
    rhythm = standing.rhythm
    members: Document = {"status": standing.status.value}
    if in_full:
        members["rhythm"] = {
            "silent_seconds": standing.silent_ns // SECOND_NS,
            "gaps": rhythm.gaps,
            "usual_gap_seconds": rhythm.usual_ns // SECOND_NS,
            "overdue_after_seconds": None if rhythm.overdue_after_ns is None else rhythm.overdue_after_ns // SECOND_NS,
        }
    found: Document = {}
    for name, member in document.items():
        found[name] = member
        if name == "last_seen":
            found |= members
    return found


def status_words(document: Document) -> str:
    """``overdue: silent for 3 hours; overdue after 1 hour (from 12 gaps)``."""
    status = document.get("status")
    rhythm = document.get("rhythm")
    if status is None or rhythm is None:
        return status or ""
    return standing_words(status, rhythm)
