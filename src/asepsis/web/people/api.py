"""People, what they sign in by, and invitations by the API. Roles are given by that of authorisation."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest
from ninja import Field, Query, Router, Schema, Status
from pydantic import ConfigDict

from asepsis.web.api.operations import asker, checked, clean, operation
from asepsis.web.api.paging import LIMIT, LIMIT_MOST, Column, page
from asepsis.web.api.problems import ProblemError
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import may
from asepsis.web.ledger.record import record
from asepsis.web.people import invitations, sessions
from asepsis.web.people.account import ways_in
from asepsis.web.people.administration import (
    end_sessions,
    make_invitation,
    make_renewal,
    may_grant,
    set_active,
    take_back,
)
from asepsis.web.people.forms import InviteForm
from asepsis.web.people.models import Invitation, Person, RoleGrant

router = Router(tags=["people"])

ORDER: Final = (Column(name="username"),)


class GrantOut(Schema):
    """A role of a person."""

    id: int
    role: str
    site: str | None
    department: str | None
    device_group: str | None
    expires: datetime | None


class PersonOut(Schema):
    """Somebody who signs in."""

    id: UUID
    username: str
    name: str
    is_active: bool
    roles: list[GrantOut]


class KeyOut(Schema):
    """A passkey, without what is secret of it."""

    name: str
    device_bound: bool
    cloned: bool
    created: datetime
    used: datetime | None


class SessionOut(Schema):
    """A session in which somebody is signed in."""

    id: int
    address: str
    browser: str
    since: datetime
    last_used: datetime


class OnePersonOut(PersonOut):
    """Somebody, with what they sign in by."""

    passkeys: list[KeyOut]
    has_app: bool = Field(description="Whether an app gives them codes.")
    recovery_codes: int = Field(description="How many are left.")
    has_password: bool
    sessions: list[SessionOut]


class PersonPage(Schema):
    """A part of the list, by name for signing in."""

    items: list[PersonOut]
    next: str | None = None


class InvitationOut(Schema):
    """A link that lets somebody in once; the link itself is told when it is made, and never again."""

    id: UUID
    name: str
    renews: bool = Field(description="Whether it replaces what somebody lost.")
    invited_by: str | None
    created: datetime
    expires: datetime


class MadeInvitationOut(InvitationOut):
    """A new invitation and its link."""

    link: str


class InviteIn(Schema):
    """Whom to invite, and as what."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200)
    role: str = Field("", max_length=32)
    site: int | None = Field(None, ge=1, le=2**53)
    department: int | None = Field(None, ge=1, le=2**53)


class ActiveIn(Schema):
    """Whether somebody may sign in."""

    model_config = ConfigDict(extra="forbid")

    active: bool


class EndedOut(Schema):
    """How many sessions were ended."""

    sessions: int


class Wanted(Schema):
    """Which part of the list."""

    q: str = Field("", max_length=100, description="A part of a name.")

    cursor: str = ""
    limit: int = Field(LIMIT, ge=1, le=LIMIT_MOST)


@operation(router, "GET", "/me", Action.ACCOUNT, response=PersonOut)
def me(request: HttpRequest) -> Any:
    """Who you are here, and your roles. By a token only one of them counts."""
    return _shown(asker(request))


@operation(router, "GET", "/people", Action.PERSON_LIST, response=PersonPage)
def people(request: HttpRequest, wanted: Query[Wanted]) -> Any:
    """Who may sign in, with which roles."""
    clean(wanted.q)
    rows = _with_roles()
    if wanted.q:
        rows = rows.filter(Q(name__icontains=wanted.q) | Q(username__icontains=wanted.q))
    record(request, Action.PERSON_LIST, what={"filtered": bool(wanted.q), "by": "api"})
    return page(rows, ORDER, cursor=wanted.cursor, limit=wanted.limit, shown=_shown)


@operation(router, "GET", "/people/{person_id}", Action.PERSON_VIEW, response=OnePersonOut)
def person(request: HttpRequest, person_id: UUID) -> Any:
    """One person: roles, ways in, sessions."""
    found = reach_person(request, person_id)
    record(request, Action.PERSON_VIEW, subject=f"person:{found.pk}", what={"by": "api"})
    known = ways_in(found)
    return {
        **_shown(found),
        "passkeys": known["passkeys"],
        "has_app": known["app"] is not None,
        "recovery_codes": known["codes_left"],
        "has_password": known["has_password"],
        "sessions": [
            {
                "id": row.pk,
                "address": row.ip,
                "browser": row.user_agent,
                "since": row.created_at,
                "last_used": row.last_seen_at,
            }
            for row in sessions.live(found)
        ],
    }


@operation(
    router, "POST", "/people/{person_id}/active", Action.PERSON_MANAGE, response=PersonOut, example={"active": False}
)
def switch(request: HttpRequest, person_id: UUID, wanted: ActiveIn) -> Any:
    """End or give back somebody's access; ending it ends their sessions."""
    found = reach_person(request, person_id)
    if found.pk == asker(request).pk:
        raise ProblemError(409, "you cannot end your own access; another administrator can")
    set_active(request, found, active=wanted.active)
    return _shown(found)


@operation(router, "DELETE", "/people/{person_id}/sessions", Action.PERSON_MANAGE, response=EndedOut)
def sign_out(request: HttpRequest, person_id: UUID) -> Any:
    """End all sessions of somebody."""
    return {"sessions": end_sessions(request, reach_person(request, person_id))}


@operation(router, "POST", "/people/{person_id}/renewal", Action.PERSON_MANAGE, response=MadeInvitationOut, status=201)
def renew(request: HttpRequest, person_id: UUID) -> Any:
    """A link for somebody who lost every way in."""
    found = reach_person(request, person_id)
    if not found.is_active:
        raise ProblemError(409, "this person's access was ended")
    return Status(201, _made(request, *make_renewal(request, found)))


@operation(router, "GET", "/invitations", Action.PERSON_INVITE, response=list[InvitationOut])
def waiting(request: HttpRequest) -> Any:
    """The invitations that wait to be taken."""
    record(request, Action.PERSON_LIST, what={"invitations": True, "by": "api"})
    return [_invitation(one) for one in invitations.waiting()]


@operation(
    router,
    "POST",
    "/invitations",
    Action.PERSON_INVITE,
    response=MadeInvitationOut,
    status=201,
    example={"name": "Ada Byron", "role": "clinical_engineer", "site": 1},
)
def invite(request: HttpRequest, wanted: InviteIn) -> Any:
    """Invite somebody; the link is told once."""
    form = InviteForm(wanted.model_dump(exclude_none=True))
    checked(form)
    if form.roles() and not may_grant(request, form):
        raise ProblemError(403, "you may not give this role there")
    return Status(201, _made(request, *make_invitation(request, form)))


@operation(router, "DELETE", "/invitations/{invitation_id}", Action.PERSON_INVITE, response=None, status=204)
def withdraw(request: HttpRequest, invitation_id: UUID) -> Any:
    """Let the link of an invitation work no more."""
    take_back(request, invitation_id)
    return Status(204, None)


def _with_roles() -> QuerySet[Person]:
    grants = RoleGrant.objects.select_related("site", "department", "device_group")
    return Person.objects.prefetch_related(Prefetch("grants", queryset=grants))


def reach_person(request: HttpRequest, person_id: UUID) -> Person:
    """The person, when the asker may look at them.

    Raises:
        Http404: There is none, or none for this person.
    """
    found = _with_roles().filter(pk=person_id).first()
    if found is None or not may(request.user, Action.PERSON_VIEW, found).allowed:
        raise Http404
    return found


def shown_grant(grant: RoleGrant) -> dict[str, Any]:
    """A role as the API shows it."""
    return {
        "id": grant.pk,
        "role": grant.role,
        "site": grant.site.name if grant.site is not None else None,
        "department": grant.department.name if grant.department is not None else None,
        "device_group": grant.device_group.name if grant.device_group is not None else None,
        "expires": grant.expires,
    }


def _shown(person: Person) -> dict[str, Any]:
    return {
        "id": person.pk,
        "username": person.username,
        "name": person.name,
        "is_active": person.is_active,
        "roles": [shown_grant(grant) for grant in person.grants.all()],
    }


def _invitation(one: Invitation) -> dict[str, Any]:
    return {
        **{name: getattr(one, name) for name in ("id", "name", "renews", "created", "expires")},
        "invited_by": one.invited_by.username if one.invited_by is not None else None,
    }


def _made(request: HttpRequest, invitation: Invitation, token: str) -> dict[str, Any]:
    return {**_invitation(invitation), "link": request.build_absolute_uri(f"/{invitations.address(token)}")}
