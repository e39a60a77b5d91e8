"""``asepsis feeds``: advisories and other documents of publishers, from a folder."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import click

from asepsis.cli.exits import Exit
from asepsis.cli.verb import Verb, json_option, workspace_option


@click.group(name="feeds", short_help="Load advisories, and see how old they are.", no_args_is_help=True)
def command() -> None:
    """Documents of publishers: advisories (CSAF 2.0, CVE 5), VEX (CSAF, OpenVEX, CycloneDX), exploited
    vulnerabilities (KEV), likelihood of exploitation (EPSS), FDA device classes and recalls.

    None come with Asepsis. Download them where you may reach the internet, and carry the folder over.
    """


@command.command(
    cls=Verb,
    name="update",
    short_help="Take in a folder of documents.",
    examples=[
        ("asepsis feeds update ./csaf_files/OT/white", "CISA's advisories, as their repository lays them out"),
        ("asepsis feeds update known_exploited_vulnerabilities.json", "one file"),
    ],
)
@click.argument("folder", metavar="PATH", type=click.Path(path_type=Path))
@json_option()
@workspace_option()
def update(folder: Path, as_json: bool, workspace: Path | None) -> int:
    """Take in every document of PATH that is new or newer than what is held, and say what that changes.

    A document that is broken is named by file and place, and the rest is taken. One that is older than what is held,
    or that differs from the digest (.sha256, .sha512) beside it, is not taken. Exits with 3 when nothing was read.
    """
    from asepsis.cli.findings import update_lines
    from asepsis.pipeline.advisories import update_feeds
    from asepsis.pipeline.workspace import Workspace

    done, changed = update_feeds(Workspace.resolve(workspace), folder, time.time_ns())
    if as_json:
        json.dump({**done.document(), "changes": changed}, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        for line in update_lines(done, changed):
            sys.stdout.write(f"{line}\n")
    read = done.added or done.replaced or done.unchanged or done.older
    return Exit.DONE if read else Exit.FAILED


@command.command(
    cls=Verb,
    name="status",
    short_help="What is held, and how old it is.",
    examples=[("asepsis feeds status", "by kind: how many, how old, when loaded")],
)
@json_option("Print one JSON array.")
@workspace_option()
def status(as_json: bool, workspace: Path | None) -> int:
    """List the kinds of documents that are held: how many, the date of the newest, its age, when it was loaded."""
    from asepsis.cli.findings import status_document
    from asepsis.pipeline.feeds import Feeds
    from asepsis.pipeline.workspace import Workspace

    place = Workspace.resolve(workspace)
    found = []
    if place.feeds_path.exists():
        with Feeds.open(place.feeds_path) as feeds:
            found = status_document(feeds.held(), time.time_ns())
    if as_json:
        json.dump(found, sys.stdout, indent=2)
        sys.stdout.write("\n")
        return Exit.DONE
    for row in found:
        newest = "no date" if row["newest"] is None else f"newest {row['newest']}, {row['age_days']} days old"
        sys.stdout.write(f"{row['kind']}: {row['documents']} documents, {newest}, loaded {row['loaded'][:10]}\n")
    if not found:
        sys.stdout.write("no feeds: asepsis feeds update FOLDER takes them in\n")
    return Exit.DONE


@command.command(
    cls=Verb,
    name="changes",
    short_help="What the last update changed for your devices.",
    examples=[("asepsis feeds changes", "findings that came, went or answer differently")],
)
@json_option("Print one JSON array.")
@workspace_option()
def changes(as_json: bool, workspace: Path | None) -> int:
    """List the findings that came, went or answer differently since the update before the last."""
    from asepsis.cli.findings import change_lines
    from asepsis.pipeline.feeds import Feeds
    from asepsis.pipeline.workspace import Workspace

    place = Workspace.resolve(workspace)
    last = None
    if place.feeds_path.exists():
        with Feeds.open(place.feeds_path) as feeds:
            last = feeds.changes()
    found = [] if last is None else last[1]
    if as_json:
        json.dump(found, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        for line in change_lines(found):
            sys.stdout.write(f"{line}\n")
    return Exit.DONE
