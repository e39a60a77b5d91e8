"""``asepsis devices``: what is there."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from asepsis.cli.exits import Exit
from asepsis.cli.text import showable
from asepsis.cli.verb import Verb, json_option, site_option, workspace_option


@click.command(
    cls=Verb,
    name="devices",
    short_help="List the devices that were seen.",
    examples=[
        ("asepsis devices", "the list, as wide as your terminal"),
        ("asepsis devices --site north --csv > north.csv", "those of one site, for a spreadsheet"),
        ("asepsis devices --json | jq '.[] | select(.category == \"infusion_pump\")'", "for a program"),
    ],
)
@json_option("Print one JSON array.")
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values, one line a device.")
@site_option("Only devices at this site.")
@workspace_option()
def command(as_json: bool, as_csv: bool, site: str | None, workspace: Path | None) -> int:
    """List the devices of the workspace: what each is, and how sure that is.

    "Sure" is the confidence in the category, from the evidence for and against it; what is not known is left
    unknown. asepsis device ID shows the evidence.
    """
    if as_json and as_csv:
        raise click.UsageError("--json and --csv contradict each other")

    from asepsis.cli.listing import print_devices
    from asepsis.pipeline.registry import Registry
    from asepsis.pipeline.workspace import Workspace

    with Registry.open(Workspace.resolve(workspace).open().registry_path) as registry:
        devices = registry.devices(site)
    print_devices([device.document() for device in devices], as_json=as_json, as_csv=as_csv)
    if not as_json and not as_csv:
        from asepsis.cli.explained import twin_lines

        for line in twin_lines(devices):
            sys.stdout.write(f"{showable(line)}\n")
    return Exit.DONE
