from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from asepsis.web.ledger.models import OutboxRecord
from asepsis.web.people import invitations
from asepsis.web.people.models import Invitation, Person, RoleGrant
from tests.web.conftest import MakePerson, SignedIn
from tests.web.people.authenticator import SoftwareKey
from tests.web.people.ways import PASSWORD, challenge, is_in, joined, joined_with_password, open_link, recorded, show

pytestmark = pytest.mark.django_db


def opens(token: str) -> bool:
    return bool(open_link(Client(), token).status_code == 200)


def test_a_link_works_once_and_gives_the_roles_it_names() -> None:
    _, token = invitations.make(roles=[{"role": "auditor"}])
    assert opens(token)
    client = Client()
    open_link(client, token)
    client.post("/join/", {"name": "Ada", "username": "ada", "roles": '[{"role": "administrator"}]', "is_active": "1"})
    client.post("/join/password/", {"password1": PASSWORD, "password2": PASSWORD, "role": "administrator"})
    assert is_in(client)
    assert [grant.role for grant in RoleGrant.objects.all()] == ["auditor"]
    assert not opens(token)


def test_the_token_stands_nowhere_in_the_database() -> None:
    invitation, token = invitations.make()
    assert token not in str(Invitation.objects.filter(pk=invitation.pk).values())


@pytest.mark.parametrize("field", ["expires", "withdrawn", "used"])
def test_a_link_that_is_over_opens_nothing(field: str) -> None:
    invitation, token = invitations.make()
    Invitation.objects.filter(pk=invitation.pk).update(**{field: timezone.now() - timedelta(seconds=1)})
    assert not opens(token)
    assert not opens("made-up-token")


def test_a_link_that_is_over_meanwhile_is_not_taken() -> None:
    invitation, token = invitations.make()
    client = Client()
    open_link(client, token)
    client.post("/join/", {"name": "Ada", "username": "ada"})
    Invitation.objects.filter(pk=invitation.pk).update(withdrawn=timezone.now())
    client.post("/join/password/", {"password1": PASSWORD, "password2": PASSWORD})
    assert not Person.objects.exists()
    with pytest.raises(invitations.InvitationError):
        invitations.take(invitation, username="ada", name="Ada")


def test_of_two_who_take_one_link_one_gets_the_account() -> None:
    invitation, _ = invitations.make()
    invitations.take(invitation, username="ada", name="Ada")
    with pytest.raises(invitations.InvitationError):
        invitations.take(invitation, username="eve", name="Eve")


def test_a_name_that_somebody_bears_is_not_given_again(make_person: MakePerson) -> None:
    make_person("ada")
    _, token = invitations.make()
    client = Client()
    open_link(client, token)
    assert "bears this name" in client.post("/join/", {"name": "A", "username": "ADA"}).content.decode()


def test_who_joins_with_a_password_is_led_to_a_second_factor() -> None:
    client, _ = joined_with_password("ada")
    assert client.get("/devices/")["Location"] == "/account/second-factor/"


def test_the_first_administrators_link_is_the_only_way_to_the_first_account() -> None:
    first = invitations.invite_first_administrator()
    second = invitations.invite_first_administrator()
    assert first is not None
    assert second is not None
    assert not opens(first), "an older link is still good"
    client = Client()
    open_link(client, second)
    client.post("/join/", {"name": "Ada", "username": "ada"})
    client.post("/join/password/", {"password1": PASSWORD, "password2": PASSWORD})
    assert invitations.has_administrator()
    assert invitations.invite_first_administrator() is None


def test_a_new_workspace_has_no_account_at_all() -> None:
    assert not Person.objects.exists()


def test_an_administrator_who_is_out_does_not_count(make_person: MakePerson) -> None:
    person = make_person("ada", "administrator")
    assert invitations.has_administrator()
    person.is_active = False
    person.save()
    assert not invitations.has_administrator()


def test_an_administrator_invites_and_the_link_is_shown_once(make_person: MakePerson, signed_in: SignedIn) -> None:
    browser = signed_in(make_person("root", "administrator"))
    page = browser.post("/people/invite/", {"name": "Ada", "role": "clinician"}).content.decode()
    token = page.split("/join/")[1].split("/")[0]
    assert opens(token)
    assert token not in browser.get("/people/").content.decode()
    assert token not in str(list(OutboxRecord.objects.values("body")))
    invitation = Invitation.objects.get()
    browser.post(f"/people/invitations/{invitation.pk}/withdraw/")
    assert not opens(token)


def test_nobody_else_invites(make_person: MakePerson, signed_in: SignedIn) -> None:
    for role in ("auditor", "clinician", "security_analyst", ""):
        browser = signed_in(make_person(f"who-{role}", role))
        assert browser.post("/people/invite/", {"name": "Ada", "role": "clinician"}).status_code == 403
    assert not Invitation.objects.exists()


def test_who_is_put_out_is_out_at_once_and_cannot_come_back(make_person: MakePerson, signed_in: SignedIn) -> None:
    theirs, key, person = joined("ada")
    browser = signed_in(make_person("root", "administrator"))
    browser.post(f"/people/{person.pk}/active/", {"active": "no"})
    assert theirs.get("/").status_code == 302
    assert not is_in(theirs)
    again = Client()
    show(again, key.get(challenge(again)))
    assert not is_in(again)
    browser.post(f"/people/{person.pk}/active/", {"active": "yes"})
    show(again, key.get(challenge(again)))
    assert is_in(again)
    whom = f"person:{person.pk}"
    assert {("person.deactivate", whom), ("person.activate", whom)} <= recorded()


def test_an_administrator_does_not_lock_themselves_out(make_person: MakePerson, signed_in: SignedIn) -> None:
    person = make_person("root", "administrator")
    signed_in(person).post(f"/people/{person.pk}/active/", {"active": "no"})
    person.refresh_from_db()
    assert person.is_active


def test_who_lost_every_way_in_gets_new_ones_and_the_old_ones_end(make_person: MakePerson, signed_in: SignedIn) -> None:
    import json

    from tests.web.people.ways import options_of

    theirs, lost, person = joined("ada")
    browser = signed_in(make_person("root", "administrator"))
    page = browser.post(f"/people/{person.pk}/renew/").content.decode()
    client, key = Client(), SoftwareKey()
    shown = open_link(client, page.split("/join/")[1].split("/")[0])
    assert theirs.get("/").status_code == 200, "a link that nobody took has ended something"
    client.post("/join/passkey/", {"name": "new", "credential": json.dumps(key.create(options_of(shown)))})
    assert client.session["_auth_user_id"] == str(person.pk)
    assert theirs.get("/").status_code == 302
    old = Client()
    show(old, lost.get(challenge(old)))
    assert not is_in(old)
    assert person.grants.count() == 1


def test_pages_of_people_open_and_are_recorded(make_person: MakePerson, signed_in: SignedIn) -> None:
    _, _, person = joined("ada")
    browser = signed_in(make_person("root", "administrator"))
    assert "Ada" in browser.get("/people/?q=ad").content.decode()
    assert "bound to its device" in browser.get(f"/people/{person.pk}/").content.decode()
    assert ("person.view", f"person:{person.pk}") in recorded()


def test_an_administrator_is_never_made_by_an_invitation_from_the_page(
    make_person: MakePerson, signed_in: SignedIn
) -> None:
    browser = signed_in(make_person("root", "administrator"))
    for role in ("administrator", "vendor", "patient"):
        browser.post("/people/invite/", {"name": "Ada", "role": role})
    assert not Invitation.objects.exists()
