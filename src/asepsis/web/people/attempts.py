"""How often a password may be tried, so that guessing is slow and nobody can lock out somebody else.

A browser from which somebody signed in before carries a signed mark for that person. Failures from it are counted for
that browser alone, failures from everywhere else together: who guesses at a name stops neither the person's own browser
nor their passkey, which is not counted by name at all.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

from django.core import signing
from django.http import HttpRequest, HttpResponse

from asepsis.web.settings import SECURE

COOKIE: Final = "__Host-asepsis-known" if SECURE else "asepsis-known"
SALT: Final = "asepsis known browser"
KEPT_DAYS: Final = 90
# Five guesses in five minutes make 1,440 a day against one name: of no use against twelve characters.
PER_NAME: Final = "5/5m/key"
# One address may be a whole hospital behind its gateway.
PER_ADDRESS: Final = "50/5m/ip"


def limit_of(request: HttpRequest, username: str) -> tuple[str, str]:
    """Whose failures a try of a password counts with: the key, and the rates."""
    name = username.strip().lower()
    person = request.user
    if person.is_authenticated and person.get_username().lower() == name:
        return f"session:{person.pk}", PER_NAME
    browser = _known(request, name)
    if browser is not None:
        return f"browser:{browser}", PER_NAME
    return f"name:{name}", f"{PER_ADDRESS},{PER_NAME}"


def remember(request: HttpRequest, response: HttpResponse, username: str) -> None:
    """Marks the browser as one from which this person signed in."""
    name = username.lower()
    browser = _known(request, name) or secrets.token_urlsafe(16)
    response.set_cookie(
        COOKIE,
        signing.dumps([_digest(name), browser], salt=SALT),
        max_age=KEPT_DAYS * 86400,
        secure=SECURE,
        httponly=True,
        samesite="Lax",
    )


def _known(request: HttpRequest, name: str) -> str | None:
    try:
        digest, browser = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=KEPT_DAYS * 86400)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return str(browser) if secrets.compare_digest(str(digest), _digest(name)) else None


def _digest(name: str) -> str:
    return hashlib.sha256(f"{SALT}:{name}".encode()).hexdigest()
