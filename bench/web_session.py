"""Prints session cookies of an administrator's making and some devices' ids, for ``bench.web`` alone."""

from __future__ import annotations

import json
import os
import time
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "asepsis.web.settings")
django.setup()

from allauth.account.internal.flows.login import (  # noqa: E402
    _AUTHENTICATION_METHODS_USER_SESSION_KEY,
    AUTHENTICATION_METHODS_SESSION_KEY,
)
from allauth.mfa.models import Authenticator  # noqa: E402
from django.conf import settings  # noqa: E402 - Django first
from django.db.models import QuerySet  # noqa: E402
from django.test import Client  # noqa: E402

from asepsis.ledger.store import Ledger  # noqa: E402
from asepsis.web.devices.models import Device, DeviceRecord  # noqa: E402
from asepsis.web.exposure.models import Finding  # noqa: E402
from asepsis.web.facilities.models import Department, Site  # noqa: E402
from asepsis.web.people.models import Person, Role, RoleGrant  # noqa: E402
from asepsis.web.settings import WORKSPACE  # noqa: E402

WARD, WARD_DEVICES = "Intensive care", 400


def _ward() -> Department:
    """One department of the north with some devices of all kinds."""
    ward, _ = Department.objects.get_or_create(site=Site.objects.get(name="north"), name=WARD)
    if not DeviceRecord.objects.filter(department=ward).exists():
        some = Device.objects.filter(site=ward.site).order_by("id").values_list("pk", flat=True)[:WARD_DEVICES]
        DeviceRecord.objects.bulk_create([DeviceRecord(device_id=pk, department=ward) for pk in some])
    return ward


def _visitor(name: str, roles: list[Role], devices: QuerySet[Device], ward: Department | None = None) -> dict[str, Any]:
    """A person with these roles, signed in as strongly as can be."""
    person = Person.objects.filter(username=name).first() or Person.objects.create_user(name)
    for role in roles:
        RoleGrant.objects.get_or_create(person=person, role=role, department=ward)
    browser = Client()
    browser.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    passkey, _ = Authenticator.objects.get_or_create(
        user=person, type=Authenticator.Type.WEBAUTHN, defaults={"data": {"backup_eligible": False}}
    )
    session = browser.session
    proof = {"method": "mfa", "type": "webauthn", "id": passkey.pk, "at": time.time()}
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [proof]
    session[_AUTHENTICATION_METHODS_USER_SESSION_KEY] = str(person.pk)
    session.save()
    cookie = settings.SESSION_COOKIE_NAME
    return {
        "cookie": f"{cookie}={browser.cookies[cookie].value}",
        "devices": list(devices.order_by("search").values_list("pk", flat=True)[:5000:25]),
    }


everything = Device.objects.all()
ward = _ward()
visitors = {
    "everywhere": _visitor("load", [Role.SECURITY_ANALYST, Role.ADMINISTRATOR, Role.AUDITOR], everything),
    "department": _visitor("ward", [Role.CLINICAL_ENGINEER], everything.filter(record__department=ward), ward),
}
with Ledger.open(WORKSPACE.ledger_path, WORKSPACE.keys_path) as ledger:
    entries = ledger.size()
print(json.dumps({"ledger": entries, "findings": Finding.objects.filter(ended=None).count(), "visitors": visitors}))
