"""Pages of a long list by where the page before or after them ended, both ways.

A page by its number makes the database go through all rows before it; from a key it begins where the key stands.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

from django.db.models import Model, Q, QuerySet

from asepsis.kernel.value import value

Row = TypeVar("Row", bound=Model)

AFTER: Final = "after"
BEFORE: Final = "before"
_BETWEEN: Final = "~"
KEY_LIMIT: Final = 80
"""Signs: a number, and an id of ours."""
NUMBER_MOST: Final = 2**31 - 1
"""Of a whole number: what an integer column of either database holds."""


@value
class Order:
    """A number that a list is ordered by, and then by the id."""

    column: str
    kind: type[int] | type[float]
    descending: bool = False

    @property
    def columns(self) -> tuple[str, str]:
        """For ``order_by``."""
        return (f"-{self.column}" if self.descending else self.column, "pk")


@value
class Part(Generic[Row]):
    """One page, and what addresses of its neighbours say; empty where there is none."""

    rows: Sequence[Row]
    before: str
    after: str


def part(rows: QuerySet[Row], order: Order, asked: Mapping[str, Any], *, per_page: int) -> Part[Row]:
    """The page that an address asks for by ``after`` or ``before``; the first where it asks for none that can be."""
    after, before = (_read(str(asked.get(name, "")), order) for name in (AFTER, BEFORE))
    if before is not None and after is None:
        found = list(rows.filter(_beyond(order, before, back=True)).order_by(*order.columns).reverse()[: per_page + 1])
        if len(found) > per_page:
            shown = found[:per_page][::-1]
            return Part(rows=shown, before=_key(order, shown[0]), after=_key(order, shown[-1]))
        # The begin is reached: a whole first page, and not what is left before the key.
    ordered = rows.order_by(*order.columns)
    if after is not None:
        ordered = ordered.filter(_beyond(order, after, back=False))
    found = list(ordered[: per_page + 1])
    shown = found[:per_page]
    return Part(
        rows=shown,
        before=_key(order, shown[0]) if after is not None and shown else "",
        after=_key(order, shown[-1]) if len(found) > per_page else "",
    )


def _beyond(order: Order, key: tuple[float, str], *, back: bool) -> Q:
    number, pk = key
    beyond = "lt" if order.descending is not back else "gt"
    further = Q(**{order.column: number}) & Q(**{"pk__lt" if back else "pk__gt": pk})
    # The first condition follows from the second; with it a database begins in its index where the key stands.
    return Q(**{f"{order.column}__{beyond}e": number}) & (Q(**{f"{order.column}__{beyond}": number}) | further)


def _key(order: Order, row: Model) -> str:
    return f"{getattr(row, order.column)!r}{_BETWEEN}{row.pk}"


def _read(text: str, order: Order) -> tuple[float, str] | None:
    number, between, pk = text.partition(_BETWEEN)
    if not between or len(text) > KEY_LIMIT or "\x00" in text:
        return None
    try:
        reached = order.kind(number)
    except ValueError:
        return None
    return (reached, pk) if math.isfinite(reached) and abs(reached) <= NUMBER_MOST else None
