from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from asepsis.crypto.strongbox import key_file
from asepsis.pipeline.workspace import Workspace
from asepsis.web.keeping.backup import backup
from asepsis.web.keeping.restore import RestoreError, restore
from tests.web.cluster import Cluster, ClusterError

HERE = Path(__file__).parent
KEY = key_file(b"k" * 32)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.environ.get("ASEPSIS_TEST_DATABASE") == "postgresql", reason="it runs this suite"),
]


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    try:
        made = Cluster()
    except ClusterError as error:
        pytest.skip(str(error))
    made.start()
    yield made
    made.stop()


def test_the_web_suite_passes_on_postgresql() -> None:
    if not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        pytest.skip("PostgreSQL is not installed (Debian: postgresql-15)")
    line = [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", "-m", "not slow and not root"]
    done = subprocess.run(
        [*line, str(HERE)],
        cwd=HERE.parents[1],
        env={**os.environ, "ASEPSIS_TEST_DATABASE": "postgresql"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_people_in_postgresql_go_into_a_backup_and_come_back_into_an_empty_database(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = f"--host={cluster.folder}"

    def ask(database: str, question: str) -> str:
        line = [host, "--username=asepsis", f"--dbname={database}", "--tuples-only", "--no-align"]
        return cluster.run("psql", *line, f"--command={question}").strip()

    for name in ("first", "second"):
        cluster.run("createdb", host, "--username=asepsis", name)
    ask("first", "CREATE TABLE person (name text); INSERT INTO person VALUES ('Ada'), ('Ben')")
    workspace = Workspace.resolve(tmp_path / "home").create()
    with workspace.settings_path.open("a", encoding="utf-8") as settings:
        settings.write(f'\n[database]\nengine = "postgresql"\nhost = "{cluster.folder}"\nname = "first"\n')
    backup(workspace, tmp_path / "b.asepsis", KEY)
    with pytest.raises(RestoreError, match="not empty"):
        restore(tmp_path / "b.asepsis", Workspace.place(tmp_path / "again"), KEY)
    assert not (tmp_path / "again").exists()
    monkeypatch.setenv("ASEPSIS_DATABASE_NAME", "second")
    restore(tmp_path / "b.asepsis", Workspace.place(tmp_path / "again"), KEY)
    assert ask("second", "SELECT name FROM person ORDER BY name").split() == ["Ada", "Ben"]
    assert not (tmp_path / "again" / "database.dump").exists()
