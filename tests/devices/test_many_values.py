"""Devices that say something else every time, and sites where everybody says the same, do not slow down a site."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from asepsis.devices.clue import Attribute, Clue, Endpoint
from asepsis.devices.device import Device
from asepsis.devices.fold import VALUES_LIMIT, fold
from asepsis.devices.observed import Observed
from tests.protocols.conformance import steps

FEW, MANY = 100, 800
# A step for each is 8 times as many; a step for each pair is 64 times.
GROWTH_OF_STEPS = 12


def clue(mac: str, attribute: str, text: str, at: int) -> Clue:
    return Clue(Endpoint(mac, ""), attribute, text, "snmp", 0.8, 1, at, at, "a capture", 1)


def many_values(count: int) -> Iterator[Clue]:
    return (clue("00:09:5c:00:00:01", Attribute.FIRMWARE, f"1.{number}", number) for number in range(count))


def many_bearers(count: int) -> Iterator[Clue]:
    macs = (f"00:09:5c:00:{number >> 8:02x}:{number & 255:02x}" for number in range(count))
    return (clue(mac, Attribute.NAME, "pump", number) for number, mac in enumerate(macs))


def folded(clues: Iterator[Clue]) -> tuple[Device, ...]:
    return fold(Observed(site="north", captures=(), clues=tuple(clues), ties=())).devices


@pytest.mark.parametrize("make", [many_values, many_bearers])
def test_folding_takes_no_more_than_its_share_of_many_clues(make: Callable[[int], Iterator[Clue]]) -> None:
    folded(make(1))  # what is read once is read
    few = steps(lambda: folded(make(FEW)))
    many = steps(lambda: folded(make(MANY)))
    assert many <= GROWTH_OF_STEPS * few


def test_what_was_said_last_is_weighed() -> None:
    (device,) = folded(many_values(3 * VALUES_LIMIT))
    said = [int(reason.value[2:]) for reason in device.evidence if reason.attribute == Attribute.FIRMWARE]
    assert said
    assert min(said) >= 2 * VALUES_LIMIT
