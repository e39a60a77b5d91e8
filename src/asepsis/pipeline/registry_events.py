"""The events of the registry: changes of identity, written whenever a site's devices are folded."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from asepsis.devices.changes import ADDRESS, IdentityChange, address_changes
from asepsis.devices.fold import Folded
from asepsis.kernel.time import iso_from_ns
from asepsis.kernel.value import value


@value
class Event:
    """A change of identity of one device."""

    site: str
    device: str
    change: IdentityChange

    def document(self) -> dict[str, Any]:
        """The JSON document of ``asepsis events --json``."""
        change = self.change
        return {
            "at": iso_from_ns(change.at_ns),
            "site": self.site,
            "device": self.device,
            "attribute": change.attribute,
            "before": change.before,
            "after": change.after,
            "protocol": change.protocol,
            "capture": change.capture,
            "packet": change.packet,
        }


def write_events(cursor: sqlite3.Cursor, site: str, folded: Folded, ids: Sequence[str]) -> None:
    """Adds what changed; what earlier foldings have written stays, but for attributes, which clues tell anew."""
    cursor.execute("DELETE FROM events WHERE site = ? AND attribute != ?", (site, ADDRESS))
    moved = address_changes(folded.holdings, ids)
    cursor.executemany(
        "INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                *(site, device, change.at_ns, change.attribute, change.before, change.after),
                *(change.protocol, change.capture, change.packet),
            )
            for place, device in enumerate(ids)
            for change in (*folded.changes[place], *moved.get(place, ()))
        ),
    )


def read_event(row: Sequence[Any]) -> Event:
    """An event from its row."""
    site, device, at_ns, attribute, earlier, later, protocol, capture, packet = row
    return Event(
        site=site,
        device=device,
        change=IdentityChange(
            attribute=attribute,
            before=earlier,
            after=later,
            at_ns=at_ns,
            protocol=protocol,
            capture=capture,
            packet=packet,
        ),
    )
