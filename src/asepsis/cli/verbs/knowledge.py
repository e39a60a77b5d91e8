"""``asepsis knowledge``: the tables by which devices are known, and a site's own."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from asepsis.cli.exits import Exit
from asepsis.cli.verb import Verb, json_option, workspace_option


@click.group(name="knowledge", short_help="Check tables of your own, and look things up.", no_args_is_help=True)
def command() -> None:
    """What is known before the first packet: makers, products, systems, by what devices say.

    Tables of your own lie in the folder "knowledge" of the workspace. Their rows win over those that come with
    Asepsis.
    """


@command.command(
    cls=Verb,
    name="lint",
    short_help="Check tables of your own.",
    examples=[
        ("asepsis knowledge lint", "those of the workspace"),
        ("asepsis knowledge lint ./tables", "those of a folder, before you copy them there"),
        ("asepsis knowledge lint --shipped", "those that come with Asepsis"),
    ],
)
@click.argument("folder", required=False, type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--shipped", is_flag=True, help="Check the tables that come with Asepsis.")
@json_option("Print one JSON array of texts, one a fault.")
@workspace_option()
def lint(folder: Path | None, shipped: bool, as_json: bool, workspace: Path | None) -> int:
    """Check every row: its members, its words, its source, and that the row answers its own example.

    Every fault is named by file and line. Exits with 1 when there is one.
    """
    from asepsis.knowledge.lint import lint as lint_shipped
    from asepsis.knowledge.lint import lint_folder
    from asepsis.pipeline.own_knowledge import own_texts
    from asepsis.pipeline.workspace import Workspace

    if shipped:
        errors, where = lint_shipped(), "the tables that come with Asepsis"
    else:
        # Not Workspace.resolve, which would refuse the faulty tables that are to be listed here.
        path = folder or Workspace.place(workspace).knowledge_path
        errors, where = lint_folder(own_texts(path)), str(path)
    if as_json:
        json.dump(errors, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        for error in errors:
            sys.stdout.write(f"{error}\n")
        sys.stdout.write(f"{where}: {len(errors)} faults\n" if errors else f"{where}: sound\n")
    return Exit.REFUSED_OR_FOUND if errors else Exit.DONE


@command.command(
    cls=Verb,
    name="find",
    short_help="Which rows fit a text.",
    examples=[
        ("asepsis knowledge find 'HP ETHERNET MULTI-ENVIRONMENT'", "in every table"),
        ("asepsis knowledge find 00:09:fb:4a:0b:07", "whose hardware address that is"),
        ("asepsis knowledge find FRN", "what device a product code of the FDA means"),
    ],
)
@click.argument("text")
@json_option("Print one JSON array.")
@workspace_option()
def find(text: str, as_json: bool, workspace: Path | None) -> int:
    """Show what each table says of TEXT, with the source of the row; a maker is looked up too.

    Exits with 1 when no row fits.
    """
    from asepsis.cli.text import showable
    from asepsis.knowledge.answers import answers
    from asepsis.pipeline.workspace import Workspace

    Workspace.resolve(workspace)
    found = answers(text)
    if as_json:
        json.dump([answer.document() for answer in found], sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        for answer in found:
            said = ", ".join(f"{name} {word}" for name, word in answer.says)
            sys.stdout.write(showable(f"{answer.table}: {said} ({answer.weight:.2f}; {answer.source})") + "\n")
        if not found:
            sys.stdout.write("no row fits\n")
    return Exit.DONE if found else Exit.REFUSED_OR_FOUND
