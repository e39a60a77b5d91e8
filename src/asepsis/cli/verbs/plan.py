"""``asepsis plan``: what to do first over the whole fleet; ``windows``: when a device is idle."""

from __future__ import annotations

import json
import re
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from asepsis.cli.exits import Exit
from asepsis.cli.standing import now_option
from asepsis.cli.verb import Verb, VerbGroup, json_option, site_option, workspace_option

HOURS_MOST = 10_000
# As Atlassian documents keys: a capital letter, then capital letters, digits or underscores; 255 are its field's most.
JIRA_KEY = re.compile(r"[A-Z][A-Z0-9_]{1,254}")


@click.group(
    cls=VerbGroup,
    name="plan",
    invoke_without_command=True,
    short_help="List the work by the risk that an hour of it removes.",
    examples=[
        ("asepsis plan", "what to do first, for how many devices, and how long it takes"),
        ("asepsis plan --hours 16", "what two people do in a day"),
        ("asepsis plan --item 3f9c", "one piece of work in full: why, who, how, and every device before and after"),
        ("asepsis plan --csv > plan.csv", "for a spreadsheet"),
        ("asepsis plan --jira MED > issues.json", "for Jira's bulk interface"),
        ("asepsis plan windows pump3", "when this pump is at no patient"),
    ],
)
@json_option("Print one JSON document.")
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values, one line a piece of work.")
@click.option("--servicenow", is_flag=True, help="Print change requests for ServiceNow's import, as JSON.")
@click.option("--jira", metavar="PROJECT", help="Print issues of this project for Jira's bulk interface, as JSON.")
@click.option(
    "--hours",
    "budget",
    metavar="N",
    type=click.FloatRange(min=0, max=HOURS_MOST),
    help="Only the first work that fits into N hours.",
)
@click.option("--item", metavar="ID", help="Only this piece of work, by its id or the beginning of it; in full.")
@site_option("Only devices at this site.")
@now_option("Judge ends of support as of TIME (ISO 8601, UTC if not said); else as of now.")
@workspace_option()
@click.pass_context
def command(
    context: click.Context,
    as_json: bool,
    as_csv: bool,
    servicenow: bool,
    jira: str | None,
    budget: float | None,
    item: str | None,
    site: str | None,
    now_ns: int | None,
    workspace: Path | None,
) -> int:
    """List pieces of work, each on all devices of one product, by the risk to patients that an hour removes.

    Each says what it promises: recomputing the risk when it is done, after the work before it, gives that score. The
    hours are an estimate; [plan] in workspace.toml replaces them. What a maker has to do is said. How the order is
    found: docs/explanation/plan.md.
    """
    if context.invoked_subcommand is not None:
        return Exit.DONE
    if as_json + as_csv + servicenow + (jira is not None) > 1:
        raise click.UsageError("--json, --csv, --servicenow and --jira contradict each other")
    if jira is not None and not JIRA_KEY.fullmatch(jira):
        raise click.BadParameter(f"{jira!r} is no key of a project, such as MED", context, param_hint="'--jira'")

    from asepsis.cli.plan import chosen, in_full, print_plan
    from asepsis.exposure.plan import plan_of, read_hours
    from asepsis.exposure.plan.tickets import Ticket, to_csv, to_jira, to_servicenow
    from asepsis.pipeline.exposure import examine
    from asepsis.pipeline.plan import subjects_of
    from asepsis.pipeline.workspace import Workspace
    from asepsis.web.configuration import load

    store = Workspace.resolve(workspace).open()
    settings = load(store.settings_path).plan
    examined = examine(store, site=site, now_ns=now_ns)
    plan = plan_of(subjects_of(examined), read_hours(settings.hours))
    items = plan.items if budget is None else plan.within(Fraction(budget))
    if item is not None:
        items = (chosen(plan, item),)
    capacity = Fraction(settings.hours_a_week)
    week = dict(zip((one.id for one in plan.items), plan.weeks(capacity), strict=True))
    tickets = [Ticket(item=one, week=week[one.id]) for one in items]
    if as_json:
        _print(plan.document(capacity, items))
    elif servicenow:
        _print(to_servicenow(tickets))
    elif jira is not None:
        _print(to_jira(tickets, project=jira))
    elif as_csv:
        sys.stdout.write(to_csv(tickets))
    elif item is not None:
        in_full(items[0], {device.id: device.document() for device in examined.devices})
    else:
        print_plan(plan, tickets, capacity)
    return Exit.DONE


@command.command(
    cls=Verb,
    name="windows",
    short_help="Tell when a device is idle.",
    examples=[
        ("asepsis plan windows pump3", "hours in which it was never in use, with the bound on being wrong"),
        ("asepsis plan windows ct1 --hours 4", "for work that takes four hours"),
    ],
)
@click.argument("device", metavar="DEVICE")
@click.option(
    "--hours", metavar="N", type=click.IntRange(1, 12), default=2, show_default=True, help="How long it takes."
)
@json_option()
@workspace_option()
def windows(device: str, hours: int, as_json: bool, workspace: Path | None) -> int:
    """Tell in which hours of the day DEVICE (its id, an address or a name) was never in use, learnt from its traffic.

    The share of days on which it is in use in such hours has an upper bound at 95 %. Too few days, or a device whose
    use cannot be seen on the network, give no answer; exits with 1 then. Look at the device before you touch it.
    """
    from zoneinfo import ZoneInfo

    from asepsis.cli.lookup import find_device
    from asepsis.cli.plan import print_windows
    from asepsis.exposure.plan.windows import Answer
    from asepsis.pipeline.plan import windows_of
    from asepsis.pipeline.registry import Registry
    from asepsis.pipeline.workspace import Workspace
    from asepsis.web.configuration import load

    store = Workspace.resolve(workspace).open()
    zone = ZoneInfo(load(store.settings_path).plan.timezone)
    with Registry.open(store.registry_path) as registry:
        known = [each.document() for each in registry.devices()]
        wanted = find_device(known, registry.current_id(device))["id"]
        found = windows_of(store, registry, wanted, hours=hours, zone=zone)
    if as_json:
        _print({"device": wanted, **found.document()})
    else:
        print_windows(found)
    return Exit.DONE if found.answer is Answer.IDLE else Exit.REFUSED_OR_FOUND


def _print(document: Any) -> None:
    json.dump(document, sys.stdout, indent=2)
    sys.stdout.write("\n")
