"""``asepsis demo``: the recorded lab hospital, analysed here and now."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from asepsis.cli.exits import Exit
from asepsis.cli.verb import Verb, json_option


@click.command(
    cls=Verb,
    name="demo",
    short_help="Show the devices of the recorded lab hospital.",
    examples=[
        ("asepsis demo", "analyse the recording that comes with Asepsis and print the devices"),
        ("asepsis demo --json", "the same for a program"),
    ],
)
@click.option(
    "--print", "print_only", is_flag=True, help="Print and exit, on a terminal too (so far there is no more)."
)
@json_option("Print the devices as one JSON array.")
def command(print_only: bool, as_json: bool) -> int:
    """Analyse the recording that comes with Asepsis and print the devices.

    It is a hospital of more than a hundred devices that are real programs. Nothing is kept, nothing is sent.
    """
    from asepsis.cli.listing import print_devices
    from asepsis.cli.lookup import device_documents
    from asepsis.cli.progress import ProgressLine
    from asepsis.cli.summary import report_lines
    from asepsis.pipeline import demo
    from asepsis.pipeline.workspace import Workspace

    shown = demo.recording()
    with TemporaryDirectory(prefix="asepsis-demo-") as temporary:
        workspace = Workspace.resolve(Path(temporary))
        with ProgressLine() as line:
            report = demo.analyze_benign(shown, workspace=workspace, progress=line.update)
        if not as_json:
            sys.stdout.write("The recorded lab hospital: real programs, no real patient.\n")
            for text in report_lines(report, root=shown.folder):
                sys.stdout.write(text + "\n")
            sys.stdout.write("\n")
        print_devices(device_documents(workspace, site=demo.SITE), as_json=as_json)
    return Exit.DONE
