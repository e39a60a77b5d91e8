"""Devices of the workspace against the advisories that it holds: findings, and what an update changed."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from asepsis.devices.device import Device
from asepsis.exposure.advisory import Advisory
from asepsis.exposure.demonstration import demonstration
from asepsis.exposure.difference import changes
from asepsis.exposure.feeds.reading import Document, Kind
from asepsis.exposure.feeds.vex import Parts, resolved
from asepsis.exposure.finding import Finding
from asepsis.exposure.matching.match import Matcher
from asepsis.pipeline.feeds import FOLDER, Attempt, Feeds, Update
from asepsis.pipeline.feeds_download import Fetcher, download, folder_name
from asepsis.pipeline.feeds_folder import keys_in, read_folder
from asepsis.pipeline.feeds_sources import Source
from asepsis.pipeline.parts import component_findings
from asepsis.pipeline.registry import Registry
from asepsis.pipeline.workspace import Workspace


def matcher_of(workspace: Workspace) -> Matcher:
    """A matcher of every advisory that the workspace holds, and of the demonstration's."""
    return Matcher((*demonstration(), *_held(workspace)))


def findings_of(workspace: Workspace, *, site: str | None = None, folder: Path | None = None) -> list[Finding]:
    """The findings of the workspace's devices.

    Args:
        workspace: Whose devices and advisories.
        site: Only devices of this site.
        folder: Documents to look at in place of those that the workspace holds; nothing of them is kept.
    """
    advisories = (*demonstration(), *(_held(workspace) if folder is None else _read(folder)))
    devices = _devices(workspace, site)
    found = list(Matcher(advisories).findings(devices))
    if devices:
        with Registry.open(workspace.registry_path) as registry:
            found.extend(component_findings(workspace, registry, devices, advisories).findings)
    return found


def update_feeds(
    workspace: Workspace, folder: Path, now_ns: int, *, kinds: frozenset[Kind] | None = None
) -> tuple[Update, list[dict[str, Any]]]:
    """Takes in a folder of documents, and says what that changes for the workspace's devices.

    Args:
        workspace: Whose store and devices.
        folder: The folder, or one file.
        now_ns: When.
        kinds: Only these kinds of documents.
    """
    with Feeds.open(workspace.create().feeds_path) as feeds:
        pinned = keys_in(workspace.feeds_keys_path)

        def take() -> Update:
            return feeds.update(folder, now_ns, pinned=pinned, kinds=kinds)

        update, found = _taken(workspace, feeds, take, now_ns)
        feeds.remember(_attempt(FOLDER, str(folder), now_ns, update), {})
    return update, found


def fetch_feeds(
    workspace: Workspace,
    source: Source,
    fetcher: Fetcher,
    now_ns: int,
    *,
    signed_only: bool = False,
    tell: Callable[[int, int], object] = lambda _done, _of: None,
) -> tuple[Attempt, Update, list[dict[str, Any]]]:
    """Fetches what a source has that is new and takes it in, and says what that changes for the workspace's devices.

    Args:
        workspace: Whose store and devices.
        source: From where.
        fetcher: How.
        now_ns: When.
        signed_only: Refuse documents without a good signature.
        tell: Told how many documents were fetched, of how many.
    """
    place = workspace.create().feeds_download_path / folder_name(source)
    with Feeds.open(workspace.feeds_path) as feeds:
        got = download(
            source,
            fetcher,
            place,
            feeds.known(source.name),
            now_ns=now_ns,
            pinned=keys_in(workspace.feeds_keys_path),
            signed_only=signed_only,
            tell=tell,
        )
        if got.staged:
            update, found = _taken(workspace, feeds, lambda: feeds.take(got.documents(), now_ns, source.name), now_ns)
        else:
            update, found = feeds.take((), now_ns, source.name), []
        earlier = feeds.attempts().get(source.name)
        attempt = _attempt(source.name, got.publisher or (earlier.publisher if earlier else ""), now_ns, update)
        unread = {one.path for one in update.unread}
        attempt = dataclasses.replace(
            attempt,
            succeeded_ns=(earlier.succeeded_ns if earlier else 0) if got.failure else now_ns,
            failure=got.failure,
            updated=got.updated,
            # One file that was not understood is asked for again: a page of the server's trouble looks like a file.
            etag="" if source.url in unread else got.edition.etag,
            modified="" if source.url in unread else got.edition.modified,
            keys=got.keys,
            listed=got.listed,
            waiting=got.waiting,
            warnings=got.warnings,
        )
        feeds.remember(attempt, got.taken(unread))
    if not got.failure:
        shutil.rmtree(place, ignore_errors=True)
    return attempt, update, found


def _taken(
    workspace: Workspace, feeds: Feeds, take: Callable[[], Update], now_ns: int
) -> tuple[Update, list[dict[str, Any]]]:
    """Takes documents in, and works out what that changes for the devices."""
    before = findings_of(workspace)
    update = take()
    if not (update.added or update.replaced):
        return update, []
    found = changes(before, findings_of(workspace))
    feeds.record_changes(now_ns, found)
    return update, found


def _attempt(source: str, publisher: str, now_ns: int, update: Update) -> Attempt:
    return Attempt(
        source=source,
        publisher=publisher,
        at_ns=now_ns,
        succeeded_ns=now_ns,
        failure="",
        updated="",
        etag="",
        modified="",
        keys=(),
        listed=0,
        waiting=0,
        warnings=(),
        added=len(update.added),
        replaced=len(update.replaced),
        unchanged=update.unchanged,
        older=len(update.older),
        unread=update.unread,
        unread_count=len(update.unread),
    )


def _held(workspace: Workspace) -> Iterable[Advisory]:
    if not workspace.feeds_path.exists():
        return ()
    with Feeds.open(workspace.feeds_path) as feeds:
        return feeds.advisories()


def _read(folder: Path) -> Iterable[Advisory]:
    found = [one.content for one in read_folder(folder) if isinstance(one, Document)]
    lists = [one for one in found if isinstance(one, Parts)]
    return resolved((one for one in found if isinstance(one, Advisory)), lists)


def _devices(workspace: Workspace, site: str | None) -> list[Device]:
    if not workspace.registry_path.exists():
        return []
    with Registry.open(workspace.registry_path) as registry:
        return registry.devices(site)
