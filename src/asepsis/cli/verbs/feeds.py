"""``asepsis feeds``: advisories and other documents of publishers, from folders or over HTTPS."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from asepsis.cli.exits import Exit
from asepsis.cli.verb import Verb, json_option, workspace_option


@click.group(name="feeds", short_help="Load advisories, and see how old they are.", no_args_is_help=True)
def command() -> None:
    """Documents of publishers: advisories (CSAF 2.0, CVE 5), VEX (CSAF, OpenVEX, CycloneDX), exploited
    vulnerabilities (KEV), likelihood of exploitation (EPSS), FDA device classes and recalls.

    None come with Asepsis. Download them where you may reach the internet and carry the folder over, or let Asepsis ask
    the publishers: that needs `--apply`.
    """


@command.command(
    cls=Verb,
    name="update",
    short_help="Take in documents from folders, files or publishers.",
    examples=[
        ("asepsis feeds update ./csaf_files/OT/white", "CISA's advisories, as their repository lays them out"),
        ("asepsis feeds update known_exploited_vulnerabilities.json", "one file"),
        ("asepsis feeds update cisa kev epss", "what would be asked over the network; nothing is"),
        ("asepsis feeds update cisa kev epss --apply", "fetch what is new from the publishers"),
        ("asepsis feeds update https://maker.example --apply", "a maker that publishes CSAF under its domain"),
    ],
)
@click.argument("sources", metavar="[PATH|NAME|ADDRESS]...", nargs=-1)
@click.option("--apply", is_flag=True, help="Go to the network; without it, say only where to.")
@click.option("--network", "networks", metavar="CIDR", multiple=True, help="A network inside where sources may be.")
@click.option(
    "--authority",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Certificates (PEM) that are trusted beside the system's.",
)
@click.option("--signed-only", is_flag=True, help="From publishers, refuse what has no good signature.")
@json_option()
@workspace_option()
def update(
    sources: tuple[str, ...],
    apply: bool,
    networks: tuple[str, ...],
    authority: Path | None,
    signed_only: bool,
    as_json: bool,
    workspace: Path | None,
) -> int:
    """Take in every document that is new or newer than what is held, and say what that changes for your devices.

    Give folders or files that you carried here, names that `asepsis feeds sources` lists, or https addresses. Without
    any, it is the sources of workspace.toml: [feeds].

    A document that is broken is named by file and place, and the rest is taken. One that is older than what is held, or
    that differs from its digest or signature, is not taken. Exits with 3 when nothing was read or a source failed.
    """
    from asepsis.cli.feeds_update import Options, update_all

    options = Options(apply=apply, networks=networks, authority=authority, signed_only=signed_only)
    return update_all(sources, options, as_json=as_json, workspace=workspace)


@command.command(
    cls=Verb,
    name="sources",
    short_help="Publishers whose addresses are known here by a name.",
    examples=[("asepsis feeds sources", "names, addresses and what is there")],
)
@json_option("Print one JSON array.")
def sources(as_json: bool) -> int:
    """List the publishers that have a name here; every other is named by its https address."""
    from asepsis.pipeline.feeds_sources import NAMED

    if as_json:
        rows = [
            {"name": one.name, "address": one.url, "what": one.what, "stale_days": one.stale_days}
            for one in NAMED.values()
        ]
        json.dump(rows, sys.stdout, indent=2)
        sys.stdout.write("\n")
        return Exit.DONE
    for one in NAMED.values():
        sys.stdout.write(f"{one.name}: {one.what}\n  {one.url}\n")
    return Exit.DONE


@command.command(
    cls=Verb,
    name="status",
    short_help="What is held, and how old it is.",
    examples=[("asepsis feeds status", "each feed: how many, how old, stale since when, how the last look ended")],
)
@json_option("Print one JSON array.")
@workspace_option()
def status(as_json: bool, workspace: Path | None) -> int:
    """List the feeds: how many documents, the date of the newest, its age, since when it is stale, the last look."""
    from datetime import UTC, datetime

    from asepsis.cli.findings import status_lines
    from asepsis.pipeline.feeds import Feeds
    from asepsis.pipeline.feeds_standing import standings
    from asepsis.pipeline.workspace import Workspace

    place = Workspace.resolve(workspace)
    now = datetime.now(UTC)
    found = []
    if place.feeds_path.exists():
        with Feeds.open(place.feeds_path) as feeds:
            found = standings(feeds, now)
    if as_json:
        json.dump([one.document(now) for one in found], sys.stdout, indent=2)
        sys.stdout.write("\n")
        return Exit.DONE
    for line in status_lines(found, now):
        sys.stdout.write(f"{line}\n")
    if not found:
        sys.stdout.write(
            "no feeds: asepsis feeds update FOLDER takes in what you carried here,"
            " asepsis feeds sources lists who can be asked\n"
        )
    return Exit.DONE


@command.command(
    cls=Verb,
    name="problems",
    short_help="Files that were not taken, and places that could not be read.",
    examples=[("asepsis feeds problems", "file, place and reason, one a line")],
)
@json_option("Print one JSON array.")
@workspace_option()
def problems(as_json: bool, workspace: Path | None) -> int:
    """List what was wrong with documents: those that were not taken at the last look, and those that were in part."""
    from datetime import UTC, datetime

    from asepsis.kernel.text import showable
    from asepsis.pipeline.feeds import Feeds
    from asepsis.pipeline.feeds_standing import standings
    from asepsis.pipeline.workspace import Workspace

    place = Workspace.resolve(workspace)
    rows: dict[tuple[str, str, str, bool], None] = {}
    if place.feeds_path.exists():
        with Feeds.open(place.feeds_path) as feeds:
            for one in standings(feeds, datetime.now(UTC)):
                for unread in () if one.attempt is None else one.attempt.unread:
                    rows[unread.path, unread.problem.where, unread.problem.why, False] = None
                for path, problem in one.problems:
                    rows[path, problem.where, problem.why, True] = None
    if as_json:
        found = [{"path": path, "where": where, "why": why, "taken": taken} for path, where, why, taken in rows]
        json.dump(found, sys.stdout, indent=2)
        sys.stdout.write("\n")
        return Exit.DONE
    for path, where, why, taken in rows:
        ending = "; the rest was taken" if taken else ""
        sys.stdout.write(showable(f"{path}: {where + ' ' if where else ''}{why}{ending}") + "\n")
    if not rows:
        sys.stdout.write("no problems\n")
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
