"""What tests of the web start from: people of every role, devices in two sites."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from allauth.account.internal.flows.login import (
    _AUTHENTICATION_METHODS_USER_SESSION_KEY,
    AUTHENTICATION_METHODS_SESSION_KEY,
)
from allauth.mfa.models import Authenticator
from django.test import Client

from asepsis.ledger import Record
from asepsis.pipeline.workspace import Workspace
from asepsis.web.devices.models import Device
from asepsis.web.facilities.models import Site
from asepsis.web.ledger.opened import ledger
from asepsis.web.people.models import Person, RoleGrant
from asepsis.web.settings import WORKSPACE
from tests.web.people.authenticator import SoftwareKey

MakePerson = Callable[..., Person]
MakeDevice = Callable[..., Device]
Recorded = Callable[[], list[Record]]
SignedIn = Callable[..., Client]

PASSKEY = SoftwareKey().create({"publicKey": {"challenge": "AAAA", "user": {"id": "AAAA"}}})
"""A well-formed credential for people whose sign-in a test is not about."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL, those that ask for the database: to the others it makes no difference which one there is."""
    if os.environ.get("ASEPSIS_TEST_DATABASE") != "postgresql":
        return
    here = Path(__file__).parent
    others = [item for item in items if here in item.path.parents and not _asks_for_the_database(item)]
    left = set(others)
    items[:] = [item for item in items if item not in left]
    config.hook.pytest_deselected(items=others)


def _asks_for_the_database(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    return item.get_closest_marker("django_db") is not None or "db" in fixtures or "transactional_db" in fixtures


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    """The workspace of this process, there and empty."""
    import shutil

    shutil.rmtree(WORKSPACE.root, ignore_errors=True)
    yield WORKSPACE.create()
    shutil.rmtree(WORKSPACE.root, ignore_errors=True)


@pytest.fixture
def recorded() -> Recorded:
    """``recorded()``: what the ledger of this workspace holds, in order; ask for an empty ``workspace`` first."""

    def read() -> list[Record]:
        return [found for entry in ledger().entries() if (found := entry.record) is not None]

    return read


@pytest.fixture
def make_person(db: None) -> MakePerson:
    """``make_person("ada", "auditor", site=north)``: a person with one role, or none."""

    def make(username: str, role: str = "", **scope: object) -> Person:
        person = Person.objects.create_user(username=username)
        if role:
            RoleGrant.objects.create(person=person, role=role, **scope)
        return person

    return make


@pytest.fixture
def make_device(db: None) -> MakeDevice:
    """``make_device("pump0001", site="north", category="infusion_pump")``."""

    def make(device_id: str, *, site: str = "north", title: str = "", **values: object) -> Device:
        values.setdefault("search", f"{device_id} {title} {values.get('category', '')}".lower())
        return Device.objects.create(
            id=device_id,
            site=Site.objects.get_or_create(name=site)[0],
            title=title or device_id,
            first_seen=datetime(2026, 1, 1, tzinfo=UTC),
            last_seen=datetime(2026, 1, 2, tzinfo=UTC),
            **values,
        )

    return make


@pytest.fixture
def policies_alone(settings: Any) -> None:
    """Without the middleware that leads weak sessions to a second factor: policies refuse them by themselves too."""
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if not one.endswith("SignInMiddleware")]


@pytest.fixture
def signed_in() -> SignedIn:
    """A browser in which this person is signed in: ``signed_in(ada)``, ``signed_in(ada, level=2, minutes_ago=30)``.

    Level 3 is a passkey that cannot leave its device, level 2 one that may be copied, level 1 a password.
    """

    def sign_in(person: Person, *, level: int = 3, minutes_ago: float = 0) -> Client:
        client = Client()
        client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
        at = time.time() - minutes_ago * 60
        proof: dict[str, object] = {"method": "password", "at": at, "reauthenticated": True}
        if level > 1:
            copied = level < 3
            known = Authenticator.objects.filter(user=person, data__backup_eligible=copied).first()
            data = {"name": "A key", "credential": PASSKEY, "credential_id": f"{person.pk} {level}", "sign_count": 0}
            passkey = known or Authenticator.objects.create(
                user=person,
                type=Authenticator.Type.WEBAUTHN,
                data={**data, "backup_eligible": copied, "backed_up": copied},
            )
            proof |= {"method": "mfa", "type": "webauthn", "id": passkey.pk, "passwordless": True}
        session = client.session
        session[AUTHENTICATION_METHODS_SESSION_KEY] = [proof]
        session[_AUTHENTICATION_METHODS_USER_SESSION_KEY] = str(person.pk)
        session.save()
        return client

    return sign_in
