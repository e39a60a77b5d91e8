"""People and their roles by the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Prefetch
from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from asepsis.web.api.operations import operation
from asepsis.web.api.paging import LIMIT, LIMIT_MOST, Column, page
from asepsis.web.authorisation.actions import Action
from asepsis.web.ledger.record import record
from asepsis.web.people.models import Person, RoleGrant

router = Router(tags=["people"])

ORDER: Final = (Column(name="username"),)


class GrantOut(Schema):
    """A role of a person."""

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


class PersonPage(Schema):
    """A part of the list, by name for signing in."""

    items: list[PersonOut]
    next: str | None = None


class Wanted(Schema):
    """Which part of the list."""

    cursor: str = ""
    limit: int = Field(LIMIT, ge=1, le=LIMIT_MOST)


@operation(router, "GET", "/people", Action.PERSON_LIST, response=PersonPage)
def people(request: HttpRequest, wanted: Query[Wanted]) -> Any:
    """Who may sign in, with which roles."""
    grants = RoleGrant.objects.select_related("site", "department", "device_group")
    rows = Person.objects.prefetch_related(Prefetch("grants", queryset=grants))
    record(request, Action.PERSON_LIST, what={"by": "api"})
    return page(rows, ORDER, cursor=wanted.cursor, limit=wanted.limit, shown=_shown)


def _shown(person: Person) -> dict[str, Any]:
    return {
        "id": person.pk,
        "username": person.username,
        "name": person.name,
        "is_active": person.is_active,
        "roles": [
            {
                "role": grant.role,
                "site": grant.site.name if grant.site is not None else None,
                "department": grant.department.name if grant.department is not None else None,
                "device_group": grant.device_group.name if grant.device_group is not None else None,
                "expires": grant.expires,
            }
            for grant in person.grants.all()
        ],
    }
