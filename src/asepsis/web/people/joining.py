"""Taking an invitation: a name, then a passkey (first choice) or a password that a second factor follows."""

from __future__ import annotations

import uuid
from typing import Any, Final, cast

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from allauth.core.internal import ratelimit
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.webauthn.internal import auth
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from asepsis.web.authorisation.routes import public
from asepsis.web.ledger.record import record
from asepsis.web.people import invitations, passkeys
from asepsis.web.people.forms import FirstPasswordForm, WhoForm
from asepsis.web.people.models import Invitation, Person

PENDING: Final = "asepsis_joining"
# A token cannot be guessed; this keeps guessing from being work for us.
OPENED: Final = {"join": "60/m/ip"}


@public
@never_cache
def opened(request: HttpRequest, token: str) -> HttpResponse:
    """The link itself: what it says moves into the session, and the token out of the address."""
    if not ratelimit.consume(request, app="allauth.account", action="join", config=OPENED, limit_get=True):
        return cast("HttpResponse", ratelimit.respond_429(request))
    invitation = invitations.find(token)
    if invitation is None:
        return render(request, "people/join_over.html", status=404)
    if request.user.is_authenticated:
        return render(request, "people/join_signed_in.html", status=409)
    request.session.flush()
    request.session[PENDING] = {"invitation": str(invitation.pk)}
    return HttpResponseRedirect(reverse("join"))


@public
@never_cache
def join(request: HttpRequest) -> HttpResponse:
    """Who somebody is."""
    invitation = _pending(request)
    if invitation is None:
        return render(request, "people/join_over.html", status=404)
    if invitation.renews:
        return HttpResponseRedirect(reverse("join_passkey"))
    form = WhoForm(request.POST or None, initial={"name": invitation.name})
    if request.method == "POST" and form.is_valid():
        request.session[PENDING] = {"invitation": str(invitation.pk), **form.cleaned_data}
        return HttpResponseRedirect(reverse("join_passkey"))
    return render(request, "people/join.html", {"form": form, "invitation": invitation})


@public
@never_cache
def with_passkey(request: HttpRequest) -> HttpResponse:
    """A passkey, which is all that is needed."""
    invitation = _pending(request)
    person = _person(request, invitation)
    if invitation is None or person is None:
        return HttpResponseRedirect(reverse("join"))
    form = passkeys.AddPasskeyForm(request.POST or None, user=person)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            person = invitations.take(invitation, username=person.username, name=person.name)
            row = passkeys.add(person, form)
            _recorded(request, invitation, person, way="passkey")
        post_authentication(request, row, reauthenticated=True, passwordless=True)
        return _in(request, person, "/")
    shown = {
        "form": form,
        "js_data": {"creation_options": auth.begin_registration(person, True)},
        "invitation": invitation,
        "person": person,
    }
    return render(request, "people/join_passkey.html", shown)


@public
@never_cache
def with_password(request: HttpRequest) -> HttpResponse:
    """A password; a second factor is asked for next."""
    invitation = _pending(request)
    person = _person(request, invitation)
    if invitation is None or person is None:
        return HttpResponseRedirect(reverse("join"))
    form = FirstPasswordForm(request.POST or None, person=person)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            password = form.cleaned_data["password1"]
            person = invitations.take(invitation, username=person.username, name=person.name, password=password)
            _recorded(request, invitation, person, way="password")
        record_authentication(request, person, "password", username=person.username, reauthenticated=True)
        return _in(request, person, reverse("second_factor"))
    return render(request, "people/join_password.html", {"form": form, "person": person})


def _pending(request: HttpRequest) -> Invitation | None:
    kept: dict[str, Any] = request.session.get(PENDING) or {}
    return invitations.find_by_id(kept["invitation"]) if "invitation" in kept else None


def _person(request: HttpRequest, invitation: Invitation | None) -> Person | None:
    """The person that there will be, not stored; None before they said who they are."""
    if invitation is None:
        return None
    if invitation.renews:
        return invitation.person
    kept = request.session[PENDING]
    if "username" not in kept or Person.objects.filter(username__iexact=kept["username"]).exists():
        return None
    return Person(id=uuid.UUID(str(invitation.person_id_of_new)), username=kept["username"], name=kept["name"])


def _recorded(request: HttpRequest, invitation: Invitation, person: Person, *, way: str) -> None:
    what = {
        "invitation": str(invitation.pk),
        "invited_by": str(invitation.invited_by_id or "the machine"),
        "username": person.username,
        "way": way,
        "renewed": invitation.renews,
        "roles": [role["role"] for role in invitation.roles],
    }
    record(request, "person.join", subject=f"person:{person.pk}", what=what)


def _in(request: HttpRequest, person: Person, then: str) -> HttpResponse:
    request.session.pop(PENDING, None)
    response: HttpResponse = perform_login(request, Login(user=person, redirect_url=then))
    return response
