"""Before every view: ends sessions that are too old, and leads whoever has shown too little to show more."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

from allauth.account import app_settings
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string

from asepsis.web.authorisation.routes import MARK, PUBLIC
from asepsis.web.people.models import Person, Role
from asepsis.web.people.strength import Strength
from asepsis.web.settings import CONFIGURATION

STARTED: Final = "asepsis_started"
SEEN: Final = "asepsis_seen"
# The time of the last use is written no more often than this: a write for every page would make every page wait for it.
NOTED_EVERY_SECONDS: Final = 60
API_PREFIX: Final = "/api/"
SET_UP_PREFIXES: Final = ("mfa_", "account_")
SET_UP_ROUTES: Final = frozenset({"second_factor", "account", "usersessions_list", "end_session"})
"""What somebody may reach who has shown one factor: to add another, and to leave."""
WAYS_IN_ROUTES: Final = frozenset({
    "mfa_add_webauthn", "mfa_remove_webauthn", "mfa_activate_totp", "mfa_deactivate_totp",
    "mfa_generate_recovery_codes", "account_set_password", "account_change_password",
})  # fmt: skip
"""What changes how somebody can sign in."""


class SignInMiddleware:
    """Guards every request of somebody who is signed in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The view's answer, or the way to sign in again."""
        if request.user.is_authenticated and (ended := _aged(request, time.time())):
            logout(request)
            if request.path.startswith(API_PREFIX):
                return JsonResponse({"detail": ended}, status=401)
            messages.info(request, ended)
            return redirect_to_login(request.get_full_path() if request.method == "GET" else "/")
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        """Stops what asks for more than the session has shown."""
        if not isinstance(request.user, Person) or getattr(view, MARK, None) == PUBLIC:
            return None
        name = (request.resolver_match.url_name if request.resolver_match else None) or ""
        if name in WAYS_IN_ROUTES and must_ask_provider(request, request.user):
            return HttpResponseRedirect(f"{reverse('provider_again')}?{urlencode({'next': request.path})}")
        if name.startswith(SET_UP_PREFIXES) or name in SET_UP_ROUTES or enough(request, request.user):
            return None
        if request.path.startswith(API_PREFIX):
            return JsonResponse({"detail": "A second factor is needed."}, status=403)
        return HttpResponseRedirect(reverse("second_factor"))


def enough(request: HttpRequest, person: Person) -> bool:
    """Whether the person's session has shown what this person must show to work here."""
    rules = CONFIGURATION.sign_in
    measure: Callable[[HttpRequest], Strength] = import_string(settings.SIGN_IN_STRENGTH)
    proved = measure(request)
    if rules.second_factor and proved.aal < 2:
        return False
    return proved.device_bound or not rules.administrators_device_bound or not is_administrator(person)


def must_ask_provider(request: HttpRequest, person: Person) -> bool:
    """Whether somebody who has no way in but the provider's came too long ago to add another one.

    The library asks everybody else for a password, code or passkey once more; these it lets pass.
    """
    if get_reauthentication_flows(person) or not person.identities.exists():
        return False
    records = get_authentication_records(request, person)
    return not records or time.time() - float(records[-1]["at"]) >= app_settings.REAUTHENTICATION_TIMEOUT


def is_administrator(person: Person) -> bool:
    """Whether the person is an administrator anywhere, now."""
    return person.grants.filter(
        Q(expires__isnull=True) | Q(expires__gt=timezone.now()), role=Role.ADMINISTRATOR
    ).exists()


def _aged(request: HttpRequest, now: float) -> str:
    """Why the session is at its end; empty while it is not. Notes that it was used."""
    session = request.session
    rules = CONFIGURATION.sign_in
    if STARTED not in session:
        # However it began, its owner sees it in their list and can end it.
        UserSession.objects.create_from_request(request)
    started = session.setdefault(STARTED, now)
    seen = session.setdefault(SEEN, now)
    if now - started > rules.session_hours * 3600:
        return f"You were signed out: a session ends after {rules.session_hours} hours. Sign in again."
    if now - seen > rules.idle_minutes * 60:
        return f"You were signed out after {rules.idle_minutes} minutes without use. Sign in again."
    # A page that renews a part of itself is not a person who is there.
    used = not request.headers.get("HX-Request") or request.method != "GET"
    if used and now - seen > NOTED_EVERY_SECONDS:
        session[SEEN] = now
        UserSession.objects.filter(session_key=session.session_key).update(last_seen_at=timezone.now())
    return ""
