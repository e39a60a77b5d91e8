"""The hospital's own list of devices: a CSV from the maintenance system (CMMS), read with errors by row and column.

Pure: text in, values out. Every system names its columns otherwise, so a person may map them; what is recognised by
its heading is proposed.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from asepsis.kernel.errors import AsepsisError
from asepsis.kernel.value import value

if TYPE_CHECKING:
    from _csv import Reader

ROWS_LIMIT: Final = 200_000
"""The largest hospital groups list some 100,000 devices; more is not a list of devices."""
COLUMNS_LIMIT: Final = 200
CELL_LIMIT: Final = 500
"""A longer cell is a remark, and none of the fields is one."""
ERRORS_LIMIT: Final = 1_000
"""More errors than this tell nothing new: the mapping is wrong."""


class Field(StrEnum):
    """What a column can mean."""

    ASSET_NUMBER = "asset_number"
    NAME = "name"
    VENDOR = "vendor"
    MODEL = "model"
    SERIAL = "serial"
    MAC = "mac"
    IP = "ip"
    CATEGORY = "category"
    DEPARTMENT = "department"
    PLACE = "place"
    OWNER = "owner"
    CRITICALITY = "criticality"


# Headings as systems write them, normalised: small letters and digits alone. From the import templates and field names
# that the manuals of common CMMS show; a heading that is not here is mapped by the person.
_HEADINGS: Final[dict[str, Field]] = {
    heading: field
    for field, headings in {
        Field.ASSET_NUMBER: (
            "assetnumber assetno assetid assettag asset tag tagnumber controlnumber controlno equipmentid equipmentno"
            " equipmentnumber inventorynumber inventoryno cen"
        ),
        Field.NAME: "name hostname devicename equipmentname assetname computername dnsname",
        Field.VENDOR: "vendor manufacturer maker make oem manufacturername",
        Field.MODEL: "model modelnumber modelno modelname devicemodel",
        Field.SERIAL: "serial serialnumber serialno sn",
        Field.MAC: "mac macaddress hardwareaddress ethernetaddress physicaladdress",
        Field.IP: "ip ipaddress ipv4 ipv4address networkaddress",
        Field.CATEGORY: "category type devicetype equipmenttype description assettype nomenclature deviceclass",
        Field.DEPARTMENT: "department dept ward unit costcentername owningdepartment",
        Field.PLACE: "place location room building currentlocation",
        Field.OWNER: "owner responsible responsibleperson assignedto contact",
        Field.CRITICALITY: "criticality priority riskclass risk importance",
    }.items()
    for heading in headings.split()
}

_MAC: Final = re.compile(r"^[0-9a-f]{12}$")
_CRITICALITIES: Final[dict[str, str]] = {
    "life_sustaining": "life_sustaining",
    "lifesustaining": "life_sustaining",
    "lifesupport": "life_sustaining",
    "critical": "life_sustaining",
    "high": "high",
    "medium": "medium",
    "moderate": "medium",
    "low": "low",
}


class AssetListError(AsepsisError):
    """The file is no list of devices at all."""


@value
class Asset:
    """One row of the list. Empty texts where the list says nothing."""

    row: int
    """The line of the file on which it begins, from 1, the heading being 1."""
    asset_number: str = ""
    name: str = ""
    vendor: str = ""
    model: str = ""
    serial: str = ""
    mac: str = ""
    """As ``00:09:5c:01:02:03``."""
    ip: str = ""
    category: str = ""
    """As the list says it: a text, no word of our closed list."""
    department: str = ""
    place: str = ""
    owner: str = ""
    criticality: str = ""
    """``life_sustaining``, ``high``, ``medium``, ``low``, or empty."""


@value
class CellError:
    """Why one cell was not taken; ``column`` is the heading, empty when the whole row is meant."""

    row: int
    column: str
    message: str


@value
class AssetList:
    """What a file says."""

    headings: tuple[str, ...]
    mapping: dict[str, Field]
    """Heading to its meaning; headings that are not in it are left out."""
    assets: tuple[Asset, ...]
    errors: tuple[CellError, ...]
    rows: int
    """All rows of the file but the heading and empty ones, taken or not."""


def decoded(content: bytes) -> str:
    """The text of an exported file: UTF-8 with or without its mark, UTF-16 with its mark, else Windows-1252.

    Raises:
        AssetListError: It is no text.
    """
    marked = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    encodings = ("utf-16",) if marked else ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise AssetListError("the file is no text", code="asset-list", hint="Export the list as CSV.")


def proposed_mapping(headings: Sequence[str]) -> dict[str, Field]:
    """Heading to meaning, for the headings that are recognised; the first heading wins where two mean the same."""
    found: dict[str, Field] = {}
    for heading in headings:
        field = _HEADINGS.get(re.sub(r"[^a-z0-9]", "", heading.lower()))
        if field is not None and field not in found.values():
            found[heading] = field
    return found


def read_assets(text: str, mapping: Mapping[str, Field] | None = None) -> AssetList:
    """Reads a list.

    Args:
        text: CSV with commas, semicolons or tabs, its first line being the headings.
        mapping: Heading to meaning, as a person chose; None for what is recognised.

    Returns:
        The rows that could be read, each with the cells that could, and every error with its row and column.

    Raises:
        AssetListError: There is no heading, a heading stands twice, the mapping names a heading that is not there, or
            two headings mean the same.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        headings = tuple(cell.strip() for cell in next(reader, ()))
    except csv.Error as error:
        raise _no_list(f"the first line cannot be read: {error}") from error
    if not any(headings):
        raise _no_list("the file is empty")
    if len(headings) > COLUMNS_LIMIT:
        raise _no_list(f"it has {len(headings)} columns; at most {COLUMNS_LIMIT} are read")
    named = [heading for heading in headings if heading]
    twice = next((heading for heading in named if named.count(heading) > 1), None)
    if twice is not None:
        raise _no_list(f"two columns are called {twice!r}")
    chosen = dict(proposed_mapping(headings) if mapping is None else mapping)
    strange = next((heading for heading in chosen if heading not in headings), None)
    if strange is not None:
        raise _no_list(f"there is no column {strange!r}")
    if len(set(chosen.values())) < len(chosen):
        raise _no_list("two columns are mapped to the same meaning")
    return _read_rows(reader, headings, chosen)


def _read_rows(reader: Reader, headings: tuple[str, ...], mapping: dict[str, Field]) -> AssetList:
    columns = {headings.index(heading): (heading, field) for heading, field in mapping.items()}
    assets: list[Asset] = []
    errors: list[CellError] = []
    numbers: dict[str, int] = {}
    rows = 0
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            errors.append(CellError(row=line, column="", message=f"the row cannot be read: {error}"))
            continue
        if cells is None or len(errors) >= ERRORS_LIMIT:
            break
        if not any(cell.strip() for cell in cells):
            continue
        rows += 1
        if rows > ROWS_LIMIT:
            errors.append(CellError(row=line, column="", message=f"only the first {ROWS_LIMIT} rows are read"))
            break
        if len(cells) > len(headings):
            message = f"it has {len(cells)} cells, the heading {len(headings)}: is a cell with a separator not quoted?"
            errors.append(CellError(row=line, column="", message=message))
            continue
        values: dict[str, str] = {}
        for position, (heading, field) in columns.items():
            cell = cells[position].strip() if position < len(cells) else ""
            if not cell:
                continue
            found, complaint = _checked(field, cell)
            if complaint:
                errors.append(CellError(row=line, column=heading, message=complaint))
            else:
                values[field.value] = found
        number = values.get("asset_number", "")
        if number and number in numbers:
            message = f"asset number {number} stands in row {numbers[number]} already"
            errors.append(CellError(row=line, column="", message=message))
            continue
        if not any(values.get(field) for field in ("asset_number", "name", "serial", "mac", "ip")):
            message = "nothing here says which device it is: no number, name, serial number or address"
            errors.append(CellError(row=line, column="", message=message))
            continue
        if number:
            numbers[number] = line
        assets.append(Asset(row=line, **values))
    return AssetList(
        headings=headings, mapping=mapping, assets=tuple(assets), errors=tuple(errors[:ERRORS_LIMIT]), rows=rows
    )


def _checked(field: Field, cell: str) -> tuple[str, str]:
    """The cell as it is kept, or why it is not."""
    if len(cell) > CELL_LIMIT:
        return "", f"longer than {CELL_LIMIT} characters"
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in cell):
        return "", "holds control characters"
    if field is Field.MAC:
        digits = re.sub(r"[\s:.\-]", "", cell.lower())
        if not _MAC.match(digits):
            return "", f"{cell!r} is no hardware address"
        return ":".join(digits[start : start + 2] for start in range(0, 12, 2)), ""
    if field is Field.IP:
        try:
            return str(ip_address(cell)), ""
        except ValueError:
            return "", f"{cell!r} is no IP address"
    if field is Field.CRITICALITY:
        word = _CRITICALITIES.get(re.sub(r"[^a-z_]", "", cell.lower()))
        return (word, "") if word else ("", f"{cell!r} is none of life sustaining, high, medium, low")
    return cell, ""


def _delimiter(text: str) -> str:
    """What separates cells in the heading, quoted parts left out; the most frequent of the three that exports use."""
    line = re.sub(r'"[^"\n]*"', "", text[:10_000].split("\n", 1)[0])
    return max(",;\t", key=line.count)


def _no_list(message: str) -> AssetListError:
    return AssetListError(message, code="asset-list", hint="The first line must hold the headings of the columns.")
