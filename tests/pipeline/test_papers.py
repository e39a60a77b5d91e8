"""The store of papers, and whom papers are tied to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from asepsis.exposure.paper import PaperKind, Subject, Tie
from asepsis.pipeline.papers import Papers
from asepsis.pipeline.papers_error import PapersError
from asepsis.pipeline.papers_intake import take_in
from asepsis.pipeline.papers_reading import read_paper
from asepsis.pipeline.registry import Registry
from asepsis.pipeline.workspace import Workspace
from tests.devices.ward import arp, observed
from tests.eval.mds2_forms import Truth, as_csv, as_workbook, rows

PUMP = {"vendor": "Acme", "model": "Vortan 8015", "firmware": "9.33"}
FORM = Truth(name="pump", vendor="Acme", model="Vortan 8015")


def form(seed: int = 1) -> bytes:
    return as_csv(rows(FORM, {"TXCF-2": "Yes"}, seed=seed))


def bill(version: str = "9.33", maker: str = "Acme") -> bytes:
    """CycloneDX 1.6, made by hand from the specification."""
    product = {"type": "device", "bom-ref": "pump", "name": "Vortan 8015", "version": version}
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
        "metadata": {"timestamp": "2026-01-02T00:00:00Z", "component": product | {"supplier": {"name": maker}}},
        "components": [{"type": "library", "name": "fluxlib", "version": "1.2.0", "purl": "pkg:npm/fluxlib@1.2.0"}],
    }
    return json.dumps(document).encode()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    place = Workspace(tmp_path / "workspace").create()
    with Registry.open(place.registry_path) as registry:
        registry.merge(observed(arp("00:09:5c:00:00:01", "10.0.0.1")))
        (device,) = registry.devices()
        for attribute, text in PUMP.items():
            registry.override(device.id, attribute, text, "biomed")
    return place


def test_a_paper_is_kept_as_it_came_and_read_anew(workspace: Workspace) -> None:
    content = as_workbook(rows(FORM, {"TXCF-2": "Yes"}, seed=1))
    read = read_paper(PaperKind.MDS2, "/forms/pump.xlsx", content)
    with Papers.open(workspace.papers_path) as papers:
        paper, is_new = papers.take(read, 5)
        assert (is_new, papers.take(read, 6)) == (True, (paper, False))
        assert (paper.name, paper.sha256, paper.received_ns) == ("pump.xlsx", read.sha256, 5)
        assert papers.content(paper.id) == content
    with Papers.open(workspace.papers_path) as papers:
        assert papers.read(papers.paper(paper.id[:6])).what == read.what
        with pytest.raises(PapersError, match="no paper begins"):
            papers.paper("ffff")


def test_whom_papers_speak_of_follows_from_the_product_and_a_person_has_the_last_word(workspace: Workspace) -> None:
    with Papers.open(workspace.papers_path) as papers, Registry.open(workspace.registry_path) as registry:
        (device,) = devices = registry.devices()
        old, _ = papers.take(read_paper(None, "old.json", bill("8.0")), 1)
        new, _ = papers.take(read_paper(None, "new.json", bill()), 2)
        unnamed, _ = papers.take(read_paper(None, "unnamed.json", bill(maker="")), 3)

        def held() -> list[tuple[str, Tie]]:
            return [(holding.paper.id, holding.tie) for holding in papers.holdings(devices)]

        assert held() == [(new.id, Tie.VERSION)]
        before = papers.revision()
        papers.tie(old.id, device.id, is_tied=True, by="anna", now_ns=3)
        papers.tie(new.id, device.id, is_tied=False, by="anna", now_ns=3)
        papers.say(unnamed.id, Subject(maker="ACME Inc", model="Vortan 8015", version=""), 3)
        assert held() == [(old.id, Tie.PERSON), (unnamed.id, Tie.MODEL)]
        assert papers.revision() != before
        papers.tie(new.id, device.id, is_tied=None, by="anna", now_ns=4)
        papers.remove(old.id, 4)
        assert held() == [(new.id, Tie.VERSION), (unnamed.id, Tie.MODEL)]


def test_ties_follow_a_device_that_was_merged(workspace: Workspace) -> None:
    with Papers.open(workspace.papers_path) as papers, Registry.open(workspace.registry_path) as registry:
        devices = registry.devices()
        paper, _ = papers.take(read_paper(None, "bom.json", bill("8.0")), 1)
        papers.tie(paper.id, "d-gone", is_tied=True, by="anna", now_ns=2)
        assert papers.holdings(devices) == []
        (holding,) = papers.holdings(devices, current=lambda _: devices[0].id)
        assert (holding.device, holding.tie) == (devices[0].id, Tie.PERSON)


def test_of_a_folder_what_is_no_paper_is_named_and_the_rest_is_taken(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "good.json").write_bytes(bill())
    (folder / "cut.json").write_bytes(bill()[:-9])
    (folder / "bomb.xml").write_bytes(b"<!DOCTYPE a [<!ENTITY b 'b'>]><bom><components/></bom>")
    (folder / "empty.json").write_text('{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": []}')
    (folder / "form.csv").write_bytes(form())
    intake = take_in(workspace, PaperKind.SBOM, folder, subject=None, now_ns=1)
    assert [(paper.name, is_new) for paper, is_new in intake.taken] == [("good.json", True)]
    assert sorted(Path(path).name for path, _, _ in intake.refused) == ["bomb.xml", "cut.json", "empty.json"]
    assert all(message.startswith(str(folder)) for _, message, _ in intake.refused)
    assert [holding.tie for holding in intake.holdings] == [Tie.VERSION]


def test_a_store_of_a_newer_format_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "papers.sqlite"
    with Papers.open(path) as papers:
        papers._connection.execute("PRAGMA user_version = 9")
    with pytest.raises(PapersError, match="format 9"):
        Papers.open(path)
    path.write_bytes(b"not a database at all, " * 100)
    with pytest.raises(PapersError, match="cannot be used"):
        Papers.open(path)
