"""How strongly, how lately and with what somebody proved who they are, for the decision about an act.

Levels are those of NIST SP 800-63B: 1 a password alone, 2 two factors or a passkey that may be synced, 3 a passkey that
cannot leave its device. They are read from the session's list of proofs; a key or code that was removed since counts no
more.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from django.http import HttpRequest

from asepsis.kernel.value import value
from asepsis.web.people.models import Person

REQUEST_ATTRIBUTE: Final = "asepsis_strength"
PROVIDER_SESSION_KEY: Final = "asepsis_provider"
"""What the hospital's provider vouched for: ``{"uid": str, "level": 1 to 3, "at": seconds since 1970}``."""


@value
class Strength:
    """What a session has proved."""

    aal: int
    """0 nothing, 1 one factor, 2 two, 3 two of which one is bound to a device."""
    device_bound: bool
    """Whether a passkey that is bound to its device was used in the person's session."""
    authenticated_at: datetime | None
    """When this level was last proved; None at level 0."""

    def age_seconds(self, now: datetime) -> float:
        """How long ago that was; without end at level 0."""
        return float("inf") if self.authenticated_at is None else (now - self.authenticated_at).total_seconds()


NOTHING: Final = Strength(aal=0, device_bound=False, authenticated_at=None)


def strength(request: HttpRequest) -> Strength:
    """What the session of a request has proved; computed once for each request."""
    known = getattr(request, REQUEST_ATTRIBUTE, None)
    if isinstance(known, Strength):
        return known
    found = _strength(request)
    setattr(request, REQUEST_ATTRIBUTE, found)
    return found


def forget(request: HttpRequest) -> None:
    """Lets the next question look at the session again, after a proof was added or a key removed."""
    if hasattr(request, REQUEST_ATTRIBUTE):
        delattr(request, REQUEST_ATTRIBUTE)


def is_device_bound(data: Mapping[str, Any]) -> bool:
    """Whether the stored data of a passkey say that it cannot leave its device (WebAuthn 3, 6.1.3: backup eligible)."""
    return data.get("backup_eligible") is False and data.get("cloned_at") is None


def provider_vouched(provider: Mapping[str, Any], uid: str, at: float) -> tuple[int, float]:
    """The level that a provider vouched for and when it last asked the person; one factor where it said nothing."""
    if provider.get("uid") != uid:
        return 1, at
    # A sign-in there may be hours old: it is as fresh as the provider's own question, not as our visit.
    return int(provider.get("level", 1)), min(at, float(provider.get("at", at)))


def vouched_for(request: HttpRequest, person: Person) -> int:
    """The level that the provider vouched for when it last brought this person here; 0 where it did not."""
    records = get_authentication_records(request, person)
    provider = request.session.get(PROVIDER_SESSION_KEY) or {}
    if not records or records[-1].get("method") != "socialaccount":
        return 0
    return provider_vouched(provider, str(records[-1].get("uid")), 0.0)[0]


def _strength(request: HttpRequest) -> Strength:
    person = getattr(request, "user", None)
    if person is None or not person.is_authenticated or not hasattr(request, "session"):
        return NOTHING
    records = get_authentication_records(request, person)
    used = {record["id"] for record in records if record.get("method") == "mfa" and "id" in record}
    kept = {row.pk: row for row in Authenticator.objects.filter(user_id=person.pk, pk__in=used)} if used else {}
    provider = request.session.get(PROVIDER_SESSION_KEY) or {}
    # One entry a level: when it was last proved.
    proved: dict[int, float] = {}
    second: list[float] = []
    for record in records:
        at = float(record.get("at", 0.0))
        match record.get("method"):
            case "password":
                proved[1] = at
            case "socialaccount":
                level, asked = provider_vouched(provider, str(record.get("uid")), at)
                proved[level] = max(asked, proved.get(level, 0.0))
            case "mfa" if (row := kept.get(record.get("id"))) is not None:
                if row.type != Authenticator.Type.WEBAUTHN:
                    second.append(at)
                elif row.data.get("cloned_at") is None:
                    # User verification is demanded of every passkey, so that one alone is two factors.
                    proved[3 if is_device_bound(row.data) else 2] = at
            case _:
                pass
    # A code is a second factor beside a first; alone it is one.
    for at in second:
        level = 2 if proved else 1
        proved[level] = max(at, proved.get(level, 0.0))
    if not proved:
        return NOTHING
    level = max(proved)
    return Strength(aal=level, device_bound=level == 3, authenticated_at=datetime.fromtimestamp(proved[level], UTC))
