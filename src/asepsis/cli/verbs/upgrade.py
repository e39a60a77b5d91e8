"""``asepsis upgrade``: the tables of a workspace, brought to this version."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click

from asepsis.cli.exits import Exit
from asepsis.cli.verb import Verb, json_option, workspace_option


@click.command(
    cls=Verb,
    name="upgrade",
    short_help="Bring the tables of a workspace to this version.",
    examples=[("asepsis upgrade", "after a newer version was installed; asepsis serve does it too")],
)
@json_option()
@workspace_option()
def command(as_json: bool, workspace: Path | None) -> int:
    """Bring the tables of a workspace forward to this version, after a copy of them was kept.

    There is no way back but that copy, or a backup. Tables of a newer version are refused.
    """
    from asepsis.pipeline.workspace import ENVIRONMENT_VARIABLE, Workspace

    chosen = Workspace.resolve(workspace).open()
    os.environ[ENVIRONMENT_VARIABLE] = str(chosen.root)
    from asepsis.web.keeping.upgrade import upgrade

    done = upgrade(chosen)
    if as_json:
        kept = None if done.kept is None else str(done.kept)
        sys.stdout.write(json.dumps({"applied": list(done.applied), "kept": kept}) + "\n")
        return Exit.DONE
    if not done.applied:
        sys.stdout.write("Everything is of this version already.\n")
        return Exit.DONE
    sys.stdout.write(f"{len(done.applied)} steps applied.\n")
    if done.kept is not None:
        sys.stdout.write(f"The tables of before: {done.kept}\n")
    return Exit.DONE
