"""What the web writes to standard error: one JSON object a line, with the request's id, without what people sent.

An exception is logged by its type and where it came from. Its text is left out, since databases quote the values that
they refuse, and a parser the text that it could not read.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import MutableMapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final

import structlog

FRAMES_LIMIT: Final = 30
# Django's own words of these name the address that was asked for.
_WITH_ADDRESSES: Final = ("django.request", "django.security", "allauth")

Raised = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]


class FactFormatter(logging.Formatter):
    """Records of any library as JSON without the texts of exceptions and the addresses of requests."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        fact: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if record.name.startswith(_WITH_ADDRESSES):
            fact["event"] = "request refused or failed"
            fact["status"] = getattr(record, "status_code", None)
        elif record.exc_info:
            fact["event"] = "error"
        else:
            fact["event"] = record.getMessage()
        fact.update(structlog.contextvars.get_contextvars())
        if record.exc_info and record.exc_info[0] is not None:
            fact["error"] = record.exc_info[0].__name__
            fact["frames"] = frames(record.exc_info)
        return json.dumps(fact, default=str)


def frames(raised: Raised) -> list[str]:
    """Where an exception came from: file, line and function, without the source and without its text."""
    found = traceback.extract_tb(raised[2])[-FRAMES_LIMIT:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in found]


def configure_own(*, requests: bool = True) -> None:
    """Makes our own facts the same lines.

    Args:
        requests: Whether every request is a line; on a person's own screen only what went wrong is.
    """

    def written(_: Any, method: str, fact: MutableMapping[str, Any]) -> str:
        line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "level": method, **fact}
        return json.dumps(line, default=str)

    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO if requests else logging.WARNING),
        processors=[structlog.contextvars.merge_contextvars, written],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
