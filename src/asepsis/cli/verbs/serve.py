"""``asepsis serve``: the web half, with its jobs."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click

from asepsis.cli.exits import Exit
from asepsis.cli.verb import Verb, json_option, workspace_option
from asepsis.cli.web_half import web_half


@click.command(
    cls=Verb,
    name="serve",
    short_help="Serve the pages that people share.",
    examples=[("asepsis serve", "serve the workspace; the first start prints a link for the first administrator")],
)
@json_option("Print where it serves as one JSON document.")
@workspace_option()
def command(as_json: bool, workspace: Path | None) -> int:
    """Serve the workspace in the browser until it is interrupted.

    Where and how stands in workspace.toml, table [web].
    """
    from asepsis.pipeline.workspace import ENVIRONMENT_VARIABLE, Workspace

    chosen = Workspace.resolve(workspace).create()
    # Django reads its settings once, when it is first imported.
    os.environ[ENVIRONMENT_VARIABLE] = str(chosen.root)
    with web_half():
        from asepsis.web.serving import serve

    def announce(document: dict[str, str]) -> None:
        sys.stdout.write(json.dumps(document) + "\n" if as_json else _told(document))
        sys.stdout.flush()

    serve(announce)
    return Exit.DONE


def _told(document: dict[str, str]) -> str:
    lines = [f"Asepsis is served at {document['address']}"]
    if "fingerprint" in document:
        lines += [
            "",
            f"Browsers learn to trust it by {document['authority']}",
            "Compare its SHA-256 fingerprint before you do:",
            f"    {document['fingerprint']}",
        ]
    if "first_administrator" in document:
        lines += ["", "Nobody may sign in yet. The first administrator opens this link, which works once:"]
        lines += [f"    {document['first_administrator']}"]
    return "\n".join(lines) + "\n"
