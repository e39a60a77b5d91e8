"""What is counted of every vendor within what a person may see, kept until a refresh or a paper changes it.

Counting goes through all findings of a hospital group; what people record of vendors is not in it, and is added at
each request.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from statistics import median
from typing import Any, Final

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, F, Max, Q, QuerySet

from asepsis.exposure.identity import Identity
from asepsis.exposure.paper import PaperKind, tie
from asepsis.kernel.value import value
from asepsis.pipeline.papers import Paper, Papers
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import visible
from asepsis.web.devices.models import Device
from asepsis.web.exposure.models import Finding
from asepsis.web.exposure.scope import examined
from asepsis.web.people.models import Person
from asepsis.web.remembered import is_lasting, remembered, remembered_text, version_for
from asepsis.web.settings import WORKSPACE
from asepsis.web.vendors.makers import maker

REMOTE: Final = ("internet-contact", "management-from-internet")
"""Weaknesses by which a vendor's devices reach out or are reached."""
OUT_OF_SUPPORT: Final = "os-out-of-support"
# Findings that have ended, of which the time to fix is the median: the newest tell more than the old ones.
ENDED_MOST: Final = 20_000


@value
class Seen:
    """What one person may see, and the version of it, for ``remembered``."""

    devices: QuerySet[Device]
    findings: QuerySet[Finding]
    """Of these devices, those that ended too."""
    is_everything: bool
    of: str


@value
class Counts:
    """What is counted of one vendor."""

    key: str
    name: str
    texts: tuple[str, ...]
    """How its devices spell it."""
    sites: tuple[str, ...]
    devices: int
    models: int
    """Those with a name."""
    rows: int
    """Models and sites that they stand in, devices without a model too."""
    seen_until: str
    """The newest data of its devices, a moment."""
    open_findings: int
    exploited_findings: int
    days_to_fix: float | None
    models_with_form: int
    models_with_list: int
    contradictions: int
    unsupported: int
    """Devices whose system is seen to be out of support."""
    reaching: int
    """Findings by which its devices reach out or are reached."""


def seen_by(person: Person | AnonymousUser) -> Seen:
    """What a person may see of devices and their findings."""
    devices: QuerySet[Device] = visible(person, Action.FINDING_VIEW, Device.objects.order_by())
    everything = not devices.query.where
    findings = Finding.objects.order_by()
    return Seen(
        devices=devices,
        findings=findings if everything else findings.filter(device__in=devices.values("pk")),
        is_everything=everything,
        of=f"{version_for(devices)} {None if (last := examined()) is None else last.at.isoformat()}",
    )


def counts(seen: Seen) -> list[Counts]:
    """What is counted of every vendor of these devices, by key."""
    with _papers() as store:
        told = ("", "") if store is None else (store.revision(), store.stamp())

        def made() -> str:
            return json.dumps(_counted(seen, store))

        text = remembered_text([seen.devices.values_list("pk")], ["vendors", *told], made, seen.of)
    return [_read(one) for one in json.loads(text)]


def _read(document: dict[str, Any]) -> Counts:
    return Counts(**document | {name: tuple(document[name]) for name in ("texts", "sites")})


def open_advisories(seen: Seen) -> list[list[Any]]:
    """(vendor's text, advisory, its number, findings, devices, exploited, with a fix) of what stands and affects."""
    affected = seen.findings.filter(ended=None, advisory__isnull=False, answer=Finding.Answer.AFFECTED)
    asked = affected.values_list("device__vendor", "advisory_id", "advisory__number").annotate(
        findings=Count("id"),
        devices=Count("device", distinct=True),
        exploited=Count("id", filter=Q(exploited=True)),
        fixes=Count("id", filter=Q(has_fix=True)),
    )
    return kept(asked, seen)


def kept(rows: QuerySet[Any, Any], seen: Seen) -> list[list[Any]]:
    """What a question about these devices answers, asked once until something changes."""
    return remembered(rows, seen.of) if is_lasting(seen.of) else [list(row) for row in rows]


def papers() -> list[Paper]:
    """The papers that are on file."""
    with _papers() as store:
        return [] if store is None else store.papers()


def contradictions(seen: Seen) -> Mapping[str, frozenset[str]]:
    """Paper to the questions of it that traffic contradicts on any of these devices."""
    with _papers() as store:
        if store is None:
            return {}
        told = (store.revision(), store.stamp())

        def made() -> str:
            return json.dumps({paper: sorted(of) for paper, of in _contradicted(seen, store).items()})

        text = remembered_text([seen.devices.values_list("pk")], ["contradictions", *told], made, seen.of)
    return {paper: frozenset(of) for paper, of in json.loads(text).items()}


def speaks_of(paper: Paper, vendor: str, model: str) -> bool:
    """Whether a paper is of a model, in whichever version."""
    if not model or not paper.subject.model:
        return False
    return tie(paper.subject, Identity(vendor=vendor, model=model, version="")) is not None


def _papers() -> AbstractContextManager[Papers | None]:
    return Papers.open(WORKSPACE.papers_path) if WORKSPACE.papers_path.exists() else nullcontext()


def _contradicted(seen: Seen, store: Papers) -> dict[str, frozenset[str]]:
    return store.contradicted(None if seen.is_everything else seen.devices.values_list("pk", flat=True).iterator())


class _Tally:
    """One vendor while it is counted."""

    def __init__(self) -> None:
        self.texts: set[str] = set()
        self.sites: set[str] = set()
        self.devices = self.rows = 0
        self.models: set[str] = set()
        self.held: dict[PaperKind, set[str]] = defaultdict(set)
        self.seen_until = ""


def _counted(seen: Seen, store: Papers | None) -> list[dict[str, Any]]:
    on_file: dict[str, list[Paper]] = defaultdict(list)
    for paper in [] if store is None else store.papers():
        on_file[maker(paper.subject.maker)[0]].append(paper)
    found: dict[str, _Tally] = defaultdict(_Tally)
    asked = seen.devices.values_list("vendor", "model", "site__title", "site__name")
    for text, model, title, site, devices, until in asked.annotate(count=Count("pk"), until=Max("last_seen")):
        if not text:
            continue
        key = maker(text)[0]
        one = found[key]
        one.texts.add(text)
        one.sites.add(title or site)
        one.devices += devices
        one.rows += 1
        one.seen_until = max(one.seen_until, until.isoformat())
        if model:
            one.models.add(model)
        for paper in on_file[key]:
            if model not in one.held[paper.kind] and speaks_of(paper, text, model):
                one.held[paper.kind].add(model)
    standing = open_advisories(seen)
    opened, exploited = _by_key(standing, 3), _by_key(standing, 5)
    days, weak = _days(seen), _weak(seen)
    denied = {} if store is None else _contradicted(seen, store)
    return [
        {
            "key": key,
            # Of several spellings that no table knows, the same one each time.
            "name": maker(min(one.texts))[1],
            "texts": sorted(one.texts),
            "sites": sorted(one.sites),
            "devices": one.devices,
            "models": len(one.models),
            "rows": one.rows,
            "seen_until": one.seen_until,
            "open_findings": opened[key],
            "exploited_findings": exploited[key],
            "days_to_fix": median(days[key]) if days[key] else None,
            "models_with_form": len(one.held[PaperKind.MDS2]),
            "models_with_list": len(one.held[PaperKind.SBOM]),
            "contradictions": sum(
                len(denied.get(paper.id, ())) for paper in on_file[key] if paper.kind is PaperKind.MDS2
            ),
            "unsupported": weak[key, OUT_OF_SUPPORT],
            "reaching": sum(weak[key, kind] for kind in REMOTE),
        }
        for key, one in sorted(found.items())
    ]


def _by_key(rows: Iterable[list[Any]], column: int) -> Counter[str]:
    found: Counter[str] = Counter()
    for row in rows:
        found[maker(row[0])[0]] += row[column]
    return found


def _days(seen: Seen) -> dict[str, list[float]]:
    """Vendor to the days from an advisory's release to its end on a device."""
    ended = seen.findings.filter(ended__isnull=False, advisory__released__isnull=False).order_by("-ended")
    found: dict[str, list[float]] = defaultdict(list)
    took = ended.annotate(took=F("ended") - F("advisory__released")).values_list("device__vendor", "took")
    for text, days in took[:ENDED_MOST]:
        found[maker(text)[0]].append(max(days.total_seconds() / 86400, 0.0))
    return found


def _weak(seen: Seen) -> Counter[tuple[str, str]]:
    """(vendor, kind of weakness) to devices, of the kinds that count here."""
    kinds = (*REMOTE, OUT_OF_SUPPORT)
    asked = seen.findings.filter(ended=None, source=Finding.Source.WEAKNESS, weakness__in=kinds)
    found: Counter[tuple[str, str]] = Counter()
    # A device has one finding of a kind.
    for text, kind, devices in asked.values_list("device__vendor", "weakness").annotate(count=Count("id")):
        found[maker(text)[0], kind] += devices
    return found
