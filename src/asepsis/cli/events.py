"""Changes of identity in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from asepsis.cli.listing import minute
from asepsis.cli.text import showable
from asepsis.devices import telling

Document = dict[str, Any]


def event_lines(events: Iterable[Document], names: Mapping[str, str]) -> Iterator[str]:
    """``2026-01-31 09:30  ct-1  firmware VB10A, now VB20A``."""
    for event in events:
        who = names.get(event["device"], event["device"])
        yield showable(f"{minute(event['at'])}  {who}  {change_words(event, names)}")


def change_words(event: Document, names: Mapping[str, str]) -> str:
    """``firmware VB10A, now VB20A``; ``address 10.0.0.5, before held by ct-2``."""
    return telling.change_words(event["attribute"], event["before"], event["after"], names)
