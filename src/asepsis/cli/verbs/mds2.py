"""``asepsis mds2``: what makers declare, what changed in it, and whether traffic says the same."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from asepsis.cli.exits import Exit
from asepsis.cli.verb import Verb, VerbGroup, json_option, site_option, workspace_option

_FORM = click.argument("file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))


@click.group(
    cls=VerbGroup,
    name="mds2",
    short_help="Read, compare and check makers' disclosure forms (MDS2).",
    examples=[
        ("asepsis mds2 read pump.xlsx", "the answers of a form"),
        ("asepsis mds2 compare pump-2019.xlsx pump-2023.xlsx", "what the maker answers otherwise now"),
        ("asepsis mds2 check pump.xlsx --device pump3", "whether the device does what the form says"),
    ],
)
def command() -> None:
    """Work with forms of ANSI/NEMA HN 1-2013 and HN 1-2019, as XLSX or CSV.

    The numbers of the questions of 2013 (18-2) are not confirmed: they were not held against the printed standard, so
    look at a question before you hold its answer against the maker.
    """


@command.command(
    cls=Verb,
    name="read",
    short_help="Print the answers of a form.",
    examples=[("asepsis mds2 read pump.xlsx --json", "for a program")],
)
@_FORM
@json_option()
def read(file: Path, as_json: bool) -> int:
    """Print the answers of the form in FILE, and what could not be read of it."""
    from asepsis.cli.mds2 import form_lines
    from asepsis.pipeline.exposure import load_form

    form = load_form(file)
    if as_json:
        json.dump(form.document(), sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in form_lines(form))
    return Exit.DONE


@command.command(
    cls=Verb,
    name="compare",
    short_help="Print what changed between two forms.",
    examples=[("asepsis mds2 compare old.xlsx new.xlsx", "a line for each question that is answered otherwise")],
)
@click.argument("before", metavar="OLD", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("after", metavar="NEW", type=click.Path(path_type=Path, dir_okay=False))
@json_option("Print one JSON array.")
def compare(before: Path, after: Path, as_json: bool) -> int:
    """Print the questions that NEW answers otherwise than OLD. Exits with 1 where there are any."""
    from asepsis.cli.mds2 import change_lines
    from asepsis.exposure.mds2 import difference
    from asepsis.pipeline.exposure import load_form

    changes = difference(load_form(before), load_form(after))
    if as_json:
        json.dump([change.document() for change in changes], sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in change_lines(changes))
    return Exit.REFUSED_OR_FOUND if changes else Exit.DONE


@command.command(
    cls=Verb,
    name="check",
    short_help="Set a form beside what a device was seen doing.",
    examples=[("asepsis mds2 check pump.xlsx --device 10.20.0.14", "each answer confirmed, contradicted or unseen")],
)
@_FORM
@click.option("--device", metavar="ID", required=True, help="The device: its id, an address or a name of it.")
@click.option("--all", "in_full", is_flag=True, help="Also answers that no traffic can test.")
@json_option("Print one JSON array, with all answers.")
@site_option("The site of the device.")
@workspace_option()
def check_form(file: Path, device: str, in_full: bool, as_json: bool, site: str | None, workspace: Path | None) -> int:
    """Say of each answer of the form in FILE whether traffic confirms or contradicts it, with the packet.

    Only what follows by logic is called a contradiction; what was not seen is called unseen, never false. Exits with
    1 where an answer is contradicted.
    """
    from asepsis.cli.lookup import find_device
    from asepsis.cli.mds2 import claim_lines
    from asepsis.exposure.mds2 import Standing, check
    from asepsis.pipeline.exposure import behaviour_of, load_form
    from asepsis.pipeline.registry import Registry
    from asepsis.pipeline.workspace import Workspace

    form = load_form(file)
    store = Workspace.resolve(workspace).open()
    with Registry.open(store.registry_path) as registry:
        known = [each.document() for each in registry.devices(site)]
        wanted = find_device(known, registry.current_id(device))
        claims = check(form, behaviour_of(store, registry, wanted["id"]))
    if as_json:
        json.dump([claim.document() for claim in claims], sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in claim_lines(form, claims, wanted, in_full=in_full))
    found = any(claim.standing is Standing.CONTRADICTED for claim in claims)
    return Exit.REFUSED_OR_FOUND if found else Exit.DONE
