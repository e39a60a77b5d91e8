"""The plan as a table, one piece of work in full, and the idle hours of a device, for people."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from asepsis.cli.columns import Column, table
from asepsis.cli.listing import device_name
from asepsis.cli.screen import screen
from asepsis.cli.text import showable
from asepsis.exposure.plan import Item, Plan
from asepsis.exposure.plan.tickets import Ticket
from asepsis.exposure.plan.windows import Idle
from asepsis.exposure.plan.words import name_of
from asepsis.kernel.errors import AsepsisError

TABLE_ROWS: Final = 40
"""More than a team of two does in a quarter of a year."""
SHOWN_ID: Final = 8
SHORTEST_START: Final = 4
DEVICES_SHOWN: Final = 100
WINDOWS_SHOWN: Final = 6


def chosen(plan: Plan, wanted: str) -> Item:
    """The one piece of work whose id begins like this.

    Raises:
        AsepsisError: There is none, or more than one.
    """
    found = [item for item in plan.items if len(wanted) >= SHORTEST_START and item.id.startswith(wanted)]
    if len(found) == 1:
        return found[0]
    words = "no piece of work has" if not found else f"{len(found)} pieces of work have"
    raise AsepsisError(f"{words} an id that begins with {wanted!r}", code="plan-item-unknown", hint="asepsis plan")


def print_plan(plan: Plan, tickets: Sequence[Ticket], hours_a_week: Fraction) -> None:
    """The first pieces of work, and what all of it comes to."""
    from rich.text import Text

    def cells(texts: Iterable[str]) -> list[Text]:
        return [Text(showable(text)) for text in texts]

    if not tickets:
        sys.stdout.write("nothing to do: no work on these devices would lower their risk\n")
        return
    shown = tickets[:TABLE_ROWS]
    items = [one.item for one in shown]
    columns = [
        Column(title="Id", cells=cells(item.id[:SHOWN_ID] for item in items)),
        Column(title="What to do", cells=cells(item.title for item in items), least=20),
        Column(title="Product", cells=cells(name_of(item.product) for item in items), least=14),
        Column(title="Devices", cells=cells(str(len(item.promises)) for item in items), justify="right"),
        Column(title="Who", cells=cells(item.who for item in items), least=5),
        Column(title="Hours", cells=cells(f"{float(item.hours):g}" for item in items), justify="right"),
        Column(title="Risk", cells=cells(f"-{float(item.removed):.1f}" for item in items), justify="right"),
        Column(title="Week", cells=cells(str(one.week) for one in shown), justify="right"),
    ]
    with screen() as console:
        console.print(table(columns, width=console.width))
    removed = float(sum((one.item.removed for one in tickets), Fraction()))
    hours = float(sum((one.item.hours for one in tickets), Fraction()))
    count = f"{len(tickets)} pieces of work" if len(shown) == len(tickets) else f"first {len(shown)} of {len(tickets)}"
    sys.stdout.write(
        f"{count}: {hours:g} hours remove {removed:.1f} of {float(plan.risk):.1f} points of risk; "
        f"weeks by {float(hours_a_week):g} hours each\n"
    )
    proof = "no plan removes more than" if plan.is_proved else "by a choice of devices, no plan removes more than"
    sys.stdout.write(f"at the end of any bundle, {proof} {1 / float(plan.share):.2f} times as much in the same hours\n")


def in_full(item: Item, documents: Mapping[str, Mapping[str, Any]]) -> None:
    """One piece of work with all that is known of it."""
    lines = [f"{item.title}: {name_of(item.product)}, {len(item.promises)} at {item.product.site}"]
    lines.append(f"  {item.kind}; {item.who}; {float(item.hours):g} hours; {item.id}")
    lines += [f"  {sentence}" for sentence in item.words]
    lines += [f"  {told.advisory}: {told.words}" for told in item.remedies]
    for promise in item.promises[:DEVICES_SHOWN]:
        before, after = promise.tiers
        points = f"{float(promise.before):.1f} to {float(promise.after):.1f}"
        name = device_name(dict(documents[promise.device]))
        lines.append(f"    {name}: {points}" + ("" if before is after else f", {before} to {after}"))
    if len(item.promises) > DEVICES_SHOWN:
        lines.append(f"    and {len(item.promises) - DEVICES_SHOWN} more; all of them: --json")
    sys.stdout.write("\n".join(map(showable, lines)) + "\n")


def print_windows(found: Idle) -> None:
    """The answer, and the windows that may be used."""
    lines = [f"{found.answer}: {found.why}"]
    lines += [
        f"  {one.words}: in use on {one.in_use} of {one.watched} days, at most {one.bound:.1%}"
        for one in found.windows[:WINDOWS_SHOWN]
    ]
    sys.stdout.write("\n".join(lines) + "\n")
