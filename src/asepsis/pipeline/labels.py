"""Labels: a CSV file in which a person says what the devices of captures are.

Columns ``capture``, ``device`` and ``type``; also ``category``, ``vendor`` and ``model``, where they are known.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from asepsis.devices.behaviour.model import Facts
from asepsis.devices.behaviour.profile import Profile
from asepsis.kernel.errors import AsepsisError
from asepsis.kernel.value import value
from asepsis.knowledge.vocabulary import Category

REQUIRED = ("capture", "device", "type")
OPTIONAL = ("category", "vendor", "model")
LABELS_LIMIT = 100_000
TEXT_LIMIT = 96
# More mistakes than this in one file are the same mistake.
SHOWN_MISTAKES = 5
_CATEGORIES = frozenset(category.value for category in Category)


class LabelError(AsepsisError):
    """A file of labels cannot be used."""


@value
class Label:
    """One line."""

    captures: tuple[str, ...]
    """What the line may mean by its capture, resolved; empty for every capture."""
    device: str
    type: str


@value
class Labels:
    """A file of labels."""

    path: str
    by_device: Mapping[str, tuple[Label, ...]]
    facts: Mapping[str, Facts]

    def type_of(self, capture: str, profile: Profile) -> str | None:
        """The type of a device of a capture; the label that names the capture most exactly holds."""
        place = Path(capture).resolve()
        around = [str(place), *map(str, place.parents)]
        found: list[tuple[int, str]] = []
        for address in (profile.subject, *profile.ips):
            for label in self.by_device.get(address, ()):
                if not label.captures:
                    found.append((len(around), label.type))
                found += [(around.index(one), label.type) for one in label.captures if one in around]
        return min(found, key=lambda one: one[0])[1] if found else None


def read_labels(path: Path) -> Labels:
    """Reads a file of labels.

    Raises:
        LabelError: It cannot be read or has mistakes; the first few are named by their line and column.
    """
    mistakes: list[str] = []
    by_device: dict[str, list[Label]] = {}
    facts: dict[str, Facts] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.DictReader(stream, strict=True)
            missing = [name for name in REQUIRED if name not in (rows.fieldnames or ())]
            if missing:
                raise _mistaken(path, [f"line 1: no column {', '.join(missing)}"])
            for count, row in enumerate(rows):
                if count >= LABELS_LIMIT:
                    raise _mistaken(path, [f"line {rows.line_num}: more than {LABELS_LIMIT:,} labels"])
                _take(row, rows.line_num, path.resolve().parent, by_device, facts, mistakes)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise LabelError(
            f"{path}: the labels cannot be read: {why}", code="labels-unreadable", hint="It must be CSV in UTF-8."
        ) from error
    if mistakes:
        raise _mistaken(path, mistakes)
    return Labels(path=str(path), by_device={key: tuple(found) for key, found in by_device.items()}, facts=facts)


def _take(
    row: Mapping[str | None, str | None],
    line: int,
    folder: Path,
    by_device: dict[str, list[Label]],
    facts: dict[str, Facts],
    mistakes: list[str],
) -> None:
    cells = {name: (row.get(name) or "").strip() for name in (*REQUIRED, *OPTIONAL)}
    before = len(mistakes)
    for name in ("device", "type"):
        if not cells[name]:
            mistakes.append(f"line {line}: {name} is empty")
    for name in ("type", *OPTIONAL):
        if len(cells[name]) > TEXT_LIMIT or not cells[name].isprintable():
            mistakes.append(f"line {line}: {name} must be at most {TEXT_LIMIT} printable signs")
    if cells["category"] and cells["category"] not in _CATEGORIES:
        mistakes.append(f"line {line}: category {cells['category']!r} is not on the list of categories")
    type_ = cells["type"]
    # A type that is a category says that much; any other is the model's name.
    is_category = type_ in _CATEGORIES
    own = Facts(
        category=cells["category"] or (type_ if is_category else ""),
        vendor=cells["vendor"],
        model=cells["model"] or ("" if is_category else type_),
    )
    if len(mistakes) == before and facts.setdefault(type_, own) != own:
        mistakes.append(f"line {line}: the type {type_!r} has another category, vendor or model above")
    if len(mistakes) > before:
        return
    capture = cells["capture"]
    device = cells["device"].lower().replace("-", ":") if ":" in cells["device"].replace("-", ":") else cells["device"]
    places = tuple(dict.fromkeys(str((root / capture).resolve()) for root in (folder, Path.cwd()))) if capture else ()
    by_device.setdefault(device, []).append(Label(captures=places, device=device, type=type_))


def _mistaken(path: Path, mistakes: list[str]) -> LabelError:
    shown = "; ".join(mistakes[:SHOWN_MISTAKES])
    more = f"; and {len(mistakes) - SHOWN_MISTAKES} more" if len(mistakes) > SHOWN_MISTAKES else ""
    return LabelError(
        f"{path}: {shown}{more}",
        code="labels-mistaken",
        hint="The first line names the columns: capture,device,type and, where known, category,vendor,model.",
    )
