"""``asepsis restore FILE``: the workspace that a backup holds."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from asepsis.cli.exits import Exit
from asepsis.cli.passphrase import box_key, key_options
from asepsis.cli.verb import Verb, json_option, workspace_option


@click.command(
    cls=Verb,
    name="restore",
    short_help="Make the workspace that a backup holds.",
    examples=[
        ("asepsis restore monday.asepsis --workspace /srv/asepsis", "into a folder that is not there yet"),
    ],
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@key_options()
@json_option()
@workspace_option()
def command(file: Path, key_file: Path | None, as_json: bool, workspace: Path | None) -> int:
    """Check FILE to its last byte, then make the workspace from it. Nothing that exists is overwritten."""
    from asepsis.pipeline.workspace import Workspace
    from asepsis.web.keeping.restore import restore

    chosen = Workspace.place(workspace)
    restored = restore(file, chosen, box_key(key_file, confirm=False))
    if as_json:
        told = {"workspace": str(chosen.root), "files": restored.files, "made": str(restored.made)}
        sys.stdout.write(json.dumps(told | {"asepsis": restored.asepsis}) + "\n")
        return Exit.DONE
    sys.stdout.write(
        f"{chosen.root}: {restored.files:,} files of {restored.made}, by asepsis {restored.asepsis}\n"
        "People sign in again; tokens and keys are those of the backup.\n"
    )
    return Exit.DONE
