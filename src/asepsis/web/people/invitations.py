"""Invitations: the one way to an account, but for the hospital's own provider.

A link holds 256 random bits; the database holds their hash alone. It works once, for a time, until it is withdrawn.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from asepsis.kernel.errors import AsepsisError
from asepsis.web.facilities.models import Department, Site
from asepsis.web.people import sessions
from asepsis.web.people.models import Invitation, Person, Role, RoleGrant
from asepsis.web.settings import CONFIGURATION

TOKEN_BYTES: Final = 32
FIRST_HOURS: Final = 24
"""The first administrator's link is printed to a terminal and its log; it need not live long."""


class InvitationError(AsepsisError):
    """An invitation cannot be made or taken."""


def make(
    *,
    roles: Iterable[Mapping[str, Any]] = (),
    name: str = "",
    invited_by: Person | None = None,
    renew: Person | None = None,
    hours: int | None = None,
) -> tuple[Invitation, str]:
    """A new invitation and the token of its link, which is kept nowhere.

    Args:
        roles: What is granted when it is taken: ``role``, and ids as ``site`` or ``department`` where it has bounds.
        name: How the person is called; they may correct it.
        invited_by: The administrator; None on the machine itself.
        renew: Somebody who lost every way in; what they had ends when the link is taken.
        hours: How long it can be taken; what the configuration says where None.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    if renew is not None:
        # One link at a time can take an account over.
        Invitation.objects.filter(person=renew, renews=True, used=None).update(withdrawn=timezone.now())
    invitation = Invitation.objects.create(
        token_hash=_hash(token),
        person=renew,
        renews=renew is not None,
        name=renew.name if renew else name,
        roles=list(roles),
        invited_by=invited_by,
        expires=timezone.now() + timedelta(hours=hours or CONFIGURATION.sign_in.invitation_hours),
    )
    return invitation, token


def find(token: str) -> Invitation | None:
    """The invitation of a link that can be taken now."""
    return _open().filter(token_hash=_hash(token)).first()


def waiting() -> list[Invitation]:
    """Those that can be taken now, the latest first."""
    return list(_open().select_related("person", "invited_by"))


def find_by_id(invitation_id: str) -> Invitation | None:
    """As ``find``, for the session that opened the link before."""
    return _open().filter(pk=invitation_id).first()


def take(invitation: Invitation, *, username: str, name: str, password: str | None = None) -> Person:
    """Makes the account, or frees the one that lost its ways in; the link works no more.

    To be called in the transaction that also keeps the new way in.

    Raises:
        InvitationError: Somebody was quicker, or it expired meanwhile.
    """
    with transaction.atomic():
        used = _open().filter(pk=invitation.pk).update(used=timezone.now())
        if used != 1:
            raise InvitationError("the invitation was taken already", code="invitation-used")
        if invitation.renews and invitation.person is not None:
            person = invitation.person
            Authenticator.objects.filter(user=person).delete()
            sessions.end_all(person)
        else:
            person = Person(id=invitation.person_id_of_new, username=username, name=name)
        person.set_password(password)
        person.save()
        Invitation.objects.filter(pk=invitation.pk).update(person=person)
        for role in invitation.roles:
            RoleGrant.objects.create(
                person=person,
                role=role["role"],
                # One that is gone meanwhile must not widen the grant to everywhere.
                site=Site.objects.get(pk=role["site"]) if role.get("site") else None,
                department=Department.objects.get(pk=role["department"]) if role.get("department") else None,
                granted_by=invitation.invited_by,
            )
    return person


def has_administrator() -> bool:
    """Whether anybody who may sign in is an administrator."""
    live = Q(expires__isnull=True) | Q(expires__gt=timezone.now())
    return RoleGrant.objects.filter(live, role=Role.ADMINISTRATOR, person__is_active=True).exists()


def invite_first_administrator() -> str | None:
    """The token of a link for the first administrator, instead of all older ones; None where there is one already."""
    if has_administrator():
        return None
    with transaction.atomic():
        _open().filter(invited_by=None, renews=False).update(withdrawn=timezone.now())
        _, token = make(roles=[{"role": Role.ADMINISTRATOR}], hours=FIRST_HOURS)
    return token


def address(token: str) -> str:
    """The link, below the server's address."""
    return f"join/{token}/"


def _open() -> QuerySet[Invitation]:
    return Invitation.objects.filter(used=None, withdrawn=None, expires__gt=timezone.now())


def _hash(token: str) -> str:
    # The token is random and long, so that a plain hash tells nothing of it.
    return hashlib.sha256(token.encode()).hexdigest()
