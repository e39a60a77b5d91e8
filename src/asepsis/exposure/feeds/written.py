"""Advisories in a short form of our own: read again in a fraction of the time that a publisher's document takes.

The form is that of this program and no other's: whoever keeps it keeps beside it which program wrote it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from asepsis.exposure.advisory import Advisory, Problem, Product, Provenance, Remedy, Score, Status, Vulnerability

_PARTS: Final[Mapping[str, type]] = {
    "products": Product,
    "vulnerabilities": Vulnerability,
    "problems": Problem,
    "scores": Score,
    "remedies": Remedy,
}
# Those that are made of such parts; in a score, products are the numbers of products.
_WHOLE: Final = (Advisory, Vulnerability)
_NAMES: Final = {kind: tuple(one.name for one in fields(kind)) for kind in (Advisory, Provenance, *_PARTS.values())}
_STATUS: Final = {str(status): status for status in Status}


def written(advisory: Advisory) -> str:
    """An advisory as text; ``read_written`` gives the same advisory back."""
    return json.dumps(_row(advisory), ensure_ascii=False, separators=(",", ":"))


def read_written(text: str) -> Advisory:
    """The advisory in a text of ``written``.

    Raises:
        ValueError: The text is none of this program's.
    """
    row = json.loads(text)
    try:
        found = _value(Advisory, row)
    except (TypeError, ValueError, KeyError, RecursionError) as error:
        raise ValueError(f"is no advisory in the short form: {error}") from error
    assert isinstance(found, Advisory)
    return found


def _row(one: Any) -> list[Any]:
    row = []
    for name in _NAMES[type(one)]:
        held = getattr(one, name)
        if name == "provenance":
            held = _row(held)
        elif name in _PARTS and type(one) in _WHOLE:
            held = [_row(part) for part in held]
        row.append(held)
    return row


def _value(kind: type, row: list[Any]) -> Any:
    members = dict(zip(_NAMES[kind], row, strict=True))
    for name, held in members.items():
        if name == "provenance":
            members[name] = _value(Provenance, held)
        elif name == "status":
            members[name] = tuple((product, _STATUS[word]) for product, word in held)
        elif type(held) is list:
            part = _PARTS.get(name) if kind in _WHOLE else None
            members[name] = tuple(_value(part, one) for one in held) if part is not None else _tuple(held)
    return kind(**members)


def _tuple(held: list[Any]) -> tuple[Any, ...]:
    return tuple(_tuple(one) if type(one) is list else one for one in held)
