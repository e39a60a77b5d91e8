"""To the hospital's provider and back.

The way there is a link and no form, so that no page has to let forms lead to other hosts. The way back is believed
when it answers a question that this browser asked, once, within ten minutes.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from typing import Any, Final
from urllib.parse import urlencode

import structlog
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.contrib.auth import logout
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from asepsis.web import settings as product
from asepsis.web.authorisation.routes import own, public
from asepsis.web.configuration import ConfigurationError, Oidc
from asepsis.web.ledger.record import record
from asepsis.web.people import sessions, strength
from asepsis.web.people.models import Person
from asepsis.web.people.provider import accounts, client, id_token
from asepsis.web.people.provider.id_token import Claims, Expected, Untrusted

ASKED: Final = "asepsis_provider_asked"
"""Questions of a browser that wait for an answer: state -> nonce, verifier, where to go, when, whether again."""
WAITING_LIMIT: Final = 5
WAITS_SECONDS: Final = 600
METHOD: Final = "socialaccount"

_log = structlog.get_logger("asepsis.web.people")


def configured() -> Oidc:
    """The settings of the provider; there is none while the issuer is empty."""
    return product.CONFIGURATION.oidc


@public
@require_GET
@never_cache
def begin(request: HttpRequest) -> HttpResponse:
    """Leads to the provider."""
    if not configured().issuer:
        raise Http404
    if request.headers.get("Sec-Fetch-Site", "none") not in {"same-origin", "none"}:
        # A stranger's page must not sign somebody in unasked: the person goes on by our own page.
        return HttpResponseRedirect(reverse("account_login"))
    if request.user.is_authenticated:
        return HttpResponseRedirect(_safe(request))
    return _leave(request, {})


@own
@require_GET
@never_cache
def again(request: HttpRequest) -> HttpResponse:
    """Leads to the provider for somebody who is signed in and proves it once more: it must ask, not remember."""
    if not configured().issuer:
        raise Http404
    return _leave(request, {"prompt": "login", "max_age": "0"}, again=True)


@public
@require_GET
@never_cache
def answer(request: HttpRequest) -> HttpResponse:
    """The way back: checks the answer and signs in whom it names, or refuses with one page for every reason."""
    settings = configured()
    if not settings.issuer:
        raise Http404
    asked = _taken(request)
    if asked is None:
        return _refused(request, "state")
    if request.GET.get("error"):
        # RFC 6749 4.1.2.1. What the provider says in words is not shown: anybody could have written the address.
        return _refused(request, "cancelled" if request.GET["error"] == "access_denied" else "provider")
    try:
        claims = _claims(request, settings, asked)
    except (client.ProviderError, ConfigurationError) as error:
        _log.error("sign-in by the provider", code=error.code, error=error.message)
        return _refused(request, error.code)
    if isinstance(claims, Untrusted):
        return _refused(request, claims.why)
    if asked["again"]:
        return _proved_again(request, settings, claims, asked)
    return _signed_in(request, settings, claims, asked)


def _leave(request: HttpRequest, more: dict[str, str], *, again: bool = False) -> HttpResponse:
    settings = configured()
    try:
        description = client.describe(settings)
    except client.ProviderError as error:
        _log.error("sign-in by the provider", code=error.code, error=error.message)
        return _refused(request, error.code, status=502)
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    waiting = {
        key: one for key, one in request.session.get(ASKED, {}).items() if time.time() - one["at"] < WAITS_SECONDS
    }
    for oldest in sorted(waiting, key=lambda key: float(waiting[key]["at"]))[
        : max(0, len(waiting) - WAITING_LIMIT + 1)
    ]:
        del waiting[oldest]
    waiting[state] = {
        "nonce": nonce, "verifier": verifier, "next": _safe(request), "at": time.time(), "again": again,
        "issuer": settings.issuer,
    }  # fmt: skip
    request.session[ASKED] = waiting
    asked = {
        "response_type": "code",
        "client_id": settings.client_id,
        "redirect_uri": _back(request),
        "scope": " ".join(dict.fromkeys(("openid", *settings.scopes))),
        "state": state,
        "nonce": nonce,
        # RFC 7636 4.2
        "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        **({"acr_values": " ".join(settings.strong_acr)} if settings.strong_acr else {}),
        **more,
    }
    joined = "&" if "?" in description.authorization else "?"
    return HttpResponseRedirect(f"{description.authorization}{joined}{urlencode(asked)}")


def _taken(request: HttpRequest) -> dict[str, Any] | None:
    """The question that this answers; it is gone after this, whatever the answer is."""
    waiting: dict[str, Any] = request.session.get(ASKED, {})
    asked: dict[str, Any] | None = waiting.pop(request.GET.get("state", ""), None)
    if asked is None:
        return None
    request.session[ASKED] = waiting
    # Now, and not at the end of the request: the same answer may come twice at once.
    request.session.save()
    named = request.GET.get("iss")
    late = time.time() - asked["at"] >= WAITS_SECONDS
    # RFC 9207 2.4: an answer of another provider is none to this question.
    other = asked["issuer"] != configured().issuer or (named is not None and named != asked["issuer"])
    return None if late or other else asked


def _claims(request: HttpRequest, settings: Oidc, asked: dict[str, Any]) -> Claims | Untrusted:
    description = client.describe(settings)
    if description.names_itself and "iss" not in request.GET:
        return Untrusted(why="issuer")
    code = request.GET.get("code", "")
    if not code:
        return Untrusted(why="code")
    token = client.redeem(settings, description, code=code, verifier=asked["verifier"], back=_back(request))
    expected = Expected(issuer=settings.issuer, client_id=settings.client_id, nonce=asked["nonce"])
    now = time.time()
    known = client.keys(settings, description)
    found = id_token.read(token, known, expected, now=now, groups_claim=settings.groups_claim)
    if isinstance(found, Untrusted) and found.unknown_key:
        known = client.keys(settings, description, again=True)
        found = id_token.read(token, known, expected, now=now, groups_claim=settings.groups_claim)
    return found


def _signed_in(request: HttpRequest, settings: Oidc, claims: Claims, asked: dict[str, Any]) -> HttpResponse:
    with transaction.atomic():
        person = accounts.find(settings, claims)
        if person is not None and not person.is_active:
            return _refused(request, "ended", person=person)
        if person is None and not accounts.means_something(settings, claims):
            return _refused(request, "no_role")
        is_new = person is None
        person = person or accounts.make(settings, claims)
        renewed = accounts.renew(settings, claims, person)
        what = accounts.as_recorded(claims, renewed)
        kind = "person.join" if is_new else "person.renew_roles"
        record(request, kind, subject=f"person:{person.pk}", what={"way": "provider", **what}, changed=True)
    if request.user.is_authenticated:
        logout(request)
    _vouched(request, claims, settings, person, reauthenticated=True)
    response: HttpResponse = perform_login(request, Login(user=person, redirect_url=asked["next"]))
    return response


def _proved_again(request: HttpRequest, settings: Oidc, claims: Claims, asked: dict[str, Any]) -> HttpResponse:
    person = request.user
    found = accounts.find(settings, claims)
    if not isinstance(person, Person) or found is None or found.pk != person.pk:
        return _refused(request, "somebody_else")
    # Without the moment of its question, the provider may have remembered and not asked.
    if claims.authenticated_at is None or claims.authenticated_at < asked["at"] - id_token.LEEWAY_SECONDS:
        return _refused(request, "not_asked_again", person=person)
    with transaction.atomic():
        sessions.rotate(request)
        _vouched(request, claims, settings, person, reauthenticated=True)
        strength.forget(request)
        record(request, "session.stronger", subject=f"person:{person.pk}", what={"way": "provider"}, changed=True)
    return HttpResponseRedirect(asked["next"])


def _vouched(request: HttpRequest, claims: Claims, settings: Oidc, person: Person, *, reauthenticated: bool) -> None:
    """Notes in the session what the provider vouched for."""
    record_authentication(
        request, person, METHOD, provider=settings.issuer, uid=claims.subject, reauthenticated=reauthenticated
    )
    request.session[strength.PROVIDER_SESSION_KEY] = {
        "uid": claims.subject,
        "level": accounts.level_of(settings, claims),
        "at": time.time() if claims.authenticated_at is None else float(claims.authenticated_at),
    }


def _refused(request: HttpRequest, why: str, *, person: Person | None = None, status: int = 403) -> HttpResponse:
    """One page for every reason, and the reason in the ledger."""
    subject = f"person:{person.pk}" if person is not None else ""
    record(request, "session.start", subject=subject, what={"way": "provider", "why": why}, outcome="refused")
    told = {"cancelled": why == "cancelled", "no_role": why in {"no_role", "ended"}, "name": configured().name}
    return render(request, "people/provider_refused.html", told, status=status)


def _back(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("provider_answer"))


def _safe(request: HttpRequest) -> str:
    """Where to go afterwards: an address of the host that was asked, or the first page."""
    wanted = request.GET.get("next", "")
    return wanted if wanted and get_adapter(request).is_safe_url(wanted) else "/"
