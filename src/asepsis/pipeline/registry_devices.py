"""The devices of the registry: rows that hold what was folded last, with their ids, keys and addresses."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from asepsis.devices.device import SINGLE, Device, Evidence
from asepsis.devices.fold import Folded
from asepsis.devices.ids import Assignment, Change, Earlier
from asepsis.devices.twins import Twin

_ID_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # without l, o, 0 and 1, which people confuse
_ID_LENGTH = 10


def earlier_devices(cursor: sqlite3.Cursor, site: str) -> dict[str, Earlier]:
    """The site's devices as they were folded last, for keeping their ids."""
    keys: dict[str, set[str]] = defaultdict(set)
    for device, key in cursor.execute("SELECT device, key FROM device_keys WHERE site = ?", (site,)):
        keys[device].add(key)
    return {
        device: Earlier(frozenset(keys[device]), first_seen_ns)
        for device, first_seen_ns in cursor.execute("SELECT id, first_seen_ns FROM devices WHERE site = ?", (site,))
    }


def new_ids(cursor: sqlite3.Cursor) -> Callable[[], str]:
    """What makes ids that no device has or had."""
    taken = {device for (device,) in cursor.execute("SELECT id FROM devices UNION SELECT old FROM redirects")}

    def new_id() -> str:
        while True:
            device = "d-" + "".join(secrets.choice(_ID_ALPHABET) for _ in range(_ID_LENGTH))
            if device not in taken:
                taken.add(device)
                return device

    return new_id


def write_devices(cursor: sqlite3.Cursor, site: str, folded: Folded, assignment: Assignment) -> None:
    """Puts the site's devices in the place of the earlier ones."""
    for table in ("devices", "device_keys", "holdings"):
        cursor.execute(f"DELETE FROM {table} WHERE site = ?", (site,))  # noqa: S608  # a word from the line above
    cursor.executemany(
        "INSERT INTO devices VALUES (?, ?, ?, ?, ?, ?)",
        (
            (device_id, site, place, device.first_seen_ns, device.last_seen_ns, _document(device))
            for place, (device_id, device) in enumerate(zip(assignment.ids, folded.devices, strict=True))
        ),
    )
    cursor.executemany(
        "INSERT INTO device_keys VALUES (?, ?, ?)",
        (
            (site, device_id, key)
            for device_id, keys in zip(assignment.ids, folded.keys, strict=True)
            for key in dict.fromkeys(keys)
        ),
    )
    cursor.executemany(
        "INSERT INTO holdings (site, ip, first_ns, last_ns, device) VALUES (?, ?, ?, ?, ?)",
        (
            (site, ip, first_ns, last_ns, assignment.ids[place])
            for ip, held in sorted(folded.holdings.items())
            for first_ns, last_ns, place in held
        ),
    )
    for redirect in assignment.redirects:
        cursor.execute(
            "INSERT OR REPLACE INTO redirects VALUES (?, ?, ?)", (redirect.old, redirect.new, redirect.change)
        )
        if redirect.change is Change.MERGED:
            cursor.execute("UPDATE OR IGNORE events SET device = ? WHERE device = ?", (redirect.new, redirect.old))
            # What a person said of the one holds for the other, unless something was said of that too.
            cursor.execute("UPDATE OR IGNORE overrides SET device = ? WHERE device = ?", (redirect.new, redirect.old))


def _document(device: Device) -> str:
    members = {
        "macs": device.macs,
        "ips": device.ips,
        "names": device.names,
        **{name: getattr(device, name) for name in SINGLE},
        "confidence": device.confidence,
        "evidence": [tuple(reason.document().values()) for reason in device.evidence],
        "twins": [(twin.attribute, twin.value, twin.others) for twin in device.twins],
    }
    return json.dumps(members, ensure_ascii=False, separators=(",", ":"))


def read_device(row: Sequence[Any]) -> Device:
    """A device from its row: id, site, first and last sighting, document."""
    device_id, site, first_seen_ns, last_seen_ns, document = row
    members = json.loads(document)
    reasons = tuple(
        Evidence(attribute=attribute, value=text, protocol=protocol, weight=weight, capture=capture, packet=packet)
        for attribute, text, protocol, weight, capture, packet in members.pop("evidence")
    )
    twins = tuple(
        Twin(attribute=attribute, value=text, others=tuple(others))
        for attribute, text, others in members.pop("twins", ())
    )
    for name in ("macs", "ips", "names"):
        members[name] = tuple(members[name])
    return Device(
        id=device_id,
        site=site,
        first_seen_ns=first_seen_ns,
        last_seen_ns=last_seen_ns,
        evidence=reasons,
        twins=twins,
        **members,
    )
