"""Prints a session cookie of an administrator's making and some devices' ids, for ``bench.web`` alone."""

from __future__ import annotations

import json
import os
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "asepsis.web.settings")
django.setup()

from allauth.account.internal.flows.login import (  # noqa: E402
    _AUTHENTICATION_METHODS_USER_SESSION_KEY,
    AUTHENTICATION_METHODS_SESSION_KEY,
)
from allauth.mfa.models import Authenticator  # noqa: E402
from django.conf import settings  # noqa: E402 - Django first
from django.test import Client  # noqa: E402

from asepsis.ledger.store import Ledger  # noqa: E402
from asepsis.web.devices.models import Device  # noqa: E402
from asepsis.web.people.models import Person, Role, RoleGrant  # noqa: E402
from asepsis.web.settings import WORKSPACE  # noqa: E402

person = Person.objects.filter(username="load").first() or Person.objects.create_user("load")
for role in (Role.SECURITY_ANALYST, Role.ADMINISTRATOR, Role.AUDITOR):
    RoleGrant.objects.get_or_create(person=person, role=role)
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
name = settings.SESSION_COOKIE_NAME
devices = list(Device.objects.order_by("search").values_list("pk", flat=True)[:5000:25])
with Ledger.open(WORKSPACE.ledger_path, WORKSPACE.keys_path) as ledger:
    entries = ledger.size()
print(json.dumps({"ledger": entries, "cookie": f"{name}={browser.cookies[name].value}", "devices": devices}))
