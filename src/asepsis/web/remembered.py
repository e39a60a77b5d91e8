"""Counts over all devices, kept from one refresh of the rows to the next.

A page of a hospital group counts fifty thousand devices and half a million links along several columns; what it counted
stays right until the rows change. The key is the question itself, so whoever may see other devices asks another one.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Sequence, Sized
from datetime import datetime
from threading import Lock
from typing import Any, Final, Generic, TypeVar

from django.core.cache import caches
from django.core.exceptions import EmptyResultSet
from django.db.models import Count, Max, QuerySet

from asepsis.kernel.value import value
from asepsis.web.devices.models import Device, DeviceRecord, Projected

CACHE: Final = "remembered"
"""Beside the cache of limits and used codes: what is counted here pushes none of those out."""
KEPT_SECONDS: Final = 24 * 3600
"""Longer than from one analysis to the next; what nobody asks again goes."""
ROWS_LIMIT: Final = 60_000
"""Of all answers that this process keeps: some ten megabytes."""
SIGNS_LIMIT: Final = 4_000_000
"""Of all texts that this process keeps; a map has some eighty thousand."""
SHAPE: Final = "2"
"""Goes into the key, so that an upgrade does not read what an older version kept."""


Answer = TypeVar("Answer", bound=Sized)


class _Recent(Generic[Answer]):
    """What this process answered last, so that the usual questions cost neither the database nor a decoder."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = Lock()
        self._answers: OrderedDict[str, Answer] = OrderedDict()
        self._held = 0

    def get(self, key: str) -> Answer | None:
        with self._lock:
            found = self._answers.get(key)
            if found is not None:
                self._answers.move_to_end(key)
            return found

    def put(self, key: str, answer: Answer) -> None:
        with self._lock:
            if key in self._answers:
                return
            self._answers[key] = answer
            self._held += len(answer) + 1
            while self._held > self._limit:
                _, gone = self._answers.popitem(last=False)
                self._held -= len(gone) + 1


_rows: Final[_Recent[list[list[Any]]]] = _Recent(ROWS_LIMIT)
_texts: Final[_Recent[str]] = _Recent(SIGNS_LIMIT)
_NEVER_PROJECTED: Final = "never"


def version() -> str:
    """Changes whenever a refresh wrote rows or a person changed a record."""
    changed = DeviceRecord.objects.aggregate(at=Max("changed"))["at"]
    return f"{of_rows()} {changed}"


def of_rows() -> str:
    """Changes whenever a refresh wrote rows: for questions that nothing hangs on what people wrote down."""
    told = Projected.objects.filter(pk=1).values_list("revision", "at").first()
    return f"{SHAPE} {_NEVER_PROJECTED if told is None else told}"


def version_for(devices: QuerySet[Device, Any]) -> str:
    """The version of a question about these devices: it changes with all that decides which devices they are.

    Who may see every device sees the same ones whatever people write of them or put into groups.
    """
    try:
        sql, _ = devices.query.sql_with_params()
    except EmptyResultSet:
        return of_rows()
    of = version() if DeviceRecord._meta.db_table in sql else of_rows()
    members = Device.groups.through
    if members._meta.db_table in sql:
        told = members._default_manager.aggregate(count=Count("pk"), last=Max("pk"))
        of = f"{of} {told['count']} {told['last']}"
    return of


def is_lasting(of: str) -> bool:
    """Whether another version follows whenever rows change: those that no refresh wrote change without."""
    return _NEVER_PROJECTED not in of


def remembered(rows: QuerySet[Any, Any], of: str | None = None) -> list[list[Any]]:
    """What a question for values answers, from the cache when nothing changed since it was asked last.

    Args:
        rows: A ``values_list`` of texts, numbers and truth values.
        of: The version, for a page that asks several questions; None to ask for it.

    Returns:
        One list a row, not to be changed.
    """
    key = _key([rows], [], of)
    if key is None:
        return []
    if key.lasting and (known := _rows.get(key.text)) is not None:
        return list(known)
    # JSON and not Python's own format: whoever can write to the database must not be able to run code here.
    kept = caches[CACHE].get(key.text)
    if isinstance(kept, str):
        found: list[list[Any]] = json.loads(kept)
    else:
        found = [list(row) for row in rows]
        caches[CACHE].set(key.text, json.dumps(found), KEPT_SECONDS)
    if key.lasting:
        _rows.put(key.text, found)
    return list(found)


def remembered_text(
    asked: Sequence[QuerySet[Any, Any]],
    words: Sequence[str],
    make: Callable[[], str],
    of: str | None = None,
    *,
    shared: bool = True,
) -> str:
    """A part of a page that follows from questions alone, made once until something changes.

    Args:
        asked: Everything that the text is made of, within what the person may see.
        words: What else it depends on, and which text it is.
        make: Makes it.
        of: As for ``remembered``.
        shared: Whether other processes are told, which writes into the database; not worth it for what is quickly made.
    """
    key = _key(asked, words, of)
    if key is None or not key.lasting:
        return make()
    if (known := _texts.get(key.text)) is not None:
        return known
    kept = caches[CACHE].get(key.text) if shared else None
    text = kept if isinstance(kept, str) else make()
    if shared and kept is None:
        caches[CACHE].set(key.text, text, KEPT_SECONDS)
    _texts.put(key.text, text)
    return text


def counted(rows: QuerySet[Any, Any], of: str | None = None) -> int:
    """How many rows there are."""
    return int(remembered_text([rows], ["count"], lambda: str(rows.count()), of, shared=False))


def seen_until(devices: QuerySet[Device], of: str | None = None) -> datetime | None:
    """When the last of these devices was seen."""

    def latest() -> str:
        found: datetime | None = devices.order_by().aggregate(until=Max("last_seen"))["until"]
        return "" if found is None else found.isoformat()

    text = remembered_text([devices.order_by()], ["until"], latest, of, shared=False)
    return datetime.fromisoformat(text) if text else None


@value
class _Key:
    """Names one question at one version."""

    text: str
    lasting: bool
    """Whether another answer has another key: rows that no refresh wrote change without another version."""


def _key(asked: Sequence[QuerySet[Any, Any]], words: Sequence[str], of: str | None) -> _Key | None:
    """None for a question that nothing answers."""
    named = []
    for rows in asked:
        try:
            sql, parameters = rows.query.sql_with_params()
        except EmptyResultSet:
            if len(asked) == 1:
                return None
            sql, parameters = "", ()
        named.append([sql, [str(one) for one in parameters]])
    version_now = version() if of is None else of
    text = json.dumps([named, list(words), version_now])
    lasting = is_lasting(version_now)
    return _Key(text=f"remembered-{hashlib.sha256(text.encode()).hexdigest()}", lasting=lasting)
