"""Records for tests: no real person, and each number gives the same record again."""

from __future__ import annotations

from asepsis.ledger import Action, Record

BEGIN_NS = 1_790_000_000_000_000_000


def record(number: int, **changes: object) -> Record:
    members: dict[str, object] = {
        "id": f"record-{number:06d}",
        "time_ns": BEGIN_NS + number * 1_000_000_007,
        "kind": ("device.read", "devices.read", "device.update")[number % 3],
        "action": Action.UPDATE if number % 3 == 2 else Action.READ,
        "actor": f"person:{number % 5}",
        "actor_name": "Test Person",
        "roles": ("security-analyst",),
        "subject": f"device:{number % 7}",
        "site": "main",
        "policies": ("analyst-reads",),
        "request": f"request-{number}",
        "client": "192.0.2.7",
        "details": {"path": "/devices/", "count": number, "whole": True, "fields": ("owner", "place")},
    }
    return Record(**{**members, **changes})  # type: ignore[arg-type]  # a test names the members that it changes
