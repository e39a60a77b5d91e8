"""Walking the sign-in pages as a browser does."""

from __future__ import annotations

import json
import re
from typing import Any

from django.test import Client

from asepsis.web.ledger.opened import ledger
from asepsis.web.ledger.outbox import drain
from asepsis.web.people import invitations
from asepsis.web.people.models import Person
from tests.web.people.authenticator import SoftwareKey

PASSWORD = "walrus-under-seven-lamps"


def options_of(page: Any) -> dict[str, Any]:
    """The options that a page hands to the browser's passkey dialogue."""
    found = re.search(r'<script id="passkey-options" type="application/json">(.*?)</script>', page.content.decode())
    assert found is not None, page.content.decode()
    options: dict[str, Any] = json.loads(found[1])
    chosen: dict[str, Any] = options.get("creation_options") or options["request_options"]
    return chosen


def open_link(client: Client, token: str) -> Any:
    return client.get(f"/join/{token}/", follow=True)


def joined(
    username: str, key: SoftwareKey | None = None, role: str = "security_analyst", client: Client | None = None
) -> tuple[Client, SoftwareKey, Person]:
    """Somebody who took an invitation with a passkey."""
    client = client or Client()
    key = key or SoftwareKey()
    _, token = invitations.make(roles=[{"role": role}])
    open_link(client, token)
    page = client.post("/join/", {"name": username.title(), "username": username}, follow=True)
    answer = client.post(
        "/join/passkey/", {"name": "My key", "credential": json.dumps(key.create(options_of(page)))}, follow=True
    )
    assert answer.status_code == 200
    return client, key, Person.objects.get(username=username)


def joined_with_password(username: str, role: str = "security_analyst") -> tuple[Client, Person]:
    """Somebody who took an invitation with a password, before any second factor."""
    client = Client()
    _, token = invitations.make(roles=[{"role": role}])
    open_link(client, token)
    client.post("/join/", {"name": username.title(), "username": username}, follow=True)
    client.post("/join/password/", {"password1": PASSWORD, "password2": PASSWORD}, follow=True)
    return client, Person.objects.get(username=username)


def challenge(client: Client) -> dict[str, Any]:
    """What the sign-in page fetches before it asks for a passkey."""
    options: dict[str, Any] = client.get("/account/passkeys/sign-in/", headers={"accept": "application/json"}).json()
    chosen: dict[str, Any] = options["request_options"]
    return chosen


def show(client: Client, answer: dict[str, Any]) -> Any:
    """Hands an answer in."""
    return client.post("/account/passkeys/sign-in/", {"credential": json.dumps(answer)})


def recorded() -> set[tuple[str, str]]:
    """Kind and subject of everything that the ledger holds or will hold."""
    drain()
    return {(one.kind, one.subject) for entry in ledger().entries() if (one := entry.record) is not None}


def is_in(client: Client) -> bool:
    """Whether this browser is signed in."""
    return "_auth_user_id" in client.session
