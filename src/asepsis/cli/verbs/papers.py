"""``asepsis papers``: disclosure forms and lists of components that are held, and whom they speak of."""

from __future__ import annotations

import getpass
import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from asepsis.cli.exits import Exit
from asepsis.cli.verb import Verb, VerbGroup, json_option, workspace_option
from asepsis.cli.verbs.import_papers import product_options

if TYPE_CHECKING:
    from asepsis.pipeline.papers import Paper

_PAPER = click.argument("paper", metavar="PAPER")
_DEVICE = click.argument("device", metavar="DEVICE")


@click.group(
    cls=VerbGroup,
    name="papers",
    short_help="Makers' disclosure forms and lists of components.",
    invoke_without_command=True,
    examples=[
        ("asepsis papers", "what is held, and of which devices"),
        ("asepsis papers ledger", "whose forms packets contradict"),
        ("asepsis papers tie 3f2a 10.20.0.14", "you know that a form is a device's"),
    ],
)
@json_option("Print one JSON array.")
@workspace_option()
@click.pass_context
def command(context: click.Context, as_json: bool, workspace: Path | None) -> int | None:
    """List the papers that are held, and the devices that each speaks of.

    Papers come in by asepsis import mds2 and asepsis import sbom. Whom one speaks of is told from maker, model and
    version; where that is wrong, tie and untie by hand. PAPER is the id of a paper or the beginning of it.
    """
    if context.invoked_subcommand is not None:
        return None
    from asepsis.cli.papers import holding_lines, paper_line
    from asepsis.pipeline.papers import Papers
    from asepsis.pipeline.papers_intake import Intake, holdings_of
    from asepsis.pipeline.workspace import Workspace

    place = Workspace.resolve(workspace)
    held, holdings = [], []
    if place.papers_path.exists():
        with Papers.open(place.papers_path) as papers:
            held, holdings = papers.papers(), holdings_of(place, papers)
    if as_json:
        intake = Intake(taken=tuple((paper, False) for paper in held), refused=(), holdings=tuple(holdings))
        rows = [{key: said for key, said in row.items() if key != "is_new"} for row in intake.document()["papers"]]
        json.dump(rows, sys.stdout, indent=2)
        sys.stdout.write("\n")
        return Exit.DONE
    for paper in held:
        sys.stdout.write(f"{paper_line(paper)}\n")
        sys.stdout.writelines(f"{line}\n" for line in holding_lines(paper, holdings))
    if not held:
        sys.stdout.write("no papers: asepsis import mds2 FORM and asepsis import sbom LIST take them in\n")
    return Exit.DONE


@command.command(
    cls=Verb,
    name="ledger",
    short_help="Every form beside what its devices do.",
    examples=[("asepsis papers ledger", "contradicted answers with their packets, and whose forms they stand in")],
)
@json_option()
@workspace_option()
def ledger(as_json: bool, workspace: Path | None) -> int:
    """Set every form that is held beside what its devices were seen doing. Exits with 1 on a contradiction."""
    from asepsis.cli.papers import claim_lines, tally_lines
    from asepsis.pipeline.disclosure import disclose, tallies
    from asepsis.pipeline.papers import Papers
    from asepsis.pipeline.workspace import Workspace

    place = Workspace.resolve(workspace).open()
    claims = disclose(place, now_ns=time.time_ns())
    held = []
    if place.papers_path.exists():
        with Papers.open(place.papers_path) as papers:
            held = papers.papers()
    found = tallies(held, claims)
    if as_json:
        document: dict[str, Any] = {
            "makers": [
                {"maker": one.maker or None, "forms": one.forms, "devices": one.devices, "answers": dict(one.counts)}
                for one in found
            ],
            "claims": [
                {"paper": paper, "device": device, **claim} for (paper, device), of in claims.items() for claim in of
            ],
        }
        json.dump(document, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        lines = [*claim_lines(claims, {paper.id: paper for paper in held}), *tally_lines(found)]
        sys.stdout.writelines(f"{line}\n" for line in lines or ["no form speaks of a device here"])
    return Exit.REFUSED_OR_FOUND if any(one.contradicted for one in found) else Exit.DONE


@command.command(
    cls=Verb,
    name="tie",
    short_help="Say that a paper is a device's.",
    examples=[("asepsis papers tie 3f2a ct-1", "whatever maker and model say")],
)
@_PAPER
@_DEVICE
@json_option("Print the paper as one JSON object.")
@workspace_option()
def tie(paper: str, device: str, as_json: bool, workspace: Path | None) -> int:
    """Say that PAPER speaks of DEVICE: its id, an address or a name of it."""
    return _tie(paper, device, is_tied=True, as_json=as_json, workspace=workspace)


@command.command(
    cls=Verb,
    name="untie",
    short_help="Say that a paper is not a device's.",
    examples=[("asepsis papers untie 3f2a ct-1", "maker and model fit, and it is another product all the same")],
)
@_PAPER
@_DEVICE
@json_option("Print the paper as one JSON object.")
@workspace_option()
def untie(paper: str, device: str, as_json: bool, workspace: Path | None) -> int:
    """Say that PAPER does not speak of DEVICE: its id, an address or a name of it."""
    return _tie(paper, device, is_tied=False, as_json=as_json, workspace=workspace)


@command.command(
    cls=Verb,
    name="product",
    short_help="Say which product a paper speaks of.",
    examples=[('asepsis papers product 3f2a --maker Acme --model "Pump 3" --version "< 9"', "its devices follow")],
)
@_PAPER
@product_options()
@json_option("Print the paper as one JSON object.")
@workspace_option()
def product(paper: str, maker: str, model: str, version: str, as_json: bool, workspace: Path | None) -> int:
    """Say which product PAPER speaks of, where it says nothing or something else."""
    from asepsis.cli.papers import holding_lines, paper_line
    from asepsis.pipeline.papers import Papers
    from asepsis.pipeline.papers_intake import holdings_of
    from asepsis.pipeline.papers_reading import subject
    from asepsis.pipeline.workspace import Workspace

    if not (maker and model):
        raise click.UsageError("a product has a maker and a model: --maker NAME --model NAME")
    place = Workspace.resolve(workspace).open()
    with Papers.open(place.papers_path) as papers:
        papers.say(papers.paper(paper).id, subject(maker, model, version), time.time_ns())
        said = papers.paper(paper)
        holdings = holdings_of(place, papers)
    return _print(said, (paper_line(said), *holding_lines(said, holdings)), as_json=as_json)


@command.command(
    cls=Verb,
    name="remove",
    short_help="Forget a paper.",
    examples=[("asepsis papers remove 3f2a", "with its ties")],
)
@_PAPER
@json_option("Print the paper as one JSON object.")
@workspace_option()
def remove(paper: str, as_json: bool, workspace: Path | None) -> int:
    """Forget PAPER and what was tied to it."""
    from asepsis.cli.papers import paper_line
    from asepsis.pipeline.papers import Papers
    from asepsis.pipeline.workspace import Workspace

    with Papers.open(Workspace.resolve(workspace).open().papers_path) as papers:
        found = papers.paper(paper)
        papers.remove(found.id, time.time_ns())
    return _print(found, [f"removed {paper_line(found)}"], as_json=as_json)


def _tie(paper: str, device: str, *, is_tied: bool, as_json: bool, workspace: Path | None) -> int:
    from asepsis.cli.lookup import find_device
    from asepsis.cli.papers import paper_line
    from asepsis.pipeline.papers import Papers
    from asepsis.pipeline.registry import Registry
    from asepsis.pipeline.workspace import Workspace

    place = Workspace.resolve(workspace).open()
    with Papers.open(place.papers_path) as papers, Registry.open(place.registry_path) as registry:
        found = papers.paper(paper)
        wanted = find_device([each.document() for each in registry.devices()], registry.current_id(device))
        papers.tie(found.id, wanted["id"], is_tied=is_tied, by=getpass.getuser(), now_ns=time.time_ns())
    said = "is now tied to" if is_tied else "is no longer tied to"
    return _print(found, [paper_line(found), f"    {said} {wanted['id']}"], as_json=as_json)


def _print(paper: Paper, lines: Iterable[str], *, as_json: bool) -> int:
    if as_json:
        json.dump(paper.document(), sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in lines)
    return Exit.DONE
