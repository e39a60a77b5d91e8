"""One's own account: name, passkeys, codes, sessions; and the pages of the sign-in library, each with our checks."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from allauth.account.views import LoginView, PasswordChangeView, PasswordSetView, ReauthenticateView
from allauth.core.exceptions import ReauthenticationRequired
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.flows import auto_generate_recovery_codes
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.internal import auth
from allauth.mfa.webauthn.views import (
    AddWebAuthnView,
    EditWebAuthnView,
    ReauthenticateWebAuthnView,
    RemoveWebAuthnView,
)
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from asepsis.web import settings
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.routes import own, requires
from asepsis.web.ledger.record import record
from asepsis.web.people import codes, passkeys, sessions
from asepsis.web.people.forms import NameForm
from asepsis.web.people.middleware import enough, is_administrator
from asepsis.web.people.models import Person
from asepsis.web.people.strength import is_device_bound, strength
from asepsis.web.settings import CONFIGURATION


def signed_in(request: HttpRequest) -> Person:
    """Who asks; routes let nobody else here."""
    assert isinstance(request.user, Person)
    return request.user


def ways_in(person: Person) -> dict[str, Any]:
    """What a person can sign in with, as pages show it."""
    rows = list(Authenticator.objects.filter(user=person).order_by("created_at"))
    recovery = next((row for row in rows if row.type == Authenticator.Type.RECOVERY_CODES), None)
    keys = [
        {
            "id": row.pk,
            "name": row.data.get("name", ""),
            "device_bound": is_device_bound(row.data),
            "cloned": row.data.get("cloned_at") is not None,
            "created": row.created_at,
            "used": row.last_used_at,
        }
        for row in rows
        if row.type == Authenticator.Type.WEBAUTHN
    ]
    return {
        "passkeys": keys,
        "app": next((row for row in rows if row.type == Authenticator.Type.TOTP), None),
        "codes_left": len(recovery.wrap().get_unused_codes()) if recovery else 0,
        "has_password": person.has_usable_password(),
    }


@own
def account(request: HttpRequest) -> HttpResponse:
    """Everything of one's own account on one page."""
    person = signed_in(request)
    form = NameForm(request.POST or None, instance=person)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            before = Person.objects.values_list("name", flat=True).get(pk=person.pk)
            form.save()
            what = {"name": [before, person.name]}
            record(request, "person.rename", subject=f"person:{person.pk}", what=what)
        messages.success(request, "Your name was changed.")
        return HttpResponseRedirect(reverse("account"))
    shown = {
        "form": form,
        **ways_in(person),
        "roles": person.grants.select_related("site", "department", "device_group"),
        "sessions": sessions.live(person),
        "here": request.session.session_key,
        "strength": strength(request),
    }
    return render(request, "people/account.html", shown)


@own
def second_factor(request: HttpRequest) -> HttpResponse:
    """What is still to be shown or set up before anything else opens."""
    person = signed_in(request)
    if enough(request, person):
        return HttpResponseRedirect("/")
    ways = ways_in(person)
    bound = [key for key in ways["passkeys"] if key["device_bound"]]
    needs_bound = CONFIGURATION.sign_in.administrators_device_bound and is_administrator(person)
    usable = bound if needs_bound else [key for key in ways["passkeys"] if not key["cloned"]]
    shown = {**ways, "needs_bound": needs_bound, "usable": usable, "strength": strength(request)}
    return render(request, "people/second_factor.html", shown)


@requires(Action.SESSION_OWN)
@require_POST
def end_session(request: HttpRequest) -> HttpResponse:
    """Ends one of one's own sessions, or all but this one."""
    person = signed_in(request)
    here = request.session.session_key
    with transaction.atomic():
        if request.POST.get("all"):
            count = sessions.end_all(person, but=here)
        else:
            chosen = request.POST.get("session", "")
            row_id = int(chosen) if chosen.isdecimal() and len(chosen) < 19 else None
            found = UserSession.objects.filter(user_id=person.pk, pk=row_id).first()
            if found is None or found.session_key == here:
                raise Http404
            count = sessions.end([found])
        record(request, "session.revoke", subject=f"person:{person.pk}", what={"sessions": count})
    messages.success(request, "Signed out there.")
    return HttpResponseRedirect(reverse("account") + "#sessions")


def _recorded(request: HttpRequest, action: str, **what: Any) -> None:
    record(request, action, subject=f"person:{request.user.pk}", what=what)


class SignIn(LoginView):
    """The ways in; that of the hospital's provider where there is one."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With the provider's name."""
        shown: dict[str, Any] = super().get_context_data(**kwargs)
        oidc = settings.CONFIGURATION.oidc
        shown["provider_name"] = oidc.name if oidc.issuer else ""
        return shown


class AddPasskey(AddWebAuthnView):
    """Makes a passkey that is found without a name and asks for the finger, face or PIN."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With options that demand both."""
        shown: dict[str, Any] = super().get_context_data(**kwargs)
        shown["js_data"] = {"creation_options": auth.begin_registration(self.request.user, True)}
        return shown

    def form_valid(self, form: passkeys.AddPasskeyForm) -> HttpResponse:
        """Keeps it, with what is compared at every use."""
        person = signed_in(self.request)
        with transaction.atomic():
            row = passkeys.add(person, form)
            _recorded(self.request, "passkey.add", key=row.data["name"], device_bound=is_device_bound(row.data))
            # A recovery code stands beside a password; without one it opens nothing.
            made = auto_generate_recovery_codes(self.request) if person.has_usable_password() else None
        post_authentication(self.request, row, reauthenticated=True)
        sessions.rotate(self.request)
        messages.success(self.request, "The passkey was added.")
        return HttpResponseRedirect(reverse("mfa_view_recovery_codes" if made else "account"))


class RemovePasskey(RemoveWebAuthnView):
    """Removes a passkey, unless it is the last second factor."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Removes it and records that."""
        row = self.get_object()
        if not get_adapter().can_delete_authenticator(row):
            messages.error(self.request, get_adapter().error_messages["cannot_delete_authenticator"])
            return HttpResponseRedirect(self.get_success_url())
        with transaction.atomic():
            _recorded(self.request, "passkey.remove", key=row.data["name"])
            response: HttpResponse = super().form_valid(form)
        return response


class RenamePasskey(EditWebAuthnView):
    """Gives a passkey another name."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Renames it and records that."""
        with transaction.atomic():
            _recorded(self.request, "passkey.rename", key=form.cleaned_data["name"])
            response: HttpResponse = super().form_valid(form)
        return response


class PasskeyAgain(ReauthenticateWebAuthnView):
    """Asks for a passkey once more."""

    def form_valid(self, form: passkeys.PasskeyAgainForm) -> HttpResponse:
        """Gives the stronger session a new id."""
        with transaction.atomic():
            sessions.rotate(self.request)
            _recorded(self.request, "session.stronger", key=form.cleaned_data["credential"].data["name"])
        response: HttpResponse = super().form_valid(form)
        return response

    def form_invalid(self, form: Any) -> HttpResponse:
        """Back to the question."""
        for message in form.errors.get("credential", []):
            messages.error(self.request, message)
        return HttpResponseRedirect(self.request.get_full_path())


class PasswordAgain(ReauthenticateView):
    """Asks for the password once more."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Gives the session a new id."""
        sessions.rotate(self.request)
        response: HttpResponse = super().form_valid(form)
        return response


class ActivateApp(ActivateTOTPView):
    """Sets up an authenticator app."""

    def form_valid(self, form: codes.FirstCodeForm) -> HttpResponse:
        """Keeps the sealed secret; the first code is used up."""
        with transaction.atomic():
            response: HttpResponse = super().form_valid(form)
            codes.use_up(self.request.user, form.step)
            _recorded(self.request, "app.add")
        return response


class DeactivateApp(DeactivateTOTPView):
    """Removes the authenticator app."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Removes it and records that."""
        with transaction.atomic():
            _recorded(self.request, "app.remove")
            response: HttpResponse = super().form_valid(form)
        return response


class NewRecoveryCodes(GenerateRecoveryCodesView):
    """Makes new recovery codes; the old ones end."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Makes them and records that."""
        with transaction.atomic():
            _recorded(self.request, "recovery_codes.renew")
            response: HttpResponse = super().form_valid(form)
        return response


class _AfterProof:
    """Lets a password be changed only by somebody who has just shown who they are."""

    request: HttpRequest

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The form, or the question first."""
        if not did_recently_reauthenticate(request):
            raise ReauthenticationRequired
        answer: HttpResponse = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]  # the view mixed in
        return answer

    def form_valid(self, form: Any) -> HttpResponse:
        """Keeps the new password; every other session ends."""
        person = signed_in(self.request)
        with transaction.atomic():
            _recorded(self.request, "password.change")
            sessions.end_all(person, but=self.request.session.session_key)
            answer: HttpResponse = super().form_valid(form)  # type: ignore[misc]  # the view mixed in
        return answer


class ChangePassword(_AfterProof, PasswordChangeView):
    """Changes the password."""


class SetPassword(_AfterProof, PasswordSetView):
    """Sets the first password of somebody who has none."""
