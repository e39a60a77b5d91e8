"""Where the sign-in library asks us: who may have an account, how tries count, what is recorded, what is sealed."""

from __future__ import annotations

from typing import Any, Final

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.internal import ratelimit
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme

from asepsis.web.ledger.record import record
from asepsis.web.people import attempts, sealing, strength
from asepsis.web.people.models import Person
from asepsis.web.settings import CONFIGURATION

ISSUER: Final = "Asepsis"
TEMPLATES_OF_MESSAGES_LEFT_OUT: Final = {"account/messages/logged_in.txt"}


class AccountAdapter(DefaultAccountAdapter):
    """Accounts come from an administrator's invitation or the hospital's provider, never from a form for everybody."""

    error_messages: dict[str, Any] = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": "That name and password do not belong together.",
        "too_many_login_attempts": "Too many tries. Wait five minutes, or use your passkey.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up."""
        return False

    def is_safe_url(self, url: str) -> bool:
        """Whether a sign-in may lead there: only to the host that was asked, not to others that we answer to."""
        request = self.request
        hosts = {request.get_host()}
        return url_has_allowed_host_and_scheme(url, allowed_hosts=hosts, require_https=request.is_secure())

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Counts a try of a password."""
        key, rates = attempts.limit_of(request, str(credentials.get("username", "")))
        self._login_failed_rl_usage = ratelimit.consume(
            request, app="allauth.account", action="login_failed", key=key, config={"login_failed": rates}
        )
        if not self._login_failed_rl_usage:
            raise self.validation_error("too_many_login_attempts")

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Records a wrong password; a name that nobody bears is not kept, since people type passwords there."""
        person = Person.objects.filter(username__iexact=str(credentials.get("username", ""))).first()
        record(request, "session.start", subject=f"person:{person.pk}" if person else "", outcome="refused")

    def post_login(self, request: HttpRequest, user: Person, **kwargs: Any) -> HttpResponse:
        """Records a sign-in and how strong it was, and remembers the browser."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        strength.forget(request)
        proved = strength.strength(request)
        way = "provider" if strength.vouched_for(request, user) else "own"
        what = {"aal": proved.aal, "device_bound": proved.device_bound, "way": way}
        with transaction.atomic():
            record(request, "session.start", subject=f"person:{user.pk}", what=what)
        attempts.remember(request, response, user.get_username())
        return response

    def logout(self, request: HttpRequest) -> None:
        """Records a sign-out."""
        with transaction.atomic():
            if isinstance(request.user, Person):
                record(request, "session.end", subject=f"person:{request.user.pk}")
            super().logout(request)

    def get_login_stages(self) -> list[str]:
        """The library's steps, with our own for the second factor."""
        ours = {"allauth.mfa.stages.AuthenticateStage": "asepsis.web.people.stages.SecondFactorStage"}
        return [ours.get(stage, stage) for stage in super().get_login_stages()]

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        """Shows a message, but for the one that says what the next page shows anyway."""
        if message_template not in TEMPLATES_OF_MESSAGES_LEFT_OUT:
            super().add_message(request, level, message_template, *args, **kwargs)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Back to one's own page."""
        return "/account/"

    def get_reauthentication_methods(self, user: Person) -> list[dict[str, Any]]:
        """How somebody proves again who they are: a passkey, a code, and a password only where there is neither."""
        methods = {method["id"]: method for method in super().get_reauthentication_methods(user)}
        strong = [methods[name] for name in ("mfa_reauthenticate:webauthn", "mfa_reauthenticate") if name in methods]
        return strong or list(methods.values())


class MfaAdapter(DefaultMFAAdapter):
    """Second factors."""

    error_messages: dict[str, Any] = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "That was not right. Try again.",
        "cannot_delete_authenticator": "It is your only second factor. Add another first.",
    }

    def encrypt(self, text: str) -> str:
        """Seals a secret."""
        return sealing.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Opens a sealed secret."""
        return sealing.unseal(encrypted_text)

    def get_totp_issuer(self) -> str:
        """What the app shows beside the code."""
        return f"{ISSUER} {CONFIGURATION.web.names[0]}"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """What a passkey is bound to: the host name of the request, which is one of those configured."""
        return {"id": self._get_site_name().partition(":")[0], "name": ISSUER}

    def get_public_key_credential_user_entity(self, user: Person) -> dict[str, Any]:
        """Who a passkey is for; the handle is the id, which says nothing (WebAuthn 14.6.1)."""
        return {"id": str(user.pk).encode("ascii"), "display_name": user.name, "name": user.get_username()}

    def generate_authenticator_name(self, user: Person, type: Authenticator.Type) -> str:  # noqa: A002 - the library's name
        """A name to start from."""
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return "My passkey" if count == 0 else f"Passkey {count + 1}"

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Whether a second factor is left without it."""
        if not CONFIGURATION.sign_in.second_factor or authenticator.type == Authenticator.Type.RECOVERY_CODES:
            return True
        others = Authenticator.objects.filter(user_id=authenticator.user_id).exclude(pk=authenticator.pk)
        return bool(others.exclude(type=Authenticator.Type.RECOVERY_CODES).exists())
