"""The table of devices, made for the width that is there: at 80 columns what it is, wider also how it runs.

Takes the documents of ``asepsis devices --json``; prints nothing itself.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from asepsis.cli.text import showable, spreadsheet_cell

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

Document = dict[str, Any]

WIDE_COLUMNS: Final = 120
"""From this width on there is room for hardware address, system and last sight."""

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
)


def device_name(document: Document) -> str:
    """What a person would call it: its name, else the first address."""
    addresses = document["addresses"]
    for candidates in (document["names"], ordered_addresses(addresses["ip"]), addresses["mac"]):
        if candidates:
            return showable(candidates[0])
    return str(document["id"])


def ordered_addresses(addresses: Sequence[str]) -> list[str]:
    """IPv4 first, then global IPv6, link-local last: the one that people know stands in front."""

    def rank(text: str) -> tuple[int, int]:
        try:
            address = ip_address(text)
        except ValueError:
            return (3, 0)
        return (2 if address.is_link_local else 0 if address.version == 4 else 1, int(address))

    return sorted(addresses, key=rank)


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
    """The table of ``asepsis devices`` for a terminal of ``width`` columns."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    wide = width >= WIDE_COLUMNS
    sites = {document["site"] for document in documents}
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("Device", overflow="ellipsis", no_wrap=True, ratio=None)
    table.add_column("Category", overflow="ellipsis", no_wrap=True)
    table.add_column("Sure", justify="right", no_wrap=True, min_width=4)
    table.add_column("Vendor and model", overflow="ellipsis", no_wrap=True)
    if wide:
        table.add_column("System", overflow="ellipsis", no_wrap=True)
    table.add_column("Address", overflow="ellipsis", no_wrap=True)
    if wide:
        table.add_column("Hardware address", no_wrap=True)
        table.add_column("Last seen (UTC)", no_wrap=True)
    if len(sites) > 1:
        table.add_column("Site", overflow="ellipsis", no_wrap=True)
    table.add_column("Id", no_wrap=True)
    for document in documents:
        category = document["category"]
        row: list[str | Text] = [
            Text(device_name(document)),
            Text(category) if category else Text("unknown", style="dim"),
            sureness(document["confidence"].get("category") if category else None),
            Text(product(document)),
        ]
        if wide:
            row.append(Text(showable(document["firmware"] or document["os"] or "")))
        row.append(Text(first_and_more(ordered_addresses(document["addresses"]["ip"]))))
        if wide:
            row.append(Text(first_and_more(document["addresses"]["mac"])))
            row.append(Text((document["last_seen"] or "")[:16].replace("T", " ")))
        if len(sites) > 1:
            row.append(Text(showable(document["site"])))
        row.append(Text(document["id"], style="dim"))
        table.add_row(*row)
    return table


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
        writer.writerow([spreadsheet_cell(str(cells[column] or "")) for column in CSV_COLUMNS])
    return out.getvalue()
