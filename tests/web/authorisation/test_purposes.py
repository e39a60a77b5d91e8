from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client

from asepsis.pipeline.workspace import Workspace
from asepsis.web.authorisation.actions import Action, Purpose, Role
from asepsis.web.authorisation.facts import HOSPITAL, Grant, OpenBreakGlass, Subject
from asepsis.web.authorisation.purposes import purpose_of
from asepsis.web.people.models import RoleGrant
from tests.web.conftest import MakeDevice, MakePerson, Recorded, SignedIn

TABLE = [
    # act, roles, purpose
    ("device.view", "clinical_engineer", "HOPERAT"),
    ("device.view", "security_analyst auditor", "HOPERAT"),
    ("device.view", "clinician", "CAREMGT"),
    ("device.view", "privacy_officer", "HCOMPL"),
    ("device.view", "auditor", "HCOMPL"),
    ("device.view", "administrator", "HSYSADMIN"),
    ("record.view", "clinician", "TREAT"),
    ("record.view", "clinician privacy_officer", "TREAT"),
    ("record.view", "privacy_officer", "HCOMPL"),
    ("record.view", "", "PATRQT"),
    ("ledger.view", "privacy_officer", "HCOMPL"),
    ("ledger.view", "clinical_engineer auditor", "HCOMPL"),
    ("role.grant", "administrator", "HSYSADMIN"),
    ("break_glass.request", "clinician", "BTG"),
]


@pytest.mark.parametrize(("action", "roles", "purpose"), TABLE)
def test_an_act_has_its_purpose_by_what_it_is_and_by_the_role(action: str, roles: str, purpose: str) -> None:
    subject = Subject(id="me", grants=tuple(Grant(role=Role(role), scope=HOSPITAL) for role in roles.split()))
    assert purpose_of(Action(action), subject) == Purpose(purpose)


def test_a_device_that_was_opened_by_breaking_the_glass_is_looked_at_for_that() -> None:
    glass = OpenBreakGlass(until=datetime(2026, 1, 1, tzinfo=UTC), device="pump")
    subject = Subject(id="me", grants=(Grant(role=Role.CLINICIAN, scope=HOSPITAL),), break_glass=(glass,))
    assert purpose_of(Action.PACKET_VIEW, subject, "pump") is Purpose.BREAK_THE_GLASS
    assert purpose_of(Action.DEVICE_VIEW, subject, "another") is Purpose.CARE_MANAGEMENT


@pytest.mark.django_db
def test_the_ledger_says_what_somebody_looked_for(
    workspace: Workspace, make_person: MakePerson, make_device: MakeDevice, signed_in: SignedIn, recorded: Recorded
) -> None:
    make_device("pump000001")
    ada = make_person("ada", "clinician")
    browser: Client = signed_in(ada)
    assert browser.get("/devices/pump000001/").status_code == 200
    RoleGrant.objects.filter(person=ada).update(role="auditor")
    assert browser.get("/devices/pump000001/").status_code == 200
    assert [one.purpose for one in recorded() if one.kind == "device.view"] == ["CAREMGT", "HCOMPL"]
