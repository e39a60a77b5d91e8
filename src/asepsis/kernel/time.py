"""Time: capture time is an ``int`` of nanoseconds since 1970 in UTC, named ``*_ns``; people see ISO 8601 with Z."""

from __future__ import annotations

from datetime import UTC, datetime

SECOND_NS = 1_000_000_000


def iso_from_ns(time_ns: int) -> str:
    """``1700000000123456789`` -> ``2023-11-14T22:13:20.123456Z`` (microseconds, as ISO 8601 readers expect)."""
    seconds, rest = divmod(time_ns, SECOND_NS)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{rest // 1000:06d}Z"


def day_from_ns(time_ns: int) -> str:
    """The UTC day, ``2023-11-14``, that a moment belongs to."""
    return datetime.fromtimestamp(time_ns // SECOND_NS, UTC).strftime("%Y-%m-%d")
