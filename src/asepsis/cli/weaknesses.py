"""Weaknesses as a table, or one device's in full."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from asepsis.cli.columns import Column, table
from asepsis.cli.screen import screen
from asepsis.cli.text import showable
from asepsis.exposure.weaknesses import Weakness


def print_weaknesses(found: Sequence[Weakness], names: Mapping[str, str], *, in_full: bool) -> None:
    """Prints weaknesses; ``names`` are what people call the devices, by id."""
    if not found:
        sys.stdout.write("no weaknesses were seen\n")
    elif in_full:
        for one in found:
            _print_in_full(one, names)
    else:
        _print_table(found, names)


def _print_in_full(one: Weakness, names: Mapping[str, str]) -> None:
    lines = [
        f"{names.get(one.device, one.device)}: {one.kind.title.lower()} ({one.kind.id}; {one.kind.term})",
        f"  for care: {one.kind.care}",
        f"  what to do: {one.kind.action}",
    ]
    for seen in one.evidence:
        partner = f" with {names.get(seen.partner, seen.partner)}" if seen.partner else ""
        lines.append(
            f"  seen: {seen.what}{partner}, {seen.count:,} times; packet {seen.packet} of {seen.capture[:12]}"
            f" ({seen.protocol})"
        )
    sys.stdout.write("\n".join(map(showable, lines)) + "\n")


def _print_table(found: Sequence[Weakness], names: Mapping[str, str]) -> None:
    from rich.text import Text

    def cells(texts: Sequence[str]) -> list[Text]:
        return [Text(showable(text)) for text in texts]

    columns = [
        Column(title="Device", cells=cells([names.get(one.device, one.device) for one in found]), least=12),
        Column(title="Weakness", cells=cells([one.kind.id for one in found])),
        Column(title="Seen", cells=cells([one.evidence[0].what for one in found]), least=16),
        Column(title="Times", cells=cells([f"{one.count:,}" for one in found]), justify="right"),
        Column(title="First packet", cells=cells([_packet(one) for one in found]), least=8),
    ]
    with screen() as console:
        console.print(table(columns, width=console.width))
    devices = len({one.device for one in found})
    sys.stdout.write(
        f"{len(found)} weaknesses of {devices} devices; asepsis weaknesses --device ID shows the packets\n"
    )


def _packet(one: Weakness) -> str:
    first = min(one.evidence, key=lambda seen: seen.first_ns)
    return f"{first.packet} of {first.capture[:12]}"
