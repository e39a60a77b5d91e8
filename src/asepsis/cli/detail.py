"""One device for a person: what it is, how sure that is, and the evidence for and against, packet by packet.

Takes the document of ``asepsis device --json``; prints nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from asepsis.cli.events import change_words
from asepsis.cli.listing import Document, device_name, minute, ordered_addresses, sureness
from asepsis.cli.standing import status_words
from asepsis.cli.text import showable
from asepsis.devices.agreement import contradicts

if TYPE_CHECKING:
    from rich.console import RenderableType

ATTRIBUTES: Final = ("category", "vendor", "model", "os", "firmware", "serial", "udi", "role")

SHOWN_EVIDENCE: Final = 6
"""A busy device has thousands of clues for one attribute; the weightiest few say it. ``--json`` has them all."""

SHOWN_EVENTS: Final = 5
"""The latest changes; all of them have a verb of their own."""

SHOWN_DIGEST: Final = 12
"""So many signs of a capture's digest tell the captures of one workspace apart."""


def device_detail(document: Document, captures: Mapping[str, str]) -> Iterator[RenderableType]:
    """The parts of the page, from the name down to the evidence.

    Args:
        document: One device of the contract.
        captures: Digest to path, for the captures that the workspace knows.
    """
    from rich.text import Text

    yield Text(device_name(document), style="bold")
    yield _identity(document)
    yield from _explanation(document)
    yield from _events(document)
    yield _attributes(document, captures)


def _identity(document: Document) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    addresses = document["addresses"]
    for label, value in (
        ("id", document["id"]),
        ("site", document["site"]),
        ("names", ", ".join(document["names"])),
        ("addresses", ", ".join(ordered_addresses(addresses["ip"]))),
        ("hardware", ", ".join(addresses["mac"])),
        ("first seen", document["first_seen"]),
        ("last seen", document["last_seen"]),
        ("status", status_words(document)),
    ):
        if value:
            grid.add_row(label, Text(showable(value)))
    return grid


def _explanation(document: Document) -> Iterator[RenderableType]:
    """The sentences of the explanation, what is known before what is not."""
    from rich.padding import Padding
    from rich.text import Text

    statements = document.get("explanation", ())
    if not statements:
        return
    yield Text()
    for statement in sorted(statements, key=lambda one: one["value"] is None):
        style = "" if statement["value"] is not None else "dim"
        yield Padding(Text(f"{showable(statement['text'])}.", style=style), (0, 0, 0, 2))
    for twin in document.get("twins", ()):
        others = ", ".join(f"{other['name']} ({other['address']})" for other in twin["devices"])
        text = f"Cannot be told apart by its {twin['attribute']} {twin['value']}, which is also claimed by {others}."
        yield Padding(Text(showable(text), style="yellow"), (0, 0, 0, 2))


def _events(document: Document) -> Iterator[RenderableType]:
    """The latest changes of identity."""
    from rich.padding import Padding
    from rich.text import Text

    events = document.get("events", ())
    for event in events[-SHOWN_EVENTS:]:
        text = f"{minute(event['at'])}: {change_words(event, {})}."
        yield Padding(Text(showable(text), style="yellow"), (0, 0, 0, 2))
    if len(events) > SHOWN_EVENTS:
        yield Padding(Text(f"{len(events) - SHOWN_EVENTS} changes before: asepsis events"), (0, 0, 0, 2))


def _attributes(document: Document, captures: Mapping[str, str]) -> RenderableType:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("Attribute", no_wrap=True)
    table.add_column("Value", overflow="fold")
    table.add_column("Sure", justify="right", no_wrap=True)
    table.add_column("Because of", overflow="fold")
    for attribute in ATTRIBUTES:
        value = document[attribute]
        clues = [clue for clue in document["evidence"] if clue["attribute"] == attribute]
        if value is None and not clues:
            continue
        table.add_row(
            attribute,
            Text(showable(value)) if value else Text("unknown", style="dim"),
            sureness(document["confidence"].get(attribute) if value else None),
            Text("\n".join(evidence_lines(attribute, value, clues, captures))),
        )
    return table


def evidence_lines(
    attribute: str, value: str | None, clues: list[dict[str, Any]], captures: Mapping[str, str]
) -> list[str]:
    """The weightiest clues: ``dicom 0.95, packet 12 of ward.pcap``.

    Those for another value come after, marked ``but`` where both cannot be true and ``also`` where they can.
    """
    ranked = sorted(clues, key=lambda clue: (clue["value"] != value, -clue["weight"]))
    lines = []
    for clue in ranked[:SHOWN_EVIDENCE]:
        line = f"{clue['protocol']} {clue['weight']:.2f}"
        if clue["packet"]:
            where = captures.get(clue["capture"], clue["capture"][:SHOWN_DIGEST])
            line += f", packet {clue['packet']} of {where}"
        if clue["value"] != value:
            against = value is None or contradicts(attribute, clue["value"], value)
            line = f"{'but' if against else 'also'} {clue['value']}: {line}"
        lines.append(showable(line))
    if len(ranked) > SHOWN_EVIDENCE:
        lines.append(f"and {len(ranked) - SHOWN_EVIDENCE} more")
    return lines
