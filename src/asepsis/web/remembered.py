"""Counts over all devices, kept from one refresh of the rows to the next.

A page of a hospital group counts fifty thousand devices and half a million links along several columns; what it counted
stays right until the rows change. The key is the question itself, so whoever may see other devices asks another one.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

from django.core.cache import cache
from django.core.exceptions import EmptyResultSet
from django.db.models import Max, QuerySet

from asepsis.web.devices.models import DeviceRecord, Projected

KEPT_SECONDS: Final = 24 * 3600
"""Longer than from one analysis to the next; what nobody asks again goes."""
SHAPE: Final = "1"
"""Goes into the key, so that an upgrade does not read what an older version kept."""


def version() -> str:
    """Changes whenever a refresh wrote rows or a person changed a record."""
    told = Projected.objects.filter(pk=1).values_list("revision", "at").first()
    changed = DeviceRecord.objects.aggregate(at=Max("changed"))["at"]
    return f"{SHAPE} {told} {changed}"


def remembered(rows: QuerySet[Any, Any], of: str | None = None) -> list[list[Any]]:
    """What a question for values answers, from the cache when nothing changed since it was asked last.

    Args:
        rows: A ``values_list`` of texts, numbers and truth values.
        of: The version, for a page that asks several questions; None to ask for it.

    Returns:
        One list a row.
    """
    try:
        sql, parameters = rows.query.sql_with_params()
    except EmptyResultSet:
        return []
    asked = json.dumps([sql, [str(one) for one in parameters], version() if of is None else of])
    key = f"remembered-{hashlib.sha256(asked.encode()).hexdigest()}"
    # JSON and not Python's own format: whoever can write to the database must not be able to run code here.
    kept = cache.get(key)
    if isinstance(kept, str):
        found: list[list[Any]] = json.loads(kept)
        return found
    fresh = [list(row) for row in rows]
    cache.set(key, json.dumps(fresh), KEPT_SECONDS)
    return fresh
