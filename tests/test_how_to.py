"""The how-to pages are true: their commands are run, their files written, and what they show comes out."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HOW_TO = ROOT / "docs" / "how-to"
WARD = Path(__file__).resolve().parent / "recordings"

BLOCK = re.compile(
    r"(?:^`(?P<file>[^`\n]+)`\n)?^```(?P<kind>sh|text|jsonl)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL
)


@pytest.mark.slow
@pytest.mark.parametrize("page", ["correct-a-device.md", "add-a-vendor.md"])
def test_the_commands_of_a_page_show_what_the_page_says(page: str, tmp_path: Path) -> None:
    shutil.copy(WARD / "ward.pcapng.zst", tmp_path)
    kinds = followed(HOW_TO / page, tmp_path)
    assert kinds.count("sh") >= 3
    assert "text" in kinds


@pytest.mark.slow
def test_the_commands_of_the_tutorial_show_what_the_tutorial_says(tmp_path: Path) -> None:
    for name in ("src", "lab"):
        (tmp_path / name).symlink_to(ROOT / name)
    kinds = followed(ROOT / "docs" / "tutorial" / "lab-hospital.md", tmp_path)
    assert kinds.count("sh") >= 8
    assert kinds.count("text") >= 7


@pytest.mark.slow
def test_the_commands_of_the_tutorial_on_exposure_show_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "src").symlink_to(ROOT / "src")
    kinds = followed(ROOT / "docs" / "tutorial" / "exposure.md", tmp_path)
    assert kinds.count("sh") == 4
    assert kinds.count("text") == 3


def followed(page: Path, tmp_path: Path) -> list[str]:
    """Runs the blocks of a page in order and looks for what it shows; returns the kinds of the blocks."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, runs in (("asepsis", f"{sys.executable} -m asepsis.cli"), ("python", sys.executable)):
        (programs / name).write_text(f'#!/bin/sh\nexec {runs} "$@"\n')
        (programs / name).chmod(0o755)
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    environment.pop("ASEPSIS_HOME", None)
    shown = ""
    kinds = []
    for block in BLOCK.finditer(page.read_text(encoding="utf-8")):
        kinds.append(block["kind"])
        if block["kind"] == "jsonl":
            path = tmp_path / block["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block["body"], encoding="utf-8")
        elif block["kind"] == "sh":
            done = subprocess.run(
                ["/bin/sh", "-e"],
                input=block["body"],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"{block['body']}{done.stderr}"
            shown = " ".join(done.stdout.split())
        else:
            for line in block["body"].splitlines():
                assert line in shown, f"{page.name}: {line!r} is not in what the command printed"
    return kinds
