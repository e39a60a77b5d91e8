"""Moments as people write them in options."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from asepsis.kernel.time import SECOND_NS


def nanoseconds(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
    """A moment in ISO 8601, UTC if not said."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return int(aware.timestamp()) * SECOND_NS
    except (ValueError, OverflowError, OSError) as error:
        raise click.BadParameter(f"{text!r} is no time such as 2026-01-31T09:30") from error
