"""Devices and rows of the two questions, made by hand: documentation addresses (RFC 5737), no capture of anybody."""

from __future__ import annotations

import json
from typing import Any

from asepsis.devices.device import Device, Evidence
from asepsis.kernel.time import SECOND_NS

NOON = 1_700_049_600 * SECOND_NS
"""2023-11-15T12:00:00Z."""
NOW = 1_763_208_000 * SECOND_NS
"""2025-11-15T12:00:00Z."""
INTERNET = "198.51.100.7"
BSSID = "00:00:5e:00:53:0a"


def device(name: str, **known: Any) -> Device:
    """A device of the site ``north`` with the id ``name``."""
    members: dict[str, Any] = dict.fromkeys(
        ("category", "vendor", "model", "os", "firmware", "serial", "udi", "role"), None
    )
    members |= {"id": name, "site": "north", "macs": (), "ips": (), "names": (name,), "confidence": {}, "evidence": ()}
    members |= {"first_seen_ns": NOON, "last_seen_ns": NOON + SECOND_NS}
    return Device(**(members | known))


def old_windows() -> Device:
    """A device whose system is out of support, with the packet that says so."""
    reason = Evidence(attribute="os", value="Windows XP", protocol="smb", weight=0.7, capture="aa", packet=9)
    return device("old", os="Windows XP", evidence=(reason,))


def said(protocol: str, kind: str, source: str = "server", target: str = "client", **facts: Any) -> dict[str, Any]:
    """A row of ``posture``; a source or target that is an address is no device."""
    row: dict[str, Any] = {"site": "north", "protocol": protocol, "kind": kind, "facts": _compact(facts)}
    row |= {"source_ip": _ip(source), "source_mac": "", "source_device": _device(source)}
    row |= {"destination_ip": _ip(target), "destination_mac": "", "destination_device": _device(target)}
    return row | {"messages": 3, "first_ns": NOON, "last_ns": NOON + SECOND_NS, "capture": "aa", "packet": 7}


def served(application: str, client: str = "client", server: str = "server", **others: Any) -> dict[str, Any]:
    """A row of ``served``."""
    row: dict[str, Any] = {"site": "north", "application": application, "application_by": "content", "ip_protocol": 6}
    row |= {"client_ip": _ip(client), "client_device": _device(client)}
    row |= {"server_ip": _ip(server), "server_device": _device(server), "server_port": 1}
    row |= {"first_ns": NOON, "last_ns": NOON + SECOND_NS, "capture": "aa", "packet": 5}
    return row | {"conversations": 2, "bytes_to_server": 1, "bytes_to_client": 1} | others


def _device(name: str) -> str | None:
    return None if "." in name else name


def _ip(name: str) -> str:
    return name if "." in name else {"server": "192.0.2.1", "client": "192.0.2.2"}.get(name, "192.0.2.3")


def _compact(facts: dict[str, Any]) -> str:
    """As the history keeps facts."""
    return json.dumps(facts, separators=(",", ":"))
