"""``asepsis import``: logs that other sensors wrote, papers of makers, documents of publishers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from asepsis.cli.exits import Exit
from asepsis.cli.verb import DEFAULT_SITE, Verb, json_option, site_option, workspace_option
from asepsis.cli.verbs.documents import VERBS
from asepsis.cli.verbs.import_papers import mds2, sbom
from asepsis.cli.verbs.import_reports import REPORT_VERBS

if TYPE_CHECKING:
    from asepsis.pipeline.imports_report import ImportReport


def _take_in(take: Callable[..., ImportReport], path: str, *, site: str, as_json: bool, workspace: Path | None) -> int:
    from asepsis.cli.progress import ProgressLine
    from asepsis.cli.summary import NEXT
    from asepsis.cli.summary_of_logs import log_was_read, print_import
    from asepsis.pipeline.workspace import Workspace

    with ProgressLine() as line:
        report = take(path, workspace=Workspace.resolve(workspace), site=site, progress=line.update)
    print_import(report, as_json=as_json, hint=NEXT)
    return Exit.DONE if any(log_was_read(log) for log in report.logs) else Exit.FAILED


@click.group(
    name="import",
    short_help="Take in logs of sensors, papers of makers and publishers, reports of scanners.",
    no_args_is_help=True,
)
def command() -> None:
    """Take in what other programs found; it goes to the same devices and history as captures do."""


@command.command(
    cls=Verb,
    name="zeek",
    short_help="Zeek logs: a file or a folder of them.",
    examples=[
        ("asepsis import zeek /opt/zeek/logs/2026-01-31", "a day of logs, compressed or not"),
        ("asepsis import zeek conn.log --site north", "one log of the site north"),
    ],
)
@click.argument("path")
@site_option("The hospital's site that the logs are from.", default=DEFAULT_SITE)
@json_option()
@workspace_option()
def zeek(path: str, site: str, as_json: bool, workspace: Path | None) -> int:
    """Read Zeek's logs, tab-separated or JSON, from PATH.

    Exits with 0 when at least one log was read, else with 3.
    """
    from asepsis.pipeline.imports import import_zeek

    return _take_in(import_zeek, path, site=site, as_json=as_json, workspace=workspace)


@command.command(
    cls=Verb,
    name="eve",
    short_help="Suricata's eve.json.",
    examples=[("asepsis import eve /var/log/suricata/eve.json", "the log of one sensor")],
)
@click.argument("path")
@site_option("The hospital's site that the log is from.", default=DEFAULT_SITE)
@json_option()
@workspace_option()
def eve(path: str, site: str, as_json: bool, workspace: Path | None) -> int:
    """Read Suricata's EVE log from PATH.

    Exits with 0 when at least one log was read, else with 3.
    """
    from asepsis.pipeline.imports import import_eve

    return _take_in(import_eve, path, site=site, as_json=as_json, workspace=workspace)


command.add_command(mds2)
command.add_command(sbom)
for _verb in (*VERBS, *REPORT_VERBS):
    command.add_command(_verb)
