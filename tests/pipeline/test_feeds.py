"""The store of feeds, folders of documents, and what an update changes for the devices."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from asepsis.cli.exits import Exit
from asepsis.cli.main import run
from asepsis.pipeline import embedded
from asepsis.pipeline.advisories import findings_of, update_feeds
from asepsis.pipeline.feeds import Feeds
from asepsis.pipeline.feeds_error import FeedsError
from asepsis.pipeline.registry import Registry
from asepsis.pipeline.workspace import Workspace
from tests.devices.ward import arp, observed
from tests.exposure.documents import csaf

PUMP = {"vendor": "BD", "model": "Vortan 8015", "firmware": "9.33"}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    place = Workspace(tmp_path / "workspace").create()
    with Registry.open(place.registry_path) as registry:
        registry.merge(observed(arp("00:09:5c:00:00:01", "10.0.0.1")))
        (device,) = registry.devices()
        for attribute, text in PUMP.items():
            registry.override(device.id, attribute, text, "biomed")
    return place


def write(folder: Path, name: str, document: dict[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(json.dumps(document))
    return path


def advisory(version: str, revision: str = "1", day: str = "2026-01-02") -> dict[str, Any]:
    document = csaf([("Becton, Dickinson and Company (BD)", "Vortan Model 8015", version)])
    document["document"]["tracking"] |= {"version": revision, "current_release_date": f"{day}T00:00:00Z"}
    return document


def test_broken_documents_are_named_and_the_rest_is_taken(tmp_path: Path, workspace: Workspace) -> None:
    folder = tmp_path / "feeds"
    write(folder / "2026", "good.json", advisory("<= 9.33"))
    (folder / "cut.json").write_text('{"document": ')
    write(folder, "wrong.json", advisory("< 1") | {"vulnerabilities": 7})
    write(folder, "altered.json", advisory("< 2"))
    (folder / "altered.json.sha256").write_text("00" * 32 + "  altered.json\n")
    good = folder / "2026" / "good.json"
    (folder / "2026" / "good.json.sha512").write_text(f"{hashlib.sha512(good.read_bytes()).hexdigest()}  good.json\n")
    with Feeds.open(workspace.feeds_path) as feeds:
        update = feeds.update(folder, 1)
        assert len(update.added) == 1
        assert {Path(one.path).name for one in update.unread} == {"cut.json", "altered.json"}
        assert feeds.update(folder, 2).unchanged >= 1


def test_nothing_older_overwrites_newer(tmp_path: Path, workspace: Workspace) -> None:
    newer = write(tmp_path / "newer", "a.json", advisory("<= 9.33", "2", "2026-02-02"))
    older = write(tmp_path / "older", "a.json", advisory("<= 1.0", "1", "2026-01-02"))
    undated = write(tmp_path / "undated", "a.json", advisory("<= 1.0", "9", "no day"))
    with Feeds.open(workspace.feeds_path) as feeds:
        feeds.update(newer, 1)
        for path in (older, undated):
            assert [where for where, _ in feeds.update(path, 2).older] == [str(path)]
        (held,) = feeds.held()
        assert held.sha256 == hashlib.sha256(newer.read_bytes()).hexdigest()
        assert feeds.advisories()[0].products[0].version == "<= 9.33"


def test_what_an_update_changes_is_said_and_the_same_each_time(tmp_path: Path, workspace: Workspace) -> None:
    first = write(tmp_path / "first", "a.json", advisory("<= 9.33"))
    second = write(tmp_path / "second", "a.json", advisory("< 9.33", "2", "2026-03-01"))
    _, came = update_feeds(workspace, first, 1)
    assert [(row["before"], row["after"]) for row in came] == [(None, "affected")]
    _, went = update_feeds(workspace, second, 2)
    assert [(row["before"], row["after"]) for row in went] == [("affected", "not affected")]
    _, nothing = update_feeds(workspace, second, 3)
    assert nothing == []
    with Feeds.open(workspace.feeds_path) as feeds:
        assert feeds.changes() == (2, went)


def test_a_finding_bears_the_words_and_the_evidence(tmp_path: Path, workspace: Workspace) -> None:
    folder = write(tmp_path / "feeds", "a.json", advisory("<= 9.33")).parent
    (found,) = findings_of(workspace, folder=folder)
    document = found.document()
    assert document["answer"] == "affected"
    assert document["words"] == "Vortan Model 8015: <= 9.33 (known affected)"
    assert {one["value"] for one in document["evidence"]} == {"Vortan 8015", "9.33"}
    assert findings_of(workspace) == [], "a folder that was only looked at is not kept"


def test_the_verbs_load_list_and_exit_as_they_say(
    tmp_path: Path, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--workspace", str(workspace.root)]
    assert run(["feeds", "status", *where]) == Exit.DONE
    assert capsys.readouterr().out.startswith("no feeds")
    assert run(["findings", *where]) == Exit.DONE
    assert capsys.readouterr().out == "no findings\n"
    folder = write(tmp_path / "feeds", "a.json", advisory("<= 9.33")).parent
    assert run(["feeds", "update", str(folder), *where]) == Exit.DONE
    assert "nothing -> affected" in capsys.readouterr().out
    assert run(["findings", *where]) == Exit.REFUSED_OR_FOUND
    assert "  affected: TEST-26-001 CVE-2026-0001" in capsys.readouterr().out
    assert run(["findings", "--csv", *where]) == Exit.REFUSED_OR_FOUND
    assert capsys.readouterr().out.count("\n") == 2
    assert run(["feeds", "changes", "--json", *where]) == Exit.DONE
    assert json.loads(capsys.readouterr().out)[0]["after"] == "affected"
    assert run(["feeds", "status", "--json", *where]) == Exit.DONE
    assert json.loads(capsys.readouterr().out)[0]["newest"] == "2026-01-02"
    assert run(["feeds", "update", str(tmp_path / "none"), *where]) == Exit.FAILED


def test_a_store_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "feeds.sqlite"
    with Feeds.open(path) as feeds:
        feeds._connection.execute("PRAGMA user_version = 99")
    with pytest.raises(FeedsError, match="has format 99"):
        Feeds.open(path)


def test_recalls_of_a_file_are_findings_until_they_are_terminated(tmp_path: Path, workspace: Workspace) -> None:
    recall = {
        "recall_number": "Z-0001-2026",
        "recalling_firm": "CareFusion 303, Inc.",
        "product_description": "Vortan Pump, Model 8015, infusion pump",
        "code_info": "All serial numbers",
        "reason_for_recall": "It may stop.",
        "classification": "Class I",
        "status": "Ongoing",
        "recall_initiation_date": "20260102",
    }
    document = {"meta": {"last_updated": "2026-01-05"}, "results": [recall]}
    path = write(tmp_path / "fda", "recalls.json", document)
    _, came = update_feeds(workspace, path, 1)
    assert [(row["advisory"], row["after"]) for row in came] == [("Z-0001-2026", "affected")]
    (found,) = findings_of(workspace)
    assert "It may stop." in found.verdict.words
    assert findings_of(workspace)[0].verdict == found.verdict, "what is kept of it gives the same answer"
    with Feeds.open(workspace.feeds_path) as feeds:
        assert [one.category for one in feeds.advisories()] == ["fda_recall"]
    recall["status"] = "Terminated"
    write(tmp_path / "fda", "recalls.json", document | {"meta": {"last_updated": "2026-02-05"}})
    _, went = update_feeds(workspace, path, 2)
    assert [(row["before"], row["after"]) for row in went] == [("affected", None)]


def test_who_comes_while_documents_are_taken_in_is_told_to_wait(
    tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "BUSY_TIMEOUT_SECONDS", 0.01)
    write(tmp_path / "feeds", "a.json", advisory("<= 9.33"))
    with Feeds.open(workspace.feeds_path) as first, Feeds.open(workspace.feeds_path) as second:
        with first._transaction(), pytest.raises(FeedsError) as refused:
            second.update(tmp_path / "feeds", 1)
        assert refused.value.code == "feeds-busy"
        assert "removed" not in refused.value.hint
        assert len(second.update(tmp_path / "feeds", 1).added) == 1
