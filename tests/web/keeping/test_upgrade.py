from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from asepsis.pipeline.workspace import Workspace

pytestmark = pytest.mark.slow


def _upgrade(workspace: Workspace) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    return subprocess.run(
        [sys.executable, "-m", "asepsis.cli", "upgrade", "--workspace", str(workspace.root)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_tables_go_forward_with_a_copy_of_before_and_never_back(tmp_path: Path) -> None:
    workspace = Workspace.resolve(tmp_path / "home").create()
    first = _upgrade(workspace)
    assert first.returncode == 0, first.stderr
    assert not (workspace.root / "before-upgrade").exists()  # there was nothing before
    assert "of this version already" in _upgrade(workspace).stdout
    database = workspace.root / "web.sqlite"
    # As if the last version had not known tokens.
    with sqlite3.connect(database) as connection:
        connection.execute("DROP TABLE tokens_token")
        connection.execute("DELETE FROM django_migrations WHERE app = 'tokens'")
        # As if it had had an app that this one has not.
        connection.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('socialaccount', '0001_initial', '2026-01-01')"
        )
    connection.close()
    again = _upgrade(workspace)
    assert again.returncode == 0, again.stderr
    kept = sqlite3.connect(workspace.root / "before-upgrade" / "1.sqlite")
    tables = {row[0] for row in kept.execute("SELECT name FROM sqlite_master")}
    kept.close()
    assert "tokens_token" not in tables
    assert "people_person" in tables
    # As if a newer version had been here.
    with sqlite3.connect(database) as connection:
        connection.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('devices', '9999_future', '2030-01-01')"
        )
    connection.close()
    refused = _upgrade(workspace)
    assert refused.returncode == 3
    assert "newer asepsis" in refused.stderr
