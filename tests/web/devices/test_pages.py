from __future__ import annotations

from asepsis.pipeline.workspace import Workspace
from tests.web.conftest import MakeDevice, MakePerson, SignedIn


def test_the_list_shows_devices_and_search_narrows_it(
    make_person: MakePerson, make_device: MakeDevice, signed_in: SignedIn
) -> None:
    make_device("pump000001", title="Plum ward 3", category="infusion_pump", medical=True)
    make_device("printer001", title="Laser", category="printer")
    browser = signed_in(make_person("ada", "security_analyst"))
    everything = browser.get("/devices/").content.decode()
    assert "Plum ward 3" in everything
    assert "Laser" in everything
    narrowed = browser.get("/devices/?q=plum").content.decode()
    assert "Plum ward 3" in narrowed
    assert "Laser" not in narrowed


def test_a_device_of_another_site_is_neither_listed_nor_shown(
    make_person: MakePerson, make_device: MakeDevice, signed_in: SignedIn, workspace: Workspace
) -> None:
    here = make_device("pump000001", site="north", title="Here")
    there = make_device("pump000002", site="south", title="There")
    browser = signed_in(make_person("ada", "security_analyst", site=here.site))
    listed = browser.get("/devices/").content.decode()
    assert "Here" in listed
    assert "There" not in listed
    assert browser.get(f"/devices/{here.pk}/").status_code == 200
    assert browser.get(f"/devices/{there.pk}/").status_code == 404


def test_without_signing_in_nothing_is_shown_but_the_way_in(make_device: MakeDevice, client: object) -> None:
    from django.test import Client

    make_device("pump000001", title="Plum ward 3")
    for address in ("/", "/devices/", "/devices/pump000001/", "/jobs/"):
        answer = Client().get(address)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/account/login/")
