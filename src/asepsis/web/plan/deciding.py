"""What people say of the plan, each with its record in one transaction; pages and API take these steps alike."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import UTC, date, datetime, time

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone

from asepsis.exposure.plan import acceptance as engine
from asepsis.exposure.plan.tickets import Progress, Said
from asepsis.exposure.plan.verification import UNSEEN
from asepsis.kernel.errors import AsepsisError
from asepsis.kernel.value import value
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import may
from asepsis.web.ledger.record import record
from asepsis.web.people.models import Person
from asepsis.web.plan.models import Acceptance, DeviceBasis, PlanItem, Work
from asepsis.web.plan.projection import key, value_of
from asepsis.web.webhooks.announcing import announce
from asepsis.web.webhooks.models import Event

SETTABLE = (Progress.OPEN, Progress.IN_PROGRESS, Progress.DONE)
"""What people say; the rest is seen."""


# A database binds so many values at once.
_AT_ONCE = 500


@value
class Taken:
    """What became of a file of states."""

    changed: int
    unchanged: int
    unknown: int
    """Ids that are no work of ours, or of sites of others."""


def say(request: HttpRequest, item: PlanItem, state: Progress, *, ticket: str | None, by: Person) -> bool:
    """Somebody says how far a piece of work is.

    Returns:
        Whether that is news.

    Raises:
        AsepsisError: Only what is seen says that (code ``plan-state``).
    """
    if state not in SETTABLE:
        raise AsepsisError(
            "only what is seen verifies work", code="plan-state", hint=f"one of {', '.join(map(str, SETTABLE))}"
        )
    with transaction.atomic():
        work, _ = Work.objects.select_for_update().get_or_create(item=item)
        before = (work.state, work.ticket)
        told = work.ticket if ticket is None else ticket[:100]
        # Work that was seen to be done, or not, was said to be done.
        known = Progress.DONE.value if work.done is not None else work.state
        if (known, work.ticket) == (state.value, told):
            return False
        if known != state.value:
            work.state = state.value
            work.why = UNSEEN if state is Progress.DONE else ""
            work.done = timezone.now() if state is Progress.DONE else None
            work.devices = list(item.devices.values_list("device_id", flat=True)) if state is Progress.DONE else []
        work.ticket = told
        work.changed = timezone.now()
        work.changed_by = by
        work.save()
        what = {"state": {"old": before[0], "new": work.state}, "ticket": {"old": before[1], "new": work.ticket}}
        record(request, Action.PLAN_EDIT, subject=f"plan:{item.pk}", what=what, site=item.site.name)
        announce(Event.PLAN_CHANGED, {"item": item.pk, "state": work.state, "site": item.site.name})
    return True


def take_states(request: HttpRequest, said: Iterable[Said], *, by: Person) -> Taken:
    """The states of another system; work that this person may not change is as unknown as what is none.

    Of what is said of one piece of work several times, the last counts: each change is a record in the ledger, and a
    file of fifty thousand lines on one piece of work would be as many.
    """
    changed = unchanged = unknown = 0
    lasting = {one.id: one for one in said}
    found: dict[str, PlanItem] = {}
    ids = sorted(lasting)
    for begin in range(0, len(ids), _AT_ONCE):
        found.update(PlanItem.objects.select_related("site").in_bulk(ids[begin : begin + _AT_ONCE]))
    for one in lasting.values():
        item = found.get(one.id)
        if item is None or not may(by, Action.PLAN_EDIT, item.site).allowed:
            unknown += 1
        elif say(request, item, one.state, ticket=one.ticket or None, by=by):
            changed += 1
        else:
            unchanged += 1
    return Taken(changed=changed, unchanged=unchanged, unknown=unknown)


def propose(request: HttpRequest, item: PlanItem, *, reason: str, until: date, by: Person) -> Acceptance:
    """Somebody would live with a risk until a day, that day included.

    Raises:
        AsepsisError: Reason or day cannot be, no device is concerned, or it is proposed or accepted already.
    """
    now = timezone.now()
    ids = list(item.devices.values_list("device_id", flat=True))
    rows = DeviceBasis.objects.in_bulk(ids)
    basis = tuple(
        (name, engine.Basis.read({"score": row.score, "reasons": row.reasons})) for name, row in sorted(rows.items())
    )
    role = _role(by, item, Action.ACCEPTANCE_PROPOSE)
    made = engine.propose(
        item.pk,
        basis,
        reason=reason,
        proposer=str(by.pk),
        role=role,
        now=now,
        until=datetime.combine(until, time.max, UTC),
    )
    try:
        with transaction.atomic():
            row = Acceptance.objects.create(
                item=item,
                site=item.site,
                reason=made.reason,
                until=made.until,
                basis={name: one.document() for name, one in made.basis},
                proposer=by,
                role=role,
                proposed=now,
            )
            what = {"item": item.pk, "until": until.isoformat(), "devices": len(basis)}
            record(
                request,
                Action.ACCEPTANCE_PROPOSE,
                subject=f"acceptance:{row.pk}",
                what=what,
                reason=made.reason,
                site=item.site.name,
            )
            announce(Event.ACCEPTANCE_PROPOSED, {"acceptance": str(row.pk), "item": item.pk, "site": item.site.name})
    except IntegrityError as error:
        raise AsepsisError("it is proposed or accepted already", code="acceptance-state") from error
    return row


def decide(request: HttpRequest, row: Acceptance, *, approve: bool, by: Person) -> None:
    """A second person accepts, or anybody who may rejects or withdraws, also what was accepted.

    Raises:
        AsepsisError: It was decided meanwhile, its day is past, or its proposer would approve it.
    """
    action = Action.ACCEPTANCE_APPROVE if approve else Action.ACCEPTANCE_REFUSE
    with transaction.atomic():
        current = Acceptance.objects.select_for_update().select_related("item__site").get(pk=row.pk)
        before = current.state
        if approve:
            if current.state != Acceptance.State.PROPOSED:
                raise AsepsisError("it was decided already", code="acceptance-state")
            now = timezone.now()
            role = _role(by, current.item, action)
            signed = engine.approve(value_of(current), approver=str(by.pk), role=role, now=now, key=key())
            current.approver = by
            current.approver_role = role
            current.decided = now
            current.signature = base64.b64encode(signed.signature).decode()
            current.state = Acceptance.State.STANDING
        elif current.state == Acceptance.State.PROPOSED:
            own = current.proposer_id == by.pk
            current.state = Acceptance.State.WITHDRAWN if own else Acceptance.State.REFUSED
        elif current.state == Acceptance.State.STANDING:
            current.state = Acceptance.State.WITHDRAWN
        else:
            raise AsepsisError("it was decided already", code="acceptance-state")
        current.changed = timezone.now()
        current.save()
        what = {"item": current.item_id, "state": {"old": before, "new": current.state}}
        record(request, action, subject=f"acceptance:{current.pk}", what=what, site=current.item.site.name)
        data = {"acceptance": str(current.pk), "item": current.item_id, "state": current.state}
        announce(Event.ACCEPTANCE_DECIDED, {**data, "site": current.item.site.name})
    row.refresh_from_db()


def _role(person: Person, item: PlanItem, action: Action) -> str:
    """As which the person answers for it: the role that lets them do it there."""
    from asepsis.web.authorisation.asking import asker

    who = asker(person)
    held = {str(grant.role) for grant in who.subject.at(who.circumstances.now).grants}
    return next((role for role in ("clinical_engineer", "security_analyst") if role in held), min(held, default=""))
