"""The data-flow diagram as SVG: the device in its boundary, its stores, its partners, and what protects each flow.

Drawn by hand, so that it is the same on every machine and needs no program: partners stand in columns left (the local
network) and right (the internet), flows are lines whose colour and stroke say what protects them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from asepsis.exposure.design.flow import Flow, Place, Protection
from asepsis.exposure.design.threats import Store

# Partners that are drawn on a side: more do not fit a page; the others are counted in one box.
DRAWN_LIMIT: Final = 9
# Signs of a label that fit a box of 190 units at 12 units a line.
LABEL_LIMIT: Final = 27

_STROKES: Final = {
    Protection.ENCRYPTED: ("#1a7f4b", ""),
    Protection.CLEAR: ("#c2410c", "6 3"),
    Protection.UNKNOWN: ("#64748b", "2 4"),
}
_WIDTH: Final = 1000
_WIDTH_ALONE: Final = 640
"""Where nobody is on the internet's side."""
_BOX: Final = (190, 44)
_STEP: Final = 62
_TOP: Final = 96


def draw(name: str, flows: Sequence[Flow], stores: Sequence[Store]) -> str:
    """The diagram of a device.

    Args:
        name: What the device is called.
        flows: Its flows.
        stores: What it holds.
    """
    told = [flow for flow in flows if not flow.is_service]
    left = _partners(flow for flow in told if flow.place is not Place.INTERNET)
    right = _partners(flow for flow in told if flow.place is Place.INTERNET)
    services = sorted({flow.application.upper() for flow in flows if flow.is_service and flow.application})
    if services:
        left["Services of the network"] = [flow for flow in flows if flow.is_service]
    rows = max(min(len(left), DRAWN_LIMIT + 1), min(len(right), DRAWN_LIMIT + 1), 2 + len(stores))
    width = _WIDTH if right else _WIDTH_ALONE
    height = _TOP + rows * _STEP + 96
    middle = _TOP + rows * _STEP / 2 - _STEP / 2
    head = f'viewBox="0 0 {width} {height}" role="img" aria-label="Data-flow diagram of {escape(name)}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {head} font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        _boundary(12, 40, 236, height - 110, "Local network"),
        _boundary(372, 40, 256, height - 110, "The device"),
    ]
    if right:
        parts.append(_boundary(752, 40, 236, height - 110, "Internet"))
    parts.extend(_side(left, 35, 225, 405, middle))
    parts.extend(_side(right, 775, 775, 595, middle))
    parts.append(_round(500, middle + 22, name))
    for place, store in enumerate(stores):
        parts.append(_store(405, middle + 92 + place * 52, store))
    parts.extend(_legend(height - 46))
    parts.append("</svg>")
    return "".join(parts)


def _partners(flows: Iterable[Flow]) -> dict[str, list[Flow]]:
    found: dict[str, list[Flow]] = {}
    for flow in flows:
        found.setdefault(flow.partner, []).append(flow)
    return found


def _side(partners: dict[str, list[Flow]], x: int, edge: int, device_edge: int, middle: float) -> list[str]:
    parts: list[str] = []
    names = list(partners)
    drawn = names[:DRAWN_LIMIT] if len(names) > DRAWN_LIMIT else names
    rest = names[len(drawn) :]
    for place, name in enumerate(drawn):
        y = _TOP + place * _STEP
        parts.append(_line(partners[name], edge, y + _BOX[1] / 2, device_edge, middle + 22))
        parts.append(_box(x, y, name, _ports(partners[name])))
    if rest:
        y = _TOP + len(drawn) * _STEP
        flows = [flow for name in rest for flow in partners[name]]
        parts.append(_line(flows, edge, y + _BOX[1] / 2, device_edge, middle + 22))
        parts.append(_box(x, y, f"{len(rest)} more partners", _ports(flows)))
    return parts


def _ports(flows: Sequence[Flow]) -> str:
    words = dict.fromkeys(f"{(flow.application or flow.transport).upper()} {flow.port or ''}".strip() for flow in flows)
    return ", ".join(words)


def _line(flows: Sequence[Flow], x: float, y: float, to_x: float, to_y: float) -> str:
    worst = next(
        (one for one in (Protection.CLEAR, Protection.UNKNOWN) if any(flow.protection is one for flow in flows)),
        Protection.ENCRYPTED,
    )
    colour, dashes = _STROKES[worst]
    wide = 3.5 if any(flow.has_patient_data for flow in flows) else 1.6
    dash = f' stroke-dasharray="{dashes}"' if dashes else ""
    outward = any(flow.is_client for flow in flows)
    tip = f'<circle cx="{x if outward else to_x}" cy="{y if outward else to_y}" r="4" fill="{colour}"/>'
    bend = (x + to_x) / 2
    return (
        f'<path d="M{x} {y:.0f} C{bend:.0f} {y:.0f} {bend:.0f} {to_y:.0f} {to_x} {to_y:.0f}" fill="none" '
        f'stroke="{colour}" stroke-width="{wide}"{dash}/>{tip}'
    )


def _box(x: float, y: float, name: str, below: str) -> str:
    return (
        f'<rect x="{x}" y="{y}" width="{_BOX[0]}" height="{_BOX[1]}" rx="3" fill="#f8fafc" stroke="#334155"/>'
        f'<text x="{x + 8}" y="{y + 18}" fill="#0f172a" font-weight="600">{_label(name)}</text>'
        f'<text x="{x + 8}" y="{y + 35}" fill="#475569" font-size="11">{_label(below)}</text>'
    )


def _round(x: float, y: float, name: str) -> str:
    return (
        f'<ellipse cx="{x}" cy="{y}" rx="95" ry="44" fill="#e0f2fe" stroke="#0369a1" stroke-width="2"/>'
        f'<text x="{x}" y="{y + 4}" text-anchor="middle" fill="#0c4a6e" font-weight="600">{_label(name, 24)}</text>'
    )


def _store(x: float, y: float, store: Store) -> str:
    return (
        f'<path d="M{x} {y}h190M{x} {y + 38}h190" stroke="#334155" stroke-width="1.6"/>'
        f'<text x="{x + 95}" y="{y + 23}" text-anchor="middle" fill="#0f172a">{_label(store.name)}</text>'
    )


def _boundary(x: float, y: float, width: float, height: float, name: str) -> str:
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="10" fill="none" stroke="#b91c1c" '
        f'stroke-dasharray="8 5"/><text x="{x + 10}" y="{y - 8}" fill="#7f1d1d">{escape(name)}</text>'
    )


def _legend(y: float) -> list[str]:
    words = (
        (Protection.ENCRYPTED, "encrypted"),
        (Protection.CLEAR, "in clear (thick: data of patients)"),
        (Protection.UNKNOWN, "cannot tell"),
    )
    parts, x = [], 24
    for protection, text in words:
        colour, dashes = _STROKES[protection]
        dash = f' stroke-dasharray="{dashes}"' if dashes else ""
        parts.append(f'<path d="M{x} {y}h36" stroke="{colour}" stroke-width="2.5"{dash}/>')
        parts.append(f'<text x="{x + 44}" y="{y + 4}" fill="#334155">{text}</text>')
        x += 70 + 7 * len(text)
    parts.append(f'<text x="24" y="{y + 24}" fill="#334155">dot: the end that is called; red dashes: a trust boundary')
    parts.append("</text>")
    return parts


def _label(text: str, limit: int = LABEL_LIMIT) -> str:
    short = text if len(text) <= limit else f"{text[: limit - 1]}…"
    return escape(short)
