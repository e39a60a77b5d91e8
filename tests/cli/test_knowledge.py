"""``asepsis knowledge``, and a site's own tables at work."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from asepsis.cli.exits import Exit
from asepsis.cli.main import run

WARD = Path(__file__).resolve().parents[1] / "recordings" / "ward.pcapng.zst"
ASEPSIS = [sys.executable, "-m", "asepsis.cli"]


def called(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*ASEPSIS, *arguments], capture_output=True, text=True, check=False)


def test_faults_are_named_by_file_and_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "hostnames.jsonl").write_text('{"prefix": "pump-", "category": "toaster", "source": "us"}\n')
    assert run(["knowledge", "lint", str(tmp_path)]) == Exit.REFUSED_OR_FOUND
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("hostnames.jsonl:1: unknown category 'toaster'")
    assert run(["knowledge", "lint", str(tmp_path), "--json"]) == Exit.REFUSED_OR_FOUND
    assert len(json.loads(capsys.readouterr().out)) == len(lines) - 1


def test_the_shipped_tables_are_sound(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["knowledge", "lint", "--shipped"]) == Exit.DONE
    assert capsys.readouterr().out.endswith(": sound\n")


def test_a_text_is_looked_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--workspace", str(tmp_path / "none")]
    assert run(["knowledge", "find", "Alaris PCU", *where]) == Exit.DONE
    assert "category infusion_pump" in capsys.readouterr().out
    assert run(["knowledge", "find", "nothing that anybody knows, 4711", *where]) == Exit.REFUSED_OR_FOUND


@pytest.mark.slow
def test_a_table_of_the_workspace_wins_and_a_capture_that_is_held_is_read_anew(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    where = ["--workspace", str(workspace)]
    assert called("analyze", str(WARD), *where).returncode == 0
    assert json.loads(called("device", "pump-0117", "--json", *where).stdout)["os"] == "Linux"
    (workspace / "knowledge").mkdir()
    row = {"prefix": "pump-01", "example": "pump-0117", "os": "WardOS", "weight": 0.9}
    (workspace / "knowledge" / "hostnames.jsonl").write_text(json.dumps({**row, "source": "its label"}))
    assert called("analyze", str(WARD), *where).returncode == 0
    assert json.loads(called("device", "pump-0117", "--json", *where).stdout)["os"] == "WardOS"
    # Taken away again, it says no more.
    (workspace / "knowledge" / "hostnames.jsonl").unlink()
    assert called("analyze", str(WARD), *where).returncode == 0
    assert json.loads(called("device", "pump-0117", "--json", *where).stdout)["os"] == "Linux"


def test_faulty_tables_stop_an_analysis_with_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "knowledge").mkdir()
    (tmp_path / "knowledge" / "hostnames.jsonl").write_text("{\n")
    done = called("analyze", str(WARD), "--workspace", str(tmp_path))
    assert done.returncode == Exit.FAILED
    assert "hostnames.jsonl:1: not JSON" in done.stderr
    assert "asepsis knowledge lint" in done.stderr
