"""Findings, advisories and risk by the API: what the pages show, with the same filters."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final, Literal

from django.db.models import Count
from django.http import Http404, HttpRequest, QueryDict
from ninja import Field, Query, Router, Schema

from asepsis.web.api.operations import asker, clean, operation
from asepsis.web.api.paging import LIMIT, LIMIT_MOST, Column, page
from asepsis.web.api.problems import ProblemError
from asepsis.web.authorisation.actions import Action, Obligation
from asepsis.web.authorisation.decide import may
from asepsis.web.devices.additions_api import ClueOut, clue_document
from asepsis.web.devices.api import reach
from asepsis.web.devices.listing_api import FacetOut
from asepsis.web.devices.written_down import is_hidden_anywhere
from asepsis.web.exposure import fleet
from asepsis.web.exposure.filters import WRITTEN_DOWN, facets, narrowed, recorded
from asepsis.web.exposure.listing import BESIDE_UNREAD, ENDINGS, RECORDED, as_file, document, groups
from asepsis.web.exposure.models import Finding, Risk, RiskPoint
from asepsis.web.exposure.scope import examined, findings_of, risks_of, version
from asepsis.web.exposure.views import reach_advisory, shown_evidence
from asepsis.web.ledger.record import record
from asepsis.web.settings import WORKSPACE

router = Router(tags=["exposure"])

TEXT_LIMIT: Final = 200
NUMBER_MOST: Final = 2**53
FINDINGS_ORDER: Final = (Column(name="score", descending=True), Column(name="id"))
MEDIA: Final = ("text/csv", "application/json")


class FindingFilters(Schema):
    """The filters of the page, by the same names."""

    q: str = Field("", max_length=TEXT_LIMIT, description="Words that a device, an advisory or a weakness holds.")
    answer: Literal["", "affected", "cannot tell"] = ""
    source: Literal["", "advisory", "component", "weakness", "report"] = ""
    tier: Literal["", "critical", "high", "medium", "low"] = Field("", description="Of the device.")
    category: str = Field("", max_length=TEXT_LIMIT)
    site: str = Field("", max_length=TEXT_LIMIT)
    weakness: str = Field("", max_length=TEXT_LIMIT)
    advisory: str = Field("", max_length=TEXT_LIMIT, description="Its id.")
    device: str = Field("", max_length=TEXT_LIMIT)
    department: int | None = Field(None, ge=1, le=NUMBER_MOST)
    exploited: bool = False
    has_fix: bool = False
    medical: bool = False
    mine: bool = Field(False, description="Devices that you own.")


class FindingsWanted(FindingFilters):
    """Which findings, and which part of the list."""

    cursor: str = Field("", description="'next' of the page before.")
    limit: int = Field(LIMIT, ge=1, le=LIMIT_MOST)


class FindingOut(Schema):
    """One reason why one device could hurt somebody."""

    id: int
    device: str
    title: str = Field(description="Of the device.")
    site: str
    category: str | None
    address: str | None
    tier: str | None
    score: float | None
    finding: str
    source: str
    advisory: str | None = Field(description="The publisher's number.")
    advisory_id: str | None
    weakness: str | None
    component: str | None
    answer: str
    care: str = Field(description="What it means for patients and staff.")
    action: str | None
    why: str
    words: str | None = Field(description="Of the advisory, on which it rests.")
    tells: str | None = Field(description="What would tell, where it cannot be told.")
    vulnerabilities: list[str]
    base: float | None
    epss: float | None
    exploited: bool
    has_fix: bool
    first_found: datetime
    last_found: datetime
    ended: datetime | None
    evidence: list[dict[str, Any]] = Field(description="With capture and packet; of one device's exposure alone.")
    owner: str | None = None
    department: str | None = None
    place: str | None = None


class FindingPage(Schema):
    """The riskiest devices first."""

    items: list[FindingOut]
    next: str | None


class FindingGroupOut(Schema):
    """What was found, once, with how many devices it was found at."""

    source: str
    advisory: str | None
    weakness: str
    component: str
    title: str
    care: str
    devices: int
    sure: int = Field(description="Devices that are affected for sure.")
    medical: int
    top: float = Field(description="The score of the riskiest of them.")
    epss: float | None
    base: float | None
    exploited: int
    has_fix: int


class AdvisoryOut(Schema):
    """A publisher's document, and how many devices here it concerns."""

    id: str
    number: str
    title: str
    publisher: str
    category: str
    address: str
    released: datetime | None
    updated: datetime | None
    base: float | None
    epss: float | None
    exploited: bool
    has_fix: bool
    details: list[dict[str, Any]]
    products: list[dict[str, Any]]
    remedies: list[dict[str, Any]]
    affected: int
    cannot_tell: int
    ended: int


class RiskOut(Schema):
    """How much harm one device could do, how sure that is, and why."""

    device: str
    title: str
    site: str
    category: str | None
    score: float
    low: float
    high: float
    tier: str
    rank: int
    rank_low: int
    rank_high: int
    likelihood: float
    harm: float
    factors: list[dict[str, Any]] = Field(description="'factor', 'points', 'why'; the points add up to the score.")
    advice: dict[str, Any] | None
    at: datetime


class RiskPage(Schema):
    """The riskiest first."""

    items: list[RiskOut]
    next: str | None


class RisksWanted(Schema):
    """Which part of the list."""

    tier: Literal["", "critical", "high", "medium", "low"] = ""
    cursor: str = Field("", description="'next' of the page before.")
    limit: int = Field(LIMIT, ge=1, le=LIMIT_MOST)


class TallyOut(Schema):
    """Devices by tier at one place on one day."""

    place: str
    on: date
    critical: int
    high: int
    medium: int
    low: int
    score_sum: float


class FleetRiskOut(Schema):
    """The fleet at a glance."""

    at: datetime | None = Field(description="When it was worked out; null before the first time.")
    advisories: int = Field(description="Documents that were compared, beside the few that come with Asepsis.")
    stability: float | None = Field(description="Rank correlation under weights that are a fifth different.")
    tiers: dict[str, int]
    places: list[TallyOut] = Field(description="Sites and departments of which you may see every device.")
    history: list[TallyOut]


class RiskPointOut(Schema):
    """The score from one day on."""

    on: date
    score: float
    tier: str


class ExposureOut(Schema):
    """How one device could hurt somebody."""

    risk: RiskOut | None
    history: list[RiskPointOut]
    findings: list[FindingOut] | None = Field(description="Ended ones too; null where you may not see them.")


def _asked(request: HttpRequest, wanted: FindingFilters) -> tuple[QueryDict, bool]:
    asked = QueryDict(mutable=True)
    for name, given in wanted.model_dump(exclude={"cursor", "limit"}).items():
        if given not in ("", None, False):
            text = "true" if given is True else str(given)
            clean(text)
            asked[name] = text
    hidden = is_hidden_anywhere(request.user)
    if hidden and not WRITTEN_DOWN.isdisjoint(asked):
        raise ProblemError(422, "what the hospital wrote down is not for you to filter by")
    return asked, hidden


@operation(router, "GET", "/findings", Action.FINDING_VIEW, response=FindingPage)
def findings(request: HttpRequest, wanted: Query[FindingsWanted]) -> Any:
    """What could hurt somebody, the riskiest devices first."""
    asked, hidden = _asked(request, wanted)
    record(request, Action.FINDING_VIEW, what={"filters": recorded(asked), "by": "api"})
    rows = narrowed(findings_of(request.user), asked, asker(request))
    return page(
        rows.select_related("site", "advisory", "device__risk", *RECORDED).defer(*BESIDE_UNREAD),
        FINDINGS_ORDER,
        cursor=wanted.cursor,
        limit=wanted.limit,
        shown=lambda row: _finding(row, hidden=hidden, packets=False),
    )


def _finding(row: Finding, *, hidden: bool, packets: bool) -> dict[str, Any]:
    told = document(row, hidden=hidden)
    evidence = row.evidence if packets else []
    return {**told, "id": row.pk, "advisory_id": row.advisory_id, "ended": row.ended, "evidence": evidence}


@operation(router, "GET", "/findings/choices", Action.FINDING_VIEW, response=list[FacetOut])
def choices(request: HttpRequest) -> Any:
    """What the list can be narrowed by, with counts."""
    hidden = is_hidden_anywhere(request.user)
    return [
        {
            "name": facet.name,
            "title": facet.title,
            "choices": [{"value": one.value, "words": one.words, "count": one.count} for one in facet.choices],
        }
        for facet in facets(findings_of(request.user), QueryDict(), version(examined()), hidden=hidden)
    ]


@operation(router, "GET", "/findings/groups", Action.FINDING_VIEW, response=list[FindingGroupOut])
def grouped(request: HttpRequest, wanted: Query[FindingFilters]) -> Any:
    """What was found, each once, the most harmful first."""
    asked, _ = _asked(request, wanted)
    record(request, Action.FINDING_VIEW, what={"filters": recorded(asked), "grouped": True, "by": "api"})
    return groups(narrowed(findings_of(request.user), asked, asker(request)), version(examined()))


@operation(router, "GET", "/findings/export.{ending}", Action.FINDING_EXPORT, response=None, media=MEDIA)
def export(request: HttpRequest, ending: str, wanted: Query[FindingFilters]) -> Any:
    """Every finding that fits, as ``csv`` or ``json`` in one stream."""
    if ending not in ENDINGS:
        raise Http404
    asked, hidden = _asked(request, wanted)
    return as_file(request, asked, ending, hidden=hidden)


@operation(router, "GET", "/findings/{finding_id}/evidence/{number}", Action.DEVICE_EVIDENCE, response=ClueOut)
def evidence_of_finding(request: HttpRequest, finding_id: int, number: int, payload: bool = False) -> Any:
    """One piece of evidence of a finding down to the packet; with ``payload`` what that carries, where you may."""
    if not WORKSPACE.exists or not 0 < finding_id < NUMBER_MOST:
        raise Http404
    return clue_document(shown_evidence(request, finding_id, number, opened=payload))


@operation(router, "GET", "/advisories/{advisory_id}", Action.FINDING_VIEW, response=AdvisoryOut)
def advisory(request: HttpRequest, advisory_id: str) -> Any:
    """A publisher's document that concerns a device here."""
    clean(advisory_id)
    shown, mine = reach_advisory(request, advisory_id)
    record(request, Action.FINDING_VIEW, subject=f"advisory:{shown.number}", what={"by": "api"})
    standing = mine.filter(ended=None).order_by().values_list("answer")
    counts = dict(standing.annotate(count=Count("device", distinct=True)))
    names = ("id", "number", "title", "publisher", "category", "address", "released", "updated", "base", "epss")
    return {
        **{name: getattr(shown, name) for name in (*names, "exploited", "has_fix", "details", "products", "remedies")},
        "affected": counts.get(Finding.Answer.AFFECTED, 0),
        "cannot_tell": counts.get(Finding.Answer.CANNOT_TELL, 0),
        "ended": mine.exclude(ended=None).values("device").distinct().count(),
    }


@operation(router, "GET", "/risk", Action.RISK_VIEW, response=FleetRiskOut)
def risk(request: HttpRequest) -> Any:
    """The risk of the fleet: tiers, places and how it went."""
    known = examined()
    record(request, Action.RISK_VIEW, what={"fleet": True, "by": "api"})
    return {
        "at": None if known is None else known.at,
        "advisories": 0 if known is None else known.advisories,
        "stability": None if known is None else known.stability,
        "tiers": fleet.tier_counts(risks_of(request.user), version(known)),
        "places": [{"place": place.words, **_tally(place.tally)} for place in fleet.places_of(request, known)],
        "history": [
            {"place": str(site), **_tally(row)} for site, rows in fleet.history_of(request, known) for row in rows
        ],
    }


def _tally(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("on", "critical", "high", "medium", "low", "score_sum")}


@operation(router, "GET", "/risk/devices", Action.RISK_VIEW, response=RiskPage)
def risks(request: HttpRequest, wanted: Query[RisksWanted]) -> Any:
    """Every device by risk, the riskiest first."""
    record(request, Action.RISK_VIEW, what={"tier": wanted.tier, "by": "api"})
    rows = risks_of(request.user).select_related("device__site")
    return page(
        rows.filter(tier=wanted.tier) if wanted.tier else rows,
        [Column(name="rank"), Column(name="device_id")],
        cursor=wanted.cursor,
        limit=wanted.limit,
        shown=_risk,
    )


def _risk(row: Risk) -> dict[str, Any]:
    names = ("score", "low", "high", "tier", "rank", "rank_low", "rank_high", "likelihood", "harm", "factors", "advice")
    device = row.device
    return {
        **{name: getattr(row, name) for name in (*names, "at")},
        "device": device.pk,
        "title": device.title,
        "site": device.site.name,
        "category": device.category or None,
    }


@operation(router, "GET", "/devices/{device_id}/exposure", Action.RISK_VIEW, response=ExposureOut)
def exposure(request: HttpRequest, device_id: str) -> Any:
    """How one device could hurt somebody, why, and how that went."""
    device = reach(request, device_id, Action.RISK_VIEW)
    row = Risk.objects.select_related("device__site").filter(device=device).first()
    told = None
    if may(request.user, Action.FINDING_VIEW, device, fulfils=[Obligation.HIDE_NOTES]).allowed:
        rows = Finding.objects.filter(device=device).select_related("site", "advisory", "device__risk", *RECORDED)
        packets = may(request.user, Action.DEVICE_EVIDENCE, device, fulfils=list(Obligation)).allowed
        hidden = is_hidden_anywhere(request.user)
        told = [_finding(one, hidden=hidden, packets=packets) for one in rows]
    return {
        "risk": None if row is None else _risk(row),
        "history": list(RiskPoint.objects.filter(device=device).values("on", "score", "tier")),
        "findings": told,
    }
