"""Who asks by the API: a person with a session, checked against CSRF, or a program with a person's token."""

from __future__ import annotations

import time
from hashlib import sha256
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from ninja.security import HttpBearer
from ninja.security.apikey import APIKeyCookie

from asepsis.web.api.problems import ProblemError
from asepsis.web.people.models import Person
from asepsis.web.shared import Shared, shared
from asepsis.web.tokens.verify import find, note_use, person_of

# Of one person or token, in a minute: a program that pages through 50,000 devices stays below.
REQUESTS_A_MINUTE: Final = 600
# Of one address that shows tokens which are none: enough for a misconfigured program, too few to guess by.
FAILURES_A_MINUTE: Final = 30
# A minute, and one more for clocks that differ.
SHARED_SECONDS: Final = 120


class Rates:
    """Counts by name in minutes of the clock, of all processes of the server; costs no write to the database."""

    def __init__(self, limit: int, memory: Shared | None = None) -> None:
        self._limit = limit
        self._memory = memory

    def allows(self, name: str, *, now: float, counted: bool = True) -> bool:
        """Whether there is room for one more; counts it unless told not to."""
        memory = shared() if self._memory is None else self._memory
        return memory.count(name, int(now // 60), counted=counted) < self._limit


class SharedRates:
    """Counts by name that hold across processes and restarts, in the cache that all share.

    Two at the very same moment may count as one. That changes nothing for who guesses, and is a write for every one
    that is counted: it is for what is rare and matters, and not for every request.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit

    def allows(self, name: str, *, now: float, counted: bool = True) -> bool:
        """Whether there is room for one more; counts it unless told not to."""
        key = f"rate-{sha256(name.encode('utf-8', 'replace')).hexdigest()}-{int(now // 60)}"
        count = int(cache.get(key, 0))
        if counted and count <= self._limit:
            cache.set(key, count + 1, SHARED_SECONDS)
        return count < self._limit


requests = Rates(REQUESTS_A_MINUTE)
failures = SharedRates(FAILURES_A_MINUTE)


class TokenBearer(HttpBearer):
    """``Authorization: Bearer asepsis_...`` (RFC 6750 2.1)."""

    def __call__(self, request: HttpRequest) -> Person | None:
        """The token's person; a header that is no good token refuses, whatever session comes beside it."""
        if "Authorization" not in request.headers:
            return None
        found: Person | None = super().__call__(request)
        if found is None:
            raise ProblemError(401, "the token is none, or is good no longer")
        return found

    def authenticate(self, request: HttpRequest, token: str) -> Person | None:
        """The person that the token is of, narrowed to it."""
        now = time.time()
        address = request.META.get("REMOTE_ADDR", "")
        if not failures.allows(address, now=now, counted=False):
            raise too_many()
        known = find(token)
        if known is None:
            failures.allows(address, now=now)
            return None
        if not requests.allows(f"token:{known.pk}", now=now):
            raise too_many()
        note_use(known)
        person = person_of(known, address)
        request.user = person
        return person


class Session(APIKeyCookie):
    """The session of the pages, with the CSRF token that they carry."""

    param_name = settings.SESSION_COOKIE_NAME

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        """The person who is signed in."""
        if not isinstance(request.user, Person):
            return None
        if not requests.allows(f"person:{request.user.pk}", now=time.time()):
            raise too_many()
        return request.user


def too_many() -> ProblemError:
    """Refuses until the minute is over."""
    return ProblemError(
        429, "too many requests; ask again in a minute", headers={"Retry-After": str(60 - int(time.time() % 60))}
    )
