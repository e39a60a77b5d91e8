"""An advisory, how one device could hurt somebody, and the packet behind that."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from asepsis.devices.device import Evidence
from asepsis.exposure.risk.score import TIER_FROM
from asepsis.exposure.weaknesses import KINDS
from asepsis.pipeline.registry import Registry
from asepsis.web.authorisation.actions import Action, Obligation
from asepsis.web.authorisation.asking import facts_of
from asepsis.web.authorisation.decide import may, visible
from asepsis.web.authorisation.routes import requires
from asepsis.web.charts import Counted
from asepsis.web.devices.evidence import shown_packet
from asepsis.web.devices.models import Device
from asepsis.web.devices.views import found
from asepsis.web.devices.written_down import is_hidden_anywhere
from asepsis.web.exposure.cells import TIER_TONES
from asepsis.web.exposure.models import Advisory, Finding, Risk, RiskPoint
from asepsis.web.exposure.rows import cleared
from asepsis.web.exposure.scope import examined
from asepsis.web.exposure.scored import scored
from asepsis.web.ledger.record import record
from asepsis.web.settings import WORKSPACE

DEVICES_SHOWN: Final = 50
REASONS_SHOWN: Final = 3
DAYS_SHOWN: Final = 90
CATEGORIES: Final = {
    "vendor_fix": "Fix by the maker",
    "mitigation": "Makes it less likely",
    "workaround": "Way around it",
    "no_fix_planned": "No fix is planned",
    "none_available": "No fix is available",
}
"""CSAF 2.0, 3.2.3.12.1, in plain words."""


@requires(Action.FINDING_VIEW)
def advisory(request: HttpRequest, advisory_id: str) -> HttpResponse:
    """One document: its words, whom it concerns here, who cannot be told and what would tell, and what to do."""
    shown, mine = reach_advisory(request, advisory_id)
    record(request, Action.FINDING_VIEW, subject=f"advisory:{shown.number}")
    standing = mine.filter(ended=None).select_related("site", "device__risk")
    if not is_hidden_anywhere(request.user):
        standing = standing.select_related(
            "site", "device__risk", "device__record__department", "device__record__owner"
        )
    by_answer = {
        answer: list(standing.filter(answer=answer)[:DEVICES_SHOWN])
        for answer in (Finding.Answer.AFFECTED, "cannot tell")
    }
    counts = dict(mine.filter(ended=None).order_by().values_list("answer").annotate(Count("device", distinct=True)))
    context = {
        "advisory": shown,
        "affected": by_answer[Finding.Answer.AFFECTED],
        "unsure": by_answer[Finding.Answer.CANNOT_TELL],
        "affected_count": counts.get("affected", 0),
        "unsure_count": counts.get("cannot tell", 0),
        "ended_count": mine.exclude(ended=None).values("device").distinct().count(),
        "products": [(one, cleared(one)) for one in shown.products],
        "remedies": [(CATEGORIES.get(one["category"], one["category"]), one["words"]) for one in shown.remedies],
        "hidden": is_hidden_anywhere(request.user),
        "examined": examined(),
    }
    return render(request, "exposure/advisory.html", context)


def reach_advisory(request: HttpRequest, advisory_id: str) -> tuple[Advisory, QuerySet[Finding]]:
    """An advisory and its findings, ended ones too, at devices that the person may see them of.

    Raises:
        Http404: There is none, or it concerns no device that this person may see.
    """
    shown = get_object_or_404(Advisory, pk=advisory_id[:32])
    devices: QuerySet[Device] = visible(request.user, Action.FINDING_VIEW, Device.objects.order_by())
    mine = Finding.objects.filter(advisory=shown)
    if devices.query.where:
        mine = mine.filter(device__in=devices)
    if not mine.exists():
        raise Http404
    return shown, mine


@requires(Action.RISK_VIEW)
def device_exposure(request: HttpRequest, device_id: str) -> HttpResponse:
    """How one device could hurt somebody: the score and what it is made of, what to do, and every reason."""
    device = found(request, device_id, Action.RISK_VIEW, fulfils=[Obligation.HIDE_NOTES])
    on = facts_of(device, Action.RISK_VIEW)
    record(request, Action.RISK_VIEW, subject=f"device:{device.pk}")
    context: dict[str, Any] = {"device": device, "examined": examined(), "total": Risk.objects.count()}
    risk = Risk.objects.filter(device=device).first()
    if risk is not None:
        context |= {
            "risk": risk,
            "tone": TIER_TONES.get(risk.tier, ""),
            "factors": scored(risk),
            "steps": [(float(least), str(tier)) for least, tier in TIER_FROM],
            "points": _points(device),
        }
    if may(request.user, Action.FINDING_VIEW, on, fulfils=[Obligation.HIDE_NOTES]).allowed:
        standing = list(Finding.objects.filter(device=device, ended=None).select_related("advisory"))
        for one in standing:
            one.evidence = list(enumerate(one.evidence))
        context |= {
            "told": [one for one in standing if one.source != Finding.Source.WEAKNESS],
            "weak": [(one, KINDS.get(one.weakness)) for one in standing if one.source == Finding.Source.WEAKNESS],
            "may_findings": True,
            "ended": Finding.objects.filter(device=device).exclude(ended=None).order_by("-ended")[:DEVICES_SHOWN],
            "may_evidence": may(request.user, Action.DEVICE_EVIDENCE, on, fulfils=list(Obligation)).allowed,
        }
    return render(request, "exposure/device.html", context)


def _points(device: Device) -> list[Counted]:
    """How its score went, one a day on which it changed."""
    points = RiskPoint.objects.filter(device=device).order_by("-on")[:DAYS_SHOWN]
    return [
        Counted(words=f"{one.on}", count=round(one.score), shown=f"{one.score:.0f}", tone=TIER_TONES.get(one.tier, ""))
        for one in reversed(points)
    ]


@requires(Action.DEVICE_EVIDENCE)
def packet(request: HttpRequest, finding_id: int, number: int) -> HttpResponse:
    """The packet behind one piece of evidence of a finding."""
    opened = request.GET.get("payload") == "shown"
    return render(request, "exposure/packet.html", shown_evidence(request, finding_id, number, opened=opened))


def shown_evidence(request: HttpRequest, finding_id: int, number: int, *, opened: bool) -> dict[str, Any]:
    """A piece of evidence with its packet, for the page and the API; that it was shown is recorded.

    Raises:
        Http404: There is no such finding or evidence, or none for this person.
    """
    finding = get_object_or_404(Finding, pk=finding_id)
    device = found(request, finding.device_id, Action.DEVICE_EVIDENCE, fulfils=[Obligation.HIDE_NOTES])
    if not may(request.user, Action.FINDING_VIEW, device, fulfils=[Obligation.HIDE_NOTES]).allowed:
        raise Http404
    if not 0 <= number < len(finding.evidence):
        raise Http404
    told = finding.evidence[number]
    clue = Evidence(
        attribute=str(told.get("attribute") or "weakness"),
        value=str(told.get("value") or told.get("what") or finding.title),
        protocol=str(told.get("protocol") or ""),
        weight=float(told.get("weight") or 1.0),
        capture=str(told.get("capture") or ""),
        packet=int(told.get("packet") or 0),
    )
    with Registry.open(WORKSPACE.registry_path) as registry:
        captures = {entry.digest: entry for _, entry in registry.captures(device.site.name)}
    context = shown_packet(request, device, clue, captures, opened=opened)
    return context | {"finding": finding, "number": number, "count": len(finding.evidence)}


def summary(request: HttpRequest, device: Device) -> dict[str, Any]:
    """What the page of a device says of this in short; empty where the person may not see it."""
    on = facts_of(device, Action.RISK_VIEW)
    if not may(request.user, Action.RISK_VIEW, on, fulfils=[Obligation.HIDE_NOTES]).allowed:
        return {}
    risk = Risk.objects.filter(device=device).first()
    if risk is None:
        return {}
    findings: Iterable[Finding] = ()
    if may(request.user, Action.FINDING_VIEW, on, fulfils=[Obligation.HIDE_NOTES]).allowed:
        findings = Finding.objects.filter(device=device, ended=None).only("title", "answer", "exploited")[
            :REASONS_SHOWN
        ]
    return {
        "risk": risk,
        "tone": TIER_TONES.get(risk.tier, ""),
        "factors": scored(risk)[:REASONS_SHOWN],
        "findings": findings,
    }
