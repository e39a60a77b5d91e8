"""Passkeys (WebAuthn level 3): what the server demands when one is made and each time it is used.

The library leaves to us: a challenge that works once even when the try fails, the signature counter, who may know a
credential already, and whether the key can be copied off its device.
"""

from __future__ import annotations

import struct
from typing import Any, Final

from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.internal.flows import check_rate_limit
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import AddWebAuthnForm, AuthenticateWebAuthnForm
from allauth.mfa.webauthn.internal import auth
from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from fido2.utils import websafe_encode
from fido2.webauthn import AuthenticationResponse, AuthenticatorData, UserVerificationRequirement

from asepsis.web.ledger.record import record
from asepsis.web.people import sessions
from asepsis.web.people.models import Person

# What a parser of hostile CBOR and JSON raises; each is an answer that is no passkey's. A runtime error is a kind of
# key that the parser does not know, or nesting too deep for it.
UNREADABLE: Final = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    AssertionError,
    OverflowError,
    RuntimeError,
    struct.error,
)


def refusal() -> Exception:
    """The one thing that is said of every passkey that does not fit, whatever the reason."""
    problem: Exception = get_adapter().validation_error("incorrect_code")
    return problem


def _challenge() -> dict[str, Any]:
    """The challenge that the browser's session was given; it is gone then, whether the answer is right or not."""
    state = auth.get_state()
    auth.clear_state()
    # WebAuthn 7.1 step 16, 7.2 step 17: what was asked of the client stands on the server, not in the client's answer.
    if not state or state.get("user_verification") != UserVerificationRequirement.REQUIRED:
        raise refusal()
    return dict(state)


def verified_registration(credential: Any) -> AuthenticatorData:
    """What an authenticator says of a new passkey, checked (WebAuthn 7.1).

    Raises:
        ValidationError: It is not the answer to the session's challenge, the user was not verified, the key is of a
            kind that cannot be checked later, or somebody has it already.
    """
    state = _challenge()
    server = auth.get_server()
    try:
        found: AuthenticatorData = server.register_complete(state, credential)
        key = found.credential_data
        known_algorithms = {parameters.alg for parameters in server.allowed_algorithms}
        acceptable = key is not None and key.public_key[3] in known_algorithms
    except UNREADABLE as error:
        raise refusal() from error
    if key is None or not acceptable:
        raise refusal()
    # WebAuthn 7.1 step 26: one credential, one owner.
    if Authenticator.objects.filter(data__credential_id=_name(key.credential_id)).exists():
        raise refusal()
    return found


def facts(found: AuthenticatorData) -> dict[str, Any]:
    """What is kept of a new passkey beside its public key."""
    assert found.credential_data is not None
    return {
        "credential_id": _name(found.credential_data.credential_id),
        "sign_count": found.counter,
        "backup_eligible": found.is_backup_eligible(),
        "backed_up": found.is_backed_up(),
        "aaguid": str(found.credential_data.aaguid),
    }


def add(person: Person, form: AddPasskeyForm) -> Authenticator:
    """Stores the new passkey of a form that was found right."""
    given = {"name": form.cleaned_data["name"], "credential": form.cleaned_data["credential"]}
    data = {**given, **facts(form.found)}
    return Authenticator.objects.create(user=person, type=Authenticator.Type.WEBAUTHN, data=data)


def verified_assertion(person: Person | None, credential: Any) -> Authenticator:
    """The passkey that answered the session's challenge, checked and its counter moved on (WebAuthn 7.2).

    Args:
        person: Whose it must be; None takes it from the answer.
        credential: The client's answer.

    Raises:
        ValidationError: It does not fit, or the key was cloned.
    """
    state = _challenge()
    try:
        answer = AuthenticationResponse.from_dict(credential)
        owner = person or auth.extract_user_from_response(credential)
        auth.get_server().authenticate_complete(state, auth.get_credentials(owner), credential)
        said = answer.response.authenticator_data
        row = Authenticator.objects.get(user=owner, data__credential_id=_name(answer.raw_id))
    except (*UNREADABLE, ValidationError, Authenticator.DoesNotExist) as error:
        raise refusal() from error
    if not _moved_on(row.pk, said):
        raise refusal()
    row.refresh_from_db()
    return row


def _moved_on(row_id: int, said: AuthenticatorData) -> bool:
    """Compares and stores the counter, under a lock; a copy of the key shuts it for good."""
    with transaction.atomic():
        row = Authenticator.objects.select_for_update().select_related("user").get(pk=row_id)
        if row.data.get("cloned_at") is not None or row.data.get("backup_eligible") != said.is_backup_eligible():
            return False
        stored = int(row.data.get("sign_count", 0))
        # WebAuthn 7.2 step 22: a counter that both leave at zero says nothing.
        cloned = (said.counter != 0 or stored != 0) and said.counter <= stored
        if cloned:
            row.data["cloned_at"] = timezone.now().isoformat()
            ended = sessions.end_all(row.user)
            what = {"key": row.data["name"], "stored_count": stored, "shown_count": said.counter, "sessions": ended}
            record(context.request, "passkey.cloned", subject=f"person:{row.user_id}", what=what, outcome="refused")
        else:
            row.data["sign_count"] = said.counter
            row.data["backed_up"] = said.is_backed_up()
        row.save(update_fields=["data"])
    return not cloned


def _name(credential_id: bytes) -> str:
    return websafe_encode(credential_id)


class AddPasskeyForm(AddWebAuthnForm):
    """A new passkey and what its owner calls it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("passwordless", None)  # all of ours are
        self.fields["name"].label = "What do you call it?"
        self.fields["name"].max_length = 60

    def clean(self) -> dict[str, Any]:
        """Checks the authenticator's answer."""
        cleaned: dict[str, Any] = forms.Form.clean(self) or {}
        if cleaned.get("credential") is not None:
            self.found = verified_registration(cleaned["credential"])
        return cleaned


class PasskeyForm(AuthenticateWebAuthnForm):
    """A passkey as the second factor, of a person who is known already."""

    def clean_credential(self) -> Authenticator:
        """Checks the answer. Without a person it is counted by nobody's name: nobody can be locked out by it."""
        succeeded = check_rate_limit(self.user) if self.user is not None else None
        row = verified_assertion(self.user, self.cleaned_data["credential"])
        if succeeded:
            succeeded()
        return row


class PasskeySignInForm(PasskeyForm):
    """A passkey alone, which also says who it is."""

    passwordless = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, user=None, **kwargs)


class PasskeyAgainForm(PasskeyForm):
    """A passkey once more, before something grave."""

    reauthenticated = True
