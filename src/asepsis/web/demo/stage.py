"""The workspace of a demo: made for it, marked, and recognised by its settings."""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path
from typing import Final

from asepsis.kernel.errors import AsepsisError
from asepsis.pipeline.workspace import ENVIRONMENT_VARIABLE, Workspace

SETTINGS_MODULE: Final = "asepsis.web.demo.settings"
MARK_NAME: Final = ".demo"
MARK_VARIABLE: Final = "ASEPSIS_DEMO_MARK"
_MARK_LENGTH: Final = 64


class DemoError(AsepsisError):
    """The settings of the demo were named for something else."""


def prepare(workspace: Workspace, *, port: int) -> None:
    """Marks a fresh workspace as a demo's and points this process and its children at it.

    Args:
        workspace: A temporary one that holds the analysed recording and nothing else.
        port: Where the demo listens, on loopback.
    """
    mark = secrets.token_hex(_MARK_LENGTH // 2)
    path = workspace.root / MARK_NAME
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(mark)
    # http on loopback: passkeys work on http://localhost, and no browser has to be taught an authority for a demo.
    with workspace.settings_path.open("a", encoding="utf-8") as settings:
        settings.write(f'\n[web]\nhost = "127.0.0.1"\nport = {port}\nnames = ["localhost"]\ntls = "none"\n')
        settings.write("\n[sign_in]\nsecond_factor = false\n")
    os.environ[MARK_VARIABLE] = mark
    os.environ[ENVIRONMENT_VARIABLE] = str(workspace.root)
    os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS_MODULE


def check(root: Path) -> None:
    """Makes sure that a workspace was made for the demo that this process belongs to.

    Raises:
        DemoError: It was not.
    """
    try:
        mark = (root / MARK_NAME).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        mark = ""
    given = os.environ.get(MARK_VARIABLE, "")
    if len(mark) != _MARK_LENGTH or not hmac.compare_digest(mark, given):
        raise DemoError(
            f"{root} was not made for this demo, so nobody is let in without proof",
            code="demo-workspace",
            hint="Run asepsis demo, which makes a workspace of its own, or serve this one: asepsis serve.",
        )
