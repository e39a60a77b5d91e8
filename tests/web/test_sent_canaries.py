"""What stands in documents that people send, and in their names: it is in no log, no record and no error page."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from asepsis.pipeline.workspace import Workspace
from asepsis.web import logs
from tests.eval.mds2_forms import Truth, as_csv, rows, true_answers
from tests.exposure.reported.test_reports import NMAP, SARIF
from tests.pipeline.test_papers import bill
from tests.pipeline.test_reported import SIGNED_IN
from tests.web.conftest import MakeDevice, MakePerson, Recorded, SignedIn

NAME = "CANARY-Maria-Musterfrau"
FORM = Truth(name="x", vendor="Maker", model="Model", handles_patients=True)
MDS2 = as_csv(rows(FORM, {**true_answers(FORM), "TXCF-2": "Yes"}, seed=1))
SBOM = bill().replace(b'"fluxlib"', b'"fluxlib","description":"CANARY"')
BROKEN = b'{"bomFormat": "CycloneDX", "CANARY": "' + NAME.encode()
# Address, fields and the content under a name that says too much; good ones and ones that are refused.
SENT = [
    ("/papers/", {}, MDS2),
    ("/papers/", {}, SBOM),
    ("/papers/", {}, BROKEN),
    ("/api/v1/papers", {}, BROKEN),
    ("/testing/reports/", {"tool": "nessus"}, SIGNED_IN),
    ("/testing/reports/", {"tool": "nmap"}, NMAP),
    ("/testing/reports/", {"tool": "sarif"}, SARIF),
    ("/testing/reports/", {"tool": "sarif"}, BROKEN),
    ("/testing/reports/", {"tool": "nessus"}, SIGNED_IN[:-40]),
    ("/api/v1/scan-reports", {"tool": "nessus"}, SIGNED_IN[:-40]),
    ("/feeds/", {}, BROKEN),
    ("/api/v1/feeds", {}, BROKEN),
    ("/plan/states/", {}, BROKEN),
]


def test_what_was_sent_is_in_no_log_and_no_record(
    workspace: Workspace,
    make_device: MakeDevice,
    make_person: MakePerson,
    signed_in: SignedIn,
    recorded: Recorded,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    site = make_device("pump000001").site
    browser = signed_in(make_person("ada", "security_analyst"))
    browser.raise_request_exception = False
    told = []
    for address, fields, content in SENT:
        file = SimpleUploadedFile(f"{NAME}.xml", content)
        answer = browser.post(address, {**fields, "site": site.pk, "file": file})
        assert answer.status_code < 500, address
        # A page says to whoever sent it which file was refused; it does not quote the file.
        text = answer.content.decode().replace(f"{NAME}.xml", "")
        if "CANARY" in text:
            told.append(address)
    assert told == []
    formatter = logs.FactFormatter()
    printed = "".join(capfd.readouterr()) + "\n".join(formatter.format(one) for one in caplog.records)
    assert "CANARY" not in printed
    assert "CANARY" not in str(recorded())
    assert {"paper.manage", "report.import"} <= {one.kind for one in recorded()}
    # Of a report nothing is on the disk but what was read.
    assert b"hunter2" not in b"".join(_unpacked(path) for path in workspace.root.rglob("*") if path.is_file())


def _unpacked(path: Path) -> bytes:
    """A file of the workspace, with what is packed in rows of reports."""
    if not path.name.startswith("reports.sqlite"):
        return path.read_bytes()
    from asepsis.pipeline.reported import Reports

    with Reports.open(Workspace(path.parent)) as reports:
        packed = reports._select("SELECT content FROM reports")
    return path.read_bytes() + b"".join(zlib.decompress(content) for (content,) in packed)
