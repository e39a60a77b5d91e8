"""Messages and conversations become profiles: by device and window, bounded, and without strangers and routers."""

from __future__ import annotations

import pytest

from asepsis.devices.behaviour import gather
from asepsis.devices.behaviour.gather import Behaviours
from asepsis.devices.behaviour.profile import MEASURES_LIMIT, WORDS_LIMIT, Profile
from asepsis.devices.behaviour.windows import full_windows
from asepsis.protocols.dns import Dns
from asepsis.protocols.resource_records import Question
from tests.devices.behaviour.made import profile
from tests.devices.ward import MONITOR, NOON, PC, PUMP, ROUTER, conversation, request, sighting
from tests.protocols.conformance import GROWTH, GROWTH_OF_STEPS, steps

SERVER = (ROUTER, "93.184.216.34")


def gathered(*seen: object) -> dict[str, list[Profile]]:
    behaviours = Behaviours(capture="aa")
    for one in seen:
        if isinstance(one, tuple):
            behaviours.message(one)  # type: ignore[arg-type] # a Sighting is a tuple
        else:
            behaviours.conversations(one)  # type: ignore[arg-type] # rows
    found: dict[str, list[Profile]] = {}
    for one_profile in behaviours.profiles():
        found.setdefault(one_profile.subject, []).append(one_profile)
    return found


def asks(name: str) -> Dns:
    return Dns(flags=0x0100, questions=(Question(name=name, type="A"),))


def test_a_device_is_described_by_what_it_says_and_with_whom_it_talks() -> None:
    found = gathered(
        request(PUMP, host_name="pump-0002", parameter_list=(1, 3, 6)),
        sighting(asks("time.example"), PUMP, "10.0.0.7", at=1.0),
        sighting(asks("time.example"), PUMP, "10.0.0.7", at=2.0),
        conversation((PUMP, "10.0.0.7"), SERVER, 443, at=3.0, packet=9),
    )
    (pump,) = found[PUMP]
    assert pump.words["dns asks time.example"] == 2
    assert pump.words["dhcp parameters 1,3,6"] == 1
    # The last four signs of its hardware address stand in its name.
    assert pump.words["dhcp name pump-#"] == 1
    assert pump.words["asks tcp/443"] == 1
    assert pump.words["ttl 64"] == 1
    assert pump.ips == ("10.0.0.7",)
    assert (pump.first_ns, pump.packets, pump.capture) == (NOON, 3, "aa")
    assert {"order asks tcp/443", "bytes a packet sent asks tcp/443", "median gap"} - set(pump.measures) == {
        "median gap"
    }


def test_strangers_behind_a_router_are_not_the_router() -> None:
    found = gathered(conversation((PC, "10.0.0.6"), SERVER, 443))
    assert list(found) == [PC]


def test_who_only_receives_does_nothing() -> None:
    found = gathered(conversation((PC, "10.0.0.6"), (MONITOR, "10.0.0.5"), 23, answered=False))
    assert list(found) == [PC]


def test_a_hardware_address_behind_which_many_stand_is_left_out() -> None:
    rows = [conversation((ROUTER, f"10.0.9.{number}"), (MONITOR, "10.0.0.5"), 80) for number in range(1, 20)]
    assert list(gathered(*rows)) == [MONITOR]


def test_every_day_is_a_window_and_its_torn_off_end_is_none() -> None:
    hour = 3600.0
    rows = [conversation((PUMP, "10.0.0.7"), SERVER, 443, at=number * hour) for number in range(50)]
    windows = gathered(*rows)[PUMP]
    assert [one.words["asks tcp/443"] for one in windows] == [24, 24, 2]
    assert [one.words["asks tcp/443"] for one in full_windows(windows)] == [24, 24]


def test_windows_of_different_devices_are_weighed_apart() -> None:
    kept = full_windows([profile(packets=1000), profile(packets=10, subject="02:00:00:00:00:02"), profile(packets=10)])
    assert [one.packets for one in kept] == [1000, 10]


def test_a_talkative_device_is_cut_off() -> None:
    seen: list[object] = [
        sighting(asks(f"{'x' * (n % 50)}{chr(97 + n % 26)}{n // 26}.example"), PUMP) for n in range(2000)
    ]
    seen += [conversation((PUMP, "10.0.0.7"), SERVER, 1000 + number) for number in range(600)]
    (pump,) = gathered(*seen)[PUMP]
    assert len(pump.words) <= WORDS_LIMIT
    assert len(pump.measures) <= MEASURES_LIMIT


def test_a_flood_of_invented_devices_is_bounded_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "WINDOWS_LIMIT", 10)
    behaviours = Behaviours(capture="aa")
    for number in range(30):
        mac = f"02:00:00:00:00:{number:02x}"
        behaviours.message(sighting(asks("a.example"), mac, f"10.0.0.{number}"))
    assert len(behaviours.profiles()) == 10
    assert behaviours.dropped == 20


def test_days_in_disorder_are_gathered_without_looking_through_all_of_them() -> None:
    def gathered(days: int) -> Behaviours:
        behaviours = Behaviours(capture="a capture")
        for number in range(days):
            day = number * 7919 % days  # each day once, and far from the one before
            behaviours.message(sighting(asks("a.example"), PUMP, "10.0.0.7", at=2 * 86_400.0 * day))
        return behaviours

    assert len(gathered(300).profiles()) == 300
    few = steps(lambda: gathered(400))
    assert steps(lambda: gathered(400 * GROWTH)) <= GROWTH_OF_STEPS * few
