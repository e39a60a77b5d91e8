from __future__ import annotations

import time
from typing import Any

import pytest
from allauth.account.internal.flows.login import (
    _AUTHENTICATION_METHODS_USER_SESSION_KEY,
    AUTHENTICATION_METHODS_SESSION_KEY,
)
from allauth.mfa.models import Authenticator
from django.contrib.sessions.backends.db import SessionStore
from django.test import RequestFactory

from asepsis.web.people.models import Person
from asepsis.web.people.strength import Strength, strength
from tests.web.conftest import MakePerson


def measured(person: Person, *records: dict[str, Any], **session: Any) -> Strength:
    request = RequestFactory().get("/")
    request.user = person
    request.session = SessionStore()
    request.session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"at": time.time(), **record} for record in records]
    request.session[_AUTHENTICATION_METHODS_USER_SESSION_KEY] = str(person.pk)
    request.session.update(session)
    return strength(request)


def key(person: Person, kind: str = "webauthn", **data: Any) -> Authenticator:
    return Authenticator.objects.create(user=person, type=kind, data=data)


def test_a_session_without_proofs_has_no_strength(make_person: MakePerson) -> None:
    assert measured(make_person("ada")) == Strength(aal=0, device_bound=False, authenticated_at=None)


def test_a_password_alone_is_one_factor(make_person: MakePerson) -> None:
    assert measured(make_person("ada"), {"method": "password"}).aal == 1


def test_a_password_and_a_code_are_two(make_person: MakePerson) -> None:
    person = make_person("ada")
    totp = key(person, "totp", secret="x")
    found = measured(person, {"method": "password"}, {"method": "mfa", "type": "totp", "id": totp.pk})
    assert found.aal == 2
    assert not found.device_bound


def test_a_code_alone_is_one(make_person: MakePerson) -> None:
    person = make_person("ada")
    assert measured(person, {"method": "mfa", "type": "totp", "id": key(person, "totp", secret="x").pk}).aal == 1


@pytest.mark.parametrize(("backup_eligible", "level"), [(False, 3), (True, 2), (None, 2)])
def test_only_a_passkey_that_cannot_be_copied_is_bound_to_a_device(
    make_person: MakePerson, backup_eligible: bool | None, level: int
) -> None:
    person = make_person("ada")
    passkey = key(person, backup_eligible=backup_eligible)
    found = measured(person, {"method": "mfa", "type": "webauthn", "id": passkey.pk, "passwordless": True})
    assert found.aal == level
    assert found.device_bound == (level == 3)
    assert found.authenticated_at is not None


def test_a_passkey_that_was_removed_or_cloned_since_counts_no_more(make_person: MakePerson) -> None:
    person = make_person("ada")
    removed, cloned = key(person, backup_eligible=False), key(person, backup_eligible=False, cloned_at="2026-01-01")
    records = [{"method": "mfa", "type": "webauthn", "id": passkey.pk} for passkey in (removed, cloned)]
    removed.delete()
    assert measured(person, *records).aal == 0


def test_a_passkey_of_somebody_else_does_not_count(make_person: MakePerson) -> None:
    passkey = key(make_person("grace"), backup_eligible=False)
    assert measured(make_person("ada"), {"method": "mfa", "type": "webauthn", "id": passkey.pk}).aal == 0


@pytest.mark.parametrize(("uid", "vouched", "level"), [("7", 3, 3), ("7", 2, 2), ("7", 1, 1), ("8", 3, 1)])
def test_the_provider_counts_as_much_as_it_vouched_for_in_this_sign_in(
    make_person: MakePerson, uid: str, vouched: int, level: int
) -> None:
    record = {"method": "socialaccount", "provider": "hospital", "uid": "7"}
    assert measured(make_person("ada"), record, asepsis_provider={"uid": uid, "level": vouched}).aal == level
