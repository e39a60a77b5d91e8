"""Pages of a list by a cursor: where the last page ended, not a number, so that nothing is missed when rows come."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

from asepsis.kernel.value import value
from asepsis.web.api.problems import ProblemError

Row = TypeVar("Row", bound=Model)

LIMIT: Final = 100
LIMIT_MOST: Final = 1000
CURSOR_LIMIT: Final = 1000


@value
class Column:
    """A column that a list is ordered by; together they tell every row apart."""

    name: str
    descending: bool = False
    is_time: bool = False


def page(
    rows: QuerySet[Row], columns: Sequence[Column], *, cursor: str, limit: int, shown: Callable[[Row], Any]
) -> dict[str, Any]:
    """One page, as ``items`` and the cursor of the ``next``, which is null at the end.

    Raises:
        ProblemError: The cursor is none of ours.
    """
    ordered = rows.order_by(*(f"-{column.name}" if column.descending else column.name for column in columns))
    if cursor:
        try:
            ordered = ordered.filter(_after(columns, _read(cursor, columns)))
        except (ValueError, ValidationError) as error:  # a text where the column holds numbers or ids
            raise ProblemError(400, "the cursor is none: take it from 'next' of the page before") from error
    found = list(ordered[: limit + 1])
    following = None
    if len(found) > limit:
        found = found[:limit]
        following = _write([getattr(found[-1], column.name) for column in columns])
    return {"items": [shown(row) for row in found], "next": following}


def _after(columns: Sequence[Column], values: Sequence[Any]) -> Q:
    condition = Q(pk__in=[])
    equal = Q()
    for column, reached in zip(columns, values, strict=True):
        beyond = "lt" if column.descending else "gt"
        condition |= equal & Q(**{f"{column.name}__{beyond}": reached})
        equal &= Q(**{column.name: reached})
    # It follows from the rest; with it a database begins in its index where the cursor stands.
    return condition & Q(**{f"{columns[0].name}__{'lte' if columns[0].descending else 'gte'}": values[0]})


def _write(values: Sequence[Any]) -> str:
    plain = [one.isoformat() if isinstance(one, datetime) else str(one) for one in values]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def _read(cursor: str, columns: Sequence[Column]) -> list[Any]:
    try:
        if len(cursor) > CURSOR_LIMIT:
            raise ValueError
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if not isinstance(values, list) or len(values) != len(columns):
            raise ValueError
        if not all(isinstance(one, str) and "\x00" not in one for one in values):
            raise ValueError
        return [_typed(one, column) for one, column in zip(values, columns, strict=True)]
    except (ValueError, binascii.Error, RecursionError) as error:
        raise ProblemError(400, "the cursor is none: take it from 'next' of the page before") from error


def _typed(text: str, column: Column) -> Any:
    if not column.is_time:
        return text
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError
    return moment
