from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.cache import cache
from django.test import Client
from jwt.utils import base64url_encode

from asepsis.ledger import Outcome
from asepsis.pipeline.workspace import Workspace
from asepsis.web import settings as product
from asepsis.web.configuration import Configuration, Oidc
from asepsis.web.facilities.models import Site
from asepsis.web.people.models import Person, ProviderIdentity, RoleGrant
from asepsis.web.people.provider import views
from tests.web.conftest import MakePerson, Recorded, SignedIn
from tests.web.people.provider.hospital import CLIENT, SECRET, Claims, Hospital
from tests.web.people.ways import is_in

pytestmark = pytest.mark.django_db
Set = Callable[..., None]


@pytest.fixture(scope="module")
def started() -> Iterator[Hospital]:
    hospital = Hospital()
    yield hospital
    hospital.close()


@pytest.fixture
def hospital(started: Hospital) -> Hospital:
    cache.clear()
    started.reset()
    return started


@pytest.fixture
def oidc(hospital: Hospital, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workspace: Workspace) -> Set:
    """``oidc(roles_days=1)``: the settings of a hospital whose provider it is."""
    secret = tmp_path / "secret"
    secret.write_text(SECRET + "\n")
    secret.chmod(0o600)
    settings = Oidc(
        issuer=hospital.issuer,
        client_id=CLIENT,
        client_secret_file=str(secret),
        groups=("/CE=clinical_engineer", "CN=SOC,OU=Groups=security_analyst@north", "/Admins=administrator"),
        strong_acr=("gold",),
        device_bound_acr=("platinum",),
    )

    def change(**changed: Any) -> None:
        nonlocal settings
        settings = dataclasses.replace(settings, **changed)
        configuration: Configuration = dataclasses.replace(product.CONFIGURATION, oidc=settings)
        monkeypatch.setattr(product, "CONFIGURATION", configuration)

    change()
    return change


def walk(hospital: Hospital, browser: Client | None = None, path: str = "/account/provider/") -> tuple[Client, Any]:
    """There and back; the browser and the last answer."""
    browser = browser or Client()
    leads = browser.get(path)
    assert leads.status_code == 302, leads.content.decode()
    assert leads["Location"].startswith(hospital.issuer)
    return browser, browser.get(back(hospital.authorize(leads["Location"])))


def back(address: str) -> str:
    parts = urlsplit(address)
    assert parts.netloc == "testserver"
    return f"{parts.path}?{parts.query}"


def why(recorded: Recorded) -> list[str]:
    return [
        str((one.details or {})["why"])
        for one in recorded()
        if one.kind == "session.start" and one.outcome is Outcome.REFUSED
    ]


def roles(person: Person) -> set[tuple[str, str, str]]:
    return {(grant.role, grant.site.name if grant.site else "", grant.provider_group) for grant in person.grants.all()}


@pytest.mark.parametrize("kid", ["rsa", "ec"])
def test_somebody_of_a_group_in_the_table_gets_in_with_its_role_alone(
    hospital: Hospital, oidc: Set, recorded: Recorded, kid: str
) -> None:
    hospital.kid = kid
    hospital.claims |= {"groups": ["/CE", "/Everybody", "administrator"], "amr": ["pwd", "mfa"]}
    browser, answer = walk(hospital, path="/account/provider/?next=/devices/")
    assert answer["Location"] == "/devices/"
    person = Person.objects.get()
    assert (person.username, person.name, person.email) == ("ada", "Ada Lovelace", "")
    assert not person.has_usable_password()
    assert roles(person) == {("clinical_engineer", "", "/CE")}
    assert browser.get("/devices/").status_code == 200
    records = {one.kind: one for one in recorded() if one.actor or one.subject}
    assert records["person.join"].subject == f"person:{person.pk}"
    started = records["session.start"].details or {}
    assert (started["way"], started["aal"]) == ("provider", 2)


def test_a_group_of_one_site_gives_its_role_there_and_one_that_is_gone_nowhere(
    hospital: Hospital, oidc: Set, recorded: Recorded
) -> None:
    hospital.claims["groups"] = ["CN=SOC,OU=Groups"]
    walk(hospital)
    person = Person.objects.get()
    assert roles(person) == set()
    assert any((one.details or {}).get("no_such_site") == ("north",) for one in recorded())
    Site.objects.create(name="north")
    walk(hospital)
    assert roles(person) == {("security_analyst", "north", "CN=SOC,OU=Groups")}


def test_roles_from_groups_are_renewed_at_each_sign_in_and_those_by_hand_stay(hospital: Hospital, oidc: Set) -> None:
    hospital.claims["groups"] = ["/CE"]
    walk(hospital)
    person = Person.objects.get()
    RoleGrant.objects.create(person=person, role="clinician")
    RoleGrant.objects.create(person=person, role="clinical_engineer")
    hospital.claims["groups"] = ["/Admins"]
    walk(hospital)
    by_hand = {("clinician", "", ""), ("clinical_engineer", "", "")}
    assert roles(person) == by_hand | {("administrator", "", "/Admins")}
    hospital.claims["groups"] = []
    walk(hospital)
    assert roles(person) == by_hand
    assert Person.objects.count() == 1


def test_a_role_from_a_group_ends_when_nobody_renews_it(hospital: Hospital, oidc: Set) -> None:
    oidc(roles_days=3)
    hospital.claims["groups"] = ["/CE"]
    walk(hospital)
    expires = RoleGrant.objects.get().expires
    assert expires is not None
    assert 2.9 < (expires.timestamp() - time.time()) / 86400 <= 3


@pytest.mark.parametrize(
    "groups",
    [
        [],
        "/ce",
        ["/CE "],
        ["/CE=clinical_engineer"],
        ["/CE,/Admins"],
        ["/Everybody\n/CE"],
        [["/CE"]],
        [{"name": "/CE"}],
        {"/CE": True},
        None,
        7,
    ],
)
def test_no_group_of_the_table_no_account(hospital: Hospital, oidc: Set, recorded: Recorded, groups: object) -> None:
    hospital.claims["groups"] = groups
    browser, answer = walk(hospital)
    assert answer.status_code == 403
    assert not is_in(browser)
    assert not Person.objects.exists()
    assert why(recorded) == ["no_role"]


def test_groups_that_were_left_out_are_said_in_the_ledger(hospital: Hospital, oidc: Set, recorded: Recorded) -> None:
    hospital.claims["groups"] = ["/CE"]
    walk(hospital)
    del hospital.claims["groups"]
    hospital.claims["_claim_names"] = {"groups": "src1"}
    walk(hospital)
    assert Person.objects.get().grants.count() == 0
    assert any((one.details or {}).get("groups_left_out") is True for one in recorded())


def test_neither_e_mail_nor_name_ties_an_account_to_somebody_else(
    hospital: Hospital, oidc: Set, make_person: MakePerson
) -> None:
    ada = make_person("ada", "administrator")
    Person.objects.filter(pk=ada.pk).update(email="ada@hospital.example")
    hospital.claims |= {"groups": ["/CE"], "email": "ada@hospital.example", "email_verified": True}
    walk(hospital)
    other = Person.objects.exclude(pk=ada.pk).get()
    assert other.username == "ada-2"
    assert roles(ada) == {("administrator", "", "")}
    assert not ada.identities.exists()
    hospital.claims |= {"sub": "another", "preferred_username": "ada"}
    walk(hospital)
    assert Person.objects.count() == 3
    assert ProviderIdentity.objects.count() == 2


@pytest.mark.parametrize(
    ("said", "level", "leads"),
    [
        ({"acr": "gold"}, 2, "/"),
        ({"amr": ["mfa"]}, 2, "/"),
        ({"acr": "silver", "amr": ["pwd"]}, 1, "/account/second-factor/"),
        ({"amr": "m,f,a"}, 1, "/account/second-factor/"),
        ({"acr": ["gold"]}, 1, "/account/second-factor/"),
        ({}, 1, "/account/second-factor/"),
    ],
)
def test_acr_and_amr_say_whether_a_second_factor_is_asked(
    hospital: Hospital, oidc: Set, said: Claims, level: int, leads: str
) -> None:
    hospital.claims |= {"groups": ["/CE"], **said}
    browser, _ = walk(hospital)
    assert is_in(browser)
    answer = browser.get("/")
    assert answer.status_code == (200 if leads == "/" else 302)
    if leads != "/":
        assert answer["Location"] == leads
    assert browser.session["asepsis_provider"]["level"] == level


def test_who_has_an_own_second_factor_is_asked_for_it_unless_the_provider_vouched(
    hospital: Hospital, oidc: Set, signed_in: SignedIn
) -> None:
    hospital.claims |= {"groups": ["/CE"], "amr": ["mfa"]}
    walk(hospital)
    signed_in(Person.objects.get(), level=2)  # has a passkey now
    assert is_in(walk(hospital)[0])
    hospital.claims["amr"] = ["pwd"]
    browser, answer = walk(hospital)
    assert answer["Location"].startswith("/account/code/")
    assert not is_in(browser)


def test_an_administrator_from_a_group_needs_a_passkey_bound_to_its_device(hospital: Hospital, oidc: Set) -> None:
    hospital.claims |= {"groups": ["/Admins"], "amr": ["mfa"], "acr": "gold"}
    browser, _ = walk(hospital)
    assert browser.get("/people/")["Location"] == "/account/second-factor/"
    # Only the word that the hospital lists for it, and only with the moment of the provider's question.
    hospital.claims["acr"] = "platinum"
    browser, _ = walk(hospital)
    assert browser.get("/people/")["Location"] == "/account/second-factor/"
    hospital.claims["auth_time"] = int(time.time()) - 3600
    browser, _ = walk(hospital)
    assert browser.get("/people/").status_code == 200
    # An hour ago is no fresh sign-in.
    RoleGrant.objects.update(role="clinical_engineer")
    assert browser.get("/access/break-glass/request/").status_code == 403
    hospital.claims |= {"groups": ["/CE"], "auth_time": int(time.time())}
    browser, _ = walk(hospital)
    assert browser.get("/access/break-glass/request/").status_code == 200


def test_who_was_put_out_stays_out_and_gets_no_role(hospital: Hospital, oidc: Set, recorded: Recorded) -> None:
    hospital.claims["groups"] = ["/CE"]
    walk(hospital)
    Person.objects.update(is_active=False)
    hospital.claims["groups"] = ["/CE", "/Admins"]
    browser, answer = walk(hospital)
    assert answer.status_code == 403
    assert not is_in(browser)
    assert roles(Person.objects.get()) == {("clinical_engineer", "", "/CE")}
    assert why(recorded) == ["ended"]


def forged(hospital: Hospital, kind: str) -> Callable[[Claims], str]:
    """A way to make a token that must not be believed."""
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = hospital.rsa.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )

    def spelled(header: Claims, claims: Claims, signature: bytes = b"") -> str:
        parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
        return b".".join(base64url_encode(part) for part in parts).decode()

    def hs256(claims: Claims) -> str:
        import hashlib
        import hmac

        head = spelled({"alg": "HS256", "kid": "rsa"}, claims).rpartition(".")[0]
        return f"{head}.{base64url_encode(hmac.new(public, head.encode(), hashlib.sha256).digest()).decode()}"

    def changed(claims: Claims) -> str:
        head, _body, signature = hospital.sign(claims).split(".")
        said = {**claims, "groups": ["/Admins"]}
        return f"{head}.{base64url_encode(json.dumps(said).encode()).decode()}.{signature}"

    def with_own_key(claims: Claims) -> str:
        own = jwt.algorithms.RSAAlgorithm.to_jwk(stranger.public_key(), as_dict=True)
        return jwt.encode(claims, stranger, algorithm="RS256", headers={"kid": "rsa", "jwk": own})

    def late(claims: Claims) -> str:
        past = int(time.time()) - 7200
        return hospital.sign({**claims, "iat": past, "exp": past + 300})

    now = time.time()
    makers: dict[str, Callable[[Claims], str]] = {
        "none": lambda claims: spelled({"alg": "none", "kid": "rsa"}, claims),
        "None": lambda claims: spelled({"alg": "NoNe", "kid": "rsa"}, claims),
        "hs256": hs256,
        "stranger": lambda claims: jwt.encode(claims, stranger, algorithm="RS256", headers={"kid": "rsa"}),
        "own_key": with_own_key,
        "changed": changed,
        "unsigned": lambda claims: hospital.sign(claims).rpartition(".")[0] + ".",
        "crit": lambda claims: jwt.encode(
            claims, hospital.rsa, algorithm="RS256", headers={"kid": "rsa", "crit": ["x"], "x": 1}
        ),
        "nonce": lambda claims: hospital.sign({**claims, "nonce": "of another sign-in"}),
        "no_nonce": lambda claims: hospital.sign({key: claims[key] for key in claims if key != "nonce"}),
        "aud": lambda claims: hospital.sign({**claims, "aud": "another-client"}),
        "auds": lambda claims: hospital.sign({**claims, "aud": [CLIENT, "another-client"]}),
        "azp": lambda claims: hospital.sign({**claims, "azp": "another-client"}),
        "iss": lambda claims: hospital.sign({**claims, "iss": "https://evil.example"}),
        "slash": lambda claims: hospital.sign({**claims, "iss": f"{claims['iss']}/"}),
        "expired": late,
        "forever": lambda claims: hospital.sign({key: claims[key] for key in claims if key != "exp"}),
        "old": lambda claims: hospital.sign({**claims, "iat": int(now) - 3600}),
        "future": lambda claims: hospital.sign({**claims, "iat": int(now) + 3600}),
        "sub": lambda claims: hospital.sign({**claims, "sub": ["7f3c"]}),
        "no_sub": lambda claims: hospital.sign({**claims, "sub": ""}),
        "text": lambda claims: "no token",
        "list": lambda claims: jwt.api_jws.encode(b"[]", hospital.rsa, algorithm="RS256", headers={"kid": "rsa"}),
    }
    return makers[kind]


FORGED = {
    "none": "algorithm", "None": "algorithm", "hs256": "algorithm", "stranger": "signature", "own_key": "signature",
    "changed": "signature", "unsigned": "signature", "crit": "form", "nonce": "nonce", "no_nonce": "nonce",
    "aud": "audience", "auds": "party", "azp": "party", "iss": "issuer", "slash": "issuer", "expired": "expired",
    "forever": "times", "old": "old", "future": "future", "sub": "subject", "no_sub": "subject", "text": "form",
    "list": "form",
}  # fmt: skip


@pytest.mark.parametrize(("kind", "reason"), FORGED.items())
def test_a_token_that_is_not_right_signs_nobody_in(
    hospital: Hospital, oidc: Set, recorded: Recorded, kind: str, reason: str
) -> None:
    hospital.claims["groups"] = ["/CE"]
    hospital.make = forged(hospital, kind)
    browser, answer = walk(hospital)
    assert answer.status_code == 403
    assert not is_in(browser)
    assert not Person.objects.exists()
    assert why(recorded) == [reason]


def test_an_answer_is_taken_once_and_by_the_browser_that_asked(
    hospital: Hospital, oidc: Set, recorded: Recorded
) -> None:
    hospital.claims["groups"] = ["/CE"]
    browser = Client()
    address = back(hospital.authorize(browser.get("/account/provider/")["Location"]))
    stranger = Client()
    stranger.get("/account/provider/")
    assert stranger.get(address).status_code == 403
    assert browser.get(address).status_code == 302
    browser.post("/account/logout/")
    assert browser.get(address).status_code == 403
    assert not is_in(browser)
    assert not is_in(stranger)
    assert why(recorded) == ["state", "state"]


def test_a_question_of_long_ago_is_not_answered(hospital: Hospital, oidc: Set, recorded: Recorded) -> None:
    browser = Client()
    address = back(hospital.authorize(browser.get("/account/provider/")["Location"]))
    session = browser.session
    session[views.ASKED] = {
        state: {**one, "at": one["at"] - views.WAITS_SECONDS} for state, one in session[views.ASKED].items()
    }
    session.save()
    assert browser.get(address).status_code == 403
    assert why(recorded) == ["state"]


def test_questions_that_wait_are_few(hospital: Hospital, oidc: Set) -> None:
    browser = Client()
    for _ in range(views.WAITING_LIMIT + 3):
        browser.get("/account/provider/")
    assert len(browser.session[views.ASKED]) == views.WAITING_LIMIT


@pytest.mark.parametrize("named", [False, True])
def test_an_answer_of_another_provider_is_none(hospital: Hospital, oidc: Set, recorded: Recorded, named: bool) -> None:
    hospital.described = {"authorization_response_iss_parameter_supported": True}
    hospital.claims["groups"] = ["/CE"]
    browser = Client()
    address = back(hospital.authorize(browser.get("/account/provider/")["Location"]))
    other = f"{address}&iss=https://evil.example" if named else address
    assert browser.get(other).status_code == 403
    assert not is_in(browser)
    address = back(hospital.authorize(browser.get("/account/provider/")["Location"]))
    assert browser.get(f"{address}&iss={hospital.issuer}").status_code == 302
    assert is_in(browser)


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "http://localhost/"],
)
def test_the_way_back_leads_to_no_other_host(hospital: Hospital, oidc: Set, target: str) -> None:
    hospital.claims["groups"] = ["/CE"]
    browser, answer = walk(hospital, path=f"/account/provider/?next={target}")
    assert is_in(browser)
    assert answer["Location"] == "/"


def test_a_page_of_a_stranger_does_not_send_anybody_to_the_provider(hospital: Hospital, oidc: Set) -> None:
    for site in ("cross-site", "same-site"):
        answer = Client().get("/account/provider/", headers={"sec-fetch-site": site})
        assert answer["Location"] == "/account/login/"
    answer = Client().get("/account/provider/", headers={"sec-fetch-site": "same-origin"})
    assert answer["Location"].startswith(hospital.issuer)


def test_the_id_of_the_session_changes(hospital: Hospital, oidc: Set) -> None:
    hospital.claims["groups"] = ["/CE"]
    browser = Client()
    leads = browser.get("/account/provider/")["Location"]
    before = browser.session.session_key
    browser.get(back(hospital.authorize(leads)))
    assert is_in(browser)
    assert browser.session.session_key != before


@pytest.mark.parametrize(
    "described",
    [
        {"issuer": "https://evil.example"},
        {"authorization_endpoint": "http://evil.example/auth"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": "file:" + "///etc/passwd"},
        {"jwks_uri": None},
    ],
)
def test_a_description_that_is_not_safe_leads_nowhere(hospital: Hospital, oidc: Set, described: Claims) -> None:
    hospital.described = described
    assert Client().get("/account/provider/").status_code == 502


def test_no_redirect_of_the_provider_is_followed(hospital: Hospital, oidc: Set, recorded: Recorded) -> None:
    hospital.described = {"jwks_uri": f"{hospital.issuer}/elsewhere"}
    hospital.claims["groups"] = ["/CE"]
    _browser, answer = walk(hospital)
    assert answer.status_code == 403
    assert "/keys" not in hospital.asked
    assert why(recorded) == ["oidc-answer"]


def test_new_keys_of_the_provider_are_fetched_but_not_for_every_token(hospital: Hospital, oidc: Set) -> None:
    hospital.claims["groups"] = ["/CE"]
    hospital.listed = ["rsa"]
    assert is_in(walk(hospital)[0])
    hospital.kid, hospital.listed = "ec", ["ec"]
    assert is_in(walk(hospital)[0])
    assert hospital.asked.count("/keys") == 2
    hospital.make = lambda claims: jwt.encode(claims, hospital.ec, algorithm="ES256", headers={"kid": "unknown"})
    for _ in range(3):
        assert not is_in(walk(hospital)[0])
    assert hospital.asked.count("/keys") == 2


def test_the_secret_of_the_client_shows_nowhere(
    hospital: Hospital, oidc: Set, workspace: Workspace, capfd: pytest.CaptureFixture[str]
) -> None:
    hospital.codes.clear()
    browser = Client()
    address = browser.get("/account/provider/")["Location"]
    asked = parse_qs(urlsplit(address).query)
    assert SECRET not in address
    answer = browser.get(f"/account/provider/answer/?code=wrong&state={asked['state'][0]}")
    assert answer.status_code == 403
    assert SECRET not in answer.content.decode() + "".join(capfd.readouterr())
    assert not any(SECRET.encode() in path.read_bytes() for path in workspace.root.rglob("*") if path.is_file())


def test_what_the_provider_says_in_words_is_not_shown(hospital: Hospital, oidc: Set) -> None:
    browser = Client()
    state = parse_qs(urlsplit(browser.get("/account/provider/")["Location"]).query)["state"][0]
    text = browser.get(f"/account/provider/answer/?state={state}&error=x&error_description=CANARY").content.decode()
    assert "CANARY" not in text


def test_without_a_provider_there_is_no_such_way() -> None:
    assert Client().get("/account/provider/").status_code == 404
    assert Client().get("/account/provider/answer/?code=x&state=y").status_code == 404
    assert "/account/provider/" not in Client().get("/account/login/").content.decode()


def test_the_page_of_the_ways_in_offers_it(hospital: Hospital, oidc: Set) -> None:
    oidc(name="Hospital account")
    page = Client().get("/account/login/?next=/devices/").content.decode()
    assert 'href="/account/provider/?next=%2Fdevices%2F"' in page
    assert "Sign in with Hospital account" in page


def test_who_has_no_other_way_in_proves_it_at_the_provider_before_adding_one(
    hospital: Hospital, oidc: Set, monkeypatch: pytest.MonkeyPatch, recorded: Recorded
) -> None:
    hospital.claims |= {"groups": ["/CE"], "amr": ["mfa"]}
    browser, _ = walk(hospital)
    assert browser.get("/account/passkeys/add/").status_code == 200

    def later() -> None:
        session = browser.session
        session["account_authentication_methods"][-1]["at"] -= 3600
        session.save()

    later()
    leads = browser.get("/account/passkeys/add/")["Location"]
    assert leads == "/account/provider/again/?next=%2Faccount%2Fpasskeys%2Fadd%2F"
    # Another person at the provider, or one that it only remembered, proves nothing.
    hospital.claims["sub"] = "somebody else"
    assert walk(hospital, browser, leads)[1].status_code == 403
    hospital.claims |= {"sub": "7f3c", "auth_time": int(time.time()) - 3600}
    assert walk(hospital, browser, leads)[1].status_code == 403
    assert browser.get("/account/passkeys/add/").status_code == 302
    del hospital.claims["auth_time"]
    before = browser.session.session_key
    _, answer = walk(hospital, browser, leads)
    assert answer["Location"] == "/account/passkeys/add/"
    assert browser.session.session_key != before
    assert browser.get("/account/passkeys/add/").status_code == 200
    assert why(recorded) == ["somebody_else", "not_asked_again"]


def test_why_may_i_names_the_group_that_gave_the_role(hospital: Hospital, oidc: Set) -> None:
    hospital.claims |= {"groups": ["/CE"], "amr": ["mfa"]}
    browser, _ = walk(hospital)
    text = browser.get("/access/why/?action=device.list").content.decode()
    assert "the group “/CE”" in text
    RoleGrant.objects.update(provider_group="")
    assert "the group “/CE”" not in browser.get("/access/why/?action=device.list").content.decode()
