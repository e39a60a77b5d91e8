"""``asepsis risk``: which devices can hurt a patient, why, and what changes that."""

from __future__ import annotations

from pathlib import Path

import click

from asepsis.cli.exits import Exit
from asepsis.cli.standing import now_option
from asepsis.cli.verb import Verb, json_option, site_option, workspace_option


@click.command(
    cls=Verb,
    name="risk",
    short_help="List the devices by risk to patients, with reasons.",
    examples=[
        ("asepsis risk", "the riskiest devices first, with the cheapest way into a lower tier"),
        ("asepsis risk --device pump3", "one device: what its score is made of"),
        ("asepsis risk --controls controls.csv", "with what already protects devices: lines such as pump3,allow_list"),
        ("asepsis risk --json", "for a program"),
    ],
)
@json_option("Print one JSON document: the devices in order, and the order's stability.")
@site_option("Only devices at this site.")
@click.option("--device", metavar="ID", help="Only this device: its id, an address or a name of it; in full.")
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(min=1),
    default=None,
    help="Only the N riskiest devices; a table for people has 50 unless this says otherwise.",
)
@click.option(
    "--controls",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="CSV with the columns device and control: allow_list, isolated, watched or none.",
)
@click.option(
    "--feeds",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Use the advisories of this folder or file, and keep none of them.",
)
@now_option("Judge ends of support as of TIME (ISO 8601, UTC if not said); else as of now.")
@workspace_option()
def command(
    as_json: bool,
    site: str | None,
    device: str | None,
    limit: int | None,
    controls: Path | None,
    feeds: Path | None,
    now_ns: int | None,
    workspace: Path | None,
) -> int:
    """List devices by risk: likelihood times harm, from 0 to 100, with the interval of what is not known.

    Likelihood comes from who reaches the device, the weaknesses that its traffic shows, known vulnerabilities and
    missing controls; harm from what it does for patients, its class, how many patients it reaches, and their data.
    The factors add up to the score. How, and from which sources: docs/explanation/risk.md.
    """
    from asepsis.cli.lookup import find_device
    from asepsis.cli.risk import print_risk, read_controls
    from asepsis.pipeline.exposure import risks, threats_in
    from asepsis.pipeline.registry import Registry
    from asepsis.pipeline.workspace import Workspace

    store = Workspace.resolve(workspace).open()
    threats = threats_in(store, site=site, folder=feeds)
    with Registry.open(store.registry_path) as registry:
        known = [each.document() for each in registry.devices(site)]
        told = {} if controls is None else read_controls(controls, known)
        wanted = None if device is None else find_device(known, registry.current_id(device))["id"]
        _, facts = risks(store, registry, site=site, now_ns=now_ns, threats=threats, controls=told)
    print_risk(facts, known, wanted=wanted, limit=limit, as_json=as_json)
    return Exit.DONE
