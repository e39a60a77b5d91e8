"""``asepsis backup FILE``: everything of a workspace in one encrypted file."""

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
    name="backup",
    short_help="Put everything of a workspace into one encrypted file.",
    examples=[
        ("asepsis backup /mnt/safe/monday.asepsis", "ask for a passphrase, then write the backup, while it is served"),
        ("asepsis backup monday.asepsis --key-file backup.key", "without a person, by a key file"),
    ],
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@key_options()
@click.option("--without-captures", is_flag=True, help="Leave out captures that people sent from the browser.")
@json_option()
@workspace_option()
def command(file: Path, key_file: Path | None, without_captures: bool, as_json: bool, workspace: Path | None) -> int:
    """Write devices, history, people, ledger, keys and settings into FILE, encrypted.

    It may run while the workspace is served. Whoever has FILE and its passphrase has everything, so keep them apart.
    """
    from asepsis.pipeline.workspace import Workspace
    from asepsis.web.keeping.backup import backup

    chosen = Workspace.resolve(workspace).open()
    made = backup(chosen, file, box_key(key_file, confirm=True), captures=not without_captures)
    if as_json:
        sys.stdout.write(json.dumps({"path": str(file), "files": made.files, "bytes": made.bytes}) + "\n")
        return Exit.DONE
    sys.stdout.write(f"{file}: {made.files:,} files, {made.bytes / 1e6:,.1f} MB\n")
    return Exit.DONE
