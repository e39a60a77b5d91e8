"""Shell completion, as the shells themselves see it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from asepsis.cli.completion import PLACES

RUN = [sys.executable, "-m", "asepsis.cli"]


def asepsis(*arguments: str, home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HOME": str(home), **variables}
    return subprocess.run([*RUN, *arguments], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("shell", sorted(PLACES))
def test_installing_writes_the_script_where_the_shell_looks(shell: str, tmp_path: Path) -> None:
    done = asepsis("--install-completion", home=tmp_path, SHELL=f"/bin/{shell}")
    assert done.returncode == 0, done.stderr
    script = (tmp_path / PLACES[shell]).read_text()
    assert "_ASEPSIS_COMPLETE" in script
    shown = asepsis("--show-completion", home=tmp_path, SHELL=f"/bin/{shell}")
    assert shown.stdout.strip() == script.strip()


def test_a_shell_that_cannot_be_taught_is_named(tmp_path: Path) -> None:
    done = asepsis("--install-completion", home=tmp_path, SHELL="/bin/tcsh")
    assert done.returncode == 3
    assert done.stderr == "error: no completion for the shell tcsh\n  hint: Set SHELL to one of: bash, zsh, fish\n"


def test_bash_is_offered_the_verbs_that_fit(tmp_path: Path) -> None:
    done = asepsis(
        home=tmp_path, SHELL="/bin/bash", _ASEPSIS_COMPLETE="bash_complete", COMP_WORDS="asepsis dev", COMP_CWORD="1"
    )
    assert [line.split(",")[1] for line in done.stdout.splitlines()] == ["devices", "device"]
