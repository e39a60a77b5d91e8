"""Device documents as ``asepsis devices --json`` prints them, for tests of what is shown."""

from __future__ import annotations

from typing import Any


def clue(attribute: str, value: str, weight: float, *, protocol: str = "dicom", packet: int = 12) -> dict[str, Any]:
    return {
        "attribute": attribute,
        "value": value,
        "protocol": protocol,
        "weight": weight,
        "capture": "0123456789abcdef0123",
        "packet": packet,
    }


def device(**changes: Any) -> dict[str, Any]:
    """A CT scanner with everything known; ``changes`` replaces members."""
    return {
        "id": "d-7k3m9q",
        "site": "main",
        "addresses": {"mac": ["00:09:5c:01:02:03"], "ip": ["fe80::209:5cff:fe01:203", "10.20.0.14"]},
        "names": ["ct-1"],
        "category": "ct",
        "vendor": "Example Medical",
        "model": "Scan 9000",
        "os": None,
        "firmware": "VB20A",
        "serial": None,
        "udi": None,
        "role": "dicom_image_source",
        "first_seen": "2026-01-31T08:00:00.000000Z",
        "last_seen": "2026-01-31T09:30:00.000000Z",
        "confidence": {"category": 0.93, "vendor": 0.9, "model": 0.9, "firmware": 0.8, "role": 0.7},
        "evidence": [clue("category", "ct", 0.9), clue("category", "workstation", 0.4, protocol="smb", packet=90)],
        **changes,
    }


def unknown(**changes: Any) -> dict[str, Any]:
    """A device of which nothing but an address is known."""
    nothing: dict[str, Any] = dict.fromkeys(("category", "vendor", "model", "os", "firmware", "serial", "udi", "role"))
    bare = {
        "id": "d-000001",
        "addresses": {"mac": [], "ip": ["10.20.0.99"]},
        "names": [],
        "confidence": {},
        "evidence": [],
    }
    return device(**{**nothing, **bare, **changes})
