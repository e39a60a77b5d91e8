"""Where nodes and lines of a map stand. The same data give the same picture: nothing here is random.

Groups stand on a circle with their lines bundled towards its middle; the devices of one group stand in a column
beside the other groups; the neighbours of one device stand beside it, those that ask on the left and those that are
asked on the right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import cos, degrees, pi, sin, sqrt
from typing import Final

from asepsis.kernel.value import value

WIDTH: Final = 1000.0
HEIGHT: Final = 720.0
RING: Final = 265.0
BUNDLING: Final = 0.28
"""How far from the middle a line bends: 0 is through it."""
THIN: Final = 1.2
THICK: Final = 13.0
LINES_AT_FULL_WIDTH: Final = 24
"""More lines are drawn thinner, so that all of them together cover no more of the picture."""
TURNED_FROM: Final = 16
"""So many names around the circle would lie over each other, unless each points outwards."""
ROW: Final = 34.0
STEEPNESS: Final = 0.3
"""Of the thickness over the volume: 1 is proportional."""
LONGEST_COLUMN: Final = 30
"""Neighbours drawn on one side; the table below the picture has all."""


@value
class Node:
    """A group or a device."""

    key: str
    words: str
    count: int
    address: str
    tone: str = ""


@value
class Edge:
    """What goes from one to another, or between them."""

    source: str
    target: str
    weight: int
    words: str
    clear: bool = False


@value
class Placed:
    """A node with its place."""

    node: Node
    x: float
    y: float
    radius: float
    text_x: float
    text_y: float
    anchor: str
    turn: float = 0.0
    """Degrees by which the name is turned about its beginning."""


@value
class Line:
    """An edge as the path of an SVG."""

    edge: Edge
    path: str
    width: float


@value
class Picture:
    """Everything to draw."""

    nodes: tuple[Placed, ...]
    lines: tuple[Line, ...]
    width: float = WIDTH
    height: float = HEIGHT


def ring(nodes: Sequence[Node], edges: Sequence[Edge]) -> Picture:
    """Groups around a circle, in the order given; lines bend towards the middle, the heaviest drawn last."""
    most = max((node.count for node in nodes), default=1)
    middle_x, middle_y = WIDTH / 2, HEIGHT / 2
    placed: dict[str, Placed] = {}
    for place, node in enumerate(nodes):
        angle = 2 * pi * place / max(len(nodes), 1) - pi / 2
        radius = 9 + 21 * (node.count / most) ** 0.5
        x, y = middle_x + RING * cos(angle) * 1.12, middle_y + RING * sin(angle)
        away = radius + 12
        turned = len(nodes) >= TURNED_FROM
        anchor = "middle" if abs(cos(angle)) < 0.2 and not turned else "start" if cos(angle) > 0 else "end"
        placed[node.key] = Placed(
            node=node,
            x=x,
            y=y,
            radius=radius,
            text_x=x + away * cos(angle),
            text_y=y + (away if turned else away + 8) * sin(angle),
            anchor=anchor,
            # Those on the left are turned once more, so that none stands on its head.
            turn=(degrees(angle) + (0 if anchor == "start" else 180)) if turned else 0.0,
        )
    lines = _lines(edges, placed, middle_x, middle_y)
    return Picture(nodes=tuple(placed.values()), lines=lines)


def _lines(edges: Sequence[Edge], placed: Mapping[str, Placed], x: float, y: float) -> tuple[Line, ...]:
    most = max((edge.weight for edge in edges), default=1)
    thick = _thick(len(edges))
    found = []
    for edge in sorted(edges, key=lambda edge: (edge.clear, edge.weight, edge.source, edge.target)):
        one, other = placed[edge.source], placed[edge.target]
        if edge.source == edge.target:
            # Within a group: a loop on the inner side, where no name stands.
            out_x, out_y = (x - one.x) * 0.22, (y - one.y) * 0.22
            path = (
                f"M{one.x:.1f} {one.y:.1f}C{one.x + out_x - out_y:.1f} {one.y + out_y + out_x:.1f} "
                f"{one.x + out_x + out_y:.1f} {one.y + out_y - out_x:.1f} {one.x:.1f} {one.y:.1f}"
            )
        else:
            bend_x = x + BUNDLING * ((one.x + other.x) / 2 - x)
            bend_y = y + BUNDLING * ((one.y + other.y) / 2 - y)
            path = f"M{one.x:.1f} {one.y:.1f}Q{bend_x:.1f} {bend_y:.1f} {other.x:.1f} {other.y:.1f}"
        found.append(Line(edge=edge, path=path, width=_width(edge.weight, most, thick)))
    return tuple(found)


def beside(devices: Sequence[Node], groups: Sequence[Node], edges: Sequence[Edge]) -> Picture:
    """The devices of one group in a column, the groups they talk to in another; devices among themselves in bows."""
    rows = max(len(devices), len(groups), 3)
    height = rows * ROW + 40
    placed: dict[str, Placed] = {}
    for column, x, anchor in ((_by_middle(devices, groups, edges), 300.0, "end"), (groups, 700.0, "start")):
        # The shorter column is spread over the whole height, as far as eyes still see it as one.
        step = min((height - 40) / max(len(column), 1), 2.5 * ROW)
        begin = height / 2 - (len(column) - 1) * step / 2
        for place, node in enumerate(column):
            radius = 15.0 if node.count > 1 else 8.0
            y = begin + place * step
            text_x = x - radius - 8 if anchor == "end" else x + radius + 8
            placed[node.key] = Placed(node=node, x=x, y=y, radius=radius, text_x=text_x, text_y=y, anchor=anchor)
    most = max((edge.weight for edge in edges), default=1)
    thick = _thick(len(edges))
    lines = []
    for edge in sorted(edges, key=lambda edge: (edge.clear, edge.weight, edge.source, edge.target)):
        one, other = sorted((placed[edge.source], placed[edge.target]), key=lambda end: (end.x, end.y))
        if one.x == other.x:
            inwards = 1 if one.x < WIDTH / 2 else -1
            bend = one.x + inwards * min(60 + 0.45 * abs(one.y - other.y), 230)
            low = other.y if one is not other else one.y + 16
            path = f"M{one.x:.1f} {one.y:.1f}C{bend:.1f} {one.y:.1f} {bend:.1f} {low:.1f} {other.x:.1f} {other.y:.1f}"
        else:
            half = (one.x + other.x) / 2
            path = (
                f"M{one.x:.1f} {one.y:.1f}C{half:.1f} {one.y:.1f} {half:.1f} {other.y:.1f} {other.x:.1f} {other.y:.1f}"
            )
        lines.append(Line(edge=edge, path=path, width=_width(edge.weight, most, thick)))
    return Picture(nodes=tuple(placed.values()), lines=tuple(lines), height=height)


def _by_middle(devices: Sequence[Node], groups: Sequence[Node], edges: Sequence[Edge]) -> list[Node]:
    """Devices in the order of the groups that they talk to, so that few lines cross (Sugiyama's barycentres)."""
    places = {node.key: place for place, node in enumerate(groups)}
    pull: dict[str, list[tuple[float, int]]] = {}
    for edge in edges:
        for end, far in ((edge.source, edge.target), (edge.target, edge.source)):
            if far in places:
                pull.setdefault(end, []).append((max(edge.weight, 1) ** STEEPNESS, places[far]))
    middle = {
        end: sum(weight * place for weight, place in drawn) / sum(weight for weight, _ in drawn)
        for end, drawn in pull.items()
    }
    return sorted(devices, key=lambda node: (middle.get(node.key, float("inf")), node.key))


def _thick(lines: int) -> float:
    """How thick the thickest of so many lines is."""
    return THICK * sqrt(min(1.0, LINES_AT_FULL_WIDTH / max(lines, 1)))


def sides(middle: Node, left: Sequence[Node], right: Sequence[Node], edges: Sequence[Edge]) -> Picture:
    """One device between those that ask it and those that it asks."""
    left, right = left[:LONGEST_COLUMN], right[:LONGEST_COLUMN]
    rows = max(len(left), len(right), 3)
    height = rows * 34.0 + 40
    placed = {
        middle.key: Placed(
            node=middle, x=500, y=height / 2, radius=26, text_x=500, text_y=height / 2 + 46, anchor="middle"
        )
    }
    for column, x, anchor in ((left, 250.0, "end"), (right, 750.0, "start")):
        begin = height / 2 - (len(column) - 1) * 17
        for place, node in enumerate(column):
            y = begin + place * 34
            text_x = x - 18 if anchor == "end" else x + 18
            placed[node.key] = Placed(node=node, x=x, y=y, radius=9, text_x=text_x, text_y=y + 5, anchor=anchor)
    shown = [edge for edge in edges if edge.source in placed and edge.target in placed]
    most = max((edge.weight for edge in shown), default=1)
    lines = []
    for edge in shown:
        one, other = placed[edge.source], placed[edge.target]
        lines.append(Line(edge=edge, path=_curve(one, other), width=_width(edge.weight, most, THICK)))
    return Picture(nodes=tuple(placed.values()), lines=tuple(lines), height=height)


def _curve(one: Placed, other: Placed) -> str:
    """From one column to the other, level at both ends."""
    half = (one.x + other.x) / 2
    return f"M{one.x:.1f} {one.y:.1f}C{half:.1f} {one.y:.1f} {half:.1f} {other.y:.1f} {other.x:.1f} {other.y:.1f}"


def _width(weight: int, most: int, thick: float) -> float:
    """Thickness by a root: a backup is a million times a heartbeat, and both are to be seen."""
    return THIN + (thick - THIN) * (weight / most) ** STEEPNESS if most > 0 and weight > 0 else THIN
