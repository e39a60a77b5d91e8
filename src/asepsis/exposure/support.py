"""Whether a component of a list is still supported: by what the list says, and by dates that makers publish."""

from __future__ import annotations

from datetime import date

from asepsis.exposure.feeds.sbom import Component
from asepsis.knowledge.support import support_of_component

# What makers write where support has ended, or where nobody maintains it any more.
_ENDED = ("no longer supported", "end of life", "end-of-life", "ended", "eol", "unsupported")
_LEFT = ("abandoned", "deprecated", "inactive", "no longer maintained", "unmaintained", "discontinued")


def out_of_support(component: Component, today: date) -> str:
    """Why a component gets no updates any more, in one sentence; empty where it does, or where nobody says."""
    ends, level = component.ends.strip(), component.level.strip()
    try:
        day = date.fromisoformat(ends[:10])
    except ValueError:
        day = None
    if day is not None and day < today:
        return f"the list says that its support ended on {day.isoformat()}"
    if ends.casefold() in _ENDED:
        return f"the list says of its support: {ends}"
    if level.casefold() in _LEFT:
        return f"the list says of its maintenance: {level}"
    known = support_of_component(component.name, component.version)
    if known is not None and known.ends < today:
        return f"support of {known.product} ended on {known.ends.isoformat()} ({known.source})"
    return ""
