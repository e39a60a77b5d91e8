"""Every address, with every role: as the matrix in the documentation says. An address without an action fails here."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from asepsis.pipeline.workspace import Workspace
from asepsis.web.api.version_1 import PATH, api
from asepsis.web.authorisation.actions import Action, Role
from asepsis.web.authorisation.models import AdministratorProposal, BreakGlassUse
from asepsis.web.authorisation.routes import MARK, PUBLIC
from asepsis.web.cmms.models import AssetImport
from asepsis.web.devices.models import Device, DeviceRecord
from asepsis.web.facilities.models import Department, DeviceGroup, Site
from asepsis.web.jobs.models import Job
from asepsis.web.people.models import Person, RoleGrant
from asepsis.web.testing.models import Engagement, Scan
from tests.web.conftest import MakeDevice, MakePerson, SignedIn
from tools.authorisation_reference import PAGE

WITHOUT_ACTION = {
    "allauth": "how one signs in, and the own account behind a sign-in of its own",
    "ninja": "operations of the API, each with a mark of its own below",
}
"""Packages whose addresses name no action here, each with the reason."""

OPEN = {"authority": "the public certificate of the server", "healthz": "says to monitoring that the server answers"}
"""Addresses of ours for which nobody has to be signed in, by name."""

FURTHER = {
    "cancel": "only a job that runs, by whom it concerns",
    "repeat": "only a job that has ended, by whom it concerns",
    "notes": "an obligation: a vendor sees a device without the hospital's notes",
    "documents": "the same",
    "record": "the same",
}
"""Last parts of addresses that ask for more than their action, each with what: a role that may is refused there too."""

LED = ("/", 302)
"""A patient has no overview, and is led from the first page to the own one."""

ROW = re.compile(r"^\| .* `(?P<action>[\w.]+)` \| (?P<cells>.*) \|$")


def matrix() -> dict[tuple[Action, Role], str]:
    """Action and role -> the cell of the page, without its marks."""
    found = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if row := ROW.match(line):
            cells = [cell.strip().rstrip("⁵") for cell in row["cells"].split("|")]
            found.update({(Action(row["action"]), role): cell for role, cell in zip(Role, cells, strict=True)})
    return found


def addresses(resolver: URLResolver | None = None, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in (resolver or get_resolver()).url_patterns:
        address = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern, address)
        else:
            yield address, pattern


def pages() -> dict[str, Action]:
    """The address of every page of ours -> its action; those without one bear ``None`` and are named by a test."""
    found = {}
    for address, pattern in addresses():
        action = getattr(pattern.callback, MARK, None)
        # Who may reach the ways in and the own account is asked of no policy; tests of people walk them.
        if action is not None and action != PUBLIC and not address.startswith("account/"):
            found[address] = Action(action)
    return found


def operations() -> dict[tuple[str, str], Action]:
    """Method and address of every operation of the API -> its action."""
    found = {}
    for prefix, router in api._routers:
        for path, view in router.path_operations.items():
            for operation in view.operations:
                for method in operation.methods:
                    address = f"{PATH}{prefix}{path}".replace("//", "/").removesuffix("/")
                    found[method, address] = Action(getattr(operation.view_func, MARK))
    return found


def test_every_address_names_an_action_or_has_a_reason_not_to() -> None:
    nameless = [
        address
        for address, pattern in addresses()
        if getattr(pattern.callback, MARK, None) is None
        and not address.startswith(("account/", PATH))
        and pattern.name not in OPEN
    ]
    assert nameless == []
    assert len(pages()) > 20


def test_every_operation_of_the_api_names_an_action() -> None:
    assert len(operations()) > 15


def test_the_matrix_has_a_row_for_every_action() -> None:
    assert {action for action, _ in matrix()} == set(Action)
    assert set(matrix().values()) == {"yes", "whole hospital", "own", "-"}


@pytest.fixture
def world(workspace: Workspace, make_device: MakeDevice, make_person: MakePerson) -> dict[str, Any]:
    """One of everything that an address can name, in the site *north*, of somebody else."""
    device = make_device("pump000001", site="north", title="Plum")
    department = Department.objects.create(site=device.site, name="ICU")
    DeviceRecord.objects.create(device=device, department=department)
    group = DeviceGroup.objects.create(name="Pumps")
    group.devices.add(device)
    other = make_person("other", "clinician", site=device.site)
    until = timezone.now() + timedelta(minutes=30)
    return {
        "device": device,
        "group": group,
        "device_id": device.pk,
        "import_id": AssetImport.objects.create(
            site=device.site, file_name="x", digest="", text="asset\n1\n", proposer=other, state="proposed"
        ).pk,
        "job_id": Job.objects.create(kind="analyze", title="x", site=device.site, started_by=other).pk,
        "engagement_id": Engagement.objects.create(
            site=device.site, title="x", testers="x", starts=until, ends=until, proposer=other
        ).pk,
        "scan_id": Scan.objects.create(site=device.site, reason="x", plan="", proposer=other).pk,
        "person_id": other.pk,
        "grant_id": other.grants.get().pk,
        "proposal_id": AdministratorProposal.objects.create(person=other, proposer=make_person("third")).pk,
        "use_id": BreakGlassUse.objects.create(
            person=other, device=device, site=device.site, reason="ETREAT", explanation="x", until=until
        ).pk,
    }


def with_role(role: Role, world: dict[str, Any], make_person: MakePerson, site: Site | None = None) -> Person:
    if role is Role.VENDOR:
        end = timezone.now() + timedelta(days=1)
        group = world["group"] if site is None else DeviceGroup.objects.create(name="Others")
        return make_person("me", role, device_group=group, expires=end)
    if role is Role.PATIENT:
        return make_person("me", role, patient="CANARY")
    return make_person("me", role, site=site)


def filled(address: str, world: dict[str, Any]) -> str:
    """The address with the keys of the world, and with keys of nothing where the world has none."""

    def key(match: re.Match[str]) -> str:
        kind, _, name = match[1].rpartition(":")
        nothing = {"int": "1", "uuid": str(uuid.UUID(int=0))}.get(kind, "csv")
        return str(world.get(name, nothing))

    return "/" + re.sub(r"[<{]([^>}]+)[>}]", key, address)


def ask(browser: Client, method: str, address: str) -> int:
    """The status of the answer; whatever it changed is undone."""
    with transaction.atomic():
        status = browser.generic(method, address, "{}", "application/json").status_code
        if status == 405:
            status = browser.post(address).status_code
        transaction.set_rollback(True)
    return status


def asked(world: dict[str, Any]) -> list[tuple[str, str, Action, bool]]:
    """Method, address, action and whether all that it names exists."""
    found = [("GET", address, action) for address, action in pages().items()]
    found += [(method, address, action) for (method, address), action in operations().items()]
    return [
        (
            method,
            filled(address, world),
            action,
            all(name.rpartition(":")[2] in world for name in re.findall(r"[<{]([^>}]+)[>}]", address)),
        )
        for method, address, action in found
    ]


@pytest.mark.slow
@pytest.mark.parametrize("role", Role)
def test_every_address_answers_every_role_as_the_matrix_says(
    role: Role, world: dict[str, Any], make_person: MakePerson, signed_in: SignedIn
) -> None:
    browser = signed_in(with_role(role, world, make_person))
    expected = matrix()
    wrong = []
    for method, address, action, exists in asked(world):
        status = ask(browser, method, address)
        cell = expected[action, role]
        further = address.rstrip("/").rpartition("/")[2] in FURTHER
        # 422: what was sent is looked at before who sent it, and nothing is done.
        refused = status in (401, 403, 404, 422) or (role is Role.PATIENT and (address, status) == LED)
        must = cell in ("yes", "whole hospital") and exists and not further
        if status >= 500 or (cell == "-" and not refused) or (must and status in (401, 403, 404)):
            wrong.append((method, address, str(action), cell, status))
    assert wrong == [], "\n".join(map(str, wrong))


@pytest.mark.slow
@pytest.mark.parametrize("role", Role)
def test_nothing_of_another_site_is_reached_by_its_address(
    role: Role, world: dict[str, Any], make_person: MakePerson, signed_in: SignedIn
) -> None:
    south = Site.objects.create(name="south")
    browser = signed_in(with_role(role, world, make_person, south))
    named = {str(world[name]) for name in ("device_id", "import_id", "job_id", "use_id", "scan_id", "engagement_id")}
    reached = [
        (method, address, status)
        for method, address, _, _ in asked(world)
        if named & set(address.split("/")) and (status := ask(browser, method, address)) not in (401, 403, 404, 422)
    ]
    assert reached == []


@pytest.mark.slow
def test_a_patient_reaches_the_own_accesses_and_no_other_address(
    world: dict[str, Any], make_person: MakePerson, signed_in: SignedIn
) -> None:
    me = with_role(Role.PATIENT, world, make_person)
    browser = signed_in(me)
    world["person_id"] = me.pk  # not even the page about oneself that staff have
    reached = {
        (method, address): status
        for method, address, _, _ in asked(world)
        if (status := ask(browser, method, address)) not in (401, 403, 404, 422)
    }
    assert reached == {
        ("GET", "/"): 302,
        ("GET", "/access/my-data/"): 200,
        ("GET", f"/{PATH}my-accesses"): 200,
        # Who one is, and how the API is spoken: nothing of the hospital.
        ("GET", f"/{PATH}me"): 200,
        ("GET", "/api/"): 200,
        ("GET", f"/{PATH}openapi.json"): 200,
    }


@pytest.mark.slow
def test_without_signing_in_no_address_of_ours_answers(world: dict[str, Any]) -> None:
    for method, address, _, _ in asked(world):
        assert ask(Client(), method, address) in (302, 401, 403), address


@pytest.mark.slow
def test_a_password_alone_reaches_the_own_account_and_nothing_else(
    world: dict[str, Any], make_person: MakePerson, signed_in: SignedIn
) -> None:
    person = make_person("me", "administrator")
    RoleGrant.objects.create(person=person, role="security_analyst")
    browser = signed_in(person, level=1)
    for method, address, action, _ in asked(world):
        if action not in (Action.ACCOUNT, Action.SESSION_OWN):
            # A page leads to where a second factor is shown or set up; the API refuses.
            led = 302 if not address.startswith("/" + PATH) else 403
            assert ask(browser, method, address) in (led, 401, 403, 404, 422), address


def test_the_world_has_what_addresses_name(world: dict[str, Any]) -> None:
    assert Device.objects.get(pk=world["device_id"]).groups.get() == world["group"]
