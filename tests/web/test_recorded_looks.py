"""Who looks at what devices could do to patients, their papers, makers and tests, is in the ledger with the act."""

from __future__ import annotations

import pytest
from django.test import Client

from asepsis.pipeline.workspace import Workspace
from asepsis.web.plan.models import PlanItem
from asepsis.web.plan.projection import write_plan
from tests.web.conftest import MakeDevice, MakePerson, Recorded, SignedIn
from tests.web.plan.hospital import NOW, PUMPS, examined

LOOKS = {
    "/plan/": "plan.view",
    "/plan/{item}/": "plan.view",
    "/plan/export/csv/": "plan.export",
    "/plan/export/servicenow/": "plan.export",
    "/plan/export/jira/?project=MED": "plan.export",
    "/plan/windows/{device}/": "plan.view",
    "/api/v1/plan": "plan.view",
    "/api/v1/plan/{item}": "plan.view",
    "/api/v1/plan/export/csv": "plan.export",
    "/api/v1/acceptances": "plan.view",
    "/api/v1/devices/{device}/idle-hours": "plan.view",
    "/findings/": "finding.view",
    "/findings/export.csv": "finding.export",
    "/findings/export.json": "finding.export",
    "/devices/{device}/exposure/": "risk.view",
    "/risk/": "risk.view",
    "/api/v1/findings": "finding.view",
    "/api/v1/risk": "risk.view",
    "/api/v1/risk/devices": "risk.view",
    "/papers/": "paper.view",
    "/api/v1/papers": "paper.view",
    "/api/v1/papers/products": "paper.view",
    "/vendors/": "vendor.view",
    "/api/v1/vendors": "vendor.view",
    "/feeds/": "feed.view",
    "/api/v1/feeds": "feed.view",
}


@pytest.fixture
def analyst(workspace: Workspace, make_device: MakeDevice, make_person: MakePerson, signed_in: SignedIn) -> Client:
    for name in PUMPS:
        make_device(name, site="north", category="infusion_pump", medical=True)
    write_plan(examined(), NOW)
    return signed_in(make_person("ada", "security_analyst"))


def test_every_look_leaves_its_record(analyst: Client, recorded: Recorded) -> None:
    names = {"item": PlanItem.objects.get(action="telnet").pk, "device": PUMPS[0]}
    missing = []
    for address, kind in LOOKS.items():
        before = len(recorded())
        answer = analyst.get(address.format(**names))
        assert answer.status_code == 200, address
        if kind not in [one.kind for one in recorded()[before:]]:
            missing.append((address, [one.kind for one in recorded()[before:]]))
    assert missing == []
