"""Roles are given by whom the policies let, for a place and a time, and administrators by two."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from asepsis.pipeline.workspace import Workspace
from asepsis.web.authorisation.models import AdministratorProposal
from asepsis.web.facilities.models import DeviceGroup, Site
from asepsis.web.people.models import Person, RoleGrant
from tests.web.conftest import MakeDevice, MakePerson, Recorded, SignedIn


@pytest.fixture
def boss(make_person: MakePerson) -> Person:
    return make_person("boss", "administrator")


def give(browser: Client, person: Person, /, **values: str) -> int:
    return browser.post(f"/access/people/{person.pk}/give/", values).status_code


def moment(**delta: int) -> str:
    return (timezone.now() + timedelta(**delta)).strftime("%Y-%m-%dT%H:%M")


def test_a_role_is_given_for_a_place_and_a_time_and_taken_back(
    workspace: Workspace, recorded: Recorded, boss: Person, make_person: MakePerson, signed_in: SignedIn
) -> None:
    site = Site.objects.create(name="north")
    ada = make_person("ada")
    browser = signed_in(boss)
    assert give(browser, ada, role="clinician", place=f"site/{site.pk}", expires=moment(days=3)) == 302
    grant = ada.grants.get()
    assert (grant.role, grant.site, grant.granted_by) == ("clinician", site, boss)
    assert "Clinician" in browser.get(f"/access/people/{ada.pk}/").content.decode()
    assert "Clinician · north" in browser.get("/access/roles/?q=ada").content.decode()
    assert browser.post(f"/access/grants/{grant.pk}/withdraw/").status_code == 302
    assert not ada.grants.exists()
    assert {"role.grant", "role.withdraw"} <= {one.kind for one in recorded()}
    assert {one.actor for one in recorded()} == {f"person:{boss.pk}"}


@pytest.mark.usefixtures("policies_alone")
@pytest.mark.parametrize(("level", "minutes_ago"), [(2, 0), (3, 11)])
def test_without_a_fresh_passkey_no_role_is_given_and_the_page_says_what_to_do(
    boss: Person, make_person: MakePerson, signed_in: SignedIn, level: int, minutes_ago: int
) -> None:
    ada = make_person("ada")
    answer = signed_in(boss, level=level, minutes_ago=minutes_ago).post(
        f"/access/people/{ada.pk}/give/", {"role": "clinician"}
    )
    assert answer.status_code == 403
    assert "next=%2Faccess%2Fpeople%2F" in answer.content.decode()
    assert not ada.grants.exists()


def test_nobody_gives_a_role_to_himself(boss: Person, signed_in: SignedIn) -> None:
    assert give(signed_in(boss), boss, role="security_analyst") == 403
    assert boss.grants.count() == 1


def test_an_administrator_of_a_site_gives_roles_there_alone(
    make_person: MakePerson, signed_in: SignedIn, db: None
) -> None:
    north, south = Site.objects.create(name="north"), Site.objects.create(name="south")
    local, ada = make_person("local", "administrator", site=north), make_person("ada", "clinician", site=north)
    browser = signed_in(local)
    assert give(browser, ada, role="clinical_engineer", place=f"site/{north.pk}") == 302
    assert give(browser, ada, role="clinical_engineer", place=f"site/{south.pk}") == 403
    assert give(browser, ada, role="clinical_engineer") == 403
    stranger = make_person("sue", "clinician", site=south)
    assert browser.get(f"/access/people/{stranger.pk}/").status_code == 404
    assert browser.post(f"/access/grants/{stranger.grants.get().pk}/withdraw/").status_code == 403
    assert "sue" not in browser.get("/access/roles/").content.decode()


def test_an_administrator_is_proposed_by_one_and_approved_by_another(
    boss: Person, make_person: MakePerson, signed_in: SignedIn
) -> None:
    ada, officer = make_person("ada"), make_person("pat", "privacy_officer")
    assert give(signed_in(boss), ada, role="administrator") == 302
    assert not ada.grants.exists()
    proposal = AdministratorProposal.objects.get()
    decide = f"/access/administrators/{proposal.pk}/decide/"
    assert signed_in(boss).post(decide, {"approve": "1"}).status_code == 403
    assert "Approve" in signed_in(officer).get("/access/roles/").content.decode()
    assert "Approve" not in signed_in(boss).get("/access/roles/").content.decode()
    assert signed_in(officer).post(decide, {"approve": "1"}).status_code == 302
    assert ada.grants.get().role == "administrator"
    # Once decided it is decided.
    assert signed_in(officer).post(decide, {"decline": "1"}).status_code == 404


def test_a_person_does_not_approve_himself(boss: Person, make_person: MakePerson, signed_in: SignedIn) -> None:
    officer = make_person("pat", "privacy_officer")
    assert give(signed_in(boss), officer, role="administrator") == 302
    decide = f"/access/administrators/{AdministratorProposal.objects.get().pk}/decide/"
    assert signed_in(officer).post(decide, {"approve": "1"}).status_code == 403
    assert officer.grants.count() == 1


def test_the_last_administrator_stays(boss: Person, make_person: MakePerson, signed_in: SignedIn) -> None:
    grant = boss.grants.get()
    signed_in(boss).post(f"/access/grants/{grant.pk}/withdraw/")
    assert RoleGrant.objects.filter(pk=grant.pk).exists()
    other = make_person("other", "administrator")
    signed_in(other).post(f"/access/grants/{grant.pk}/withdraw/")
    assert not RoleGrant.objects.filter(pk=grant.pk).exists()


def test_a_vendor_is_let_in_to_one_group_until_an_end_and_holds_nothing_else(
    boss: Person, make_person: MakePerson, make_device: MakeDevice, signed_in: SignedIn
) -> None:
    group = DeviceGroup.objects.create(name="Pumps")
    group.devices.add(make_device("pump000001", title="Plum"))
    make_device("printer001", title="Laser")
    vic = make_person("vic")
    browser = signed_in(boss)
    good = {"role": "vendor", "device_group": str(group.pk), "expires": moment(days=30)}
    for wrong in ({"device_group": ""}, {"expires": ""}, {"expires": moment(days=91)}, {"expires": moment(days=-1)}):
        assert give(browser, vic, **{**good, **wrong}) == 400
    assert give(browser, make_person("nurse", "clinician"), **good) == 400
    assert give(browser, vic, **good) == 302
    assert give(browser, vic, role="clinician") == 400
    inside = signed_in(vic)
    listed = inside.get("/devices/").content.decode()
    assert "Plum" in listed
    assert "Laser" not in listed
    assert inside.get("/devices/printer001/").status_code == 404
    vic.grants.update(expires=timezone.now())
    assert signed_in(vic).get("/devices/").status_code == 403


def test_what_a_form_does_not_name_is_not_taken_from_a_request(
    boss: Person, make_person: MakePerson, signed_in: SignedIn
) -> None:
    ada = make_person("ada")
    extra = {"person": str(boss.pk), "granted_by": str(ada.pk), "id": "1", "is_active": "false", "site": "1"}
    assert give(signed_in(boss), ada, role="clinician", **extra) == 302
    grant = ada.grants.get()
    assert (grant.person, grant.granted_by, grant.site) == (ada, boss, None)
    assert Person.objects.get(pk=ada.pk).is_active


@pytest.mark.parametrize("role", ["clinician", "security_analyst", "auditor", "privacy_officer", "vendor", ""])
def test_who_is_no_administrator_gives_and_takes_nothing(
    boss: Person, make_person: MakePerson, signed_in: SignedIn, role: str
) -> None:
    eve, ada = make_person("eve", role), make_person("ada", "clinician")
    browser = signed_in(eve)
    assert give(browser, ada, role="auditor") == 403
    assert browser.post(f"/access/grants/{ada.grants.get().pk}/withdraw/").status_code == 403
    assert ada.grants.count() == 1
