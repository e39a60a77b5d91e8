"""Devices of the workspace against the advisories that it holds: findings, and what an update changed."""

from __future__ import annotations

import dataclasses
import fcntl
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from asepsis.devices.device import Device
from asepsis.exposure.advisory import Advisory
from asepsis.exposure.demonstration import demonstration
from asepsis.exposure.feeds.reading import Document, Kind
from asepsis.exposure.feeds.telling import told_by
from asepsis.exposure.finding import Finding
from asepsis.exposure.identity import Identity
from asepsis.exposure.matching.match import Matcher
from asepsis.exposure.matching.shelf import Card
from asepsis.pipeline.feeds import FOLDER, Attempt, Feeds, Update
from asepsis.pipeline.feeds_download import Fetcher, download, folder_name
from asepsis.pipeline.feeds_error import FeedsError
from asepsis.pipeline.feeds_folder import keys_in, read_folder
from asepsis.pipeline.feeds_sources import Source
from asepsis.pipeline.judged import Judge, Judged, changed, judging
from asepsis.pipeline.parts import component_findings
from asepsis.pipeline.registry import Registry
from asepsis.pipeline.workspace import Workspace


def findings_of(workspace: Workspace, *, site: str | None = None, folder: Path | None = None) -> list[Finding]:
    """The findings of the workspace's devices.

    Args:
        workspace: Whose devices and advisories.
        site: Only devices of this site.
        folder: Documents to look at in place of those that the workspace holds; nothing of them is kept.
    """
    devices = _devices(workspace, site)
    if folder is not None:
        advisories = [*demonstration(), *_read(folder)]
        return [*Matcher(advisories).findings(devices), *_in_parts(workspace, devices, advisories)]
    with judging(workspace) as (judge, cards):
        return [*judge.findings(devices), *_in_parts(workspace, devices, cards)]


def _in_parts(workspace: Workspace, devices: Sequence[Device], told: Sequence[Advisory | Card]) -> Sequence[Finding]:
    if not devices or not workspace.papers_path.exists():
        return ()
    advisories = [one if isinstance(one, Advisory) else one.read() for one in told]
    with Registry.open(workspace.registry_path) as registry:
        return component_findings(workspace, registry, devices, advisories).findings


def update_feeds(
    workspace: Workspace,
    folder: Path,
    now_ns: int,
    *,
    kinds: frozenset[Kind] | None = None,
    shown_as: str = "",
    tell: Callable[[int], object] = bool,
) -> tuple[Update, list[dict[str, Any]]]:
    """Takes in a folder of documents, and says what that changes for the workspace's devices.

    Args:
        workspace: Whose store and devices.
        folder: The folder, or one file.
        now_ns: When.
        kinds: Only these kinds of documents.
        shown_as: What people call the folder, where its own path says nothing to anybody.
        tell: Told how many documents were read; what it raises ends the update, and nothing of it is kept.
    """
    with Feeds.open(workspace.create().feeds_path) as feeds:
        pinned = keys_in(workspace.feeds_keys_path)

        def take(taken: Callable[[Document], object]) -> Update:
            return feeds.update(folder, now_ns, pinned=pinned, kinds=kinds, shown_as=shown_as, tell=tell, taken=taken)

        update, found = _taken(workspace, feeds, take, now_ns)
        feeds.remember(_attempt(FOLDER, shown_as or str(folder), now_ns, update), {})
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

    Raises:
        FeedsError: Another process fetches just now (code ``feeds-busy``).
    """
    place = workspace.create().feeds_download_path / folder_name(source)
    with _alone(workspace.feeds_download_path), Feeds.open(workspace.feeds_path) as feeds:
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

            def take(taken: Callable[[Document], object]) -> Update:
                return feeds.take(got.documents(), now_ns, source.name, taken=taken)

            update, found = _taken(workspace, feeds, take, now_ns)
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


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process fetches at a time: two would write the same files."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FeedsError(
                "documents are being fetched just now", code="feeds-busy", hint="Wait until that has ended."
            ) from error
        yield


def _taken(
    workspace: Workspace, feeds: Feeds, take: Callable[[Callable[[Document], object]], Update], now_ns: int
) -> tuple[Update, list[dict[str, Any]]]:
    """Takes documents in, and works out what that changes for the devices."""
    with Judged.open(workspace.judged_path) as judged:
        cards = judged.cards(feeds)
        before = Judge(cards, judged)
        devices = _devices(workspace, None) if workspace.papers_path.exists() else []
        parts = _in_parts(workspace, devices, cards)
        with judged.taking(now_ns) as taken:
            update = take(taken)
        if not (update.added or update.replaced):
            return update, []
        cards = judged.cards(feeds)
        after = Judge(cards, judged)
        found = changed(before, after, _identities(workspace), parts, _in_parts(workspace, devices, cards))
        # The earlier verdicts were kept for this moment; the later ones take their place.
        after.keep()
        judged.tidy(feeds)
    feeds.record_changes(now_ns, found)
    return update, found


def _identities(workspace: Workspace) -> list[tuple[str, Identity]]:
    if not workspace.registry_path.exists():
        return []
    with Registry.open(workspace.registry_path) as registry:
        return registry.identities()


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


def _read(folder: Path) -> Iterable[Advisory]:
    return told_by(one.content for one in read_folder(folder) if isinstance(one, Document))


def _devices(workspace: Workspace, site: str | None) -> list[Device]:
    if not workspace.registry_path.exists():
        return []
    with Registry.open(workspace.registry_path) as registry:
        return registry.devices(site)
