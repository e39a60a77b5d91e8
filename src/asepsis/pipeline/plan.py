"""Joins an examination with the plan: what each device needs, and when it is idle."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from asepsis.devices.rhythm import joined
from asepsis.exposure.advisory import Advisory, Vulnerability
from asepsis.exposure.finding import Finding
from asepsis.exposure.plan import Remedial, Subject
from asepsis.exposure.plan.windows import DAYS_LIMIT, Idle, idle_windows
from asepsis.history import Selection
from asepsis.kernel.time import SECOND_NS
from asepsis.pipeline.exposure import Examination
from asepsis.pipeline.registry import Registry, RegistryError
from asepsis.pipeline.workspace import Workspace

# Of one device: more says no more than what to read first.
REMEDIES_LIMIT: Final = 12
# A remedy is a paragraph; one that is longer is read at the publisher's.
WORDS_LIMIT: Final = 600
# Minutes of a year in which one device is in use: half of them.
USES_LIMIT: Final = 262_800
_MINUTE_NS: Final = 60 * SECOND_NS


def subjects_of(examined: Examination) -> list[Subject]:
    """The devices of an examination as the plan needs them, in the same order."""
    told = {document.key: document for document in examined.documents.advisories}
    found: dict[str, list[Finding]] = defaultdict(list)
    for finding in examined.findings:
        found[finding.device].append(finding)
    known: dict[tuple[str, str, tuple[str, ...]], tuple[Remedial, ...]] = {}
    subjects = []
    for device, facts in zip(examined.devices, examined.facts, strict=True):
        remedies: list[Remedial] = []
        for finding in found.get(device.id, ()):
            verdict = finding.verdict
            key = (verdict.advisory, verdict.words, verdict.vulnerabilities)
            if key not in known:
                known[key] = _remedies(told.get(verdict.advisory), verdict.words, verdict.vulnerabilities)
            remedies += known[key]
        subjects.append(
            Subject(
                id=device.id,
                site=device.site,
                facts=facts,
                vendor=device.vendor,
                model=device.model,
                remedies=tuple(dict.fromkeys(remedies))[:REMEDIES_LIMIT],
            )
        )
    return subjects


def _remedies(document: Advisory | None, words: str, vulnerabilities: Iterable[str]) -> tuple[Remedial, ...]:
    """What the publisher tells owners of the very product; of all its products where it does not say which."""
    if document is None:
        return ()
    wanted = frozenset(vulnerabilities)
    spoken = [one for one in document.vulnerabilities if one.id in wanted]
    products = {one.id for one in document.products if one.words and words.startswith(one.words)}
    return tuple(dict.fromkeys(_of_products(document.id, spoken, products) or _of_products(document.id, spoken, None)))


def _of_products(advisory: str, spoken: Iterable[Vulnerability], products: set[str] | None) -> list[Remedial]:
    return [
        Remedial(advisory=advisory, category=remedy.category, words=" ".join(remedy.words.split())[:WORDS_LIMIT])
        for vulnerability in spoken
        for remedy in vulnerability.remedies
        if remedy.words and (products is None or not remedy.products or products.intersection(remedy.products))
    ]


def windows_of(workspace: Workspace, registry: Registry, device_id: str, *, hours: int = 2, zone: tzinfo = UTC) -> Idle:
    """The hours in which one device is idle, by what the history of the last year holds of it.

    Raises:
        RegistryError: There is no such device (code ``device-unknown``).
    """
    device = registry.device(device_id)
    if device is None:
        raise RegistryError(f"no device has the id {device_id}", code="device-unknown", hint="asepsis devices")
    last = datetime.fromtimestamp(device.last_seen_ns // SECOND_NS, UTC).date()
    since = last - timedelta(days=DAYS_LIMIT + 1)
    with workspace.history().reader(registry.intervals(device.site)) as reader:
        listened = Selection(site=device.site, first_day=since)
        spans = joined((row["first_ns"], row["last_ns"]) for row in reader.ask("watched", listened).documents())
        asked = Selection(site=device.site, device=device.id, first_day=since, limit=USES_LIMIT)
        uses = [
            row["minute"] * _MINUTE_NS for row in reader.ask("in-use", asked).documents() if row["device"] == device.id
        ]
    # Only since it is known: before, nobody could have seen it in use.
    watched = [(max(first, device.first_seen_ns), end) for first, end in spans if end > device.first_seen_ns]
    return idle_windows(uses, watched, hours=hours, zone=zone)
