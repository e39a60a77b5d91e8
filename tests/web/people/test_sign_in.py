from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.hashers import get_hasher
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from asepsis.web.authorisation import asking
from asepsis.web.configuration import Configuration
from asepsis.web.ledger.models import OutboxRecord
from asepsis.web.people import account, adapters, attempts, middleware, passwords
from asepsis.web.people.models import Person
from asepsis.web.settings import CONFIGURATION, WORKSPACE
from tests.web.conftest import MakePerson, SignedIn
from tests.web.people.authenticator import SoftwareKey
from tests.web.people.ways import PASSWORD, challenge, is_in, joined, recorded, show

pytestmark = pytest.mark.django_db
WRONG = {"password": "not-the-password-at-all"}


@pytest.fixture(autouse=True)
def _fresh_counts() -> None:
    cache.clear()


def with_password(make_person: MakePerson, username: str = "ada", role: str = "") -> Person:
    person = make_person(username, role)
    person.set_password(PASSWORD)
    person.save()
    return person


def test_nobody_can_sign_up() -> None:
    for path in ("/account/signup/", "/account/passkeys/signup/", "/account/3rdparty/signup/", "/account/email/"):
        assert Client().get(path).status_code == 404, path


def test_the_id_of_a_session_changes_at_sign_in() -> None:
    _, key, _ = joined("ada")
    browser = Client()
    options = challenge(browser)
    before = browser.session.session_key
    show(browser, key.get(options))
    assert is_in(browser)
    assert browser.session.session_key != before
    old = Client(headers={"cookie": f"__Host-asepsis={before}"})
    assert old.get("/account/").status_code == 302


def test_the_id_of_a_session_changes_when_it_gets_stronger(make_person: MakePerson, signed_in: SignedIn) -> None:
    person = with_password(make_person)
    browser = signed_in(person, level=1)
    before = browser.session.session_key
    browser.post("/account/again/", {"password": PASSWORD})
    assert is_in(browser)
    assert browser.session.session_key != before


@pytest.mark.parametrize("path", ["/account/login/", "/account/passkeys/sign-in/", "/account/logout/", "/join/"])
def test_a_form_of_another_site_is_refused(path: str) -> None:
    assert Client(enforce_csrf_checks=True).post(path, {"login": "ada", **WRONG}).status_code == 403


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example",
        "/\\evil.example",
        "http:evil.example",
        "javascript:alert(1)",
        # A name that we answer to, but not the one that was asked.
        "http://localhost/",
        "http://127.0.0.1:9/",
    ],
)
def test_signing_in_leads_to_no_other_host(make_person: MakePerson, target: str, settings: object) -> None:
    with_password(make_person)
    browser = Client()
    answer = browser.post("/account/login/", {"login": "ada", "password": PASSWORD, "next": target})
    assert is_in(browser)
    assert answer["Location"] == "/"


def test_signing_in_leads_back_to_the_page_that_was_asked_for(make_person: MakePerson) -> None:
    with_password(make_person)
    answer = Client().post("/account/login/", {"login": "ada", "password": PASSWORD, "next": "/devices/?q=x"})
    assert answer["Location"] == "/devices/?q=x"


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A line for every password that was hashed."""
    counted: list[str] = []
    hash_once: Callable[..., str] = passwords.BoundedArgon2Hasher.encode
    verify_once: Callable[..., bool] = passwords.BoundedArgon2Hasher.verify

    def encode(self: passwords.BoundedArgon2Hasher, password: str, salt: str) -> str:
        counted.append("encode")
        return hash_once(self, password, salt)

    def verify(self: passwords.BoundedArgon2Hasher, password: str, encoded: str) -> bool:
        counted.append("verify")
        return verify_once(self, password, encoded)

    monkeypatch.setattr(passwords.BoundedArgon2Hasher, "encode", encode)
    monkeypatch.setattr(passwords.BoundedArgon2Hasher, "verify", verify)
    return counted


def test_a_name_that_nobody_bears_is_answered_like_a_wrong_password(make_person: MakePerson, hashes: list[str]) -> None:
    with_password(make_person)
    make_person("grace")  # by passkey alone
    gone = with_password(make_person, "gone")
    gone.is_active = False
    gone.save()
    answers, work = set(), set()
    for name in ("ada", "grace", "gone", "nobody"):
        hashes.clear()
        answer = Client().post("/account/login/", {"login": name, **WRONG})
        text = answer.content.decode().replace(name, "NAME")
        answers.add((answer.status_code, text[text.index("That name and password") :][:200]))
        work.add(len(hashes))
    assert len(answers) == 1
    assert work == {1}, "one answer is made with more hashing than another, which the time shows"


def test_a_wrong_password_is_recorded_and_a_name_of_nobody_is_not_kept(make_person: MakePerson) -> None:
    person = with_password(make_person)
    Client().post("/account/login/", {"login": "ada", **WRONG})
    Client().post("/account/login/", {"login": "CANARY-typed-a-password-here", **WRONG})
    tried = {subject for kind, subject in recorded() if kind == "session.start"}
    assert {f"person:{person.pk}", ""} <= tried
    assert "CANARY" not in str([row.body for row in OutboxRecord.objects.all()])
    assert not any(b"CANARY" in path.read_bytes() for path in WORKSPACE.root.rglob("*") if path.is_file())


def test_who_guesses_at_a_name_is_stopped(make_person: MakePerson) -> None:
    with_password(make_person)
    guesser = Client()
    for _ in range(5):
        guesser.post("/account/login/", {"login": "ada", **WRONG})
    answer = guesser.post("/account/login/", {"login": "ADA", "password": PASSWORD})
    assert "Too many tries" in answer.content.decode()
    assert not is_in(guesser)


def test_who_guesses_at_a_name_does_not_lock_out_its_bearer(make_person: MakePerson) -> None:
    with_password(make_person)
    owner = Client()
    owner.post("/account/login/", {"login": "ada", "password": PASSWORD})
    owner.post("/account/logout/")
    for _ in range(8):
        Client().post("/account/login/", {"login": "ada", **WRONG})
    owner.post("/account/login/", {"login": "ada", "password": PASSWORD})
    assert is_in(owner), "their own browser is let in no more"


def test_who_guesses_at_a_name_does_not_stop_its_passkey() -> None:
    _, key, _ = joined("ada")
    guesser = Client()
    for _ in range(8):
        guesser.post("/account/login/", {"login": "ada", **WRONG})
    browser = Client()
    show(browser, key.get(challenge(browser)))
    assert is_in(browser)


def test_a_known_browser_is_known_for_one_person_and_stopped_too(make_person: MakePerson) -> None:
    with_password(make_person)
    with_password(make_person, "grace")
    browser = Client()
    browser.post("/account/login/", {"login": "ada", "password": PASSWORD})
    browser.post("/account/logout/")
    for _ in range(5):
        Client().post("/account/login/", {"login": "grace", **WRONG})
        browser.post("/account/login/", {"login": "ada", **WRONG})
    for name in ("grace", "ada"):
        browser.post("/account/login/", {"login": name, "password": PASSWORD})
        assert not is_in(browser), name


def test_a_mark_of_a_known_browser_cannot_be_made_up(make_person: MakePerson) -> None:
    with_password(make_person)
    for _ in range(5):
        Client().post("/account/login/", {"login": "ada", **WRONG})
    browser = Client()
    browser.cookies[attempts.COOKIE] = "WyJhIiwiYiJd:1abc:xyz"
    browser.post("/account/login/", {"login": "ada", "password": PASSWORD})
    assert not is_in(browser)


def test_counts_are_shared_by_all_processes() -> None:
    from django.conf import settings

    assert settings.CACHES["default"]["BACKEND"] == "django.core.cache.backends.db.DatabaseCache"


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("short-words", "too short"),
        ("ada.lovelace", "similar"),
        ("1234567890987654321", "common"),
    ],
)
def test_weak_passwords_are_refused(password: str, says: str) -> None:
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError

    person = Person(username="ada.lovelace", name="Ada Lovelace")
    with pytest.raises(ValidationError, match=says):
        validate_password(password, person)


def test_a_password_of_the_hospitals_list_is_refused(tmp_path: object) -> None:
    import hashlib
    from pathlib import Path

    from django.core.exceptions import ValidationError

    leaked = [f"leaked password number {number}" for number in range(300)]
    lines = sorted(hashlib.sha1(text.encode()).hexdigest().upper() for text in leaked)
    path = Path(str(tmp_path)) / "hashes.txt"
    for form in ("{}\n", "{}:12\r\n"):
        path.write_bytes(b"".join(form.format(line).encode() for line in lines))
        check = passwords.BreachedPasswordValidator(str(path))
        for text in leaked:
            with pytest.raises(ValidationError, match="leaked"):
                check.validate(text)
        for number in range(300, 600):
            check.validate(f"leaked password number {number}")
    path.write_bytes(b"")
    passwords.BreachedPasswordValidator(str(path)).validate("anything")


def test_passwords_are_kept_by_argon2id() -> None:
    encoded = get_hasher("default").encode("text", "saltsaltsalt")
    assert encoded.startswith("argon2$argon2id$v=19$m=47104,t=2,p=1$")


def rules(monkeypatch: pytest.MonkeyPatch, **changed: object) -> Configuration:
    sign_in = dataclasses.replace(CONFIGURATION.sign_in, **changed)  # type: ignore[arg-type]  # by name
    configuration = dataclasses.replace(CONFIGURATION, sign_in=sign_in)
    monkeypatch.setattr(middleware, "CONFIGURATION", configuration)
    return configuration


@pytest.mark.parametrize(("key", "minutes"), [(middleware.SEEN, 30), (middleware.STARTED, 12 * 60)])
def test_a_session_ends_that_was_not_used_or_is_old(
    make_person: MakePerson, signed_in: SignedIn, key: str, minutes: int
) -> None:
    browser = signed_in(make_person("ada", "security_analyst"))
    for age, status in ((minutes - 1, 200), (minutes + 1, 302)):
        session = browser.session
        session[middleware.SEEN] = time.time()
        session[key] = time.time() - age * 60
        session.save()
        assert browser.get("/").status_code == status
    assert not is_in(browser)


def test_a_part_that_renews_itself_does_not_keep_a_session_alive(make_person: MakePerson, signed_in: SignedIn) -> None:
    browser = signed_in(make_person("ada", "security_analyst"))
    browser.get("/")
    session = browser.session
    session[middleware.SEEN] = before = time.time() - 600
    session.save()
    browser.get("/", headers={"hx-request": "true"})
    assert browser.session[middleware.SEEN] == before
    browser.get("/")
    assert browser.session[middleware.SEEN] > before


def test_one_factor_opens_nothing_but_the_way_to_a_second(make_person: MakePerson, signed_in: SignedIn) -> None:
    browser = signed_in(make_person("ada", "security_analyst"), level=1)
    for path in ("/", "/devices/", "/jobs/", "/people/"):
        answer = browser.get(path)
        assert answer.status_code == 302
        assert answer["Location"] == reverse("second_factor")
    assert browser.get("/account/second-factor/").status_code == 200


@pytest.fixture
def lift(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """``lift(second_factor=False)``: a hospital that set so, in every place that asks."""

    def change(**changed: object) -> None:
        configuration = rules(monkeypatch, **changed)
        for place in (asking, adapters, account):
            monkeypatch.setattr(place, "CONFIGURATION", configuration)
        asking.engine.cache_clear()

    yield change
    monkeypatch.undo()
    asking.engine.cache_clear()


def test_the_hospital_may_do_without_a_second_factor(
    make_person: MakePerson, signed_in: SignedIn, lift: Callable[..., None]
) -> None:
    ada = with_password(make_person, role="security_analyst")
    assert signed_in(ada, level=1).get("/devices/")["Location"] == reverse("second_factor")
    lift(second_factor=False)
    browser = signed_in(ada, level=1)
    assert browser.get("/devices/").status_code == 200
    assert browser.get("/tokens/").status_code == 200
    # Break-glass and administrators need their passkey all the same.
    assert browser.get("/access/break-glass/request/").status_code == 403
    root = with_password(make_person, "root", "administrator")
    assert signed_in(root, level=1).get("/people/")["Location"] == reverse("second_factor")


def test_the_hospital_may_do_without_keys_bound_to_their_device(
    make_person: MakePerson, signed_in: SignedIn, lift: Callable[..., None]
) -> None:
    ada = make_person("ada", "administrator")
    lift(administrators_device_bound=False)
    assert signed_in(ada, level=2).get("/people/invite/").status_code == 200
    assert signed_in(ada, level=1).get("/people/invite/")["Location"] == reverse("second_factor")


def test_an_administrator_needs_a_key_bound_to_its_device(
    make_person: MakePerson, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = make_person("ada", "administrator")
    assert signed_in(person, level=2).get("/")["Location"] == reverse("second_factor")
    assert signed_in(person, level=3).get("/").status_code == 200
    rules(monkeypatch, administrators_device_bound=False)
    assert signed_in(person, level=2).get("/").status_code == 200


def test_a_synced_passkey_of_an_administrator_is_not_enough() -> None:
    client, _, _ = joined("ada", SoftwareKey(synced=True), role="administrator")
    assert client.get("/")["Location"] == reverse("second_factor")
    assert "cannot be copied" in client.get("/account/second-factor/").content.decode()


def test_who_could_sign_in_as_somebody_is_changed_only_after_proving_it_again(
    make_person: MakePerson, signed_in: SignedIn
) -> None:
    person = with_password(make_person, role="security_analyst")
    browser = signed_in(person)
    session = browser.session
    session["account_authentication_methods"][0]["at"] = time.time() - 3600
    session.save()
    for path in ("/account/passkeys/add/", "/account/app/", "/account/password/", "/account/recovery-codes/new/"):
        answer = browser.get(path)
        assert answer.status_code == 302, path
        # With a passkey, the password alone does not prove it.
        assert answer["Location"].startswith("/account/passkeys/again/"), path


def test_the_last_second_factor_cannot_be_removed(make_person: MakePerson, signed_in: SignedIn) -> None:
    from allauth.mfa.models import Authenticator

    person = make_person("ada", "security_analyst")
    browser = signed_in(person)
    row = Authenticator.objects.get(user=person)
    browser.post(f"/account/passkeys/{row.pk}/remove/")
    assert Authenticator.objects.filter(pk=row.pk).exists()


def test_a_person_sees_and_ends_their_sessions_and_nobody_elses(make_person: MakePerson, signed_in: SignedIn) -> None:
    from allauth.usersessions.models import UserSession

    ada, grace = make_person("ada", "security_analyst"), make_person("grace", "security_analyst")
    here, there, hers = signed_in(ada), signed_in(ada), signed_in(grace)
    for browser in (there, hers):
        browser.get("/")
    assert "Sign out there" in here.get("/account/").content.decode()
    row = UserSession.objects.get(session_key=hers.session.session_key)
    assert here.post("/account/sessions/end/", {"session": row.pk}).status_code == 404
    assert hers.get("/").status_code == 200
    row = UserSession.objects.get(session_key=there.session.session_key)
    here.post("/account/sessions/end/", {"session": row.pk})
    assert there.get("/").status_code == 302
    assert here.get("/").status_code == 200


def test_only_the_name_is_changed_by_the_form_of_the_name(make_person: MakePerson, signed_in: SignedIn) -> None:
    person = make_person("ada", "security_analyst")
    more = {"username": "root", "email": "eve@evil.example", "is_active": "", "password": "x", "id": "7", "created": ""}
    answer = signed_in(person).post("/account/", {"name": "Ada L.", **more})
    assert answer.status_code == 302
    after = Person.objects.get()
    assert (after.pk, after.name, after.username, after.email, after.is_active) == (
        person.pk, "Ada L.", "ada", "", True,
    )  # fmt: skip
    assert after.password == person.password


def test_a_changed_password_ends_every_other_session(make_person: MakePerson, signed_in: SignedIn) -> None:
    person = with_password(make_person, role="security_analyst")
    here, there = signed_in(person), signed_in(person)
    new = "eleven-quiet-harbours"
    answer = here.post("/account/password/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert answer.status_code == 302
    person.refresh_from_db()
    assert person.check_password(new)
    assert there.get("/").status_code == 302
