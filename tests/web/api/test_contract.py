"""The API against what its own description allows and forbids, by schemathesis."""

from __future__ import annotations

import gc
import json
import os
import re
import warnings
from collections.abc import Iterator
from datetime import timedelta
from functools import lru_cache
from typing import Any, cast

import pytest
import schemathesis
from django.core import signals
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from ninja.openapi.schema import OpenAPISchema
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from asepsis.pipeline.workspace import Workspace
from asepsis.web.api import authentication
from asepsis.web.api.version_1 import api
from asepsis.web.people.models import Role, RoleGrant
from asepsis.web.tokens.verify import make
from tests.web.conftest import MakeDevice, MakePerson

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")]

# A tenth of a long loop; `make soak` runs all of it.
EXAMPLES = 300 if os.environ.get("ASEPSIS_SOAK") else 8


@pytest.fixture
def unlimited(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(authentication, "requests", authentication.Rates(10**9))
    monkeypatch.setattr(authentication, "failures", authentication.Rates(10**9))
    # As Django's own test client does: a request must not close the connection that holds the test's transaction.
    signals.request_started.disconnect(close_old_connections)
    signals.request_finished.disconnect(close_old_connections)
    yield
    signals.request_started.connect(close_old_connections)
    signals.request_finished.connect(close_old_connections)
    # The client of schemathesis does not close answers, as a server does; files of a request are closed with them.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@lru_cache(maxsize=1)
def _described() -> Any:
    """Made once: it takes longer than trying one operation."""
    schema = schemathesis.openapi.from_dict(cast("dict[str, Any]", api.get_openapi_schema()))
    schema.app = get_wsgi_application()
    return schema


def _operations() -> list[tuple[str, str]]:
    paths = api.get_openapi_schema()["paths"]
    return [(method.upper(), path) for path, methods in paths.items() for method in methods]


class _Watched(OpenAPISchema):
    """Notes what is described by each name: of two components of one name, django-ninja keeps the later alone."""

    described: dict[str, set[str]]

    def add_schema_definitions(self, definitions: dict[str, Any]) -> None:
        self.__dict__.setdefault("described", {})
        for name, one in definitions.items():
            self.described.setdefault(name, set()).add(json.dumps(one, sort_keys=True))
        super().add_schema_definitions(definitions)


def test_no_two_things_are_described_by_one_name() -> None:
    described = _Watched(api, "")
    # Those of parameters are taken apart and never pointed at.
    pointed_at = set(
        re.findall(r"#/components/schemas/(\w+)", json.dumps([described["paths"], described["components"]]))
    )
    assert len(pointed_at) > 50
    assert {name for name in pointed_at if len(described.described[name]) > 1} == set()


@pytest.mark.parametrize(("method", "path"), _operations(), ids=lambda one: str(one))
def test_nothing_that_can_be_sent_makes_an_error_of_ours(
    method: str,
    path: str,
    workspace: Workspace,
    make_person: MakePerson,
    make_device: MakeDevice,
    unlimited: None,
) -> None:
    make_device("pump000001", category="infusion_pump", medical=True)
    person = make_person("ada", Role.CLINICAL_ENGINEER)
    RoleGrant.objects.create(person=person, role=Role.ADMINISTRATOR)
    # By the role that the operation is for, so that what is behind the gate is tried and not the gate.
    roles = {
        "/ledger": Role.AUDITOR,
        "/people": Role.ADMINISTRATOR,
        "/invitations": Role.ADMINISTRATOR,
        "/device-groups": Role.ADMINISTRATOR,
        "/administrator": Role.ADMINISTRATOR,
        "/webhooks": Role.SECURITY_ANALYST,
    }
    role = next((role for part, role in roles.items() if part in path), Role.CLINICAL_ENGINEER)
    if role is not Role.CLINICAL_ENGINEER:
        RoleGrant.objects.get_or_create(person=person, role=role)
    made = make(person, name="contract", role=role, site=None, life=timedelta(days=1))
    found = _described()[path][method]
    device = st.sampled_from(["pump000001", "nothing"])

    @given(case=found.as_strategy(), known=device)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Any, known: str) -> None:
        if "device_id" in (case.path_parameters or {}):
            case.path_parameters["device_id"] = known
        answer = case.call(headers={"Authorization": f"Bearer {made.secret}"})
        assert answer.status_code < 500, answer.text
        assert answer.status_code != 401
        if answer.status_code >= 400:
            assert answer.headers["content-type"][0] == "application/problem+json"
        case.validate_response(
            answer,
            checks=[
                not_a_server_error,
                status_code_conformance,
                response_schema_conformance,
            ],
        )

    ask()
