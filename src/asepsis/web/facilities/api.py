"""Sites and departments by the API."""

from __future__ import annotations

from typing import Any

from django.db.models import Count
from django.http import HttpRequest
from ninja import Router, Schema

from asepsis.web.api.operations import asker, operation
from asepsis.web.authorisation.actions import Action
from asepsis.web.facilities.models import Department, DeviceGroup
from asepsis.web.facilities.reach import sites_of

router = Router(tags=["facilities"])


class SiteOut(Schema):
    """A site of the hospital."""

    id: int
    name: str
    title: str


class DepartmentOut(Schema):
    """A department of a site."""

    id: int
    site: str
    name: str


class GroupOut(Schema):
    """Devices that a vendor is let in to as a whole."""

    id: int
    name: str
    devices: int


@operation(router, "GET", "/sites", Action.OVERVIEW, response=list[SiteOut])
def sites(request: HttpRequest) -> Any:
    """The sites whose devices you may list."""
    return [
        {"id": site.pk, "name": site.name, "title": str(site)} for site in sites_of(asker(request), Action.DEVICE_LIST)
    ]


@operation(router, "GET", "/departments", Action.OVERVIEW, response=list[DepartmentOut])
def departments(request: HttpRequest) -> Any:
    """The departments of these sites."""
    rows = Department.objects.filter(site__in=sites_of(asker(request), Action.DEVICE_LIST)).select_related("site")
    return [{"id": row.pk, "site": row.site.name, "name": row.name} for row in rows]


@operation(router, "GET", "/device-groups", Action.PERSON_LIST, response=list[GroupOut])
def device_groups(request: HttpRequest) -> Any:
    """The groups of devices that a vendor's access can be bound to."""
    rows = DeviceGroup.objects.annotate(count=Count("devices"))
    return [{"id": row.pk, "name": row.name, "devices": row.count} for row in rows]
