"""Charts as parts of templates: ``{% bars rows "Kinds" %}``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import pi
from typing import Any

from django.template import Library

from asepsis.web import charts
from asepsis.web.charts import Counted

register = Library()


@register.inclusion_tag("charts/bars.html")
def bars(rows: Iterable[Counted], caption: str, counted: str = "devices") -> dict[str, Any]:
    """A table with a bar in every row."""
    return {"bars": charts.bars(rows), "caption": caption, "of": counted}


@register.inclusion_tag("charts/ring.html")
def ring(rows: Sequence[Counted], caption: str, counted: str = "devices") -> dict[str, Any]:
    """A ring with a key beside it that says the same in words."""
    return {
        "slices": charts.ring(rows),
        "rows": rows,
        "total": sum(row.count for row in rows),
        "caption": caption,
        "of": counted,
        "around": 2 * pi * charts.RADIUS,
        "radius": charts.RADIUS,
    }


@register.inclusion_tag("charts/columns.html")
def columns(rows: Sequence[Counted], caption: str, first: str = "", last: str = "") -> dict[str, Any]:
    """Columns over time, and the same as a table to open."""
    return {
        "columns": charts.columns(rows),
        "rows": rows,
        "caption": caption,
        "first": first,
        "last": last,
        "width": charts.COLUMNS_WIDTH,
        "height": charts.COLUMNS_HEIGHT,
    }


@register.inclusion_tag("charts/gauge.html")
def gauge(share: float, tone: str = "") -> dict[str, Any]:
    """How sure something is, as a short bar; the words beside it say the share."""
    return {"length": round(max(0.0, min(1.0, share)) * 100, 1), "tone": tone or _tone(share)}


def _tone(share: float) -> str:
    return "good" if share >= 0.75 else "" if share >= 0.5 else "warn"
