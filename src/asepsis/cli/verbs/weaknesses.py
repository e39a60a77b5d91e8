"""``asepsis weaknesses``: what devices' own traffic shows about how well they protect themselves."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from asepsis.cli.exits import Exit
from asepsis.cli.standing import now_option
from asepsis.cli.verb import Verb, json_option, site_option, workspace_option


@click.command(
    cls=Verb,
    name="weaknesses",
    short_help="List the weaknesses that devices' own traffic shows.",
    examples=[
        ("asepsis weaknesses", "a line for each device and weakness"),
        ("asepsis weaknesses --device pump3", "those of one device, with the packets that show them"),
        ("asepsis weaknesses --kind patient-data-in-clear", "who sends patient data unencrypted"),
        ("asepsis weaknesses --json", "for a program, with all evidence"),
    ],
)
@json_option("Print one JSON array.")
@site_option("Only devices at this site.")
@click.option("--device", metavar="ID", help="Only this device: its id, an address or a name of it; with evidence.")
@click.option("--kind", metavar="WEAKNESS", help="Only weaknesses of this kind, such as telnet.")
@now_option("Judge ends of support as of TIME (ISO 8601, UTC if not said); else as of now.")
@workspace_option()
def command(
    as_json: bool,
    site: str | None,
    device: str | None,
    kind: str | None,
    now_ns: int | None,
    workspace: Path | None,
) -> int:
    """List passive weaknesses: what was seen, what it means for care, and what to do.

    Nothing is sent to any device. A weakness that never showed in the traffic that was read is not listed, so an
    empty list is no proof of strength. Kinds are described in docs/reference/weaknesses.md.
    """
    from asepsis.cli.listing import device_name
    from asepsis.cli.lookup import find_device
    from asepsis.cli.weaknesses import print_weaknesses
    from asepsis.exposure.weaknesses import KINDS
    from asepsis.pipeline.exposure import weaknesses
    from asepsis.pipeline.registry import Registry
    from asepsis.pipeline.workspace import Workspace

    if kind is not None and kind not in KINDS:
        raise click.UsageError(f"there is no weakness {kind!r}; there are: {', '.join(KINDS)}")
    store = Workspace.resolve(workspace).open()
    with Registry.open(store.registry_path) as registry:
        devices, found = weaknesses(store, registry, site=site, now_ns=now_ns)
        documents = [each.document() for each in devices]
        wanted = None if device is None else find_device(documents, registry.current_id(device))["id"]
    kept = [one for one in found if wanted in (None, one.device) and kind in (None, one.kind.id)]
    if as_json:
        json.dump([one.document() for one in kept], sys.stdout, indent=2)
        sys.stdout.write("\n")
        return Exit.DONE
    print_weaknesses(kept, {each["id"]: device_name(each) for each in documents}, in_full=wanted is not None)
    return Exit.DONE
