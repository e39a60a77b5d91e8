"""A picture of the hospital's network, drawn from the topology: segments with the devices in them, and what joins them.

Comes in: a ``Topology``. Goes out: an SVG text, for the documentation; nothing is placed by hand.
"""

from __future__ import annotations

from html import escape

from lab.hospital import kinds
from lab.hospital.topology import Topology

COLUMNS = 4
WIDTH, LINE, HEAD, GAP = 250, 16, 30, 18
FONT = 'font-family="sans-serif" font-size="12"'
LARGEST_LINES = 12
"""A segment with more kinds than this names the rest as a number."""


def svg(topology: Topology) -> str:
    """Draws the segments as boxes in the order of the file, one line a kind, what is mirrored in full colour."""
    boxes = []
    tops = [60] * COLUMNS
    for segment in topology.segments.values():
        counts: dict[str, int] = {}
        for device in topology.devices.values():
            if device.segment == segment.name:
                word = kinds.category(device.kind) or device.kind
                counts[word] = counts.get(word, 0) + 1
        lines = [f"{number} {word.replace('_', ' ')}" for word, number in counts.items()]
        if len(lines) > LARGEST_LINES:
            lines = [*lines[: LARGEST_LINES - 1], f"and {len(lines) - LARGEST_LINES + 1} more kinds"]
        column = tops.index(min(tops))
        height = HEAD + LINE * max(len(lines), 1) + 8
        left, top = 10 + column * (WIDTH + GAP), tops[column]
        fill, edge = ("#eef8f4", "#0a7a55") if segment.mirrored else ("#f4f4f4", "#999")
        boxes.append(
            f'<rect x="{left}" y="{top}" width="{WIDTH}" height="{height}" rx="6" fill="{fill}" stroke="{edge}"/>'
            f'<text x="{left + 10}" y="{top + 19}" font-weight="bold">{escape(segment.name)}'
            f'<tspan font-weight="normal" fill="#666" dx="8">{segment.network}</tspan></text>'
        )
        boxes += [
            f'<text x="{left + 14}" y="{top + HEAD + LINE * number + 10}">{escape(line)}</text>'
            for number, line in enumerate(lines)
        ]
        tops[column] = top + height + GAP
    routers = "; ".join(f"{one.device} joins {', '.join(one.joins)}" for one in topology.routers)
    title = f"{escape(topology.title)}: {len(topology.devices)} devices"
    width, height = COLUMNS * (WIDTH + GAP) + 10, max(tops) + 10
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" {FONT}>',
            f"<title>{escape(topology.title)}</title>",
            f"<desc>{escape(routers)}</desc>",
            f'<rect width="{width}" height="{height}" fill="white"/>',
            f'<text x="10" y="24" font-size="16" font-weight="bold">{title}</text>',
            '<text x="10" y="44" fill="#666">green: what the sensor of the hospital sees; grey: outside</text>',
            *boxes,
            "</svg>",
            "",
        ]
    )
