"""Checks every row of every table; each error names file and line.

A row with a part of a text (``prefix``, ``suffix``, ``contains``) bears an ``example``, a text as devices send it, and
the table must answer that text by this very row: so that a row never stands in the shadow of another.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from asepsis.knowledge.forms import TABLE, faults
from asepsis.knowledge.table import LONGEST_TEXT, MATCHES, SHORTEST_PART, Rows, folder
from asepsis.knowledge.vendors import normal
from asepsis.knowledge.vocabulary import Category, Role

_FORMS = f"{TABLE}.jsonl"
_FACT_TEXTS = ("category", "role", "vendor", "model", "os", "version", "kind", "source")
_VERSIONS = ("firmware", "os", "model")
_VENDOR_KINDS = ("medical", "network", "platform", "component", "")


def lint() -> list[str]:
    """All errors of all tables, as ``file:line: what is wrong``; empty when the tables are sound."""
    return lint_texts(_shipped())


def lint_folder(texts: dict[str, str]) -> list[str]:
    """The errors of a site's own tables, by file name; their makers may be ours, their tables must be.

    A row of a site's own may match what one of ours does: it wins.
    """
    ours = _shipped()
    strangers = [f"{name}:1: there is no table of this name" for name in sorted(texts) if name not in ours]
    known = {name: text for name, text in texts.items() if name in ours}
    return strangers + lint_texts(known, more_makers=ours["vendors.jsonl"])


def _shipped() -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder().glob("*.jsonl"))}


def lint_texts(tables: dict[str, str], *, more_makers: str = "") -> list[str]:
    """As ``lint``, over texts by file name, so that a faulty table can be shown to the checker.

    ``more_makers`` is the text of a table of makers that rows may name as well.
    """
    makers = set()
    for text in (tables.get("vendors.jsonl", ""), more_makers):
        for _, _, row in _rows("vendors.jsonl", text, []):
            makers.add(row.get("vendor"))
    errors: list[str] = []
    for name in sorted(tables):
        seen: dict[str, int] = {}
        for where, line, row in _rows(name, tables[name], errors):
            check = {"vendors.jsonl": _check_vendor, _FORMS: _check_form}.get(name, _check_fact)
            errors.extend(f"{where}: {what}" for what in check(row, makers))
            for key in _keys(name, row):
                if key in seen:
                    errors.append(f"{where}: matches the same as line {seen[key]}")
                seen.setdefault(key, line)
        if name not in ("vendors.jsonl", _FORMS):
            errors.extend(_check_examples(name, tables[name]))
    return errors


def _check_examples(name: str, text: str) -> Iterator[str]:
    """Every row is found by its own example, or, matched whole, by what it matches."""
    numbered = [(where, row) for where, _, row in _rows(name, text, []) if _is_sound(row)]
    # The source carries the place, so that the answer says which row it came from.
    answers = Rows([{**row, "source": where} for where, row in numbered])
    for where, row in numbered:
        example = row.get("exact") or row.get("example")
        if example is None:
            yield f"{where}: bears no example of a text that it matches"
            continue
        found = answers.find(example[:LONGEST_TEXT])
        if found is None:
            yield f"{where}: does not match its example {example!r}"
        elif found.fact.source != where:
            yield f"{where}: its example {example!r} is answered by {found.fact.source}"
        elif row.get("version") and not found.version:
            yield f"{where}: its example {example!r} shows no version"


def _is_sound(row: dict[str, Any]) -> bool:
    """Fit to be looked up: the other faults of such a row are reported by themselves."""
    return (
        sum(match in row for match in MATCHES) == 1
        and all(isinstance(row.get(key, "x"), str) and row.get(key, "x") for key in (*MATCHES, *_FACT_TEXTS, "example"))
        and row.keys() <= {*MATCHES, *_FACT_TEXTS, "weight", "example"}
        and len(row.get("contains", "xxx")) >= SHORTEST_PART
    )


def _rows(name: str, text: str, errors: list[str]) -> Iterator[tuple[str, int, dict[str, Any]]]:
    for line, content in enumerate(text.split("\n"), 1):
        if not content or content.startswith("#"):
            continue
        try:
            row = json.loads(content)
        except ValueError as fault:
            errors.append(f"{name}:{line}: not JSON: {fault}")
            continue
        if not isinstance(row, dict):
            errors.append(f"{name}:{line}: not an object")
            continue
        yield f"{name}:{line}", line, row


def _keys(name: str, row: dict[str, Any]) -> list[str]:
    if name == "vendors.jsonl":
        # One maker may have two rows (see the remark in the table); two makers may not share a spelling.
        return sorted({normal(text) for text in row.get("aliases", ()) if isinstance(text, str)} - {""})
    if name == _FORMS:
        return [str(row.get("form", "")).lower()]
    return [f"{match} {str(row[match]).lower()}" for match in MATCHES if match in row]


def _check_vendor(row: dict[str, Any], _: set[Any]) -> Iterator[str]:
    if not isinstance(row.get("vendor"), str) or not row["vendor"]:
        yield "names no vendor"
    aliases = row.get("aliases", [])
    if not isinstance(aliases, list) or not all(isinstance(text, str) for text in aliases):
        yield "aliases is not a list of texts"
    if row.get("kind", "") not in _VENDOR_KINDS:
        yield f"unknown kind {row['kind']!r}"
    if row.get("makes", Category.UNKNOWN) not in set(Category):
        yield f"unknown category {row['makes']!r}"
    if not row.get("source"):
        yield "names no source"
    for key in row.keys() - {"vendor", "aliases", "kind", "makes", "source"}:
        yield f"unknown member {key!r}"


def _check_form(row: dict[str, Any], makers: set[Any]) -> Iterator[str]:
    yield from faults(row)
    if not row.get("source"):
        yield "names no source"
    if row.get("category", Category.UNKNOWN) not in set(Category):
        yield f"unknown category {row['category']!r}"
    if "vendor" in row and row["vendor"] not in makers:
        yield f"vendor {row['vendor']!r} has no row in vendors.jsonl"
    for key in sorted(row.keys() - {"form", "example", "reads", "vendor", "category", "weight", "source"}):
        yield f"unknown member {key!r}"


def _check_fact(row: dict[str, Any], makers: set[Any]) -> Iterator[str]:
    matches = [match for match in MATCHES if match in row]
    if len(matches) != 1:
        yield f"needs exactly one of {', '.join(MATCHES)}"
    for match in matches:
        text = row[match]
        if not isinstance(text, str) or not text:
            yield f"{match} is not a text"
        elif match == "contains" and len(text) < SHORTEST_PART:
            yield f"contains {text!r} is too short to mean anything"
    for key in sorted(row.keys() - {*MATCHES, *_FACT_TEXTS, "weight", "example"}):
        yield f"unknown member {key!r}"
    for key in (*_FACT_TEXTS, "example"):
        if key in row and (not isinstance(row[key], str) or not row[key]):
            yield f"{key} is not a text"
    if not row.get("source"):
        yield "names no source"
    if row.get("category", Category.UNKNOWN) not in set(Category):
        yield f"unknown category {row['category']!r}"
    if row.get("role", Role.CLIENT) not in set(Role):
        yield f"unknown role {row['role']!r}"
    if "version" in row and row["version"] not in _VERSIONS:
        yield f"version names {row['version']!r}, not one of {', '.join(_VERSIONS)}"
    if "vendor" in row and row["vendor"] not in makers:
        yield f"vendor {row['vendor']!r} has no row in vendors.jsonl"
    weight = row.get("weight", 0.5)
    if not isinstance(weight, int | float) or not 0 < weight < 1:
        yield "weight is not between 0 and 1"
    if not row.keys() & {"category", "role", "vendor", "model", "os", "version", "kind"}:
        yield "says nothing"
