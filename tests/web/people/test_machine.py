from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client

from asepsis.pipeline.workspace import Workspace
from asepsis.web.people import machine
from asepsis.web.people.invitations import InvitationError
from asepsis.web.people.models import Person, RoleGrant
from asepsis.web.settings import CONFIGURATION
from tests.web.conftest import MakePerson, Recorded
from tests.web.people.authenticator import SoftwareKey
from tests.web.people.ways import joined, open_link, options_of


@pytest.mark.django_db
def test_a_link_from_the_machine_lets_one_person_in_and_is_recorded(workspace: Workspace, recorded: Recorded) -> None:
    made, link = machine.invite("security_analyst")
    assert link.startswith(CONFIGURATION.web.address)
    assert [(one.kind, one.actor, one.subject) for one in recorded()] == [
        ("person.invite", "system:machine", f"invitation:{made.pk}")
    ]
    token = link.rstrip("/").rpartition("/")[2]
    assert token not in str(recorded())
    browser = Client()
    assert open_link(browser, token).status_code == 200
    assert open_link(Client(), "x" + token).status_code == 404


@pytest.mark.django_db
def test_the_machine_makes_no_second_administrator_and_no_role_that_needs_more(
    workspace: Workspace, make_person: MakePerson
) -> None:
    machine.invite("administrator")
    make_person("ada", "administrator")
    for role, code in (
        ("administrator", "invitation-administrator"),
        ("vendor", "invitation-role"),
        ("patient", "invitation-role"),
        ("chief", "invitation-role"),
    ):
        with pytest.raises(InvitationError) as refused:
            machine.invite(role)
        assert refused.value.code == code
    with pytest.raises(InvitationError, match="no site"):
        machine.invite("auditor", site="nowhere")


@pytest.mark.django_db
def test_the_last_administrator_gets_new_ways_in_and_the_old_ones_end(workspace: Workspace, recorded: Recorded) -> None:
    old, _, ada = joined("ada", role="administrator")
    _, link = machine.recover("ADA")
    assert ("person.renew", "system:machine") in {(one.kind, one.actor) for one in recorded()}
    assert old.get("/").status_code == 200  # nothing ends before the link is taken
    browser, key = Client(), SoftwareKey()
    page = open_link(browser, link.rstrip("/").rpartition("/")[2])
    browser.post("/join/passkey/", {"name": "New", "credential": json.dumps(key.create(options_of(page)))})
    assert browser.get("/people/").status_code == 200
    assert old.get("/").status_code == 302
    assert RoleGrant.objects.get().person == ada


@pytest.mark.django_db
def test_only_administrators_who_may_sign_in_are_recovered_at_the_machine(
    workspace: Workspace, make_person: MakePerson
) -> None:
    make_person("grace", "security_analyst")
    gone = make_person("gone", "administrator")
    Person.objects.filter(pk=gone.pk).update(is_active=False)
    for name in ("grace", "gone", "nobody"):
        with pytest.raises(InvitationError, match="no administrator"):
            machine.recover(name)


@pytest.mark.slow
def test_the_command_prints_one_link_and_needs_the_keys(tmp_path: Path) -> None:
    workspace = Workspace.resolve(tmp_path / "home").create()

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {name: text for name, text in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        command = [sys.executable, "-m", "asepsis.cli", "people", *arguments, "--workspace", str(workspace.root)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    first = run("invite", "--role", "administrator")
    assert first.returncode == 0, first.stderr
    assert len(re.findall(r"/join/[\w-]{40,}/", first.stdout)) == 1
    assert run("recover", "ada").returncode != 0
    for key in workspace.keys_path.glob("*ledger*"):
        key.write_bytes(b"not the key")
    refused = run("invite", "--role", "auditor")
    assert refused.returncode != 0
    assert "/join/" not in refused.stdout
