"""Which findings and risks a person may see: those of the devices that policies let them see it of."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import visible
from asepsis.web.devices.models import Device
from asepsis.web.exposure.models import Examined, Finding, Risk
from asepsis.web.people.models import Person
from asepsis.web.remembered import version as of_devices


def findings_of(person: Person | AnonymousUser, action: Action = Action.FINDING_VIEW) -> QuerySet[Finding]:
    """The findings that stand, of devices of which the person may see them; without looking where those are all."""
    devices: QuerySet[Device] = visible(person, action, Device.objects.order_by())
    standing = Finding.objects.filter(ended=None)
    return standing.filter(device__in=devices) if devices.query.where else standing


def risks_of(person: Person | AnonymousUser) -> QuerySet[Risk]:
    """The risks of devices of which the person may see them."""
    devices: QuerySet[Device] = visible(person, Action.RISK_VIEW, Device.objects.order_by())
    return Risk.objects.filter(device__in=devices) if devices.query.where else Risk.objects.all()


def examined() -> Examined | None:
    """What the rows were worked out from; None before the first time."""
    return Examined.objects.filter(pk=1).first()


def version(found: Examined | None) -> str:
    """Changes whenever findings, devices or what people wrote of them changed; for ``remembered``."""
    return f"{of_devices()} {None if found is None else found.at.isoformat()}"
