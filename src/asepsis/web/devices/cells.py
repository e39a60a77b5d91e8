"""The cells of the list of devices, as markup.

A page of fifty devices has four hundred cells and more; a template for each of them was most of what the page cost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from html import escape
from typing import Any, Final

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from asepsis.web.devices.columns import COLUMNS
from asepsis.web.devices.models import Device, DeviceRecord
from asepsis.web.overview.templatetags.charts import gauge
from asepsis.web.overview.templatetags.icons import icon
from asepsis.web.overview.templatetags.words import ago as in_words
from asepsis.web.overview.templatetags.words import percent, size, words

GAUGES_KEPT: Final = 1_001
"""A share is drawn to a tenth of a percent."""
MOMENTS_KEPT: Final = 4_096
"""To the minute; devices of one capture were seen together."""
_ANY: Final = "0anydevice0"
DISPUTE: Final = "In dispute: another device claims what one alone can have, or a strong reason says otherwise"

Cell = Callable[[Device], str]
"""A device to the markup of one cell; whatever comes from the network is escaped."""


def _title(device: Device) -> str:
    before, after = _address()
    link = f'<a href="{before}{escape(device.pk)}{after}">{escape(device.title)}</a>'
    if not device.conflicts:
        return link
    return f'{link} <span class="muted" title="{DISPUTE}">{icon("twins")}<span class="hidden">in dispute</span></span>'


@lru_cache(maxsize=1)
def _address() -> tuple[str, str]:
    """The address of a device's page, before and after the id: the same for all of them, and slow to find."""
    before, _, after = reverse("device", args=[_ANY]).partition(_ANY)
    return before, after


def _category(device: Device) -> str:
    if not device.category:
        return '<span class="muted">unknown</span>'
    medical = " medical" if device.medical else ""
    return f'<span class="badge{medical}">{escape(words(device.category))}</span>'


def _confidence(device: Device) -> str:
    if not device.category:
        return ""
    drawn = gauge(device.confidence)
    return f'<span class="sure">{_gauges(drawn["length"], drawn["tone"])} {percent(device.confidence)}</span>'


@lru_cache(maxsize=GAUGES_KEPT)
def _gauges(length: float, tone: str) -> str:
    # The one drawing of it, which other pages use too.
    return render_to_string("charts/gauge.html", {"length": length, "tone": tone})


def _status(device: Device) -> str:
    return f'<span class="status {escape(device.status)}">{escape(words(device.status))}</span>'


def _moment(name: str) -> Cell:
    def cell(device: Device) -> str:
        moment: datetime = getattr(device, name)
        ago = _ago(moment.replace(second=0, microsecond=0), timezone.now().replace(second=0, microsecond=0))
        return (
            f'<time class="nowrap" datetime="{moment.isoformat()}" title="{escape(ago)}">{moment:%Y-%m-%d %H:%M}</time>'
        )

    return cell


@lru_cache(maxsize=MOMENTS_KEPT)
def _ago(moment: datetime, now: datetime) -> str:
    return in_words(moment, now)


def _plain(name: str) -> Cell:
    return lambda device: _text(getattr(device, name))


def _recorded(read: Callable[[DeviceRecord], Any]) -> Cell:
    def cell(device: Device) -> str:
        record = getattr(device, "record", None)
        return "" if record is None else _text(read(record))

    return cell


def _text(held: object) -> str:
    return "" if held is None else escape(str(held))


CELLS: Final[dict[str, Cell]] = {
    "title": _title,
    "category": _category,
    "vendor": _plain("vendor"),
    "model": _plain("model"),
    "address": _plain("address"),
    "confidence": _confidence,
    "status": _status,
    "last_seen": _moment("last_seen"),
    "first_seen": _moment("first_seen"),
    "site": _plain("site"),
    "department": _recorded(lambda record: record.department),
    "criticality": _recorded(lambda record: record.get_criticality_display()),
    "owner": _recorded(lambda record: record.owner),
    "place": _recorded(lambda record: record.place),
    "asset_number": _recorded(lambda record: record.asset_number),
    "zone": _plain("zone"),
    "os": _plain("os"),
    "firmware": _plain("firmware"),
    "serial": _plain("serial"),
    "role": lambda device: escape(words(device.role)),
    "peers": _plain("peers"),
    "conversations": _plain("conversations"),
    "bytes": lambda device: f'<span class="nowrap">{size(device.bytes)}</span>',
    "patient_messages": _plain("patient_messages"),
    "conflicts": _plain("conflicts"),
}
"""The name of a column to its cells; the same names as ``COLUMNS``."""


def rows(devices: Iterable[Device], columns: Sequence[str]) -> SafeString:
    """The rows of a table, one a device.

    Args:
        devices: With their site, and with what people added where a column shows it.
        columns: Names of ``CELLS`` in the order shown.
    """
    cells = [CELLS[name] for name in columns]
    # On a telephone each cell has its heading beside it.
    row = "<tr>" + "".join([f'<td data-title="{escape(COLUMNS[name].title)}">%s</td>' for name in columns]) + "</tr>"
    lines = [row % tuple([cell(device) for cell in cells]) for device in devices]
    return mark_safe("\n".join(lines))  # noqa: S308 - every cell escapes what it was given
