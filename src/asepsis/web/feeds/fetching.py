"""``python -m asepsis.web.feeds.fetching``: asks the sources of ``workspace.toml`` that are due, once, in a process of
its own; and who begins that process by the hour."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Final

import structlog

from asepsis.kernel.errors import AsepsisError
from asepsis.kernel.time import SECOND_NS
from asepsis.pipeline.advisories import fetch_feeds
from asepsis.pipeline.feeds import Feeds
from asepsis.pipeline.feeds_https import Https
from asepsis.pipeline.feeds_sources import Source, source_of
from asepsis.pipeline.workspace import Workspace
from asepsis.web.children import die_with_parent, run_once
from asepsis.web.configuration import Feeds as Settings

MODULE: Final = "asepsis.web.feeds.fetching"
LOOKED_AT_SECONDS: Final = 60.0
# A source that could not be reached is asked again sooner than one that was.
AGAIN_SECONDS: Final = 3600
ASKED: Final = "look"
"""The name of a file by which a person asks for a look now."""

_log = structlog.get_logger("asepsis.web.feeds")


def due(workspace: Workspace, settings: Settings, now_ns: int) -> list[Source]:
    """The sources that are to be asked now, in the order of the settings."""
    if not settings.sources:
        return []
    attempts = {}
    if workspace.feeds_path.exists():
        with Feeds.open(workspace.feeds_path) as feeds:
            attempts = feeds.attempts()
    found = []
    asked_ns = asked(workspace)
    for name in settings.sources:
        source = source_of(name)
        last = attempts.get(source.name)
        patience = min(AGAIN_SECONDS, settings.hours * 3600) if last and last.failure else settings.hours * 3600
        if last is None or last.at_ns < asked_ns or now_ns - last.at_ns >= patience * SECOND_NS:
            found.append(source)
    return found


def ask(workspace: Workspace) -> None:
    """Asks for a look at every source as soon as may be."""
    workspace.create().feeds_download_path.mkdir(mode=0o700, parents=True, exist_ok=True)
    (workspace.feeds_download_path / ASKED).touch()


def asked(workspace: Workspace) -> int:
    """When somebody last asked for a look, in nanoseconds; 0 for never."""
    try:
        return (workspace.feeds_download_path / ASKED).stat().st_mtime_ns
    except OSError:
        return 0


def fetch_due(workspace: Workspace, settings: Settings) -> None:
    """Asks every source that is due; what goes wrong with one is kept for people to see, and the next is asked."""
    authority = Path(settings.authority) if settings.authority else None
    fetcher = Https(allowed=settings.networks, authority=authority)
    for source in due(workspace, settings, time.time_ns()):
        try:
            attempt, update, _ = fetch_feeds(
                workspace, source, fetcher, time.time_ns(), signed_only=settings.signed_only
            )
        except AsepsisError as error:
            _log.error("feed", source=source.name, error=error.message)
            return
        _log.info("feed", source=source.name, failure=attempt.failure, added=len(update.added))


def main() -> None:
    """Asks the sources that are due."""
    die_with_parent()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "asepsis.web.settings")
    from asepsis.web import logs
    from asepsis.web.settings import CONFIGURATION, WORKSPACE

    logs.configure_own()
    fetch_due(WORKSPACE, CONFIGURATION.feeds)


async def follow() -> None:
    """Begins that process whenever a source is due, until it is cancelled; does nothing where none is set."""
    from asepsis.web.settings import CONFIGURATION, WORKSPACE

    settings = CONFIGURATION.feeds
    while settings.sources:
        try:
            waiting = await asyncio.to_thread(due, WORKSPACE, settings, time.time_ns())
        except AsepsisError as error:
            _log.error("feeds", error=error.message)
            waiting = []
        if waiting:
            await run_once(MODULE)
        await asyncio.sleep(LOOKED_AT_SECONDS)


if __name__ == "__main__":
    main()
