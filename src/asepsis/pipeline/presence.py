"""How every device stands: joins what the history knows of its pauses with what the registry knows of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from asepsis.devices.device import Device
from asepsis.devices.rhythm import UNKNOWN, Rhythm, Span, Status, joined, rhythm_of, status_at, watched_in
from asepsis.history.queries import Selection
from asepsis.kernel.time import SECOND_NS
from asepsis.kernel.value import value
from asepsis.pipeline.registry import Registry
from asepsis.pipeline.workspace import Workspace

# Four weeks show what comes once a week; rhythms of longer ago are past.
LEARNT_DAYS = 35
# Pauses that are read: a device makes some dozen a day.
PAUSES_LIMIT = 2_000_000


@value
class Standing:
    """How one device stands."""

    status: Status
    rhythm: Rhythm
    silent_ns: int
    """Since when it has not been heard, before the moment that was asked about."""


def standings(
    workspace: Workspace, registry: Registry, devices: Sequence[Device], now_ns: int | None = None
) -> dict[str, Standing]:
    """Device id to how it stands.

    Args:
        workspace: Holds the history of the same site or sites.
        registry: Of the same workspace.
        devices: Whose standing is asked for.
        now_ns: The moment that is asked about; None for the last that was seen of each site, because a capture from
            last year says nothing about today.
    """
    if not devices:
        return {}
    last_of: dict[str, int] = defaultdict(int)
    for device in devices:
        last_of[device.site] = max(last_of[device.site], device.last_seen_ns)
    pauses, watched = _pauses(workspace, registry, max(last_of.values()), devices[0] if len(devices) == 1 else None)
    found = {}
    for device in devices:
        spans = watched.get(device.site, ())
        rhythm = UNKNOWN
        if spans:
            present = watched_in((device.first_seen_ns, device.last_seen_ns), spans)
            rhythm = rhythm_of(pauses.get(device.id, ()), spans, present)
        now = last_of[device.site] if now_ns is None else now_ns
        found[device.id] = Standing(
            status=status_at(now, device.last_seen_ns, rhythm),
            rhythm=rhythm,
            silent_ns=max(0, now - device.last_seen_ns),
        )
    return found


def _pauses(
    workspace: Workspace, registry: Registry, until_ns: int, only: Device | None
) -> tuple[dict[str, list[Span]], dict[str, Sequence[Span]]]:
    first_day = datetime.fromtimestamp(until_ns // SECOND_NS, UTC).date() - timedelta(days=LEARNT_DAYS)
    pauses: dict[str, list[Span]] = defaultdict(list)
    spans: dict[str, list[Span]] = defaultdict(list)
    intervals = registry.intervals() if only is None else registry.intervals(only.site, only.ips)
    with workspace.history().reader(intervals) as reader:
        recent = Selection(first_day=first_day)
        for row in reader.ask("watched", recent).documents():
            spans[row["site"]].append((row["first_ns"], row["last_ns"]))
        narrowed = Selection(first_day=first_day, limit=PAUSES_LIMIT)
        if only is not None:
            narrowed = replace(narrowed, site=only.site, device=only.id)
        for row in reader.ask("pauses", narrowed).documents():
            pauses[row["device"]].append((row["from_ns"], row["until_ns"]))
    return pauses, {site: joined(one) for site, one in spans.items()}
