"""The steps of a scan up to its run, each with its record in one transaction; the pages and the API take them alike."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from asepsis.exposure.scanning.approval import approve as let_run
from asepsis.exposure.scanning.plan import Plan, Question, ScanError
from asepsis.kernel.time import SECOND_NS
from asepsis.pipeline.scanning.folder import ScanFolder, signing_key
from asepsis.pipeline.scanning.planning import look, make_plan, no_longer
from asepsis.web.authorisation.actions import Action
from asepsis.web.facilities.models import Site
from asepsis.web.ledger.record import record
from asepsis.web.people.models import Person
from asepsis.web.settings import CONFIGURATION, WORKSPACE
from asepsis.web.testing.models import Scan
from asepsis.web.testing.recorded import life_sustaining

HOURS: Final = (4, 24, 72)
"""For so long an approval may hold."""


def planned(site: Site, questions: Collection[Question]) -> Plan:
    """The plan for a site as it is now; nothing is sent.

    Raises:
        ScanError: More devices would be asked than one scan may ask.
    """
    known = look(WORKSPACE, site.name, life_sustaining=life_sustaining(site.name))
    return make_plan(known, CONFIGURATION.scanning, site=site.name, now_ns=time.time_ns(), questions=questions)


def propose(request: HttpRequest, site: Site, questions: Collection[Question], *, reason: str, by: Person) -> Scan:
    """Keeps a plan for somebody else to approve.

    Raises:
        ScanError: Nobody would be asked, or too many.
    """
    plan = planned(site, questions)
    if not plan.targets:
        raise ScanError(
            "everybody is left out: nobody would be asked",
            code="scan-empty",
            hint="The sensor must watch the site, and services must have been seen to answer.",
        )
    with transaction.atomic():
        scan = Scan.objects.create(
            site=site,
            reason=reason,
            plan=plan.digest,
            targets=plan.document()["targets"],
            left_out=dict(Counter(one.why for one in plan.left_out).most_common()),
            packets=plan.packets,
            proposer=by,
        )
        what = {"plan": plan.digest, "site": site.name, "targets": [one.device for one in plan.targets]}
        record(request, Action.SCAN_PROPOSE, subject=f"scan:{scan.pk}", what=what, reason=reason, site=site.name)
        ScanFolder(WORKSPACE, scan.pk).make(plan)
    return scan


def approve(request: HttpRequest, scan: Scan, *, by: Person, hours: int) -> None:
    """Lets a scan run within some hours: signed, so that who runs it can tell.

    Raises:
        ScanError: It does not wait for approval (any more), its proposer would approve it, or a device may no longer be
            asked.
    """
    if hours not in HOURS:
        raise ScanError("an approval holds for at most three days", code="scan-time")
    folder = ScanFolder(WORKSPACE, scan.pk)
    plan = folder.plan()
    known = look(WORKSPACE, scan.site.name, life_sustaining=life_sustaining(scan.site.name))
    gone = no_longer(plan, known, CONFIGURATION.scanning, now_ns=time.time_ns())
    fragile = {
        device.id: gone[device.id]
        for device in known.devices
        if device.id in gone and known.circumstances[device.id].sustains_life
    }
    if plan.digest != scan.plan or fragile or len(gone) == len(plan.targets):
        why = next(iter(gone.values()), "the plan's file was altered")
        raise ScanError(f"the plan is out of date: {why}", code="scan-plan", hint="Refuse it, and propose it anew.")
    now = timezone.now()
    until = now + timedelta(hours=hours)
    approval = let_run(
        plan,
        scan=scan.pk,
        proposer=scan.proposer.username,
        approver=by.username,
        from_ns=int(now.timestamp()) * SECOND_NS,
        until_ns=int(until.timestamp()) * SECOND_NS,
    )
    with transaction.atomic():
        fresh = Scan.objects.filter(pk=scan.pk, state=Scan.State.PROPOSED).exclude(proposer=by)
        if not fresh.update(state=Scan.State.APPROVED, decided_by=by, decided=now, runs_until=until):
            raise ScanError("this scan does not wait for approval", code="scan-state")
        what = {"plan": plan.digest, "until": until.isoformat(), "step": "approve"}
        record(request, Action.SCAN_APPROVE, subject=f"scan:{scan.pk}", what=what, site=scan.site.name)
        folder.keep_approval(approval.sealed(signing_key(WORKSPACE)))
    scan.refresh_from_db()


def stop(request: HttpRequest, scan: Scan, *, by: Person) -> None:
    """Refuses a scan that waits, or stops one that was approved, also while it runs.

    Raises:
        ScanError: It was refused or stopped before.
    """
    with transaction.atomic():
        waiting = Scan.objects.filter(pk=scan.pk, state=Scan.State.PROPOSED)
        if waiting.update(state=Scan.State.REFUSED, decided_by=by, decided=timezone.now()):
            step = "refuse"
        elif Scan.objects.filter(pk=scan.pk, state=Scan.State.APPROVED).update(state=Scan.State.STOPPED):
            step = "stop"
        else:
            raise ScanError("this scan was refused or stopped before", code="scan-state")
        record(request, Action.SCAN_STOP, subject=f"scan:{scan.pk}", what={"step": step}, site=scan.site.name)
        folder = ScanFolder(WORKSPACE, scan.pk)
        folder.ask_to_stop()
        folder.approval_path.unlink(missing_ok=True)
    scan.refresh_from_db()


def run_of(scan: Scan) -> dict[str, Any]:
    """How the run stands, by what whoever runs it has written: empty where nobody has begun."""
    folder = ScanFolder(WORKSPACE, scan.pk)
    try:
        progress: dict[str, Any] = folder.document(folder.progress_path) or {}
    except ValueError:
        progress = {}
    return progress


def answers_of(scan: Scan) -> list[dict[str, Any]]:
    """What was answered, question by question."""
    folder = ScanFolder(WORKSPACE, scan.pk)
    found: list[dict[str, Any]] = folder.document(folder.answers_path) or []
    return found
