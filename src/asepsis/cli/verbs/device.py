"""``asepsis device``: one device, with the evidence for what is said of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from asepsis.cli.exits import Exit
from asepsis.cli.verb import Verb, json_option, site_option, workspace_option


@click.command(
    cls=Verb,
    name="device",
    short_help="Show one device with its evidence.",
    examples=[
        ("asepsis device 10.20.0.14", "by an address; an id or a name will do as well"),
        ("asepsis device ct-1 --site north", "by a name, at one site"),
        ("asepsis device 10.20.0.14 --json", "with every clue, for a program"),
    ],
)
@click.argument("wanted", metavar="ID")
@json_option("Print one JSON object.")
@site_option("Look only at this site.")
@workspace_option()
def command(wanted: str, as_json: bool, site: str | None, workspace: Path | None) -> int:
    """Show what is known of one device, how sure it is, and the packets that say so.

    ID is the device's id or its beginning, one of its addresses, or one of its names. Evidence against the
    chosen value is shown too. Exits with 1 when there is no such device.
    """
    from asepsis.cli.detail import device_detail
    from asepsis.cli.lookup import find_device
    from asepsis.cli.screen import screen
    from asepsis.pipeline.registry import Registry
    from asepsis.pipeline.workspace import Workspace

    store = Workspace.resolve(workspace).open()
    with Registry.open(store.registry_path) as registry:
        # An id that led to another device after a merge is still understood.
        document = find_device([found.document() for found in registry.devices(site)], registry.current_id(wanted))
    if as_json:
        json.dump(document, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        paths = {capture.capture: Path(capture.path).name for capture in store.history().captures()}
        with screen() as console:
            for part in device_detail(document, paths):
                console.print(part)
    return Exit.DONE
