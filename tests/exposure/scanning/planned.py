"""Devices and plans of tests about scans, made by hand."""

from __future__ import annotations

from typing import Any

from asepsis.devices.device import Device, Evidence
from asepsis.exposure.scanning.plan import Asked, LeftOut, Plan, Question, Target
from asepsis.kernel.time import SECOND_NS

NOW_NS = 1_769_817_600 * SECOND_NS
"""2026-01-31T00:00:00Z"""


def device(category: str | None = "pacs", **changes: Any) -> Device:
    """A device of which everything speaks for being asked, but for what is changed."""
    told: dict[str, Any] = {
        "id": "archive",
        "site": "main",
        "macs": ("02:00:00:00:00:02",),
        "ips": ("10.77.0.2",),
        "names": ("ARCHIVE",),
        "category": category,
        "vendor": None,
        "model": None,
        "os": None,
        "firmware": None,
        "serial": None,
        "udi": None,
        "role": None,
        "first_seen_ns": NOW_NS - 30 * 86_400 * SECOND_NS,
        "last_seen_ns": NOW_NS - 3 * 3600 * SECOND_NS,
        "confidence": {"category": 0.95},
        "evidence": (),
    }
    return Device(**{**told, **changes})


def claim(category: str) -> Evidence:
    """Something that says that the device is of a category."""
    return Evidence(attribute="category", value=category, protocol="dicom", weight=0.2, capture="", packet=0)


def plan(**changes: Any) -> Plan:
    """A plan with one target and one device that is left out."""
    target = Target(
        device="archive",
        title="ARCHIVE",
        category="pacs",
        ip="10.77.0.2",
        mac="02:00:00:00:00:02",
        questions=(Asked(question=Question.DICOM_ECHO, port=104), Asked(question=Question.SNMP, port=161)),
        packets=12,
        bytes=4096,
    )
    pump = LeftOut(
        device="pump", title="Pump 3", ips=("10.77.0.3",), macs=("02:00:00:00:00:03",), code="fragile", why="it drips"
    )
    told: dict[str, Any] = {"site": "main", "made": "2026-01-31T00:00:00Z", "targets": (target,), "left_out": (pump,)}
    return Plan(**{**told, **changes})
