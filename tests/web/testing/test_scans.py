from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from django.test import Client

from asepsis.exposure.scanning.plan import ScanError
from asepsis.kernel.time import SECOND_NS
from asepsis.pipeline.registry import Registry
from asepsis.pipeline.scanning.approved import prepare
from asepsis.pipeline.scanning.folder import ScanFolder
from asepsis.pipeline.workspace import Workspace
from asepsis.web.devices.models import DeviceRecord
from asepsis.web.testing.models import Scan
from asepsis.web.testing.recorded import life_sustaining
from tests.pipeline.scanning.traffic import PUMP, SERVER, seen_just_now
from tests.web.conftest import MakeDevice, MakePerson, Recorded, SignedIn


@pytest.fixture
def known(workspace: Workspace, tmp_path: Path, make_device: MakeDevice) -> dict[str, str]:
    found = seen_just_now(workspace, tmp_path)
    for ip, device_id in found.items():
        make_device(device_id, title=ip)
    workspace.settings_path.write_text('format = 1\n[scanning]\ninterface = "scan0"\n')
    return found


def propose(browser: Client, site: str = "north") -> Scan:
    wanted = {"site": site, "reason": "Versions before the audit", "questions": ["banner"]}
    answer = browser.post("/api/v1/scans", json.dumps(wanted), "application/json")
    assert answer.status_code == 201, answer.content
    return Scan.objects.get(pk=answer.json()["id"])


def decide(browser: Client, scan: Scan, decision: str = "approve") -> int:
    body = json.dumps({"decision": decision})
    return browser.post(f"/api/v1/scans/{scan.pk}/decision", body, "application/json").status_code


def test_a_scan_goes_from_plan_to_approval_and_the_pump_is_left_out(
    known: dict[str, str],
    make_person: MakePerson,
    signed_in: SignedIn,
    workspace: Workspace,
    recorded: Recorded,
) -> None:
    ada, ben = signed_in(make_person("ada", "security_analyst")), signed_in(make_person("ben", "clinical_engineer"))
    scan = propose(ada)
    assert [target["device"] for target in scan.targets] == [known[SERVER]]
    left_out = json.loads(ada.get(f"/api/v1/scans/{scan.pk}/plan.json").getvalue())["left_out"]
    pump = next(one for one in left_out if one["ips"] == [PUMP])
    assert pump["why"] == "it gives drugs into a vein: what sustains life is never asked"
    page = ben.get(f"/testing/scans/{scan.pk}/").content.decode()
    assert "Who is left out, and why" in page
    assert "Approve" in page
    with pytest.raises(ScanError, match="not approved"):
        prepare(workspace, scan.pk, now_ns=time.time_ns(), recorded=life_sustaining)
    assert ben.post(f"/testing/scans/{scan.pk}/decide/", {"approve": "1", "hours": "24"}).status_code == 302
    prepared = prepare(workspace, scan.pk, now_ns=time.time_ns(), recorded=life_sustaining)
    assert (prepared.approval.proposer, prepared.approval.approver) == ("ada", "ben")
    assert prepared.skip == {}
    assert f"asepsis scan run {scan.pk} --apply" in ada.get(f"/testing/scans/{scan.pk}/").content.decode()
    assert {"scan.propose", "scan.approve", "scan.view"} <= {one.kind for one in recorded()}


def test_nobody_approves_the_own_scan_and_an_analyst_approves_none(
    known: dict[str, str], make_person: MakePerson, signed_in: SignedIn
) -> None:
    clinical = signed_in(make_person("ben", "clinical_engineer"))
    scan = propose(clinical)
    assert decide(clinical, scan) == 403
    assert decide(signed_in(make_person("ada", "security_analyst")), scan) == 403
    assert decide(signed_in(make_person("eve", "auditor")), scan, "stop") == 403
    scan.refresh_from_db()
    assert scan.state == Scan.State.PROPOSED


def test_a_stopped_scan_does_not_run_and_is_not_approved_again(
    known: dict[str, str], make_person: MakePerson, signed_in: SignedIn, workspace: Workspace
) -> None:
    ada, ben = signed_in(make_person("ada", "security_analyst")), signed_in(make_person("ben", "clinical_engineer"))
    scan = propose(ada)
    assert decide(ben, scan) == 200
    assert decide(ada, scan, "stop") == 200
    with pytest.raises(ScanError, match="not approved"):
        prepare(workspace, scan.pk, now_ns=time.time_ns(), recorded=life_sustaining)
    assert ScanFolder(workspace, scan.pk).stop_path.exists()
    assert decide(ben, scan) == 409
    assert decide(ada, scan, "stop") == 409


def test_an_approval_ends_and_counts_for_the_plan_alone(
    known: dict[str, str], make_person: MakePerson, signed_in: SignedIn, workspace: Workspace
) -> None:
    scan = propose(signed_in(make_person("ada", "security_analyst")))
    assert decide(signed_in(make_person("ben", "clinical_engineer")), scan) == 200
    with pytest.raises(ScanError, match="the approval holds from"):
        prepare(workspace, scan.pk, now_ns=time.time_ns() + 100 * 3600 * SECOND_NS, recorded=life_sustaining)
    folder = ScanFolder(workspace, scan.pk)
    folder.plan_path.write_bytes(folder.plan_path.read_bytes().replace(SERVER.encode(), PUMP.encode()))
    with pytest.raises(ScanError, match="another plan"):
        prepare(workspace, scan.pk, now_ns=time.time_ns(), recorded=life_sustaining)


def test_a_run_is_for_one_process_once(
    known: dict[str, str], make_person: MakePerson, signed_in: SignedIn, workspace: Workspace
) -> None:
    scan = propose(signed_in(make_person("ada", "security_analyst")))
    assert decide(signed_in(make_person("ben", "clinical_engineer")), scan) == 200
    prepare(workspace, scan.pk, now_ns=time.time_ns(), recorded=life_sustaining).folder.claim()
    with pytest.raises(ScanError, match="one run"):
        ScanFolder(workspace, scan.pk).claim()
    with pytest.raises(ScanError, match="one run"):
        prepare(workspace, scan.pk, now_ns=time.time_ns(), recorded=life_sustaining)


def test_what_a_person_has_recorded_as_sustaining_life_is_left_out(
    known: dict[str, str], make_person: MakePerson, signed_in: SignedIn
) -> None:
    ada = signed_in(make_person("ada", "security_analyst"))
    scan = propose(ada)
    DeviceRecord.objects.create(device_id=known[SERVER], criticality=DeviceRecord.Criticality.LIFE_SUSTAINING)
    assert decide(signed_in(make_person("ben", "clinical_engineer")), scan) == 409
    wanted = {"site": "north", "reason": "again", "questions": ["banner"]}
    answer = ada.post("/api/v1/scans", json.dumps(wanted), "application/json")
    assert answer.status_code == 422
    assert "nobody would be asked" in answer.json()["detail"]


def test_what_is_recorded_after_the_approval_is_read_again_before_each_device(
    known: dict[str, str], make_person: MakePerson, signed_in: SignedIn, workspace: Workspace
) -> None:
    scan = propose(signed_in(make_person("ada", "security_analyst")))
    assert decide(signed_in(make_person("ben", "clinical_engineer")), scan) == 200
    prepared = prepare(workspace, scan.pk, now_ns=time.time_ns(), recorded=life_sustaining)
    (target,) = prepared.plan.targets
    assert prepared.refusal(target) == ""
    DeviceRecord.objects.create(device_id=known[SERVER], criticality=DeviceRecord.Criticality.LIFE_SUSTAINING)
    assert prepared.refusal(target) == "a person has recorded that it sustains life"
    DeviceRecord.objects.all().delete()
    assert prepared.refusal(target) == ""
    with Registry.open(workspace.registry_path) as registry:
        registry.override(target.device, "category", "infusion_pump", by="ben", note="")
    assert prepared.refusal(target) == "it gives drugs into a vein: what sustains life is never asked"
    with Registry.open(workspace.registry_path) as registry:
        registry.override(target.device, "category", "workstation", by="ben", note="")
    # It was seen just now, and somebody may sit there.
    assert prepared.refusal(target) == "it was heard within the last 30 minutes"
    DeviceRecord.objects.create(device_id=known[SERVER], criticality=DeviceRecord.Criticality.LIFE_SUSTAINING)
    later = prepare(workspace, scan.pk, now_ns=time.time_ns(), recorded=life_sustaining)
    assert later.skip == {known[SERVER]: "a person has recorded that it sustains life"}


def test_progress_and_receipt_are_shown_as_the_run_wrote_them(
    known: dict[str, str], make_person: MakePerson, signed_in: SignedIn, workspace: Workspace
) -> None:
    ada = signed_in(make_person("ada", "security_analyst"))
    scan = propose(ada)
    assert decide(signed_in(make_person("ben", "clinical_engineer")), scan) == 200
    folder = ScanFolder(workspace, scan.pk)
    folder.tell({"state": "running", "done": 0, "of": 1, "title": "10.77.0.2", "at": "2026-01-31T00:00:00Z"})
    assert "0 of 1 devices" in ada.get(f"/testing/scans/{scan.pk}/").content.decode()
    fault = "packet 7: went to Pump 3, which is left out"
    folder.tell({"state": "violated", "done": 1, "of": 1, "asked": 1, "packets": 9, "bytes": 700, "faults": [fault]})
    assert fault in ada.get(f"/testing/scans/{scan.pk}/").content.decode()
    assert ada.get(f"/api/v1/scans/{scan.pk}").json()["state"] == "violated"


def test_scans_of_another_site_are_not_seen(
    known: dict[str, str], make_person: MakePerson, make_device: MakeDevice, signed_in: SignedIn
) -> None:
    scan = propose(signed_in(make_person("ada", "security_analyst")))
    south = make_device("cup0000001", site="south").site
    other = signed_in(make_person("sue", "clinical_engineer", site=south))
    assert other.get(f"/testing/scans/{scan.pk}/").status_code == 404
    assert other.get("/api/v1/scans").json()["items"] == []
    assert decide(other, scan) == 404
