"""``asepsis design check`` end to end: contradictions planted in the papers of a recorded archive are found."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import pytest

from asepsis.cli.exits import Exit
from asepsis.cli.main import run
from tests.eval.mds2_forms import Truth, as_csv, rows, true_answers
from tests.exposure.design.mud_files import ace, among, content, mud, tcp
from tests.exposure.documents import csaf

RECORDINGS = Path(__file__).resolve().parents[1] / "recordings"
IMAGING = RECORDINGS / "imaging.pcap.gz"
MEDICAL = Path(__file__).resolve().parents[2] / ".cache" / "shared" / "medical" / "hl7-dicom"
TRUTH = Truth(name="PACS_MAIN", vendor="", model="", handles_patients=True, talks_inside=True, serves_anybody=True)


def bill() -> dict[str, Any]:
    component = {
        "type": "library",
        "name": "openssl",
        "version": "1.0.2u",
        "supplier": {"name": "OpenSSL"},
        "purl": "pkg:generic/openssl@1.0.2u",
    }
    bad = {"type": "library", "name": "LabCodec", "version": "1.0", "supplier": {"name": "Lab Maker"}}
    nameless = {"type": "library", "name": "mystery"}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "metadata": {"component": {"name": "LabArchive", "version": "2"}},
        "components": [component, bad, nameless],
    }


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("papers")
    (folder / "bom.json").write_text(json.dumps(bill()))
    (folder / "form.csv").write_bytes(as_csv(rows(TRUTH, {**true_answers(TRUTH), "TXCF-4": "Yes"}, seed=1)))
    # Declared is DICOM over TLS (port 2762, DICOM PS3.15 B.1); what answers is DICOM in clear.
    only_images = ace("images", ipv4={"protocol": 6}, tcp=tcp(2762), **among("local-networks"))
    never = ace("never", ipv4={"protocol": 6, "ietf-acldns:dst-dnsname": "maker.example"}, tcp=tcp(443))
    (folder / "mud.json").write_bytes(content(mud([never], [only_images])))
    (folder / "feeds").mkdir()
    (folder / "feeds" / "one.json").write_text(json.dumps(csaf([("Lab Maker", "LabCodec", "<1.1")])))
    return folder


@pytest.fixture(scope="module")
def report(papers: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    page = tmp_path_factory.mktemp("report") / "report.html"
    out = io.StringIO()
    arguments = ["--sbom", str(papers / "bom.json"), "--mds2", str(papers / "form.csv")]
    arguments += ["--mud", str(papers / "mud.json"), "--capture", str(IMAGING), "--device", "PACS_MAIN"]
    arguments += ["--feeds", str(papers / "feeds"), "--html", str(page), "--now", "2026-06-01T00:00:00Z", "--json"]
    with contextlib.redirect_stdout(out):
        assert run(["design", "check", *arguments]) == Exit.REFUSED_OR_FOUND
    return {**json.loads(out.getvalue()), "page": page.read_text()}


def titles(report: dict[str, Any], check: str, member: str = "found") -> list[str]:
    (found,) = [one for one in report["checks"] if one["check"] == check]
    return [item["title"] for item in found[member]]


def test_components_that_are_known_to_be_weak_or_out_of_support_are_found(report: dict[str, Any]) -> None:
    assert titles(report, "components-vulnerable") == ["LabCodec 1.0: CVE-2026-0001"]
    assert titles(report, "components-unsupported") == ["openssl 1.0.2u: support ended 2019-12-31"]
    assert any(title.startswith("mystery: no version") for title in titles(report, "components-incomplete"))


def test_traffic_that_the_papers_deny_is_found_with_its_packet(report: dict[str, Any]) -> None:
    (claim,) = titles(report, "disclosure-contradicted")
    assert claim.startswith("TXCF-4 is answered yes")
    (port,) = titles(report, "ports-not-declared")
    assert port.startswith("TCP port 104 (DICOM) answers")
    assert titles(report, "declared-not-seen", "cannot_tell") == [
        "TCP to maker.example at its port 443",
        "TCP from local networks at the device's port 2762",
    ]
    for one in report["checks"]:
        for item in one["found"]:
            if not item["source"]:
                assert item["evidence"]["packet"] > 0


def test_every_flow_in_clear_has_its_threats_with_a_severity(report: dict[str, Any]) -> None:
    tampering = [one for one in report["threats"] if one["threat"] == "Tampering" and one["element"] == "flow"]
    assert tampering
    assert {one["severity"] for one in tampering} == {report["severity"]}
    assert all(one["evidence"] for one in tampering)
    assert report["page"].count("<svg") == 1
    assert "not judged" not in report["page"]
    assert {one["topic"] for one in report["not_judged"]} == {"testing", "after-sale", "resilience"}


def test_papers_alone_are_checked_too(papers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["design", "check", "--mud", str(papers / "mud.json")]) == Exit.DONE
    assert "not looked at" in capsys.readouterr().out


def test_what_is_missing_or_none_of_its_kind_is_refused(papers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["design", "check"]) == Exit.USAGE
    assert run(["design", "check", "--device", "x", "--mud", str(papers / "mud.json")]) == Exit.USAGE
    assert run(["design", "check", "--mud", str(papers / "bom.json")]) == Exit.FAILED
    assert str(papers / "bom.json") in capsys.readouterr().err
    assert run(["design", "check", "--sbom", str(papers / "form.csv")]) == Exit.FAILED
    assert run(["design", "check", "--capture", str(IMAGING)]) == Exit.USAGE
    assert "--device" in capsys.readouterr().err
    assert run(["design", "check", "--mud", str(papers / "mud.json"), "--category", "toaster"]) == Exit.USAGE


def test_markup_in_papers_stays_text(tmp_path: Path) -> None:
    document = bill()
    document["components"][0]["name"] = "<script>alert(1)</script>"
    (tmp_path / "bom.json").write_text(json.dumps(document))
    page, pdf = tmp_path / "page.html", tmp_path / "report.pdf"
    where = ["--workspace", str(tmp_path / "none"), "--html", str(page), "--pdf", str(pdf)]
    assert run(["design", "check", "--sbom", str(tmp_path / "bom.json"), *where]) == Exit.REFUSED_OR_FOUND
    assert "<script" not in page.read_text()
    assert pdf.read_bytes().startswith(b"%PDF")


@pytest.mark.skipif(not MEDICAL.is_dir(), reason="the archive of medical captures is not unpacked")
def test_a_real_session_of_hl7_is_a_flow_in_clear(capsys: pytest.CaptureFixture[str]) -> None:
    capture = str(MEDICAL / "HL7-ORU.pcap")
    run(["analyze", capture, "--no-store", "--json"])
    capsys.readouterr()
    code = run(["design", "check", "--capture", capture, "--category", "patient_monitor", "--json"])
    if code == Exit.USAGE:
        # Both ends are devices of the bench: the one that sends the results is the prototype.
        sender = capsys.readouterr().err.partition("there are ")[2].split(",")[0].strip()
        arguments = ["--device", sender, "--category", "patient_monitor", "--json"]
        code = run(["design", "check", "--capture", capture, *arguments])
    assert code == Exit.REFUSED_OR_FOUND
    found = json.loads(capsys.readouterr().out)
    assert any(title.startswith("HL7 ") for title in titles(found, "flows-in-clear"))
    assert found["severity"] in ("catastrophic", "critical")
