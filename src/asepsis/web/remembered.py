"""Counts over all devices, kept from one refresh of the rows to the next.

A page of a hospital group counts fifty thousand devices and half a million links along several columns; what it counted
stays right until the rows change. The key is the question itself, so whoever may see other devices asks another one.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from threading import Lock
from typing import Any, Final

from django.core.cache import cache
from django.core.exceptions import EmptyResultSet
from django.db.models import Max, QuerySet

from asepsis.web.devices.models import DeviceRecord, Projected

KEPT_SECONDS: Final = 24 * 3600
"""Longer than from one analysis to the next; what nobody asks again goes."""
SHAPE: Final = "2"
"""Goes into the key, so that an upgrade does not read what an older version kept."""


class _Recent:
    """What this process answered last, so that the usual questions cost neither the database nor a decoder."""

    ROWS_LIMIT: Final = 100_000
    """Of all answers together: some ten megabytes."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._answers: OrderedDict[str, list[list[Any]]] = OrderedDict()
        self._rows = 0

    def get(self, key: str) -> list[list[Any]] | None:
        with self._lock:
            found = self._answers.get(key)
            if found is not None:
                self._answers.move_to_end(key)
            return found

    def put(self, key: str, rows: list[list[Any]]) -> None:
        with self._lock:
            if key in self._answers:
                return
            self._answers[key] = rows
            self._rows += len(rows) + 1
            while self._rows > self.ROWS_LIMIT:
                _, gone = self._answers.popitem(last=False)
                self._rows -= len(gone) + 1


_recent: Final = _Recent()
_NEVER_PROJECTED: Final = "never"


def version() -> str:
    """Changes whenever a refresh wrote rows or a person changed a record."""
    told = Projected.objects.filter(pk=1).values_list("revision", "at").first()
    changed = DeviceRecord.objects.aggregate(at=Max("changed"))["at"]
    return f"{SHAPE} {_NEVER_PROJECTED if told is None else told} {changed}"


def remembered(rows: QuerySet[Any, Any], of: str | None = None) -> list[list[Any]]:
    """What a question for values answers, from the cache when nothing changed since it was asked last.

    Args:
        rows: A ``values_list`` of texts, numbers and truth values.
        of: The version, for a page that asks several questions; None to ask for it.

    Returns:
        One list a row, not to be changed.
    """
    try:
        sql, parameters = rows.query.sql_with_params()
    except EmptyResultSet:
        return []
    version_now = version() if of is None else of
    asked = json.dumps([sql, [str(one) for one in parameters], version_now])
    key = f"remembered-{hashlib.sha256(asked.encode()).hexdigest()}"
    # Rows that no refresh wrote change without another version.
    lasting = _NEVER_PROJECTED not in version_now
    if lasting and (known := _recent.get(key)) is not None:
        return list(known)
    # JSON and not Python's own format: whoever can write to the database must not be able to run code here.
    kept = cache.get(key)
    if isinstance(kept, str):
        found: list[list[Any]] = json.loads(kept)
    else:
        found = [list(row) for row in rows]
        cache.set(key, json.dumps(found), KEPT_SECONDS)
    if lasting:
        _recent.put(key, found)
    return list(found)
