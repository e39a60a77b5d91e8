"""The verbs of the ledger end to end: status, check, export, verify, checkpoint, and a witness in another process."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from asepsis.cli.exits import Exit
from asepsis.cli.main import run
from asepsis.ledger import Ledger
from asepsis.pipeline.workspace import Workspace
from tests.ledger.records import record

ASEPSIS = [sys.executable, "-m", "asepsis.cli"]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    store = Workspace.resolve(tmp_path / "workspace").create()
    with Ledger.open(store.ledger_path, store.keys_path) as ledger:
        ledger.append_all([record(number) for number in range(30)])
    return store.root


def _run(*arguments: str | Path) -> int:
    return run([str(argument) for argument in arguments])


def test_it_says_where_the_ledger_stands(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("ledger", "--workspace", workspace) == Exit.DONE
    assert "30 entries in" in capsys.readouterr().out
    assert _run("ledger", "--json", "--workspace", workspace) == Exit.DONE
    document = json.loads(capsys.readouterr().out)
    assert (document["entries"], document["checkpoints"], document["break_glass_waiting"]) == (30, [], 0)


def test_a_workspace_without_a_ledger_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Workspace.resolve(tmp_path / "workspace").create()
    assert _run("ledger", "check", "--workspace", tmp_path / "workspace") == Exit.FAILED
    assert "nothing is recorded" in capsys.readouterr().err
    assert not (tmp_path / "workspace" / "ledger").exists()


def test_a_check_passes_and_names_what_was_changed(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("ledger", "check", "--workspace", workspace) == Exit.DONE
    connection = sqlite3.connect(workspace / "ledger" / "ledger.sqlite", isolation_level=None)
    connection.execute("DROP TRIGGER entries_are_not_changed")
    connection.execute("UPDATE entries SET subject = 5 WHERE position = 7")
    connection.close()
    capsys.readouterr()
    assert _run("ledger", "check", "--workspace", workspace) == Exit.REFUSED_OR_FOUND
    assert capsys.readouterr().out.startswith("entry 7: ")


def test_an_export_is_verified_and_a_change_is_named(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "ledger.jsonl"
    assert _run("ledger", "export", "-o", out, "--workspace", workspace) == Exit.DONE
    assert _run("verify", "ledger", out) == Exit.DONE
    out.write_bytes(out.read_bytes().replace(b'"actor":"person:2"', b'"actor":"person:0"', 1))
    capsys.readouterr()
    assert _run("verify", "ledger", out) == Exit.REFUSED_OR_FOUND
    assert "entry 2: this entry was changed" in capsys.readouterr().out
    assert _run("verify", "ledger", out, "--json") == Exit.REFUSED_OR_FOUND
    document = json.loads(capsys.readouterr().out)
    assert not document["passed"]
    assert {"position": 2, "what": "this entry was changed"} in document["faults"]


def test_a_part_is_exported_by_who_what_and_when(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "part.jsonl"
    options = ("--actor", "person:1", "--since", "2026-09-21T14:13:25", "--before", "2026-09-21T14:13:40Z")
    assert _run("ledger", "export", "-o", out, *options, "--workspace", workspace) == Exit.DONE
    assert _run("verify", "ledger", out, "--json") == Exit.DONE
    assert json.loads(capsys.readouterr().out)["entries"] == 3


def test_what_is_no_export_or_no_key_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text("{}\n")
    assert _run("verify", "ledger", other) == Exit.FAILED
    assert "no export" in capsys.readouterr().err
    assert _run("verify", "ledger", tmp_path / "missing.jsonl") == Exit.FAILED
    assert _run("verify", "ledger", other, "--key", "nonsense") == Exit.FAILED


def test_a_cut_end_shows_beside_a_checkpoint(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, kept = tmp_path / "ledger.jsonl", tmp_path / "kept.checkpoint"
    assert _run("ledger", "export", "-o", out, "--workspace", workspace) == Exit.DONE
    store = Workspace.resolve(workspace)
    with Ledger.open(store.ledger_path, store.keys_path) as ledger:
        ledger.append(record(30))
    assert _run("ledger", "checkpoint", "--workspace", workspace) == Exit.DONE
    kept.write_text(capsys.readouterr().out)
    assert _run("verify", "ledger", out) == Exit.DONE
    assert _run("verify", "ledger", out, "--checkpoint", kept) == Exit.REFUSED_OR_FOUND
    assert "the last 1 are missing" in capsys.readouterr().out


@pytest.mark.slow
def test_a_witness_in_another_process_countersigns_and_then_refuses(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Workspace.resolve(workspace)
    with Ledger.open(store.ledger_path, store.keys_path) as ledger:
        log = ledger.verifier.text()
    state = tmp_path / "witness"
    assert _run("ledger", "witness", "--state", state, "--show-key") == Exit.DONE
    key = capsys.readouterr().out.strip()
    process = subprocess.Popen(
        [*ASEPSIS, "ledger", "witness", "--state", state, "--log", log, "--listen", "127.0.0.1:0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == f"witness {key}"
        address = f"http://{process.stdout.readline().split()[-1]}"
        shown = ("ledger", "checkpoint", "--witness", address, "--witness-key", key, "--workspace", workspace)
        assert _run(*shown) == Exit.DONE
        kept = tmp_path / "kept.checkpoint"
        kept.write_text(capsys.readouterr().out)
        assert "— asepsis-witness " in kept.read_text()
        out = tmp_path / "ledger.jsonl"
        assert _run("ledger", "export", "-o", out, "--workspace", workspace) == Exit.DONE
        assert _run("verify", "ledger", out, "--checkpoint", kept, "--witness-key", key) == Exit.DONE
        # The same key, and another past.
        (workspace / "ledger" / "ledger.sqlite").unlink()
        for name in ("ledger.sqlite-wal", "ledger.sqlite-shm"):
            (workspace / "ledger" / name).unlink(missing_ok=True)
        with Ledger.open(store.ledger_path, store.keys_path) as ledger:
            origin = log.partition("+")[0]
        connection = sqlite3.connect(workspace / "ledger" / "ledger.sqlite", isolation_level=None)
        connection.execute("UPDATE meta SET value = ?", (origin,))
        connection.close()
        with Ledger.open(store.ledger_path, store.keys_path) as ledger:
            ledger.append_all([record(number) for number in range(100, 140)])
        capsys.readouterr()
        assert _run(*shown) == Exit.REFUSED_OR_FOUND
        assert "does not countersign" in capsys.readouterr().err
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=120) == 0
        assert process.stdout is not None
        process.stdout.close()
