"""The steps of a penetration test, each with its record in one transaction; the pages and the API take them alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from asepsis.exposure.engagement import FINDING_STEPS, EngagementError, in_scope, step
from asepsis.web.authorisation.actions import Action
from asepsis.web.devices.models import Device
from asepsis.web.facilities.models import Site
from asepsis.web.ledger.record import record
from asepsis.web.people.models import Person
from asepsis.web.testing.models import Engagement, EngagementFinding


def propose(
    request: HttpRequest,
    site: Site,
    *,
    by: Person,
    title: str,
    testers: str,
    networks: Sequence[str],
    do_not_touch: Sequence[str],
    devices: Sequence[Device] = (),
    rules: str = "",
    starts: datetime,
    ends: datetime,
) -> Engagement:
    """Proposes the scope of a test.

    Raises:
        EngagementError: It has no scope, or ends before it starts.
    """
    if not networks and not devices:
        raise EngagementError("a test needs a scope: networks or devices", code="engagement-scope")
    if ends <= starts:
        raise EngagementError("it ends before it starts", code="engagement-time")
    with transaction.atomic():
        made = Engagement.objects.create(
            site=site,
            title=title,
            testers=testers,
            networks=list(networks),
            do_not_touch=list(do_not_touch),
            rules=rules,
            starts=starts,
            ends=ends,
            state=Engagement.State.PROPOSED,
            proposer=by,
        )
        made.devices.set(devices)
        what = {"title": title, "networks": networks, "do_not_touch": do_not_touch, "testers": testers}
        record(request, Action.ENGAGEMENT_PROPOSE, subject=f"engagement:{made.pk}", what=what, site=site.name)
    return made


def decide(request: HttpRequest, one: Engagement, *, by: Person, approve: bool) -> None:
    """Approves or refuses a scope that another person proposed.

    Raises:
        EngagementError: It does not wait for approval.
    """
    then = Engagement.State.APPROVED if approve else Engagement.State.REFUSED
    with transaction.atomic():
        waiting = Engagement.objects.filter(pk=one.pk, state=Engagement.State.PROPOSED).exclude(proposer=by)
        if not waiting.update(state=then, decided_by=by, decided=timezone.now()):
            raise EngagementError("this test does not wait for approval", code="engagement-state")
        record(
            request,
            Action.ENGAGEMENT_APPROVE,
            subject=f"engagement:{one.pk}",
            what={"state": then},
            site=one.site.name,
        )
    one.refresh_from_db()


def close(request: HttpRequest, one: Engagement, *, summary: str) -> None:
    """Ends a test, with the words for the report's first page.

    Raises:
        EngagementError: It was not approved, or is closed.
    """
    with transaction.atomic():
        fresh = Engagement.objects.select_for_update().get(pk=one.pk)
        fresh.state = step(fresh.state, Engagement.State.CLOSED)
        fresh.summary = summary
        fresh.save(update_fields=["state", "summary"])
        _worked(request, one, {"state": fresh.state})
    one.refresh_from_db()


def add_finding(
    request: HttpRequest,
    one: Engagement,
    *,
    by: Person,
    title: str,
    severity: str,
    evidence: str,
    recommendation: str,
    device: Device | None = None,
) -> EngagementFinding:
    """Writes down what was found.

    Raises:
        EngagementError: The test is not approved, or the device lies outside its scope.
    """
    if one.state != Engagement.State.APPROVED:
        raise EngagementError("findings belong to a test that is approved and not closed", code="engagement-state")
    if device is not None and not is_in_scope(one, device):
        raise EngagementError(
            f"{device.title} lies outside the scope of this test",
            code="engagement-scope",
            hint="Tell who is in charge.",
        )
    with transaction.atomic():
        made = EngagementFinding.objects.create(
            engagement=one,
            device=device,
            title=title,
            severity=severity,
            evidence=evidence,
            recommendation=recommendation,
            changed_by=by,
        )
        _worked(request, one, {"finding": made.pk, "severity": severity, "device": "" if device is None else device.pk})
    return made


def retest(request: HttpRequest, found: EngagementFinding, *, by: Person, state: str, seen: str) -> None:
    """Says that a finding is fixed, or what the retest saw.

    Raises:
        EngagementError: The step is not possible, or the retest says nothing of what it saw.
    """
    tested = state in (EngagementFinding.State.GONE, EngagementFinding.State.STANDS)
    if tested and not seen.strip():
        raise EngagementError("a retest says what it saw", code="engagement-retest")
    with transaction.atomic():
        fresh = EngagementFinding.objects.select_for_update().get(pk=found.pk)
        fresh.state = step(fresh.state, state, steps=FINDING_STEPS)
        fresh.changed_by = by
        if tested:
            fresh.retested = timezone.now()
            fresh.retest = seen
        fresh.save()
        _worked(request, found.engagement, {"finding": found.pk, "state": state})
    found.refresh_from_db()


def is_in_scope(one: Engagement, device: Device) -> bool:
    """Whether a test may touch a device."""
    return device.site_id == one.site_id and in_scope(
        device.pk,
        device.ips,
        devices=set(one.devices.values_list("pk", flat=True)),
        networks=one.networks,
        do_not_touch=one.do_not_touch,
    )


def _worked(request: HttpRequest, one: Engagement, what: dict[str, Any]) -> None:
    record(request, Action.ENGAGEMENT_WORK, subject=f"engagement:{one.pk}", what=what, site=one.site.name)
