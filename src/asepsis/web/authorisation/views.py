"""Why somebody may or may not, in words; and the page of a refusal."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from asepsis.web.authorisation import schema
from asepsis.web.authorisation.actions import Action, Kind, Obligation
from asepsis.web.authorisation.asking import asker_for, engine, place_of, subject_of
from asepsis.web.authorisation.decide import may
from asepsis.web.authorisation.engine import Decision
from asepsis.web.authorisation.explanation import Remedy, explain, gives
from asepsis.web.authorisation.facts import HOSPITAL, Circumstances, DeviceFacts, Facts, ScopeFacts, System
from asepsis.web.authorisation.forms import WhyForm
from asepsis.web.authorisation.routes import Refused, requires
from asepsis.web.devices.models import Device
from asepsis.web.ledger.record import record
from asepsis.web.people.models import Person, Role

REMEDIES: Final = {
    Remedy.SECOND_FACTOR: "by signing in with a second factor",
    Remedy.FRESH_SIGN_IN: "after signing in anew",
    Remedy.DEVICE_BOUND_PASSKEY: "by signing in with a passkey that cannot leave its device",
    Remedy.FRESH_DEVICE_BOUND_PASSKEY: "by signing in anew with a passkey that cannot leave its device",
}

# The policies that ask for another way to be signed in, and where that is done.
_STEPS: Final = {
    "second-factor": ("Set up a second factor", "mfa_index"),
    "device-bound-passkey": ("Sign in with such a passkey, or add one", "mfa_index"),
    "fresh-sign-in": ("Sign in anew", "mfa_reauthenticate"),
}


@requires(Action.EXPLAIN)
def why(request: HttpRequest) -> HttpResponse:
    """Decides as the engine does and shows what decided, and what would change the answer."""
    assert isinstance(request.user, Person)
    form = WhyForm(request.GET or None, people=asked_of(request.user))
    policies = sorted(engine().policies.values(), key=lambda policy: (policy.file, policy.line))
    context: dict[str, Any] = {"form": form, "policies": policies}
    if request.GET and form.is_valid():
        context |= answer(request, form)
    return render(request, "authorisation/why.html", context)


def asked_of(person: Person) -> QuerySet[Person]:
    """About whom a person may ask: whoever may not list people learns no names here either."""
    return Person.objects.all() if may(person, Action.PERSON_LIST).allowed else Person.objects.none()


def answer(request: HttpRequest, form: Form) -> dict[str, Any]:
    """The explanation that a valid form asks for.

    Raises:
        Refused: It is about another person, of whom this one may not ask.
    """
    assert isinstance(request.user, Person)
    asked: Person = form.cleaned_data["person"] or request.user
    action: Action = form.cleaned_data["action"]
    device: Device | None = form.cleaned_data["device"]
    myself = asked.pk == request.user.pk
    if not myself:
        decision = may(request.user, Action.EXPLAIN_PERSON, asked)
        if not decision.allowed:
            raise Refused(Action.EXPLAIN_PERSON, decision)
        record(request, Action.EXPLAIN_PERSON, subject=f"person:{asked.pk}", what={"action": action})
    if device is not None and not may(request.user, Action.DEVICE_VIEW, device, fulfils=list(Obligation)).allowed:
        # Nobody learns here that a device is there; it is answered like one that lies nowhere.
        device = None
    who = asker_for(request.user, action)
    subject = who.subject if myself else subject_of(asked)
    circumstances = who.circumstances if myself else _at_best()
    kinds = schema.actions()[action].kinds
    on: Facts | None = None
    scope = HOSPITAL
    if device is not None and Kind.DEVICE in kinds:
        scope = place_of(device)
        groups = tuple(str(pk) for pk in device.groups.values_list("pk", flat=True))
        on = DeviceFacts(id=device.pk, scope=scope, groups=groups)
    elif kinds == (Kind.SYSTEM,):
        on = System()
    elif kinds == (Kind.SCOPE,):
        on = ScopeFacts(scope=HOSPITAL)
    found = explain(engine(), subject, action, on, circumstances, scope=scope)
    grants = asked.grants.select_related("site", "department", "device_group", "granted_by")
    return {
        "givers": [
            grant
            for grant in (grants if found.decision.allowed else ())
            if gives(engine(), subject_of(asked, only=grant), action, on, circumstances)
        ],
        "asked": asked,
        "myself": myself,
        "title": schema.actions()[action].title,
        "device": device if on is not None else None,
        "explanation": found,
        "anywhere": on is None,
        "remedy": REMEDIES[found.remedy] if found.remedy else "",
        "roles": [Role(role).label for role in found.roles],
    }


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The page of a refusal: what decided it, and what the person can do about it."""
    decision = exception.decision if isinstance(exception, Refused) else Decision(allowed=False)
    steps = []
    for policy in decision.policies:
        words, route = _STEPS.get(policy.id, ("", ""))
        try:
            address = f"{reverse(route)}?{urlencode({'next': request.get_full_path()})}" if route else ""
        except NoReverseMatch:
            continue
        if address:
            steps.append((words, address))
    context = {
        "policies": decision.policies,
        "steps": dict(steps),
        "title": schema.actions()[exception.action].title if isinstance(exception, Refused) else "",
    }
    return render(request, "authorisation/refused.html", context, status=403)


def _at_best() -> Circumstances:
    """Another person is asked about as if signed in as strongly as can be: what the roles allow at most."""
    return Circumstances(assurance_level=3, device_bound=True, signed_in_seconds_ago=0, now=timezone.now())
