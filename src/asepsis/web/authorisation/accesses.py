"""Who looked at one's own data: what the ledger says of a patient, for the patient, without the names of staff."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from asepsis.kernel.value import value
from asepsis.ledger import Record
from asepsis.ledger.queries import ask_of_patient
from asepsis.web.authorisation import schema
from asepsis.web.authorisation.actions import Action, Purpose
from asepsis.web.authorisation.asking import asker
from asepsis.web.authorisation.decide import may
from asepsis.web.authorisation.facts import HOSPITAL, RecordFacts
from asepsis.web.authorisation.models import BreakGlassUse
from asepsis.web.authorisation.routes import requires
from asepsis.web.ledger.opened import ledger
from asepsis.web.ledger.record import record
from asepsis.web.people.models import Person, Role

PER_PAGE: Final = 50
PURPOSES: Final[dict[str, str]] = {
    Purpose.TREATMENT: "Treatment",
    Purpose.EMERGENCY_TREATMENT: "Emergency treatment",
    Purpose.BREAK_THE_GLASS: "Emergency access",
    Purpose.CARE_MANAGEMENT: "Organising care",
    Purpose.HEALTHCARE_OPERATIONS: "Keeping the hospital's devices working",
    Purpose.SYSTEM_ADMINISTRATION: "Administration of this system",
    Purpose.COMPLIANCE: "Checking that rules are kept",
    Purpose.QUALITY_IMPROVEMENT: "Improving quality",
    Purpose.PATIENT_SAFETY: "Safety of patients",
    Purpose.PATIENT_REQUESTED: "You asked for it",
    Purpose.RESEARCH: "Research",
}
"""Codes of v3-PurposeOfUse -> what a patient reads."""
GLASS: Final = frozenset({Action.BREAK_GLASS, Action.BREAK_GLASS_END, Action.BREAK_GLASS_REVIEW})
ACTS: Final[dict[str, str]] = {
    Action.BREAK_GLASS: "Opened a device that serves you, in an emergency",
    Action.BREAK_GLASS_END: "Ended an emergency access",
    Action.BREAK_GLASS_REVIEW: "Reviewed an emergency access",
    Action.ADMINISTRATOR_PROPOSE: "Proposed that this account is yours",
    Action.ADMINISTRATOR_APPROVE: "Decided whether this account is yours",
    Action.ROLE_WITHDRAW: "Took this account's role back",
    Action.ACCESS_LIST: "Read this page",
}
"""Acts whose title in the schema speaks to those who work here."""
OUTCOMES: Final = {"success": "done", "refused": "refused", "failed": "failed"}


@value
class Access:
    """One entry of the ledger, as the patient whom it names reads it."""

    at: datetime
    roles: list[str]
    yourself: bool
    act: str
    purpose: str
    outcome: str
    break_glass: bool
    reason: str
    """Why the glass was broken; empty where it was not."""
    review: str


@requires(Action.ACCESS_LIST)
def who_looked(request: HttpRequest) -> HttpResponse:
    """The ledger's entries that name the patient who asks, the newest first."""
    text = request.GET.get("before_entry", "")
    before = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
    found, further = read_accesses(request, before=before, limit=PER_PAGE, by="page")
    context = {"accesses": found, "next": further, "paged": before is not None}
    return render(request, "authorisation/who_looked.html", context)


def read_accesses(request: HttpRequest, *, before: int | None, limit: int, by: str) -> tuple[list[Access], int | None]:
    """One page of what the ledger says of the patient who asks, and where the next one begins; recorded.

    Raises:
        PermissionDenied: The account belongs to no patient, or the policies do not allow it.
    """
    person = request.user
    assert isinstance(person, Person)
    reference = asker(person).subject.patient
    if reference is None:
        raise PermissionDenied(Action.ACCESS_LIST)
    own = RecordFacts(id=reference, scope=HOSPITAL, patient=reference)
    if not may(person, Action.ACCESS_LIST, own).allowed:
        raise PermissionDenied(Action.ACCESS_LIST)
    page = ask_of_patient(ledger(), reference, before=before, limit=limit)
    record(request, Action.ACCESS_LIST, subject="own accesses", patient=reference, what={"by": by})
    uses = list(BreakGlassUse.objects.filter(patient=reference))
    entries = [entry.record for entry in page.entries]
    return [_access(one, person, uses) for one in entries if one is not None], page.next


def _access(one: Record, person: Person, uses: list[BreakGlassUse]) -> Access:
    use = _use_of(one, uses)
    yourself = one.actor == f"person:{person.pk}"
    labels = dict(Role.choices)
    return Access(
        at=datetime.fromtimestamp(one.time_ns // 1_000_000_000, UTC),
        roles=[str(labels.get(role, role)) for role in one.roles],
        yourself=yourself,
        act=ACTS.get(one.kind) or _title(one.kind),
        purpose=PURPOSES.get(one.purpose, one.purpose),
        outcome=OUTCOMES[one.outcome.value],
        break_glass=use is not None,
        reason=use.get_reason_display() if use is not None else "",
        review=_review(use) if use is not None else "",
    )


def _use_of(one: Record, uses: list[BreakGlassUse]) -> BreakGlassUse | None:
    """The use of break-glass that a record is of or under."""
    kind, _, id_ = one.subject.partition(":")
    named = str((one.details or {}).get("use", "")) if one.kind == Action.BREAK_GLASS else id_
    for use in uses:
        if one.kind in GLASS and str(use.pk) == named:
            return use
        begun, ended = use.opened.timestamp(), (use.ended or use.until).timestamp()
        under = kind == "device" and use.device_id == id_ and one.actor == f"person:{use.person_id}"
        # A record is made a moment after what it tells; the database rounds to microseconds.
        if one.kind not in GLASS and under and begun <= one.time_ns / 1e9 <= ended + 60:
            return use
    return None


def _review(use: BreakGlassUse) -> str:
    if use.reviewed is None:
        return "still open" if use.is_open() else "waits for its review by the privacy office"
    return f"reviewed on {use.reviewed:%Y-%m-%d}: {use.get_finding_display().lower()}"


def _title(kind: str) -> str:
    return schema.actions()[Action(kind)].title if kind in set(Action) else kind
