"""MUD files made by hand from RFC 8520 (3, 8, 9) and RFC 9761 (4); names and addresses are for documentation."""

from __future__ import annotations

import json
from typing import Any


def ace(name: str, *, accept: bool = True, **matches: Any) -> dict[str, Any]:
    """One entry of an access list."""
    return {"name": name, "matches": matches, "actions": {"forwarding": "accept" if accept else "drop"}}


def tcp(port: int, *, end: str = "destination-port", begun_by: str = "") -> dict[str, Any]:
    """A match on one port of TCP."""
    found: dict[str, Any] = {end: {"operator": "eq", "port": port}}
    if begun_by:
        found["ietf-mud:direction-initiated"] = begun_by
    return found


def mud(outbound: list[dict[str, Any]], inbound: list[dict[str, Any]], **head: Any) -> dict[str, Any]:
    """A whole file with one list for each direction."""
    return {
        "ietf-mud:mud": {
            "mud-version": 1,
            "mud-url": "https://maker.example/monitor",
            "last-update": "2026-01-01T00:00:00+00:00",
            "cache-validity": 48,
            "is-supported": True,
            "systeminfo": "A monitor",
            "from-device-policy": {"access-lists": {"access-list": [{"name": "from"}]}},
            "to-device-policy": {"access-lists": {"access-list": [{"name": "to"}]}},
            **head,
        },
        "ietf-access-control-list:acls": {
            "acl": [
                {"name": "from", "type": "ipv4-acl-type", "aces": {"ace": outbound}},
                {"name": "to", "type": "ipv4-acl-type", "aces": {"ace": inbound}},
            ]
        },
    }


def content(document: dict[str, Any]) -> bytes:
    """As it lies on disk."""
    return json.dumps(document).encode()


def with_profile(**profile: Any) -> dict[str, Any]:
    """A match on a TLS profile (RFC 9761 4)."""
    return {"ietf-acl-tls:client-profiles": {"tls-dtls-profile": [profile]}}


def among(member: str, content: Any = None) -> dict[str, Any]:
    """A match on a class of partners (RFC 8520 8)."""
    return {"ietf-mud:mud": {member: [None] if content is None else content}}
