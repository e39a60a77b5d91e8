"""``asepsis device``: one device, with the evidence for what is said of it; and a person's own word on it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from asepsis.cli.exits import Exit
from asepsis.cli.standing import now_option, with_standing
from asepsis.cli.verb import Verb, json_option, site_option, workspace_option


@click.command(
    cls=Verb,
    name="device",
    short_help="Show one device with its evidence, or correct it.",
    examples=[
        ("asepsis device 10.20.0.14", "by an address; an id or a name will do as well"),
        ("asepsis device ct-1 --site north", "by a name, at one site"),
        ("asepsis device 10.20.0.14 --json", "with every clue, for a program"),
        ('asepsis device ct-1 --set model="Scan 9000" --note "label"', "you know better; it stays so"),
        ("asepsis device ct-1 --clear model", "back to what the traffic says"),
    ],
)
@click.argument("wanted", metavar="ID")
@click.option(
    "--set",
    "settings",
    metavar="ATTRIBUTE=VALUE",
    multiple=True,
    help="Set category, vendor, model, os, firmware, serial, udi, role or name. May be given several times.",
)
@click.option(
    "--clear", "cleared", metavar="ATTRIBUTE", multiple=True, help="Take back what was set; 'all' for everything."
)
@click.option("--note", metavar="TEXT", default="", help="Why, shown beside what is set.")
@click.option("--by", metavar="NAME", default=None, help="Who says so; else the name of the account.")
@json_option("Print one JSON object.")
@site_option("Look only at this site.")
@now_option()
@workspace_option()
def command(
    wanted: str,
    settings: tuple[str, ...],
    cleared: tuple[str, ...],
    note: str,
    by: str | None,
    as_json: bool,
    site: str | None,
    now_ns: int | None,
    workspace: Path | None,
) -> int:
    """Show what is known of one device, how sure it is, and the packets that say so.

    ID is the device's id or its beginning, one of its addresses, or one of its names. Evidence against the
    chosen value is shown too. Exits with 1 when there is no such device.

    What a person sets wins over the traffic and stays when more is seen; the traffic's evidence stays beside it.
    A category or role must be of the closed list.
    """
    if note and not settings:
        raise click.UsageError("--note says why something is set: it needs --set")

    from asepsis.cli.detail import device_detail
    from asepsis.cli.explained import full_document
    from asepsis.cli.lookup import find_device
    from asepsis.cli.screen import screen
    from asepsis.pipeline.presence import standings
    from asepsis.pipeline.registry import Registry
    from asepsis.pipeline.workspace import Workspace

    store = Workspace.resolve(workspace).open()
    with Registry.open(store.registry_path) as registry:
        # An id that led to another device after a merge is still understood.
        devices = registry.devices(site)
        found = find_device([device.document() for device in devices], registry.current_id(wanted))
        if settings or cleared:
            from asepsis.cli.corrections import correct

            correct(registry, found["id"], settings, cleared, by=by, note=note)
            devices = registry.devices(site)
        (device,) = [device for device in devices if device.id == found["id"]]
        # The site's other devices show when it was last watched.
        here = [one for one in devices if one.site == device.site]
        standing = standings(store, registry, here, now_ns)[device.id]
        document = with_standing(full_document(device, registry.overrides(device.id), devices), standing, in_full=True)
        document["events"] = [event.document() for event in registry.events(device.site, device.id)]
    if as_json:
        json.dump(document, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        paths = {capture.capture: Path(capture.path).name for capture in store.history().captures()}
        with screen() as console:
            for part in device_detail(document, paths):
                console.print(part)
    return Exit.DONE
