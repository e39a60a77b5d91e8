"""Checks every row of every table; each error names file and line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from asepsis.knowledge.table import MATCHES, SHORTEST_PART, folder
from asepsis.knowledge.vendors import normal
from asepsis.knowledge.vocabulary import Category, Role

_FACT_TEXTS = ("category", "role", "vendor", "model", "os", "version", "kind", "source")
_VERSIONS = ("firmware", "os", "model")
_VENDOR_KINDS = ("medical", "network", "platform", "component", "")


def lint() -> list[str]:
    """All errors of all tables, as ``file:line: what is wrong``; empty when the tables are sound."""
    return lint_texts({path.name: path.read_text(encoding="utf-8") for path in sorted(folder().glob("*.jsonl"))})


def lint_texts(tables: dict[str, str]) -> list[str]:
    """As ``lint``, over texts by file name, so that a faulty table can be shown to the checker."""
    makers = set()
    for _, _, row in _rows("vendors.jsonl", tables.get("vendors.jsonl", ""), []):
        makers.add(row.get("vendor"))
    errors: list[str] = []
    for name in sorted(tables):
        seen: dict[str, int] = {}
        for where, line, row in _rows(name, tables[name], errors):
            check = _check_vendor if name == "vendors.jsonl" else _check_fact
            errors.extend(f"{where}: {what}" for what in check(row, makers))
            for key in _keys(name, row):
                if key in seen:
                    errors.append(f"{where}: matches the same as line {seen[key]}")
                seen.setdefault(key, line)
    return errors


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
    for key in row.keys() - {*MATCHES, *_FACT_TEXTS, "weight"}:
        yield f"unknown member {key!r}"
    for key in _FACT_TEXTS:
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
