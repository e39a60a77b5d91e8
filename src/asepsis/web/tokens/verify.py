"""Making tokens, and whose token a request shows."""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta
from hashlib import sha256
from typing import Final

from django.utils import timezone

from asepsis.kernel.value import value
from asepsis.web.authorisation.actions import Role as PolicyRole
from asepsis.web.authorisation.asking import attach_token
from asepsis.web.authorisation.facts import HOSPITAL, Scope
from asepsis.web.facilities.models import Site
from asepsis.web.people.models import Person, Role
from asepsis.web.tokens.models import Token

MARK: Final = "asepsis"
"""Programs that look for leaked secrets find ours by it."""
LONGEST: Final = timedelta(days=365)
PREFIX_BYTES: Final = 5
SECRET_BYTES: Final = 32
# ``last_used`` is written so often: each is a commit, and a minute is as good as a second to who looks for unused ones.
NOTED_EVERY: Final = timedelta(minutes=1)
# Longer than any of ours: what is longer is not even hashed.
LENGTH_LIMIT: Final = 100


@value
class Made:
    """A new token and its secret, which is shown now and never again."""

    token: Token
    secret: str


def make(person: Person, *, name: str, role: Role, site: Site | None, life: timedelta) -> Made:
    """A new token of a person.

    Args:
        person: Who will be named as the one who acts.
        name: What it is for.
        role: The one role that it has; it counts only while the person has it.
        site: The only site that it is good for; None for every site of the person.
        life: For how long, no longer than a year.
    """
    prefix = secrets.token_hex(PREFIX_BYTES)
    secret = f"{MARK}_{prefix}_{secrets.token_urlsafe(SECRET_BYTES)}"
    token = Token.objects.create(
        person=person,
        name=name,
        prefix=prefix,
        digest=_digest(secret),
        role=role,
        site=site,
        expires=timezone.now() + min(life, LONGEST),
    )
    return Made(token=token, secret=secret)


def find(secret: str) -> Token | None:
    """The token that a secret is of, when it is good now and its person may still sign in."""
    parts = secret.split("_", 2)
    if len(secret) > LENGTH_LIMIT or len(parts) != 3 or parts[0] != MARK:
        return None
    token = Token.objects.select_related("person", "site").filter(prefix=parts[1]).first()
    # Compared even when there is none, so that time does not tell prefixes that exist.
    good = hmac.compare_digest(_digest(secret), token.digest if token is not None else "0" * 64)
    if token is None or not good or token.state != "good" or not token.person.is_active:
        return None
    return token


def note_use(token: Token) -> None:
    """Remembers that it was used just now."""
    now = timezone.now()
    if token.last_used is None or now - token.last_used >= NOTED_EVERY:
        Token.objects.filter(pk=token.pk).update(last_used=now)


def person_of(token: Token, address: str | None = None) -> Person:
    """The person as this token sees them, one role in one place, asking from a network address."""
    scope = HOSPITAL if token.site_id is None else Scope(site=str(token.site_id))
    attach_token(token.person, PolicyRole(token.role), scope, address)
    return token.person


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
