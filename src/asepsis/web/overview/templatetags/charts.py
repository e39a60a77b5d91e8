"""Charts as parts of templates: ``{% bars rows "Kinds" %}``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import pi
from typing import Any, Final

from django.template import Library
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from asepsis.web import charts
from asepsis.web.charts import Counted

register = Library()

DRAWN_KEPT: Final = 256
"""Drawings of each kind that this process keeps, some three kilobytes each: the same figures are drawn the same."""


@register.simple_tag
def bars(rows: Iterable[Counted], caption: str, counted: str = "devices") -> SafeString:
    """A table with a bar in every row."""
    return _bars(tuple(rows), caption, counted)


@lru_cache(maxsize=DRAWN_KEPT)
def _bars(rows: tuple[Counted, ...], caption: str, counted: str) -> SafeString:
    drawn = {"bars": charts.bars(rows), "caption": caption, "of": counted}
    return render_to_string("charts/bars.html", drawn)


@register.simple_tag
def ring(rows: Sequence[Counted], caption: str, counted: str = "devices") -> SafeString:
    """A ring with a key beside it that says the same in words."""
    return _ring(tuple(rows), caption, counted)


@lru_cache(maxsize=DRAWN_KEPT)
def _ring(rows: tuple[Counted, ...], caption: str, counted: str) -> SafeString:
    drawn = {
        "slices": charts.ring(rows),
        "rows": rows,
        "total": sum(row.count for row in rows),
        "caption": caption,
        "of": counted,
        "around": 2 * pi * charts.RADIUS,
        "radius": charts.RADIUS,
    }
    return render_to_string("charts/ring.html", drawn)


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
