"""The sessions of people: which there are, ending them, a new id when one becomes stronger."""

from __future__ import annotations

from collections.abc import Iterable

from allauth.usersessions.models import UserSession
from django.http import HttpRequest

from asepsis.web.people import strength
from asepsis.web.people.models import Person


def live(person: Person) -> list[UserSession]:
    """The sessions in which somebody is signed in, the latest used first."""
    return sorted(UserSession.objects.purge_and_list(person), key=lambda row: row.last_seen_at, reverse=True)


def end(sessions: Iterable[UserSession]) -> int:
    """Ends sessions at once; how many there were."""
    count = 0
    for session in sessions:
        session.end()
        count += 1
    return count


def end_all(person: Person, *, but: str | None = None) -> int:
    """Ends all sessions of a person, but for the one with this key; how many there were."""
    return end(row for row in UserSession.objects.filter(user_id=person.pk) if row.session_key != but)


def rotate(request: HttpRequest) -> None:
    """Gives the session a new id, so that who knew the old one does not gain by its getting stronger."""
    old = request.session.session_key
    request.session.cycle_key()
    strength.forget(request)
    new = request.session.session_key
    if old is not None and new is not None:
        UserSession.objects.filter(session_key=old).update(session_key=new)
