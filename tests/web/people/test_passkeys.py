from __future__ import annotations

import json
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from asepsis.web.people import invitations
from tests.web.people.authenticator import SoftwareKey
from tests.web.people.ways import challenge, is_in, joined, open_link, options_of, recorded, show

pytestmark = pytest.mark.django_db


def test_an_invited_person_makes_a_passkey_and_signs_in_with_it_alone() -> None:
    _, key, person = joined("ada")
    browser = Client()
    answer = show(browser, key.get(challenge(browser)))
    assert answer.status_code == 302
    assert browser.session["_auth_user_id"] == str(person.pk)
    assert browser.get("/").status_code == 200


def test_the_page_asks_for_a_key_that_is_found_alone_and_verifies_its_user() -> None:
    client = Client()
    _, token = invitations.make()
    open_link(client, token)
    page = client.post("/join/", {"name": "Ada", "username": "ada"}, follow=True)
    wanted = options_of(page)["publicKey"]["authenticatorSelection"]
    assert wanted["userVerification"] == "required"
    assert wanted["residentKey"] == "required"
    assert challenge(Client())["publicKey"]["userVerification"] == "required"


def test_a_new_key_whose_user_was_not_verified_is_refused_by_the_server() -> None:
    client, key = Client(), SoftwareKey()
    _, token = invitations.make()
    open_link(client, token)
    page = client.post("/join/", {"name": "Ada", "username": "ada"}, follow=True)
    credential = key.create(options_of(page), verified=False)
    client.post("/join/passkey/", {"name": "k", "credential": json.dumps(credential)})
    assert not is_in(client)
    assert not Authenticator.objects.exists()


def test_a_sign_in_whose_user_was_not_verified_is_refused_by_the_server() -> None:
    _, key, _ = joined("ada")
    browser = Client()
    show(browser, key.get(challenge(browser), verified=False))
    assert not is_in(browser)


def test_an_answer_for_another_origin_is_refused() -> None:
    _, key, _ = joined("ada")
    browser = Client()
    show(browser, key.get(challenge(browser), origin="https://testserver.example.net"))
    assert not is_in(browser)


def test_a_replayed_answer_is_refused() -> None:
    _, key, _ = joined("ada")
    browser = Client()
    answer = key.get(challenge(browser))
    show(browser, answer)
    assert is_in(browser)
    browser.post("/account/logout/")
    challenge(browser)
    show(browser, answer)
    assert not is_in(browser)


def test_a_challenge_is_gone_after_one_wrong_answer() -> None:
    # A synced key never counts, so that the challenge alone stands against a second try.
    _, key, _ = joined("ada", SoftwareKey(synced=True))
    browser = Client()
    options = challenge(browser)
    show(browser, key.get(options, verified=False))
    show(browser, key.get(options))
    assert not is_in(browser)


def test_a_cloned_key_is_refused_shut_and_recorded_and_its_sessions_end() -> None:
    owner, key, person = joined("ada")
    clone = key.copy()
    for _ in range(3):
        browser = Client()
        show(browser, key.get(challenge(browser)))
        assert is_in(browser)
    thief = Client()
    show(thief, clone.get(challenge(thief)))
    assert not is_in(thief)
    assert owner.get("/").status_code == 302, "a session that the clone may have opened goes on"
    assert ("passkey.cloned", f"person:{person.pk}") in recorded()
    browser = Client()
    show(browser, key.get(challenge(browser)))
    assert not is_in(browser), "a key of which there are two still opens"


def test_a_synced_key_that_never_counts_signs_in_again_and_again() -> None:
    _, key, _ = joined("ada", SoftwareKey(synced=True))
    for _ in range(2):
        browser = Client()
        show(browser, key.get(challenge(browser)))
        assert is_in(browser)


def test_whether_a_key_can_be_copied_is_kept_and_may_not_change() -> None:
    _, key, person = joined("ada")
    row = Authenticator.objects.get(user=person)
    assert row.data["backup_eligible"] is False
    key.synced = True
    browser = Client()
    show(browser, key.get(challenge(browser)))
    assert not is_in(browser)


def test_a_key_that_somebody_has_is_not_taken_for_another() -> None:
    _, key, _ = joined("ada")
    client = Client()
    _, token = invitations.make()
    open_link(client, token)
    page = client.post("/join/", {"name": "Eve", "username": "eve"}, follow=True)
    client.post("/join/passkey/", {"name": "k", "credential": json.dumps(key.create(options_of(page)))})
    assert not is_in(client)


def test_a_key_of_one_person_does_not_open_the_account_of_another() -> None:
    _, key, _ = joined("ada")
    _, other, _ = joined("grace")
    key.handle = other.handle
    browser = Client()
    show(browser, key.get(challenge(browser)))
    assert not is_in(browser)


@pytest.mark.parametrize(
    "hostile",
    [
        "",
        "{",
        "null",
        "[]",
        "7",
        '"text"',
        "{}",
        '{"id": 7}',
        '{"rawId": "AA", "type": "public-key", "response": null}',
        '{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"AA","authenticatorData":"AA","signature":"AA","userHandle":"AA"},"clientExtensionResults":{}}',
        '{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"oA"},"clientExtensionResults":{}}',
    ],
)
def test_an_answer_that_is_none_is_refused_without_an_error(hostile: str) -> None:
    browser = Client()
    challenge(browser)
    assert browser.post("/account/passkeys/sign-in/", {"credential": hostile}).status_code == 302
    assert not is_in(browser)
    _, token = invitations.make()
    open_link(browser, token)
    browser.post("/join/", {"name": "Ada", "username": "ada"}, follow=True)
    assert browser.post("/join/passkey/", {"name": "k", "credential": hostile}).status_code == 200


def test_answers_cut_and_changed_anywhere_are_refused_without_an_error() -> None:
    _, key, _ = joined("ada")
    browser = Client()
    for field in ("clientDataJSON", "authenticatorData", "signature", "userHandle"):
        for cut in (0, 1, 5, 20, 40):
            answer: dict[str, Any] = key.get(challenge(browser))
            answer["response"][field] = answer["response"][field][:cut]
            assert show(browser, answer).status_code == 302
            assert not is_in(browser)
