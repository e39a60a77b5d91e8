"""``asepsis demo``: the recorded lab hospital, analysed here and now, then shown in the browser."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import click

from asepsis.cli.exits import Exit
from asepsis.cli.verb import Verb, json_option
from asepsis.cli.web_half import web_half

if TYPE_CHECKING:
    from asepsis.pipeline.workspace import Workspace

PORT: Final = 8480


@click.command(
    cls=Verb,
    name="demo",
    short_help="Show the recorded lab hospital: its devices, then its pages in the browser.",
    examples=[
        ("asepsis demo", "print the devices, then serve the hospital's pages to this machine"),
        ("asepsis demo --print", "print the devices and exit"),
        ("asepsis demo --json", "the same for a program"),
    ],
)
@click.option("--print", "print_only", is_flag=True, help="Print and exit, on a terminal too.")
@click.option("--serve", "serve_always", is_flag=True, help="Serve the pages without a terminal too.")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=None, help=f"Where to serve; else {PORT}, or a free one."
)
@json_option("Print the devices as one JSON array and exit.")
def command(print_only: bool, serve_always: bool, port: int | None, as_json: bool) -> int:
    """Analyse the recording that comes with Asepsis, print the devices, and serve them in the browser.

    It is a hospital of more than a hundred devices that are real programs. The pages are served to this machine alone,
    with sample people of every role. When the demo ends, nothing of it is kept. Without a terminal it prints and exits.
    """
    from asepsis.cli.listing import print_devices
    from asepsis.cli.lookup import device_documents
    from asepsis.cli.progress import ProgressLine
    from asepsis.cli.summary import report_lines
    from asepsis.pipeline import demo
    from asepsis.pipeline.workspace import Workspace

    serving = serve_always or (sys.stdout.isatty() and not print_only and not as_json)
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
        if serving:
            _serve(workspace, port or _free_port())
        elif not as_json and not print_only:
            sys.stdout.write("\nIts pages in the browser: asepsis demo --serve\n")
    return Exit.DONE


def _serve(workspace: Workspace, port: int) -> None:
    with web_half("; or print the devices alone: asepsis demo --print"):
        # The way in of the demo must be settled before Django reads its settings.
        from asepsis.web.demo import stage

        stage.prepare(workspace, port=port)
        from asepsis.web.serving import serve

    def announce(told: dict[str, str]) -> None:
        sys.stdout.write(
            f"\nThe hospital is served to this machine. Open\n\n    {told['address']}\n\n"
            "and choose who to be. Ctrl-C ends the demo and removes what it made.\n"
        )
        sys.stdout.flush()

    serve(announce)


def _free_port() -> int:
    """The usual port, or one that the system gives when it is taken."""
    for wanted in (PORT, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", wanted))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    return PORT
