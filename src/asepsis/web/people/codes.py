"""Codes of an authenticator app (RFC 6238): each works once, in whatever process it is shown first.

The library remembers used codes in a cache for one period. Here the last used step stands with the secret, is compared
under a lock of the row, and only later steps are taken (RFC 6238 5.2).
"""

from __future__ import annotations

from typing import Any, Final

from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import BaseAuthenticateForm
from allauth.mfa.base.internal.flows import check_rate_limit, post_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal import auth
from django.db import transaction

from asepsis.web.people.sessions import rotate

LAST_STEP: Final = "last_step"


def step_of(secret: str, code: str) -> int | None:
    """The step of time whose code this is, of those that are valid now; None where it is none."""
    step: int
    for step in auth.yield_hotp_counters_from_time():
        if auth.compare_user_code(actual=code, expected=auth.format_hotp_value(auth.hotp_value(secret, step))):
            return step
    return None


def take(row_id: int, code: str) -> Authenticator | None:
    """The authenticator whose code this is; the code is used up by it. None where it is wrong or was used."""
    with transaction.atomic():
        row = Authenticator.objects.select_for_update().get(pk=row_id)
        if row.type == Authenticator.Type.RECOVERY_CODES:
            return row if row.wrap().validate_code(code) else None
        step = step_of(get_adapter().decrypt(row.data["secret"]), code)
        if step is None or step <= int(row.data.get(LAST_STEP, 0)):
            return None
        row.data[LAST_STEP] = step
        row.save(update_fields=["data"])
        return row


class CodeForm(BaseAuthenticateForm):
    """Asks for a code of the app, or for a recovery code."""

    reauthenticated = False

    def clean_code(self) -> str:
        """Takes the code; tries are counted for the person, who has shown a first factor already."""
        succeeded = check_rate_limit(self.user)
        code: str = self.cleaned_data["code"]
        kinds = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)
        for row_id in Authenticator.objects.filter(user=self.user, type__in=kinds).values_list("pk", flat=True):
            taken = take(row_id, code)
            if taken is not None:
                taken.user = self.user
                self.authenticator = taken
                succeeded()
                return code
        raise get_adapter().validation_error("incorrect_code")

    def save(self) -> None:
        """Notes the proof in the session."""
        post_authentication(context.request, self.authenticator, reauthenticated=self.reauthenticated)


class CodeAgainForm(CodeForm):
    """Asks once more, before something grave."""

    reauthenticated = True

    def save(self) -> None:
        """Notes the proof, and gives the stronger session a new id."""
        super().save()
        rotate(context.request)


class FirstCodeForm(ActivateTOTPForm):
    """Asks for the first code of a new app; it is used up by that."""

    def clean_code(self) -> str:
        """Checks the code and remembers its step."""
        code: str = super().clean_code()
        self.step = step_of(self.secret, code)
        return code


def use_up(person: Any, step: int | None) -> None:
    """Lets the code that switched an app on not be used to sign in."""
    with transaction.atomic():
        row = Authenticator.objects.select_for_update().get(user=person, type=Authenticator.Type.TOTP)
        row.data[LAST_STEP] = step or 0
        row.save(update_fields=["data"])
