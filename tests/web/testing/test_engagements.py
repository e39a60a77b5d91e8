from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from asepsis.exposure.engagement import EngagementError, in_scope, networks
from asepsis.exposure.reported.report import Tool
from asepsis.pipeline.reported import Reports
from asepsis.pipeline.workspace import Workspace
from asepsis.web.devices.projection import refresh as refresh_devices
from asepsis.web.exposure.models import Finding, Risk
from asepsis.web.exposure.projection import is_stale, refresh
from asepsis.web.testing.models import Engagement, EngagementFinding
from tests.exposure.reported.test_reports import NESSUS
from tests.pipeline.scanning.traffic import PUMP, SERVER, mac, seen_just_now
from tests.web.conftest import MakeDevice, MakePerson, Recorded, SignedIn

SCOPE: dict[str, Any] = {
    "site": "north",
    "title": "Imaging network",
    "testers": "Ada and Grace, Example Ltd",
    "networks": ["10.77.0.0/24"],
    "do_not_touch": ["10.77.0.3/32"],
    "starts": "2026-02-01T20:00:00Z",
    "ends": "2026-02-02T04:00:00Z",
}


def send(browser: Client, path: str, body: dict[str, Any]) -> tuple[int, Any]:
    answer = browser.post(f"/api/v1{path}", json.dumps(body), "application/json")
    return answer.status_code, answer.json()


def test_a_test_goes_from_scope_to_retest_and_report(
    make_device: MakeDevice,
    make_person: MakePerson,
    signed_in: SignedIn,
    workspace: Workspace,
    recorded: Recorded,
) -> None:
    make_device("server0001", title="Archive", ips=[SERVER])
    make_device("pump000001", title="Pump", ips=[PUMP])
    ada, ben = signed_in(make_person("ada", "security_analyst")), signed_in(make_person("ben", "clinical_engineer"))
    status, made = send(ada, "/engagements", SCOPE)
    assert status == 201, made
    path = f"/engagements/{made['id']}"
    finding = {"title": "Default password", "severity": "high", "evidence": "Settings opened", "device": "server0001"}
    assert send(ada, f"{path}/findings", finding)[0] == 409
    assert send(ada, f"{path}/decision", {"decision": "approve"})[0] == 403
    assert send(ben, f"{path}/decision", {"decision": "approve"})[0] == 200
    assert send(ben, f"{path}/decision", {"decision": "refuse"})[0] == 409
    status, told = send(ada, f"{path}/findings", finding)
    assert status == 201, told
    status, refused = send(ada, f"{path}/findings", {**finding, "device": "pump000001"})
    assert (status, "outside the scope" in refused["detail"]) == (409, True)
    number = told["findings"][0]["id"]
    state = f"{path}/findings/{number}/state"
    assert send(ada, state, {"state": "gone", "seen": "refused"})[0] == 409
    assert send(ada, state, {"state": "fixed"})[0] == 200
    assert send(ada, state, {"state": "gone"})[0] == 409
    assert send(ada, state, {"state": "gone", "seen": "The password is refused."})[0] == 200
    assert EngagementFinding.objects.get().state == EngagementFinding.State.GONE
    page = ada.get(f"/testing{path}/").content.decode()
    assert "Gone at the retest" in page
    assert send(ada, f"{path}/closing", {"summary": "One finding, gone."})[0] == 200
    assert send(ada, f"{path}/findings", finding)[0] == 409
    report = ada.get(f"/testing{path}/report.html").content.decode()
    assert "One finding, gone." in report
    assert "The password is refused." in report
    assert ada.get(f"/api/v1{path}/report.pdf").content.startswith(b"%PDF")
    assert {"engagement.propose", "engagement.approve", "engagement.work"} <= {one.kind for one in recorded()}


def test_nobody_approves_the_own_scope(make_device: MakeDevice, make_person: MakePerson, signed_in: SignedIn) -> None:
    make_device("server0001")
    ben = signed_in(make_person("ben", "clinical_engineer"))
    _, made = send(ben, "/engagements", SCOPE)
    assert send(ben, f"/engagements/{made['id']}/decision", {"decision": "approve"})[0] == 403
    assert Engagement.objects.get().state == Engagement.State.PROPOSED


@pytest.mark.parametrize(
    "changes", [{"networks": []}, {"networks": ["archive"]}, {"ends": "2026-02-01T20:00:00Z"}, {"starts": "2026-02-01"}]
)
def test_a_scope_that_says_nothing_is_refused(
    changes: dict[str, Any], make_device: MakeDevice, make_person: MakePerson, signed_in: SignedIn
) -> None:
    make_device("server0001")
    assert send(signed_in(make_person("ada", "security_analyst")), "/engagements", {**SCOPE, **changes})[0] == 422


def test_what_stays_untouched_wins_over_the_scope() -> None:
    scope = {"devices": {"pump"}, "networks": ["10.77.0.0/24"], "do_not_touch": ["10.77.0.3/32"]}
    assert in_scope("archive", ["10.77.0.2"], **scope)
    assert not in_scope("pump", ["10.77.0.3"], **scope)
    assert not in_scope("archive", ["10.77.0.2", "10.77.0.3"], **scope)
    assert not in_scope("other", ["10.78.0.2"], **scope)
    with pytest.raises(EngagementError, match="line 2"):
        networks("10.0.0.0/8\nward")


def test_a_report_is_brought_in_and_its_hosts_are_devices(
    workspace: Workspace, tmp_path: Path, make_device: MakeDevice, make_person: MakePerson, signed_in: SignedIn
) -> None:
    known = seen_just_now(workspace, tmp_path)
    make_device(known[SERVER], title="Archive")
    content = NESSUS.replace(b"02:00:00:00:00:02", mac(SERVER).encode())
    ada = signed_in(make_person("ada", "security_analyst"))
    sent = {"site": "north", "tool": "nessus", "file": SimpleUploadedFile("audit.nessus", content)}
    answer = ada.post("/api/v1/scan-reports", sent)
    assert answer.status_code == 201, answer.content
    digest = answer.json()["digest"]
    (host,) = ada.get(f"/api/v1/scan-reports/{digest}").json()["found"]
    assert (host["device"], host["by"]) == (known[SERVER], "mac")
    page = ada.get(f"/testing/reports/{digest}/").content.decode()
    assert "MS17-010" in page
    assert "CANARY" not in page
    assert "audit.nessus" in ada.get("/testing/reports/").content.decode()
    wrong = {"site": "north", "tool": "nmap", "file": SimpleUploadedFile("x.xml", b"<!DOCTYPE a>")}
    assert ada.post("/api/v1/scan-reports", wrong).status_code == 422
    other = signed_in(make_person("sue", "security_analyst", site=make_device("c", site="south").site))
    assert other.get(f"/api/v1/scan-reports/{digest}").status_code == 404
    # Nor does the same file, brought in for another site, tell of the first or count in silence for neither.
    again = {**sent, "site": "south", "file": SimpleUploadedFile("audit.nessus", content)}
    refused = other.post("/api/v1/scan-reports", again)
    assert refused.status_code == 422
    assert "another site" in refused.content.decode()
    assert digest not in other.get("/testing/reports/").content.decode()


def test_reports_and_tests_raise_the_risk_of_a_device_and_stand_among_its_findings(
    workspace: Workspace, tmp_path: Path, make_person: MakePerson, signed_in: SignedIn
) -> None:
    known = seen_just_now(workspace, tmp_path)
    refresh_devices(workspace)
    refresh(workspace)
    before = Risk.objects.get(pk=known[SERVER])
    assert not Finding.objects.filter(source=Finding.Source.REPORT).exists()

    service = b'<ReportItem port="23" svc_name="telnet" protocol="tcp" severity="0" pluginID="1" pluginName="x"/>'
    report = NESSUS.replace(b"02:00:00:00:00:02", mac(SERVER).encode()).replace(b"Microsoft Windows 7", b"Debian")
    report = report.replace(b"</ReportHost>", service + b"</ReportHost>")
    moment = str(int(time.time())).encode()
    report = re.sub(rb'(HOST_END_TIMESTAMP">)\d+', rb"\g<1>" + moment, report)
    with Reports.open(workspace) as reports:
        reports.take(report, Tool.NESSUS, name="audit.nessus", site="north")
    assert is_stale(workspace)
    refresh(workspace)
    claimed = Risk.objects.get(pk=known[SERVER])
    assert claimed.score > before.score
    assert claimed.low == before.low
    told = {row.title: row for row in Finding.objects.filter(device=known[SERVER], source=Finding.Source.REPORT)}
    assert set(told) == {"MS17-010", "Telnet is open"}
    assert (told["MS17-010"].base, told["MS17-010"].vulnerabilities) == (8.1, ["CVE-2017-0143"])
    reasons = {one["factor"]: one["why"] for one in claimed.factors}
    assert "by a report: it can be steered by Telnet" in reasons["weaknesses"]
    assert reasons["vulnerabilities"].endswith("reports claim 1 more")

    assert not is_stale(workspace)
    ada, ben = signed_in(make_person("ada", "security_analyst")), signed_in(make_person("ben", "clinical_engineer"))
    path = f"/engagements/{send(ada, '/engagements', SCOPE)[1]['id']}"
    assert send(ben, f"{path}/decision", {"decision": "approve"})[0] == 200
    finding = {
        "title": "CANARY default password",
        "severity": "high",
        "evidence": "CANARY",
        "device": known[SERVER],
    }
    status, made = send(ada, f"{path}/findings", finding)
    assert status == 201, made
    assert is_stale(workspace)
    refresh(workspace)
    tested = Risk.objects.get(pk=known[SERVER])
    assert tested.score > claimed.score
    row = Finding.objects.get(device=known[SERVER], title="A penetration test found something: high")
    assert "CANARY" not in repr(row.__dict__)
    state = f"{path}/findings/{made['findings'][0]['id']}/state"
    assert send(ada, state, {"state": "fixed"})[0] == 200
    refresh(workspace)
    assert Risk.objects.get(pk=known[SERVER]).score == tested.score
    assert send(ada, state, {"state": "gone", "seen": "The password is refused."})[0] == 200
    assert is_stale(workspace)
    refresh(workspace)
    assert Risk.objects.get(pk=known[SERVER]).score == claimed.score
    row.refresh_from_db()
    assert row.ended is not None
