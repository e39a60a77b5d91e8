"""Letting somebody in from the machine itself: for whoever can read the workspace's keys, and nobody else.

What is done here is in the ledger before the link is told.
"""

from __future__ import annotations

import getpass

from django.db import transaction

from asepsis.web.authorisation.actions import Action, Role
from asepsis.web.facilities.models import Site
from asepsis.web.ledger.opened import ledger
from asepsis.web.ledger.outbox import drain
from asepsis.web.ledger.record import record_of_system
from asepsis.web.people import invitations
from asepsis.web.people.forms import INVITED_AS
from asepsis.web.people.invitations import InvitationError
from asepsis.web.people.models import Invitation, Person
from asepsis.web.settings import CONFIGURATION

ACTOR = "system:machine"


def invite(role: str, *, site: str = "", name: str = "") -> tuple[Invitation, str]:
    """An invitation with a role, and its link.

    Args:
        role: One of those that a page could give; that of an administrator where there is none yet.
        site: The name of the site that it holds for; everywhere where empty.
        name: How the person is called.

    Raises:
        InvitationError: The role is not given this way, or there is no such site.
        AsepsisError: The keys or the ledger cannot be read or written.
    """
    _demand_keys()
    if role == Role.ADMINISTRATOR and invitations.has_administrator():
        raise InvitationError(
            "there is an administrator, and a further one is approved by two people in the browser",
            code="invitation-administrator",
            hint="If nobody can sign in as one any more: asepsis people recover NAME.",
        )
    given = [known for known, _ in INVITED_AS] + [Role.ADMINISTRATOR.value]
    if role not in given:
        raise InvitationError(
            f"{role!r} is not a role that is given by an invitation",
            code="invitation-role",
            hint=f"Those are {', '.join(given)}. Vendors are let in on the person's page, to a group and until an end.",
        )
    place = Site.objects.filter(name=site).first() if site else None
    if site and place is None:
        raise InvitationError(
            f"there is no site {site!r}",
            code="invitation-site",
            hint=f"There are: {', '.join(Site.objects.values_list('name', flat=True)) or 'none yet'}.",
        )
    with transaction.atomic():
        made, token = invitations.make(
            roles=[{"role": role, "site": place.pk if place else None, "department": None}],
            name=name,
            hours=invitations.FIRST_HOURS if role == Role.ADMINISTRATOR else None,
        )
        what = {"role": role, "site": site, "expires": made.expires.isoformat(), "user": getpass.getuser()}
        record_of_system(Action.PERSON_INVITE, actor=ACTOR, subject=f"invitation:{made.pk}", what=what)
    drain()
    return made, _link(token)


def recover(username: str) -> tuple[Invitation, str]:
    """A link for new ways in of an administrator who lost every one; when it is taken, the old ones end.

    Raises:
        InvitationError: Nobody of this name is an administrator who may sign in.
        AsepsisError: The keys or the ledger cannot be read or written.
    """
    from asepsis.web.people.middleware import is_administrator

    _demand_keys()
    person = Person.objects.filter(username__iexact=username, is_active=True).first()
    if person is None or not is_administrator(person):
        raise InvitationError(
            f"{username!r} is no administrator who may sign in",
            code="recovery-person",
            hint="Everybody else gets a new link from an administrator, on the page of the person.",
        )
    with transaction.atomic():
        made, token = invitations.make(renew=person, hours=invitations.FIRST_HOURS)
        what = {"invitation": str(made.pk), "user": getpass.getuser()}
        record_of_system("person.renew", actor=ACTOR, subject=f"person:{person.pk}", what=what)
    drain()
    return made, _link(token)


def _demand_keys() -> None:
    """Who cannot read the ledger's key can neither record nor, therefore, let anybody in."""
    ledger()


def _link(token: str) -> str:
    return CONFIGURATION.web.address + invitations.address(token)
