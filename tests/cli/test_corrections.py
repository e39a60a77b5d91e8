"""A person's own word on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from asepsis.cli.exits import Exit
from asepsis.cli.main import run
from asepsis.pipeline.registry import Registry
from asepsis.pipeline.workspace import Workspace
from tests.devices.ward import MONITOR, arp, observed, request


@pytest.fixture
def workspace(tmp_path: Path) -> str:
    store = Workspace(tmp_path / "workspace").create()
    with Registry.open(store.registry_path) as registry:
        registry.merge(observed(arp(MONITOR, "10.0.0.5"), request(MONITOR, host_name="mon-5"), capture="monday"))
    return str(store.root)


def asked(capsys: pytest.CaptureFixture[str], workspace: str, *options: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = run(["device", "10.0.0.5", *options, "--workspace", workspace])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_what_is_set_holds_is_shown_with_who_and_why_and_survives_more_traffic(
    workspace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = asked(
        capsys, workspace, "--set", "category=ventilator", "--set", "model=V 60", "--note", "label", "--by", "ada"
    )
    assert code == Exit.DONE
    assert "ada set it on" in out
    assert "label" in out
    with Registry.open(Workspace(Path(workspace)).registry_path) as registry:
        registry.merge(observed(arp(MONITOR, "10.0.0.5"), capture="tuesday"))
    document = json.loads(asked(capsys, workspace, "--json")[1])
    assert (document["category"], document["model"]) == ("ventilator", "V 60")
    assert document["confidence"]["category"] == 1.0
    (category, model) = document["overrides"]
    assert (category["attribute"], category["value"], category["by"], category["note"]) == (
        *("category", "ventilator", "ada"),
        "label",
    )
    assert category["at"].endswith("Z")
    assert model["attribute"] == "model"
    # What the traffic says is not lost.
    assert "medical_device" in {clue["value"] for clue in document["evidence"]}
    explained = {statement["attribute"]: statement for statement in document["explanation"]}
    assert explained["category"]["because"][0].startswith("ada set it on")


def test_what_was_set_is_taken_back_one_by_one_or_all_at_once(
    workspace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked(capsys, workspace, "--set", "model=A", "--set", "os=B", "--set", "name=C")
    document = json.loads(asked(capsys, workspace, "--clear", "model", "--json")[1])
    assert (document["model"], document["os"], document["names"][0]) == (None, "B", "C")
    document = json.loads(asked(capsys, workspace, "--clear", "all", "--json")[1])
    assert (document["os"], document["names"], document["overrides"]) == (None, ["mon-5"], [])


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("category=toaster", "One of: ct, mr,"),
        ("category=ventilater", "Did you mean: ventilator"),
        ("role=toaster", "One of: router,"),
        ("colour=red", "One of: category,"),
        ("model", "names no value"),
        ("model=", "printable"),
    ],
)
def test_a_value_that_is_refused_is_explained_and_changes_nothing(
    setting: str, says: str, workspace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, error = asked(capsys, workspace, "--set", "vendor=Acme", "--set", setting)
    assert code == Exit.USAGE
    assert says in error
    assert json.loads(asked(capsys, workspace, "--json")[1])["overrides"] == []


def test_a_note_needs_something_that_it_is_about(workspace: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert asked(capsys, workspace, "--note", "why")[0] == Exit.USAGE
