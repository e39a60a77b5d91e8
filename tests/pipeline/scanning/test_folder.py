"""What a privileged run gives to the owner of a scan's folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from asepsis.pipeline.scanning.folder import ScanFolder
from asepsis.pipeline.workspace import Workspace

NOBODY = 65534

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@pytest.fixture
def folder(tmp_path: Path) -> ScanFolder:
    found = ScanFolder(Workspace(tmp_path / "workspace"), "abcdef12")
    found.path.mkdir(parents=True)
    for path in (found.path.parent, found.path):
        os.chown(path, NOBODY, NOBODY)
    return found


def test_what_a_run_wrote_belongs_to_the_owner_of_the_folder(folder: ScanFolder) -> None:
    folder.receipt_path.write_bytes(b"{}")
    folder.tell({"state": "done"})
    folder.hand_over()
    assert {path.stat().st_uid for path in folder.path.iterdir()} == {NOBODY}
    assert folder.document(folder.progress_path) == {"state": "done"}


@pytest.mark.parametrize("link", ["symlink_to", "hardlink_to"])
def test_a_link_in_the_folder_gives_nothing_away(folder: ScanFolder, tmp_path: Path, link: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("of root", encoding="utf-8")
    getattr(folder.path / "answers.json", link)(secret)
    folder.hand_over()
    assert secret.stat().st_uid == 0
