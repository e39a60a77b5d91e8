"""``asepsis events``: what changed about devices."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from asepsis.cli.exits import Exit
from asepsis.cli.verb import Verb, json_option, site_option, workspace_option


@click.command(
    cls=Verb,
    name="events",
    short_help="List what changed about devices.",
    examples=[
        ("asepsis events", "new firmware, another address, another model behind the same address"),
        ("asepsis events --device 10.20.0.14", "those of one device, by id, address or name"),
        ("asepsis events --json", "for a program"),
    ],
)
@json_option("Print one JSON array.")
@site_option("Only events at this site.")
@click.option("--device", metavar="ID", help="Only those of this device: its id, an address or a name of it.")
@workspace_option()
def command(as_json: bool, site: str | None, device: str | None, workspace: Path | None) -> int:
    """List changes of identity, in time.

    An event says that a device was one thing until some moment and another from a later one on: its category,
    vendor, model, os, firmware, serial, udi, or the address that it uses. What it says more exactly than before,
    and what it says beside something else, is none.
    """
    from asepsis.cli.events import event_lines
    from asepsis.cli.listing import device_name
    from asepsis.cli.lookup import find_device
    from asepsis.pipeline.registry import Registry
    from asepsis.pipeline.workspace import Workspace

    with Registry.open(Workspace.resolve(workspace).open().registry_path) as registry:
        known = [found.document() for found in registry.devices(site)]
        wanted = None if device is None else find_device(known, registry.current_id(device))["id"]
        events = [event.document() for event in registry.events(site, wanted)]
    if as_json:
        json.dump(events, sys.stdout, indent=2)
        sys.stdout.write("\n")
        return Exit.DONE
    names = {document["id"]: device_name(document) for document in known}
    for line in event_lines(events, names):
        sys.stdout.write(f"{line}\n")
    if not events:
        sys.stdout.write("no events\n")
    return Exit.DONE
