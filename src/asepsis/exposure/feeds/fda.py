"""Facts of the FDA: classes of devices by product code (foiclass.txt or openFDA's), and recalls (openFDA's files)."""

from __future__ import annotations

import csv
import io
from typing import Final

from asepsis.exposure.advisory import Problem
from asepsis.exposure.feeds.document import Field, Notes, unpacked
from asepsis.kernel.value import value

# The FDA knows 6,617 product codes (2020) and some ten thousand recalls a year.
ROWS_LIMIT: Final = 500_000
_COLUMNS: Final = ("PRODUCTCODE", "DEVICENAME", "DEVICECLASS", "Implant_Flag", "Life_Sustain_support_flag")


@value
class ProductClass:
    """What the FDA says of the devices of one product code."""

    code: str
    name: str
    device_class: str
    """``1``, ``2`` or ``3``; empty where the FDA has not classified it."""
    implanted: bool
    life_sustaining: bool
    """It sustains or supports life (21 CFR 860.3)."""
    regulation: str = ""
    """Such as ``21 CFR 880.5725``; empty where there is none."""


@value
class ProductClasses:
    """The whole table of one day; the file does not say which."""

    classes: tuple[ProductClass, ...]
    problems: tuple[Problem, ...] = ()


@value
class Recall:
    """One recall of a device."""

    id: str
    maker: str
    product: str
    codes: str
    """Lots, serial numbers and versions, in the maker's words."""
    reason: str
    classification: str
    """``Class I`` may cause death; empty in files that do not say."""
    product_code: str
    begun: str
    status: str


@value
class Recalls:
    """Recalls of one file."""

    updated: str
    recalls: tuple[Recall, ...]
    problems: tuple[Problem, ...] = ()


def is_classes(content: bytes) -> bool:
    """True for foiclass.txt."""
    return content[:200].startswith(b"REVIEW_PANEL|")


def read_classes(content: bytes, notes: Notes) -> ProductClasses | Problem:
    """The product codes of foiclass.txt, which is Latin-1 and separated by bars."""
    plain = unpacked(content)
    if isinstance(plain, Problem):
        return plain
    reader = csv.DictReader(io.StringIO(plain.decode("latin-1")), delimiter="|", quoting=csv.QUOTE_NONE)
    if not set(_COLUMNS) <= set(reader.fieldnames or ()):
        return Problem(where="line 1", why="names other columns than foiclass.txt")
    found: dict[str, ProductClass] = {}
    try:
        for row in reader:
            code = (row["PRODUCTCODE"] or "").strip()
            if len(code) != 3 or row["Life_Sustain_support_flag"] is None:
                notes.add(f"line {reader.line_num}", "is cut or has no product code")
            elif len(found) < ROWS_LIMIT:
                found[code] = ProductClass(
                    code=code,
                    name=(row["DEVICENAME"] or "").strip(),
                    device_class=(row["DEVICECLASS"] or "").strip(),
                    implanted=row["Implant_Flag"] == "Y",
                    life_sustaining=row["Life_Sustain_support_flag"] == "Y",
                    regulation=_regulation(row.get("REGULATIONNUMBER") or ""),
                )
    except csv.Error as error:
        notes.add(f"line {reader.line_num}", f"is no table: {error}; what stands after it was not read")
    return ProductClasses(classes=tuple(found.values()), problems=tuple(notes.problems))


def is_classification(root: Field) -> bool:
    """True for an answer or a download file of openFDA with the FDA's classification of devices."""
    results = root.content.get("results")
    first = results[0] if isinstance(results, list) and results else None
    return isinstance(first, dict) and {"product_code", "device_class", "device_name"} <= first.keys()


def read_classification(root: Field, notes: Notes) -> ProductClasses:
    """The product codes of openFDA's file; it says the same as foiclass.txt."""
    found: dict[str, ProductClass] = {}
    for item in root.items("results"):
        code = item.text("product_code").strip()
        if len(code) != 3:
            notes.add(item.where, "has no product code")
        elif len(found) < ROWS_LIMIT:
            found[code] = ProductClass(
                code=code,
                name=item.text("device_name").strip(),
                device_class=item.text("device_class").strip(),
                implanted=item.text("implant_flag") == "Y",
                life_sustaining=item.text("life_sustain_support_flag") == "Y",
                regulation=_regulation(item.text("regulation_number")),
            )
    return ProductClasses(classes=tuple(found.values()), problems=tuple(notes.problems))


def _regulation(number: str) -> str:
    return f"21 CFR {number.strip()}" if number.strip() else ""


def is_recalls(root: Field) -> bool:
    """True for an answer or a download file of openFDA with device recalls or enforcement reports."""
    results = root.content.get("results")
    first = results[0] if isinstance(results, list) and results else None
    return isinstance(first, dict) and bool({"product_res_number", "res_event_number", "recall_number"} & first.keys())


def read_recalls(root: Field, notes: Notes) -> Recalls:
    """The recalls; openFDA's two files (``recall`` and ``enforcement``) name the same things differently."""
    found: dict[str, Recall] = {}
    for item in root.items("results"):
        number = item.text("product_res_number") or item.text("recall_number") or item.text("res_event_number")
        if not number:
            notes.add(item.where, "has no number")
            continue
        maker = item.text("recalling_firm")
        found[number] = Recall(
            id=number,
            maker=maker,
            product=item.text("product_description"),
            codes=item.text("code_info"),
            reason=item.text("reason_for_recall"),
            classification=item.text("classification"),
            product_code=item.text("product_code"),
            begun=item.text("event_date_initiated") or item.text("recall_initiation_date"),
            status=item.text("recall_status") or item.text("status"),
        )
        if len(found) >= ROWS_LIMIT:
            notes.add("/results", f"has more than {ROWS_LIMIT} recalls; the first were read")
            break
    return Recalls(
        updated=root.get("meta").text("last_updated"), recalls=tuple(found.values()), problems=tuple(notes.problems)
    )
