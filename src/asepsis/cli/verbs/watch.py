"""``asepsis watch``: the same as ``analyze``, on a live interface."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from asepsis.cli.exits import Exit
from asepsis.cli.verb import DEFAULT_SITE, Verb, json_option, site_option, workspace_option


@click.command(
    cls=Verb,
    name="watch",
    short_help="Read a live interface, such as a mirror port.",
    examples=[
        ("asepsis watch eth1", "read until Ctrl-C, then say what was found"),
        ("asepsis watch eth1 --seconds 600 --site north", "ten minutes at the site north"),
        ("asepsis watch eth1 --seconds 60 --no-store --json", "keep nothing, print one JSON document"),
    ],
)
@click.argument("interface")
@click.option("--seconds", metavar="N", type=click.FloatRange(min=0, min_open=True), help="Stop after N seconds.")
@site_option("The hospital's site that the interface belongs to.", default=DEFAULT_SITE)
@click.option("--no-store", is_flag=True, help="Keep nothing: neither devices nor history.")
@json_option()
@workspace_option()
def command(
    interface: str, seconds: float | None, site: str, no_store: bool, as_json: bool, workspace: Path | None
) -> int:
    """Read packets from INTERFACE as they come; it receives, and never sends.

    Needs the permission to capture: run it as root, or give Python the capability CAP_NET_RAW. What the kernel
    had to drop is counted and shown. Ctrl-C (or SIGTERM) ends it in good order: what was read is kept.
    """
    from asepsis.cli.journal import Journal
    from asepsis.cli.live import stop_signals
    from asepsis.cli.progress import ProgressLine
    from asepsis.cli.summary import finish
    from asepsis.pipeline.watch import watch
    from asepsis.pipeline.workspace import Workspace

    store = None if no_store else Workspace.resolve(workspace)
    # Somebody at a terminal sees a line that moves; a service manager's journal gets a line a minute.
    follower = ProgressLine() if sys.stderr.isatty() else Journal(interface)
    with stop_signals() as stop, follower as line:
        report = watch(interface, workspace=store, site=site, seconds=seconds, progress=line.update, stop=stop)
    finish(report, as_json=as_json, workspace=store, site=site)
    return Exit.DONE
