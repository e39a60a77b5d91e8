"""``asepsis import mds2|sbom``: papers of makers, kept in the workspace."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click

from asepsis.cli.exits import Exit
from asepsis.cli.verb import Function, Verb, json_option, workspace_option

_PATH = click.argument("path", metavar="PATH", type=click.Path(path_type=Path))


def product_options() -> Callable[[Function], Function]:
    """``--maker``, ``--model``, ``--version``: which product a paper speaks of."""
    options = (
        click.option("--maker", default="", metavar="NAME", help="Who makes the product; else what the paper says."),
        click.option("--model", default="", metavar="NAME", help="Which product it is; else what the paper says."),
        click.option("--version", default="", metavar="TEXT", help='A version or a range, such as "< 9.3".'),
    )

    def add(function: Function) -> Function:
        for option in reversed(options):
            function = option(function)
        return function

    return add


@click.command(
    cls=Verb,
    name="mds2",
    short_help="Makers' disclosure forms (MDS2): a file or a folder of them.",
    examples=[
        ("asepsis import mds2 pump.xlsx", "a form; its devices are found by maker and model"),
        ("asepsis import mds2 ./forms", "every form of a folder"),
        ('asepsis import mds2 form.csv --maker Acme --model "Pump 3"', "where the form does not name them"),
    ],
)
@_PATH
@product_options()
@json_option()
@workspace_option()
def mds2(path: Path, maker: str, model: str, version: str, as_json: bool, workspace: Path | None) -> int:
    """Keep the forms in PATH (XLSX or CSV, HN 1-2013 and HN 1-2019) and say whom they speak of.

    A file that is no form is named, and the rest is taken. Exits with 3 when nothing was taken.
    """
    return _take("mds2", path, (maker, model, version), as_json=as_json, workspace=workspace)


@click.command(
    cls=Verb,
    name="sbom",
    short_help="Lists of components (SBOM): a file or a folder of them.",
    examples=[
        ("asepsis import sbom pump.cdx.json", "CycloneDX or SPDX, in JSON, XML or tag-value"),
        ('asepsis import sbom bom.xml --maker Acme --model "Pump 3" --version 9.3', "where the list does not say"),
    ],
)
@_PATH
@product_options()
@json_option()
@workspace_option()
def sbom(path: Path, maker: str, model: str, version: str, as_json: bool, workspace: Path | None) -> int:
    """Keep the lists of components in PATH and say whom they speak of.

    What advisories say of the components then counts as findings of those devices. A file that is no list is named,
    and the rest is taken. Exits with 3 when nothing was taken.
    """
    return _take("sbom", path, (maker, model, version), as_json=as_json, workspace=workspace)


def _take(kind: str, path: Path, product: tuple[str, str, str], *, as_json: bool, workspace: Path | None) -> int:
    from asepsis.cli.papers import intake_lines
    from asepsis.exposure.paper import PaperKind
    from asepsis.pipeline.papers_intake import take_in
    from asepsis.pipeline.papers_reading import subject
    from asepsis.pipeline.workspace import Workspace

    place = Workspace.resolve(workspace).create()
    said = subject(*product) if any(product) else None
    intake = take_in(place, PaperKind(kind), path, subject=said, now_ns=time.time_ns())
    if as_json:
        json.dump(intake.document(), sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in intake_lines(intake))
    return Exit.DONE if intake.taken else Exit.FAILED
