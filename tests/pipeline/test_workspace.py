"""A workspace is found, made and checked, and what is wrong with it is said in one line."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from asepsis.pipeline.workspace import FORMAT_VERSION, Workspace, WorkspaceError


def refused(root: Path) -> str:
    with pytest.raises(WorkspaceError) as error:
        Workspace.resolve(root)
    assert str(root) in error.value.message
    assert error.value.hint
    return error.value.code


def test_the_option_wins_over_the_variable_and_the_variable_over_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    home = {"ASEPSIS_HOME": str(tmp_path / "home")}
    assert Workspace.resolve(tmp_path / "named", home).root == tmp_path / "named"
    assert Workspace.resolve(None, home).root == tmp_path / "home"
    assert Workspace.resolve(None, {}).root == tmp_path / "asepsis-workspace"
    assert Workspace.resolve(None, {"ASEPSIS_HOME": ""}).root == tmp_path / "asepsis-workspace"


def test_the_workspace_does_not_move_when_the_current_folder_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    workspace = Workspace.resolve(Path("here"), {})
    monkeypatch.chdir("/")
    assert workspace.root == tmp_path / "here"


def test_looking_makes_nothing(tmp_path: Path) -> None:
    workspace = Workspace.resolve(tmp_path / "new")
    assert not workspace.exists
    assert workspace.history().captures() == []
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(WorkspaceError) as error:
        workspace.open()
    assert error.value.code == "workspace-missing"


def test_a_new_workspace_has_its_layout_and_keeps_others_out(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        workspace = Workspace.resolve(tmp_path / "deep" / "new").create()
    finally:
        os.umask(before)
    assert workspace.exists
    assert sorted(path.name for path in workspace.root.iterdir()) == ["history", "keys", "workspace.toml"]
    assert workspace.settings_path.read_text() == f"format = {FORMAT_VERSION}\n"
    assert stat.S_IMODE(workspace.keys_path.stat().st_mode) == 0o700
    assert stat.S_IMODE(workspace.root.stat().st_mode) == 0o700
    assert workspace.registry_path == workspace.root / "registry.sqlite"
    assert Workspace.resolve(workspace.root).open().exists


def test_making_it_again_changes_nothing_but_closes_the_keys(tmp_path: Path) -> None:
    workspace = Workspace.resolve(tmp_path).create()
    workspace.settings_path.write_text("format = 1\nsite = 'north'\n")
    workspace.keys_path.chmod(0o755)
    workspace.create()
    assert workspace.settings_path.read_text() == "format = 1\nsite = 'north'\n"
    assert stat.S_IMODE(workspace.keys_path.stat().st_mode) == 0o700


def test_a_folder_with_other_things_in_it_is_not_taken_over(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").touch()
    assert refused(tmp_path) == "workspace-foreign"
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.docx"]


def test_an_empty_folder_or_a_fresh_disk_may_become_a_workspace(tmp_path: Path) -> None:
    (tmp_path / "lost+found").mkdir()
    (tmp_path / ".hidden").touch()
    assert Workspace.resolve(tmp_path).create().exists


def test_a_file_is_no_workspace(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert refused(tmp_path / "file") == "workspace-not-a-folder"


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "workspace.toml").write_text("format = 999\n")
    assert refused(tmp_path) == "workspace-newer"


@pytest.mark.parametrize("text", ["format = ", "", "format = 'one'\n", "format = true\n", "format = 0\n"])
def test_settings_that_cannot_be_understood_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "workspace.toml").write_text(text)
    assert refused(tmp_path) == "workspace-settings"


def test_settings_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "workspace.toml").write_bytes(b"\xff\xfe\x00")
    assert refused(tmp_path) == "workspace-settings"


def test_a_place_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    # /proc takes no new folders from anybody, not even from root.
    with pytest.raises(WorkspaceError) as error:
        Workspace.resolve(Path("/proc/asepsis-workspace")).create()
    assert error.value.code == "workspace-unwritable"
    assert "/proc/asepsis-workspace" in error.value.message
    assert "--workspace" in error.value.hint
