"""``asepsis doctor``: what works on this machine, what does not, and what to do about it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click

from asepsis.cli.exits import Exit
from asepsis.cli.text import showable
from asepsis.cli.verb import Verb, json_option, workspace_option

COLOURS = {"good": "green", "warning": "yellow", "bad": "red"}


@click.command(
    cls=Verb,
    name="doctor",
    short_help="Say what works on this machine and what is missing.",
    examples=[
        ("asepsis doctor", "look at Python, packages, kernels, permissions and the workspace"),
        ("asepsis doctor --json", "the same for a program, or for a report of a defect"),
    ],
)
@json_option("Print the findings as one JSON array.")
@workspace_option()
def command(as_json: bool, workspace: Path | None) -> int:
    """Examine this installation and its workspace. Nothing is changed.

    Exits with 0 when everything needed works, with 1 when something is bad. Warnings alone leave it at 0.
    """
    from asepsis.cli.examination import State, examine

    findings = examine(workspace)
    if as_json:
        json.dump([finding.document() for finding in findings], sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        width = max(len(finding.subject) for finding in findings)
        coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        for finding in findings:
            state = f"{finding.state:7}"
            shown = click.style(state, fg=COLOURS[finding.state.value]) if coloured else state
            sys.stdout.write(f"{shown}  {finding.subject:{width}}  {showable(finding.found)}\n")
            if finding.remedy:
                sys.stdout.write(f"{'':7}  {'':{width}}  -> {showable(finding.remedy)}\n")
    return Exit.REFUSED_OR_FOUND if any(finding.state is State.BAD for finding in findings) else Exit.DONE
