"""What tests of the web start from: people of every role, devices in two sites."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from django.test import Client

from asepsis.pipeline.workspace import Workspace
from asepsis.web.devices.models import Device
from asepsis.web.facilities.models import Site
from asepsis.web.people.models import Person, RoleGrant
from asepsis.web.settings import WORKSPACE

MakePerson = Callable[..., Person]
MakeDevice = Callable[..., Device]
SignedIn = Callable[[Person], Client]


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    """The workspace of this process, there and empty."""
    import shutil

    shutil.rmtree(WORKSPACE.root, ignore_errors=True)
    yield WORKSPACE.create()
    shutil.rmtree(WORKSPACE.root, ignore_errors=True)


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
def signed_in() -> SignedIn:
    """A browser in which this person is signed in."""

    def sign_in(person: Person) -> Client:
        client = Client()
        client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return sign_in
