"""Profiles made by hand: types that differ in some words, with what changes from day to day."""

from __future__ import annotations

import random

from asepsis.devices.behaviour.profile import Profile


def profile(
    words: dict[str, int] | None = None,
    measures: dict[str, float] | None = None,
    *,
    subject: str = "02:00:00:00:00:01",
    capture: str = "made",
    ips: tuple[str, ...] = (),
    packets: int = 100,
) -> Profile:
    """One window of one device."""
    return Profile(
        subject=subject,
        ips=ips,
        capture=capture,
        first_ns=10,
        last_ns=20,
        first_packet=3,
        packets=packets,
        words=words if words is not None else {"says dns QUERY": 3, "asks udp/53": 3},
        measures=measures or {},
    )


def day(type_: str, number: int) -> Profile:
    """One of many days of a pump, a monitor or a lamp; the same number gives the same day."""
    chance = random.Random(f"{type_} {number}")
    words = {
        "says dhcp DISCOVER": chance.randint(1, 3),
        "dhcp name " + type_: 1,
        "dns asks time.example": chance.randint(1, 9),
        f"dns asks {type_}.example": chance.randint(2, 5),
        "asks udp/53": 4,
        f"asks udp/{chance.randint(30000, 30005)}": 1,
        "ttl 64": 9,
    }
    if chance.random() < 0.5:
        words["arp announcement"] = 1
    return profile(
        words,
        {"packets sent": chance.gauss(5, 0.5), "bytes a packet sent": chance.gauss(len(type_) * 20, 9)},
        capture=f"{type_} {number}",
    )


def days(*types: str, of: int = 12) -> tuple[list[Profile], list[str]]:
    """Some days of each type, and the types."""
    return [day(type_, number) for type_ in types for number in range(of)], [
        type_ for type_ in types for _ in range(of)
    ]
