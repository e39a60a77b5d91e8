"""The store of other scanners' reports: what was read comes back, and what a file held beside it stays nowhere."""

from __future__ import annotations

import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

import pytest

from asepsis.exposure.reported.kept import read_kept, written
from asepsis.exposure.reported.report import ReportError, Tool
from asepsis.pipeline.reported import Reports, read_report
from asepsis.pipeline.workspace import Workspace
from tests.exposure.reported.test_reports import NESSUS, NMAP, SARIF

SECRET = "CANARY-hunter2"
# As NessusClientData_v2 holds what a scan signed in with.
SIGNED_IN = NESSUS.replace(
    b"<policyName>CANARY</policyName>",
    b"<policyName>CANARY</policyName><Preferences><PluginsPreferences><item><pluginName>Login configurations"
    b"</pluginName><fullName>Login configurations[password]:SMB password :</fullName><preferenceType>password"
    b"</preferenceType><selectedValue>"
    + SECRET.encode()
    + b"</selectedValue></item></PluginsPreferences></Preferences>",
)
FILES = {Tool.NMAP: NMAP, Tool.NESSUS: SIGNED_IN, Tool.SARIF: SARIF}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.resolve(tmp_path / "home").create()


def _everything(workspace: Workspace) -> bytes:
    """All of the store's files, and what is packed in its rows."""
    files = b"".join(path.read_bytes() for path in workspace.root.glob("reports.sqlite*"))
    with closing(sqlite3.connect(workspace.reports_path)) as connection:
        rows = connection.execute("SELECT content FROM reports").fetchall()
    return files + b"".join(zlib.decompress(content) for (content,) in rows)


@pytest.mark.parametrize("tool", list(Tool))
def test_what_was_read_comes_back_and_nothing_else_of_the_file_is_kept(workspace: Workspace, tool: Tool) -> None:
    with Reports.open(workspace) as reports:
        read, is_new, digest = reports.take(FILES[tool], tool, name="audit", site="north")
        assert is_new
        assert not reports.take(FILES[tool], tool, name="audit", site="north")[1]
        found = reports.report(digest)
    assert b"CANARY" in FILES[tool]
    assert found is not None
    assert found[1] == read == read_report(FILES[tool], tool)
    assert b"CANARY" not in _everything(workspace)


def test_files_that_a_former_version_kept_are_taken_off_the_disk(workspace: Workspace) -> None:
    with Reports.open(workspace) as reports:
        digest = reports.take(SIGNED_IN, Tool.NESSUS, name="audit", site="north")[2]
        reports.take(NMAP, Tool.NMAP, name="damaged", site="north")
    with closing(sqlite3.connect(workspace.reports_path)) as connection, connection:
        connection.execute("UPDATE reports SET content = ? WHERE digest = ?", (zlib.compress(SIGNED_IN, 0), digest))
        connection.execute("UPDATE reports SET content = ? WHERE name = 'damaged'", (zlib.compress(b"CANARY", 0),))
        connection.execute("PRAGMA user_version = 0")
    assert SECRET.encode() in _everything(workspace)
    with Reports.open(workspace) as reports:
        found = reports.report(digest)
        assert [one.digest for one in reports.kept()] == [digest]
    assert found is not None
    assert found[1] == read_report(SIGNED_IN, Tool.NESSUS)
    assert b"CANARY" not in _everything(workspace)


def test_what_is_damaged_or_of_a_later_version_is_refused() -> None:
    whole = written(read_report(NMAP, Tool.NMAP))
    assert read_kept(whole) == read_report(NMAP, Tool.NMAP)
    for damaged in (
        b"",
        b"[]",
        b"{}",
        whole[:-9],
        whole.replace(b'"critical"', b'"grave"').replace(b'"nmap",', b'"x",'),
    ):
        with pytest.raises(ReportError):
            read_kept(damaged)
    with pytest.raises(ReportError, match="newer"):
        read_kept(whole.replace(b'"format":1', b'"format":2'))
