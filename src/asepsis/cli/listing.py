"""The table of devices, made for the width that is there: at 80 columns what it is, wider also its id and how it runs.

Takes the documents of ``asepsis devices --json``.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from asepsis.cli.text import showable, spreadsheet_cell
from asepsis.devices.telling import ordered_addresses
from asepsis.knowledge.vocabulary import Category

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from asepsis.pipeline.workspace import Workspace

__all__ = [
    "CSV_COLUMNS",
    "Document",
    "device_csv",
    "device_name",
    "device_table",
    "first_and_more",
    "minute",
    "ordered_addresses",
    "print_devices",
    "print_site",
    "product",
    "sureness",
]

Document = dict[str, Any]

SHOWN_AFTER_ANALYSIS: Final = 40
"""About a screenful; the whole list has a verb of its own."""

_CATEGORY_ORDER: Final = {category.value: place for place, category in enumerate(Category)}

SURE: Final = 0.8
LIKELY: Final = 0.5

CSV_COLUMNS: Final = (
    "id",
    "site",
    "mac",
    "ip",
    "names",
    "category",
    "vendor",
    "model",
    "os",
    "firmware",
    "serial",
    "udi",
    "role",
    "first_seen",
    "last_seen",
    "status",
)


def print_devices(documents: Sequence[Document], *, as_json: bool = False, as_csv: bool = False) -> None:
    """Prints devices to standard output: a table for a person, or JSON or CSV for a program."""
    if as_json:
        json.dump(documents, sys.stdout, indent=2)
        sys.stdout.write("\n")
    elif as_csv:
        sys.stdout.write(device_csv(documents))
    elif not documents:
        sys.stdout.write("no devices\n")
    else:
        from asepsis.cli.screen import screen

        with screen() as console:
            console.print(device_table(documents, width=console.width))


def print_site(workspace: Workspace, site: str) -> None:
    """After an analysis, for a person at a terminal: the site's devices, the most important ones of many."""
    from asepsis.cli.lookup import device_documents

    documents = sorted(device_documents(workspace, site=site), key=_importance)
    if not documents:
        return
    sys.stdout.write("\n")
    print_devices(documents[:SHOWN_AFTER_ANALYSIS])
    rest = len(documents) - SHOWN_AFTER_ANALYSIS
    if rest > 0:
        sys.stdout.write(f"and {rest:,} more; all of them: asepsis devices\n")
    sys.stdout.write("why: asepsis device ADDRESS\n")


def device_name(document: Document) -> str:
    """What a person would call it: its name, else the first address."""
    addresses = document["addresses"]
    for candidates in (document["names"], ordered_addresses(addresses["ip"]), addresses["mac"]):
        if candidates:
            return showable(candidates[0])
    return str(document["id"])


def first_and_more(texts: Sequence[str]) -> str:
    """``["a", "b", "c"]`` -> ``a +2``."""
    if not texts:
        return ""
    return showable(texts[0]) + (f" +{len(texts) - 1}" if len(texts) > 1 else "")


def product(document: Document) -> str:
    """Vendor and model in one, without saying the vendor's name twice."""
    vendor, model = document["vendor"] or "", document["model"] or ""
    if vendor and model.lower().startswith(vendor.lower()):
        vendor = ""
    return showable(f"{vendor} {model}".strip())


def sureness(confidence: float | None) -> Text:
    """How sure the category is, in per cent and in a colour."""
    from rich.text import Text

    if confidence is None:
        return Text("", style="dim")
    style = "green" if confidence >= SURE else "yellow" if confidence >= LIKELY else "red"
    return Text(f"{confidence:.0%}", style=style)


def device_table(documents: Sequence[Document], *, width: int) -> Table:
    """The table of ``asepsis devices`` for a terminal of ``width`` columns, medical devices first."""
    from rich.text import Text

    from asepsis.cli.columns import Column, table, with_room

    documents = sorted(documents, key=_importance)

    def texts(cell: Callable[[Document], str]) -> list[Text]:
        return [Text(cell(document)) for document in documents]

    needed = [
        Column(title="Device", cells=texts(device_name), least=12),
        Column(title="Category", cells=[_category(document) for document in documents], least=10),
        Column(
            title="Sure",
            cells=[
                sureness(document["confidence"].get("category") if document["category"] else None)
                for document in documents
            ],
            justify="right",
        ),
        Column(title="Vendor and model", cells=texts(product), least=8),
        Column(title="Address", cells=texts(lambda document: first_and_more(_addresses(document))), least=15),
    ]
    if len({document["site"] for document in documents}) > 1:
        needed.append(Column(title="Site", cells=texts(lambda document: showable(document["site"])), least=6))
    optional = []
    if any(document.get("status") for document in documents):
        optional.append(Column(title="Status", cells=[_status(document) for document in documents]))
    optional += [
        Column(title="Id", cells=[Text(document["id"], style="dim") for document in documents]),
        Column(title="Hardware address", cells=texts(lambda document: first_and_more(document["addresses"]["mac"]))),
        Column(title="System", cells=texts(_system), least=8),
        Column(title="Last seen (UTC)", cells=texts(lambda document: minute(document["last_seen"]))),
    ]
    return table(with_room(needed, optional, width), width=width)


def minute(time: str | None) -> str:
    """``2026-01-31T09:30:12.123456Z`` -> ``2026-01-31 09:30``."""
    return (time or "")[:16].replace("T", " ")


def _importance(document: Document) -> tuple[int, str, str]:
    """Medical devices first, in the order of the closed list; what is not known last."""
    category = document["category"]
    order = _CATEGORY_ORDER.get(category, len(_CATEGORY_ORDER)) if category else len(_CATEGORY_ORDER) + 1
    return (order, document["site"], device_name(document))


def _category(document: Document) -> Text:
    from rich.text import Text

    return Text(document["category"]) if document["category"] else Text("unknown", style="dim")


def _status(document: Document) -> Text:
    from rich.text import Text

    status = document.get("status") or ""
    return Text(status, style={"overdue": "red", "silent": "dim"}.get(status, ""))


def _addresses(document: Document) -> list[str]:
    return ordered_addresses(document["addresses"]["ip"])


def _system(document: Document) -> str:
    return showable(" ".join(part for part in (document["os"], document["firmware"]) if part))


def device_csv(documents: Sequence[Document]) -> str:
    """One line a device; several addresses or names stand in one cell, with spaces between."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for document in documents:
        cells = {
            **document,
            "mac": " ".join(document["addresses"]["mac"]),
            "ip": " ".join(ordered_addresses(document["addresses"]["ip"])),
            "names": " ".join(document["names"]),
        }
        writer.writerow([spreadsheet_cell(str(cells.get(column) or "")) for column in CSV_COLUMNS])
    return out.getvalue()
