from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from asepsis.web.facilities.models import Site
from asepsis.web.people.models import Role
from asepsis.web.tokens.models import Token
from asepsis.web.tokens.verify import find, make
from tests.web.conftest import MakeDevice, MakePerson, SignedIn

LIFE = timedelta(days=1)


def _ask(secret: str, path: str = "/api/v1/devices") -> int:
    return int(Client().get(path, headers={"authorization": f"Bearer {secret}"}).status_code)


def test_a_token_is_made_on_the_page_shown_once_and_opens_the_api(
    make_person: MakePerson, make_device: MakeDevice, signed_in: SignedIn
) -> None:
    make_device("pump000001")
    browser = signed_in(make_person("ada", "security_analyst"))
    answer = browser.post("/tokens/", {"name": "CMDB", "role": "security_analyst", "site": "", "days": "30"})
    shown = re.search(r"asepsis_[0-9a-f]{10}_[\w-]{43}", answer.content.decode())
    assert shown is not None
    assert "no-store" in answer["Cache-Control"]
    assert shown[0] not in browser.get("/tokens/").content.decode()
    assert _ask(shown[0]) == 200


def test_the_secret_is_not_kept(make_person: MakePerson) -> None:
    made = make(make_person("ada", "auditor"), name="x", role=Role.AUDITOR, site=None, life=LIFE)
    row = Token.objects.values().get()
    assert made.secret.split("_", 2)[2] not in str(row)


def test_a_role_that_a_person_has_not_cannot_be_given_to_a_token(make_person: MakePerson, signed_in: SignedIn) -> None:
    browser = signed_in(make_person("ada", "security_analyst"))
    browser.post("/tokens/", {"name": "CMDB", "role": "administrator", "site": "", "days": "30"})
    assert not Token.objects.exists()


def test_an_expired_a_revoked_and_an_altered_token_are_refused(make_person: MakePerson) -> None:
    ada = make_person("ada", "security_analyst")
    made = make(ada, name="x", role=Role.SECURITY_ANALYST, site=None, life=LIFE)
    assert _ask(made.secret) == 200
    assert _ask(made.secret[:-1] + ("A" if made.secret[-1] != "A" else "B")) == 401
    Token.objects.update(expires=timezone.now())
    assert _ask(made.secret) == 401
    Token.objects.update(expires=timezone.now() + LIFE, revoked=timezone.now())
    assert _ask(made.secret) == 401


def test_a_token_of_somebody_who_left_is_refused(make_person: MakePerson) -> None:
    ada = make_person("ada", "security_analyst")
    made = make(ada, name="x", role=Role.SECURITY_ANALYST, site=None, life=LIFE)
    ada.is_active = False
    ada.save()
    assert _ask(made.secret) == 401


def test_a_token_has_its_role_alone_though_its_person_has_more(make_person: MakePerson) -> None:
    from asepsis.web.people.models import RoleGrant

    ada = make_person("ada", "administrator")
    RoleGrant.objects.create(person=ada, role=Role.AUDITOR)
    administrator = make(ada, name="x", role=Role.ADMINISTRATOR, site=None, life=LIFE)
    clinician = make(ada, name="y", role=Role.CLINICIAN, site=None, life=LIFE)
    assert _ask(administrator.secret, "/api/v1/people") == 200
    assert _ask(clinician.secret, "/api/v1/people") == 403  # the person is no clinician, so the token is nothing


def test_a_token_of_one_site_does_not_reach_another(make_person: MakePerson, make_device: MakeDevice) -> None:
    north, south = make_device("pump000001", site="north"), make_device("pump000002", site="south")
    ada = make_person("ada", "security_analyst")
    made = make(ada, name="x", role=Role.SECURITY_ANALYST, site=Site.objects.get(name="north"), life=LIFE)
    assert _ask(made.secret, f"/api/v1/devices/{north.pk}") == 200
    assert _ask(made.secret, f"/api/v1/devices/{south.pk}") == 404
    listed = Client().get("/api/v1/devices", headers={"authorization": f"Bearer {made.secret}"}).json()
    assert [item["id"] for item in listed["items"]] == [north.pk]


def test_a_token_cannot_reach_a_site_that_its_person_has_no_role_for(
    make_person: MakePerson, make_device: MakeDevice
) -> None:
    here, there = make_device("pump000001", site="north"), make_device("pump000002", site="south")
    ada = make_person("ada", "security_analyst", site=here.site)
    made = make(ada, name="x", role=Role.SECURITY_ANALYST, site=there.site, life=LIFE)
    assert _ask(made.secret, f"/api/v1/devices/{there.pk}") in (403, 404)


def test_a_bad_token_is_refused_whatever_session_comes_with_it(make_person: MakePerson, signed_in: SignedIn) -> None:
    browser = signed_in(make_person("ada", "security_analyst"))
    assert browser.get("/api/v1/devices").status_code == 200
    assert browser.get("/api/v1/devices", headers={"authorization": "Bearer nonsense"}).status_code == 401


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["", "asepsis", "asepsis_", "asepsis__", "asepsis_x_" + "y" * 200, "\ud800_\x00_"])
def test_any_text_is_no_token(text: str) -> None:
    assert find(text) is None


def test_nobody_revokes_a_token_of_somebody_else(make_person: MakePerson, signed_in: SignedIn) -> None:
    made = make(make_person("ada", "auditor"), name="x", role=Role.AUDITOR, site=None, life=LIFE)
    other = signed_in(make_person("ben", "security_analyst"))
    assert other.post(f"/tokens/{made.token.pk}/revoke/").status_code == 404
    assert other.delete(f"/api/v1/tokens/{made.token.pk}").status_code == 404
    assert find(made.secret) is not None
