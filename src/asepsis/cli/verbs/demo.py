"""``asepsis demo``: the recorded lab hospital, analysed here and now."""

from __future__ import annotations

import sys
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from asepsis.cli.exits import Exit
from asepsis.cli.verb import Verb, json_option
from asepsis.kernel.errors import AsepsisError

SITE = "lab"


@click.command(
    cls=Verb,
    name="demo",
    short_help="Show the devices of the recorded lab hospital.",
    examples=[
        ("asepsis demo", "analyse the captures that come with Asepsis and print the devices"),
        ("asepsis demo --json", "the same for a program"),
    ],
)
@click.option(
    "--print", "print_only", is_flag=True, help="Print and exit, on a terminal too (so far there is no more)."
)
@json_option("Print the devices as one JSON array.")
def command(print_only: bool, as_json: bool) -> int:
    """Analyse the captures that come with Asepsis and print the devices.

    They are recordings of a small lab hospital made of real programs. Nothing is kept, nothing is sent.
    """
    from asepsis.cli.listing import print_devices
    from asepsis.cli.lookup import device_documents
    from asepsis.cli.progress import ProgressLine
    from asepsis.cli.summary import report_lines
    from asepsis.pipeline.analyze import analyze, find_captures
    from asepsis.pipeline.workspace import Workspace

    with as_file(files("asepsis.cli") / "demo") as folder, TemporaryDirectory(prefix="asepsis-demo-") as temporary:
        if all(fault is not None for _, fault in find_captures([folder])):
            raise AsepsisError(
                "the recorded captures are not part of this installation",
                code="demo-missing",
                hint="Take a capture of your own: asepsis analyze ward.pcapng",
            )
        workspace = Workspace.resolve(Path(temporary))
        with ProgressLine() as line:
            report = analyze([folder], workspace=workspace, site=SITE, progress=line.update)
        if not as_json:
            sys.stdout.write("The recorded lab hospital: real programs, no real patient.\n")
            for text in report_lines(report, root=folder):
                sys.stdout.write(text + "\n")
            sys.stdout.write("\n")
        print_devices(device_documents(workspace, site=SITE), as_json=as_json)
    return Exit.DONE
