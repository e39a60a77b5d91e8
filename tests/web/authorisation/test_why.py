"""The page that says why, and the page of a refusal."""

from __future__ import annotations

import pytest

from asepsis.pipeline.workspace import Workspace
from asepsis.web.facilities.models import Site
from tests.web.conftest import MakeDevice, MakePerson, Recorded, SignedIn


def test_it_names_the_policy_that_allows(make_person: MakePerson, make_device: MakeDevice, signed_in: SignedIn) -> None:
    make_device("pump000001", title="Plum")
    page = signed_in(make_person("ada", "clinician")).get("/access/why/?action=device.view&device=pump000001")
    text = page.content.decode()
    assert "A clinician sees which devices the own departments have." in text
    assert "clinician-sees-devices" in text
    assert "(Plum)" in text


@pytest.mark.usefixtures("policies_alone")
def test_it_says_what_would_help(make_person: MakePerson, make_device: MakeDevice, signed_in: SignedIn) -> None:
    make_device("pump000001", title="Plum")
    ada = make_person("ada", "clinician")
    page = signed_in(ada).get("/access/why/?action=device.edit&device=pump000001").content.decode()
    assert "No policy allows it" in page
    assert "Clinical engineer, Security analyst of that place" in page
    weak = signed_in(make_person("boss", "administrator"), level=2, minutes_ago=20).get(
        "/access/why/?action=settings.change"
    )
    assert "by signing in anew with a passkey that cannot leave its device" in weak.content.decode()


def test_it_does_not_tell_of_a_device_that_the_person_may_not_see(
    make_person: MakePerson, make_device: MakeDevice, signed_in: SignedIn
) -> None:
    make_device("pump000001", site="south", title="Plum")
    north = Site.objects.create(name="north")
    page = signed_in(make_person("ada", "clinician", site=north)).get(
        "/access/why/?action=device.view&device=pump000001"
    )
    assert "Plum" not in page.content.decode()


def test_only_who_may_look_at_a_person_asks_about_one_and_it_is_recorded(
    workspace: Workspace, recorded: Recorded, make_person: MakePerson, signed_in: SignedIn
) -> None:
    ada, sam = make_person("ada", "clinician"), make_person("zebulon", "auditor")
    address = f"/access/why/?action=ledger.view&person={sam.pk}"
    refused = signed_in(ada).get(address).content.decode()
    assert "zebulon" not in refused
    assert "Allowed by" not in refused
    told = signed_in(make_person("boss", "administrator")).get(address).content.decode()
    assert "Allowed by" in told
    assert [one.kind for one in recorded()].count("authorisation.explain_person") == 1


@pytest.mark.usefixtures("policies_alone")
def test_a_refusal_says_which_policy_refused(make_person: MakePerson, signed_in: SignedIn) -> None:
    answer = signed_in(make_person("ada", "clinician"), level=1).get("/devices/")
    assert answer.status_code == 403
    assert "Without a second factor a person reaches only the own account" in answer.content.decode()
    answer = signed_in(make_person("eve", "clinician")).get("/access/roles/")
    assert "None of your roles allows it" in answer.content.decode()
