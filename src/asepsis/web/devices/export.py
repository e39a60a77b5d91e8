"""Lists of devices as files: CSV and JSON in a stream, PDF as a page to print."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils import timezone

from asepsis.kernel.text import spreadsheet_cell
from asepsis.web.devices.columns import COLUMNS
from asepsis.web.devices.models import Device
from asepsis.web.streaming import streamed

BATCH: Final = 500
"""Rows that are written at once: about 100 kB."""
PDF_ROWS: Final = 500
"""Some twelve pages, laid out within seconds; who wants more wants a table to compute with."""


def file_name(ending: str) -> str:
    """``devices-2026-01-31.csv``."""
    return f"devices-{timezone.now():%Y-%m-%d}.{ending}"


def as_csv(request: HttpRequest, rows: QuerySet[Device], columns: Sequence[str]) -> HttpResponseBase:
    """One line a device. What a spreadsheet would take for a formula is made text by an apostrophe."""
    return _stream(request, _csv_lines(rows, columns), "text/csv; charset=utf-8", "csv")


def as_json(request: HttpRequest, rows: QuerySet[Device], columns: Sequence[str]) -> HttpResponseBase:
    """One array of objects, with the id of every device."""
    return _stream(request, _json_parts(rows, columns), "application/json", "json")


def as_pdf(
    rows: QuerySet[Device], columns: Sequence[str], *, until: datetime | None, filters: Sequence[str]
) -> HttpResponse:
    """The first rows on paper, with the filters and the age of the data on top."""
    # Pango and its fonts take 60 MB; only who prints needs them.
    from weasyprint import HTML

    shown = list(rows[:PDF_ROWS])
    context = {
        "titles": [COLUMNS[name].title for name in columns],
        "rows": [[_printed(device, name) for name in columns] for device in shown],
        "count": rows.count(),
        "shown": len(shown),
        "until": until,
        "filters": filters,
        "made": timezone.now(),
    }
    html = render_to_string("devices/print.html", context)
    document = HTML(string=html, url_fetcher=_fetch_nothing).write_pdf()
    return HttpResponse(
        document,
        content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{file_name("pdf")}"'},
    )


def _fetch_nothing(url: str, *_: Any, **__: Any) -> dict[str, Any]:
    raise ValueError(f"a printed list has no outer parts: {url[:80]}")


def _printed(device: Device, name: str) -> str:
    held = COLUMNS[name].of(device)
    if isinstance(held, float):
        return f"{100 * held:.0f} %"
    text = str(held).replace("_", " ") if name in ("category", "role", "criticality") else str(held)
    return text[:16].replace("T", " ") if name in ("first_seen", "last_seen") else text


def _csv_lines(rows: QuerySet[Device], columns: Sequence[str]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["id", *columns])
    for number, device in enumerate(rows.iterator(chunk_size=BATCH), start=1):
        cells = [device.pk, *(COLUMNS[name].of(device) for name in columns)]
        writer.writerow([spreadsheet_cell(cell) if isinstance(cell, str) else cell for cell in cells])
        if number % BATCH == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _json_parts(rows: QuerySet[Device], columns: Sequence[str]) -> Iterator[str]:
    parts: list[str] = []
    begun = False
    for number, device in enumerate(rows.iterator(chunk_size=BATCH), start=1):
        document = {"id": device.pk, **{name: COLUMNS[name].of(device) for name in columns}}
        parts.append(("," if begun else "[") + "\n" + json.dumps(document, ensure_ascii=False))
        begun = True
        if number % BATCH == 0:
            yield "".join(parts)
            parts.clear()
    yield "".join(parts) + ("\n]\n" if begun else "[]\n")


def _stream(request: HttpRequest, parts: Iterator[str], kind: str, ending: str) -> StreamingHttpResponse:
    return streamed(request, parts, kind, file_name(ending))
