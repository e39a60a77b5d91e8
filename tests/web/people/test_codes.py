from __future__ import annotations

import re
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.test import Client

from asepsis.web.people import sealing
from asepsis.web.people.codes import step_of, take
from asepsis.web.people.models import Person
from tests.web.people.ways import PASSWORD, is_in, joined_with_password

pytestmark = pytest.mark.django_db
# RFC 6238 appendix B: the ASCII secret, at 59 seconds: step 1, the last six of 94287082.
RFC_SECRET, RFC_TIME, RFC_CODE = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", 59, "287082"


@pytest.fixture(autouse=True)
def _middle_of_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands still: a code that was made in one step and shown in the next but one would be too old."""
    still = time.time() // 30 * 30 + 15
    monkeypatch.setattr(time, "time", lambda: still)


def code(secret: str, step: int = 0) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + step)))


def with_app(username: str) -> tuple[Person, str, list[str]]:
    client, person = joined_with_password(username)
    secret = re.search(r"type this key: <code>(\w+)</code>", client.get("/account/app/").content.decode())
    assert secret is not None
    page = client.post("/account/app/", {"code": code(secret[1], -1)}, follow=True).content.decode()
    return person, secret[1], re.findall(r"<code>(\d{10})</code>", page)


def tries(username: str, given: str) -> bool:
    browser = Client()
    browser.post("/account/login/", {"login": username, "password": PASSWORD})
    browser.post("/account/code/", {"code": given})
    return is_in(browser)


def test_the_vector_of_the_standard_is_met(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: float(RFC_TIME))
    assert step_of(RFC_SECRET, RFC_CODE) == 1


def test_a_code_signs_in_once_even_when_every_cache_is_empty() -> None:
    _, secret, _ = with_app("ada")
    given = code(secret)
    assert tries("ada", given)
    cache.clear()  # as in another process, or after a restart
    assert not tries("ada", given)
    assert tries("ada", code(secret, 1))


def test_the_code_that_switched_the_app_on_and_older_ones_are_used_up() -> None:
    _, secret, _ = with_app("ada")
    assert not tries("ada", code(secret, -1))


def test_of_two_who_show_the_same_code_one_is_let_in() -> None:
    person, secret, _ = with_app("ada")
    row = Authenticator.objects.get(user=person, type="totp")
    assert [take(row.pk, code(secret)) is not None for _ in range(2)] == [True, False]


def test_neither_secret_nor_seed_stands_in_the_database() -> None:
    person, secret, codes = with_app("ada")
    stored = list(Authenticator.objects.filter(user=person))
    assert len(stored) == 2
    for row in stored:
        text = str(row.data)
        assert secret not in text
        assert not any(given in text for given in codes)
        assert sealing.PREFIX in text
    assert sealing.unseal(next(row for row in stored if row.type == "totp").data["secret"]) == secret


def test_a_secret_that_was_sealed_elsewhere_or_not_at_all_does_not_open() -> None:
    sealed = sealing.seal("text")
    for wrong in ("text", sealed[:-8] + "AAAAAAA=", sealing.PREFIX):
        with pytest.raises(sealing.SealError):
            sealing.unseal(wrong)


def test_a_recovery_code_works_once_beside_the_password() -> None:
    _, _, codes = with_app("ada")
    assert len(codes) == 10
    assert tries("ada", codes[3])
    assert not tries("ada", codes[3])
    assert tries("ada", codes[4])


def test_recovery_codes_are_shown_once() -> None:
    _, _, codes = with_app("ada")
    browser = Client()
    browser.post("/account/login/", {"login": "ada", "password": PASSWORD})
    browser.post("/account/code/", {"code": codes[0]})
    browser.post("/account/code/again/", {"code": codes[1]})
    page = browser.get("/account/recovery-codes/").content.decode()
    assert "8 of 10" in page
    assert not any(given in page for given in codes)


def test_a_password_alone_is_not_enough() -> None:
    with_app("ada")
    browser = Client()
    browser.post("/account/login/", {"login": "ada", "password": PASSWORD})
    assert not is_in(browser)


def test_codes_cannot_be_guessed_without_end() -> None:
    _, secret, _ = with_app("ada")
    browser = Client()
    browser.post("/account/login/", {"login": "ada", "password": PASSWORD})
    for _ in range(5):
        browser.post("/account/code/", {"code": "000000"})
    browser.post("/account/code/", {"code": code(secret)})
    assert not is_in(browser)
