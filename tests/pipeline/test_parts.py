"""Lists of components in the workspace become findings of the devices that they speak of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from asepsis.cli.exits import Exit
from asepsis.cli.main import run
from asepsis.exposure.finding import Exposed, Finding
from asepsis.exposure.paper import Subject
from asepsis.pipeline.advisories import findings_of
from asepsis.pipeline.papers import Papers
from asepsis.pipeline.papers_reading import read_paper
from asepsis.pipeline.registry import Registry
from asepsis.pipeline.workspace import Workspace
from tests.exposure.matching.test_parts import CVE
from tests.pipeline.test_papers import bill, workspace

__all__ = ["workspace"]

AFFECTED = {"vendor": "Flux", "product": "fluxlib", "packageURL": "pkg:npm/fluxlib"}
RECORD = {
    "dataType": "CVE_RECORD",
    "cveMetadata": {"cveId": CVE, "assignerShortName": "mitre"},
    "containers": {
        "cna": {"affected": [{**AFFECTED, "versions": [{"version": "0", "lessThan": "1.4.0", "status": "affected"}]}]}
    },
}


@pytest.fixture
def feeds(tmp_path: Path) -> Path:
    folder = tmp_path / "feeds"
    folder.mkdir()
    (folder / "record.json").write_text(json.dumps(RECORD))
    return folder


def found(place: Workspace, feeds: Path) -> list[Finding]:
    return [one for one in findings_of(place, folder=feeds) if CVE in one.verdict.vulnerabilities]


def test_a_part_of_a_devices_product_is_a_finding_of_the_device(
    workspace: Workspace, feeds: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Papers.open(workspace.papers_path) as papers:
        paper, _ = papers.take(read_paper(None, "bom.json", bill()), 1)
    (one,) = found(workspace, feeds)
    assert (one.verdict.answer, one.component, one.paper) == (Exposed.AFFECTED, "fluxlib 1.2.0", paper.id)
    assert one.version is not None
    assert run(["findings", "--feeds", str(feeds), "--workspace", str(workspace.root)]) == Exit.REFUSED_OR_FOUND
    assert "part:     fluxlib 1.2.0" in capsys.readouterr().out
    with Papers.open(workspace.papers_path) as papers:
        papers.remove(paper.id, 2)
    assert found(workspace, feeds) == []


def test_a_list_of_a_version_that_the_device_may_run_cannot_tell(workspace: Workspace, feeds: Path) -> None:
    with Registry.open(workspace.registry_path) as registry:
        (device,) = registry.devices()
        registry.override(device.id, "firmware", None, "biomed")
    with Papers.open(workspace.papers_path) as papers:
        papers.take(read_paper(None, "bom.json", bill()), 1)
    (one,) = found(workspace, feeds)
    assert (one.verdict.answer, one.verdict.tells) == (Exposed.CANNOT_TELL, "the version that the device runs")


def test_the_list_of_the_devices_version_goes_before_one_of_every_version(workspace: Workspace, feeds: Path) -> None:
    with Papers.open(workspace.papers_path) as papers:
        exact, _ = papers.take(read_paper(None, "exact.json", bill()), 1)
        every = read_paper(None, "every.json", bill(""))
        papers.take(every, 2, subject=Subject(maker="Acme", model="Vortan 8015", version=""))
    assert [one.paper for one in found(workspace, feeds)] == [exact.id]
