"""``asepsis findings``: which devices the advisories speak of."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from asepsis.cli.exits import Exit
from asepsis.cli.verb import Verb, json_option, site_option, workspace_option

_ANSWERS = ("affected", "cannot tell", "not affected")


@click.command(
    cls=Verb,
    name="findings",
    short_help="Which devices the advisories speak of.",
    examples=[
        ("asepsis findings", "affected, and what would tell where it cannot be told"),
        ("asepsis findings --feeds ./csaf", "by the documents of a folder, without keeping them"),
        ("asepsis findings --answer 'not affected'", "what a version puts out of reach"),
        ("asepsis findings --csv > findings.csv", "all of it, for a spreadsheet"),
    ],
)
@json_option("Print one JSON array.")
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values, one line a finding.")
@click.option(
    "--feeds",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Use the documents of this folder or file, and keep none of them.",
)
@click.option("--device", metavar="ID", help="Only those of this device: its id, an address or a name of it.")
@click.option(
    "--answer",
    "answers",
    type=click.Choice(_ANSWERS),
    multiple=True,
    help="Only these answers; may be repeated. Without it, a table for people leaves out 'not affected'.",
)
@site_option("Only devices at this site.")
@workspace_option()
def command(
    as_json: bool,
    as_csv: bool,
    feeds: Path | None,
    device: str | None,
    answers: tuple[str, ...],
    site: str | None,
    workspace: Path | None,
) -> int:
    """List what advisories mean for the devices of the workspace.

    An answer is "affected", "not affected" or "cannot tell"; the last says what would tell. Every finding shows the
    words of the advisory that it rests on and where the device's version was seen. Exits with 1 when a device is
    affected.
    """
    if as_json and as_csv:
        raise click.UsageError("--json and --csv contradict each other")

    from asepsis.cli.findings import finding_lines, findings_csv
    from asepsis.cli.listing import device_name
    from asepsis.cli.lookup import find_device
    from asepsis.pipeline.advisories import findings_of
    from asepsis.pipeline.registry import Registry
    from asepsis.pipeline.workspace import Workspace

    place = Workspace.resolve(workspace).open()
    with Registry.open(place.registry_path) as registry:
        known = [found.document() for found in registry.devices(site)]
        wanted = None if device is None else find_device(known, registry.current_id(device))["id"]
    findings = [one for one in findings_of(place, site=site, folder=feeds) if wanted in (None, one.device)]
    affected = any(one.verdict.answer == "affected" for one in findings)
    if answers:
        findings = [one for one in findings if one.verdict.answer in answers]
    elif not as_json and not as_csv:
        findings = [one for one in findings if one.verdict.answer != "not affected"]
    names = {document["id"]: device_name(document) for document in known}
    if as_json:
        json.dump([one.document() for one in findings], sys.stdout, indent=2)
        sys.stdout.write("\n")
    elif as_csv:
        sys.stdout.write(findings_csv(findings, names))
    else:
        for line in finding_lines(findings, names):
            sys.stdout.write(f"{line}\n")
        if not findings:
            sys.stdout.write("no findings\n")
    return Exit.REFUSED_OR_FOUND if affected else Exit.DONE
