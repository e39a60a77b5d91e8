"""``asepsis scan``: asks robust devices something, as two people approved; the only verb that sends to devices."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from asepsis.cli.exits import Exit
from asepsis.cli.verb import DEFAULT_SITE, Verb, VerbGroup, json_option, site_option, workspace_option
from asepsis.cli.web_half import web_half

if TYPE_CHECKING:
    from asepsis.pipeline.scanning.approved import Recorded
    from asepsis.pipeline.workspace import Workspace

_QUESTIONS = ("banner", "tls", "snmp", "dicom-echo")


@click.group(
    cls=VerbGroup,
    name="scan",
    short_help="Ask robust devices something, as two people approved.",
    examples=[
        ("asepsis scan plan", "who would be asked what, and who is left out and why; nothing is sent"),
        ("asepsis scan run 7f3a9c02 --apply", "run a scan that was approved in the browser"),
    ],
)
def command() -> None:
    """Active checks that never touch a fragile device, a network that is not to be touched, or a device in use.

    A scan is proposed and approved, by two people, in the browser under Scans and tests. It runs from here, in a
    network namespace of its own; another process records every packet that leaves and signs the receipt.
    """


@command.command(
    cls=Verb,
    name="plan",
    short_help="Who would be asked what, and who is left out and why.",
    examples=[
        ("asepsis scan plan", "every question that may be asked"),
        ("asepsis scan plan --question tls --json", "only TLS, for a program"),
    ],
)
@click.option(
    "--question", "questions", type=click.Choice(_QUESTIONS), multiple=True, help="Only these; may be repeated."
)
@click.option("--device", "devices", metavar="ID", multiple=True, help="Only these devices; may be repeated.")
@click.option("-o", "--output", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), help="Keep the plan.")
@json_option()
@site_option("The site whose devices are asked.", default=DEFAULT_SITE)
@workspace_option()
def plan(
    questions: tuple[str, ...],
    devices: tuple[str, ...],
    output: Path | None,
    as_json: bool,
    site: str,
    workspace: Path | None,
) -> int:
    """Plan a scan and send nothing.

    What people recorded in the browser (that a device sustains life) is known there alone and checked there once more.
    Exits with 0 when somebody would be asked, with 1 when everybody is left out.
    """
    from asepsis.cli.scans import print_plan
    from asepsis.exposure.scanning.plan import Question
    from asepsis.pipeline.scanning.planning import look, make_plan
    from asepsis.pipeline.scanning.settings import scanning_of
    from asepsis.pipeline.workspace import Workspace

    place = Workspace.resolve(workspace).open()
    made = make_plan(
        look(place, site),
        scanning_of(place),
        site=site,
        now_ns=time.time_ns(),
        questions=frozenset(map(Question, questions)) or frozenset(Question),
        wanted=frozenset(devices) or None,
    )
    if output is not None:
        output.write_bytes(made.content())
    if as_json:
        json.dump({**made.document(), "sha256": made.digest}, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        print_plan(made)
    return Exit.DONE if made.targets else Exit.REFUSED_OR_FOUND


@command.command(
    cls=Verb, name="list", short_help="The scans of a workspace.", examples=[("asepsis scan list", "with their state")]
)
@json_option("Print one JSON array.")
@workspace_option()
def list_(as_json: bool, workspace: Path | None) -> int:
    """List the scans that were proposed in the browser, and how each stands."""
    from asepsis.cli.scans import print_scans, standing
    from asepsis.pipeline.scanning.folder import scans
    from asepsis.pipeline.workspace import Workspace

    found = [standing(folder) for folder in scans(Workspace.resolve(workspace).open())]
    if as_json:
        json.dump(found, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        print_scans(found)
    return Exit.DONE


@command.command(
    cls=Verb,
    name="run",
    short_help="Run a scan that was approved.",
    examples=[
        ("asepsis scan run 7f3a9c02", "check everything, and send nothing"),
        ("ip netns exec scanner asepsis scan run 7f3a9c02 --apply", "run it, in the namespace that was made for it"),
    ],
)
@click.argument("scan", metavar="SCAN")
@click.option("--apply", "apply_", is_flag=True, help="Send; without it everything is checked and nothing is sent.")
@json_option()
@workspace_option()
def run(scan: str, apply_: bool, as_json: bool, workspace: Path | None) -> int:
    """Run SCAN once, within the time that its approval gives.

    Immediately before each device, what is known of it is read anew: those that came into use, moved, or turned out or
    were recorded to be fragile since the plan was made are skipped, and the receipt says so. Needs the rights
    to set rules and to capture (CAP_NET_ADMIN, CAP_NET_RAW). Exits with 0 when the receipt agrees with the plan, with 1
    when it does not.
    """
    from asepsis.cli.scans import print_check, print_run
    from asepsis.cli.text import showable
    from asepsis.pipeline.scanning.approved import prepare, run_approved
    from asepsis.pipeline.workspace import Workspace

    place = Workspace.resolve(workspace).open()
    prepared = prepare(place, scan, now_ns=time.time_ns(), recorded=_recorded(place))
    if not apply_:
        print_check(prepared, as_json=as_json)
        return Exit.DONE

    def told(number: int, of: int, title: str) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{number + 1}/{of} {showable(title)}")

    done = run_approved(prepared, told=told)
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    print_run(prepared, done, as_json=as_json)
    return Exit.DONE if done.verdict.passed else Exit.REFUSED_OR_FOUND


def _recorded(workspace: Workspace) -> Recorded:
    """What people recorded in the browser, read from the tables whenever it is asked for."""
    from asepsis.pipeline.workspace import ENVIRONMENT_VARIABLE

    os.environ[ENVIRONMENT_VARIABLE] = str(workspace.root)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "asepsis.web.settings")
    with web_half():
        import django

        django.setup()
        from asepsis.web.testing.recorded import life_sustaining
    return life_sustaining
