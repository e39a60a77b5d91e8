"""Twins on the screen and in the document."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from asepsis.cli.exits import Exit
from asepsis.cli.main import run
from asepsis.pipeline.registry import Registry
from asepsis.pipeline.workspace import Workspace
from tests.devices.ward import MONITOR, PC, observed, request


def test_twins_are_named_together_in_the_list_on_the_page_and_in_the_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Workspace(tmp_path / "workspace").create()
    with Registry.open(store.registry_path) as registry:
        registry.merge(observed(request(MONITOR, host_name="icu-5"), request(PC, host_name="icu-5"), capture="monday"))
    where = ["--workspace", str(store.root)]
    assert run(["devices", *where]) == Exit.DONE
    line = capsys.readouterr().out.splitlines()[-1]
    assert line.startswith("claim the same name icu-5: ")
    assert MONITOR in line
    assert PC in line
    assert run(["device", MONITOR, *where]) == Exit.DONE
    assert f"by its name icu-5, which is also claimed by icu-5 ({PC})" in " ".join(capsys.readouterr().out.split())
    assert run(["device", MONITOR, "--json", *where]) == Exit.DONE
    (twin,) = json.loads(capsys.readouterr().out)["twins"]
    assert (twin["attribute"], twin["value"]) == ("name", "icu-5")
    (other,) = twin["devices"]
    assert other["address"] == PC
    assert other["id"].startswith("d-")
