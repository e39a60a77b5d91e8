"""Devices of the workspace against the advisories that it holds: findings, and what an update changed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from asepsis.devices.device import Device
from asepsis.exposure.advisory import Advisory
from asepsis.exposure.demonstration import demonstration
from asepsis.exposure.difference import changes
from asepsis.exposure.feeds.reading import Document
from asepsis.exposure.finding import Finding
from asepsis.exposure.matching.match import Matcher
from asepsis.pipeline.feeds import Feeds, Update
from asepsis.pipeline.feeds_folder import Unread, read_folder
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


def update_feeds(workspace: Workspace, folder: Path, now_ns: int) -> tuple[Update, list[dict[str, Any]]]:
    """Takes in a folder of documents, and says what that changes for the workspace's devices."""
    devices = _devices(workspace, None)
    with Feeds.open(workspace.create().feeds_path) as feeds:
        before = list(Matcher((*demonstration(), *feeds.advisories())).findings(devices))
        update = feeds.update(folder, now_ns)
        if not (update.added or update.replaced):
            return update, []
        found = changes(before, Matcher((*demonstration(), *feeds.advisories())).findings(devices))
        feeds.record_changes(now_ns, found)
    return update, found


def _held(workspace: Workspace) -> Iterable[Advisory]:
    if not workspace.feeds_path.exists():
        return ()
    with Feeds.open(workspace.feeds_path) as feeds:
        return feeds.advisories()


def _read(folder: Path) -> Iterable[Advisory]:
    for found in read_folder(folder):
        if isinstance(found, Document) and isinstance(found.content, Advisory):
            yield found.content
        elif isinstance(found, Unread):
            continue


def _devices(workspace: Workspace, site: str | None) -> list[Device]:
    if not workspace.registry_path.exists():
        return []
    with Registry.open(workspace.registry_path) as registry:
        return registry.devices(site)
