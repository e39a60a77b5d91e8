"""How many hours a piece of work takes: the table of ``knowledge.work`` and, before it, a hospital's own figures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Final

from asepsis.kernel.errors import AsepsisError
from asepsis.kernel.value import value
from asepsis.knowledge.work import Work, table_of_work

# More than a working year for one thing at one device is a slip of the pen.
HOURS_LIMIT: Final = 2000
_LINE: Final = re.compile(r"([a-z0-9.-]{1,60})\s*=\s*(\d{1,4}(?:\.\d{1,2})?)\s*\+\s*(\d{1,4}(?:\.\d{1,2})?)")


class HoursError(AsepsisError):
    """A line of a hospital's own hours cannot be used."""


@value
class Hours:
    """Setup and share of each device, in hours, by action; what is not named here is as in the table."""

    own: tuple[tuple[str, Fraction, Fraction], ...] = ()

    def of(self, action: str) -> tuple[Fraction, Fraction]:
        """Hours once for a product, and at each device."""
        return self.by_action()[action]

    def by_action(self) -> Mapping[str, tuple[Fraction, Fraction]]:
        """All actions."""
        table = {name: (_exact(work.setup_hours), _exact(work.each_hours)) for name, work in table_of_work().items()}
        return {**table, **{action: (setup, each) for action, setup, each in self.own}}


def read_hours(lines: Iterable[str]) -> Hours:
    """A hospital's own hours: ``patch=3+1`` is three hours once for a product and one at each device.

    Raises:
        HoursError: A line has another form, names no action, or gives no time or too much.
    """
    own: dict[str, tuple[Fraction, Fraction]] = {}
    for line in lines:
        found = _LINE.fullmatch(line.strip())
        if found is None:
            raise HoursError(f"{line!r} is not of the form action=setup+each", code="plan-hours", hint="patch=3+1")
        action, setup, each = found[1], Fraction(found[2]), Fraction(found[3])
        if action not in table_of_work():
            raise HoursError(
                f"there is no action {action!r}", code="plan-hours", hint=f"one of {', '.join(table_of_work())}"
            )
        if not 0 < setup + each <= HOURS_LIMIT:
            raise HoursError(f"{line!r} must be more than 0 and at most {HOURS_LIMIT} hours", code="plan-hours")
        own[action] = (setup, each)
    return Hours(own=tuple((action, *pair) for action, pair in sorted(own.items())))


def work_of(action: str) -> Work:
    """What the table says of an action."""
    return table_of_work()[action]


def _exact(hours: float) -> Fraction:
    return Fraction(str(hours))
