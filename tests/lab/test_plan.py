"""The clinical plan is drawn from the seed, knows days and nights, and asks nobody for what he cannot do."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

from lab.hospital import calendar, kinds, plan, topology

MONDAY = datetime(2026, 11, 9, tzinfo=UTC)


def week(days: int = 7, seconds: float = 600.0) -> list[calendar.Sitting]:
    return calendar.week(MONDAY, seconds=seconds, days=days)


def test_the_same_seed_gives_the_same_week() -> None:
    hospital = topology.read(seed=5)
    one, other = (plan.draw(hospital, patients=8, sittings=week()) for _ in range(2))
    assert one == other
    assert one != plan.draw(topology.read(seed=6), patients=8, sittings=week())


def test_tasks_come_in_order_and_end_with_their_sitting() -> None:
    for shift in plan.draw(topology.read(), patients=20, sittings=week()).shifts:
        assert all(first.at <= second.at for first, second in pairwise(shift.tasks))
        assert all(0 <= task.at <= shift.sitting.seconds for task in shift.tasks)


def test_every_task_is_for_a_device_that_is_there_is_on_and_can_do_it() -> None:
    hospital = topology.read()
    for shift in plan.draw(hospital, patients=20, sittings=week()).shifts:
        for task in shift.tasks:
            assert hasattr(kinds.module(hospital.devices[task.device].kind), "work"), task.device
            assert task.device not in shift.off
            assert hospital.arrivals.get(task.device, 1) <= shift.sitting.day


def test_at_night_and_at_weekends_there_is_less_to_do_and_offices_are_closed() -> None:
    shifts = plan.draw(topology.read(), patients=40, sittings=week()).shifts
    count = {(shift.sitting.day, shift.sitting.shift): len(shift.tasks) for shift in shifts}
    assert count[2, "night"] < count[2, "early"] / 2
    assert count[6, "early"] < count[2, "early"]
    for shift in shifts:
        assert ("pc1" in shift.off) is not shift.sitting.offices_open
        assert "admin1" not in shift.off
        assert "mon1" not in shift.off


def test_an_examination_sends_images_that_the_plan_has_made_and_names_an_admitted_patient() -> None:
    drawn = plan.draw(topology.read(), patients=20, sittings=week())
    made = {image["file"] for image in drawn.images}
    examined = [task for task in drawn.tasks if task.what == "examine"]
    assert examined
    for task in examined:
        assert set(task.facts["files"]) <= made
        assert task.facts["patient"] in drawn.patients


def test_an_update_comes_between_two_reports_of_the_device() -> None:
    hospital = topology.read()
    drawn = plan.draw(hospital, patients=3, sittings=week())
    for name, update in hospital.updates.items():
        told = [
            (shift.sitting.day, task.at, task.what)
            for shift in drawn.shifts
            for task in shift.tasks
            if task.device == name
        ]
        (day, at) = next((day, at) for day, at, what in told if what == "update")
        assert day == update.day
        assert any((when, then) < (day, at) for when, then, what in told if what == "analyse")
        assert any((when, then) > (day, at) for when, then, what in told if what == "analyse")


def test_a_hospital_of_two_devices_has_a_plan_too() -> None:
    small = topology.read().only({"mon1"})
    assert plan.draw(small, patients=3, sittings=week(days=1)).tasks == []


def test_a_second_week_has_other_patients() -> None:
    hospital = topology.read()
    weeks = [plan.draw(hospital, patients=3, sittings=week(days=1), again=again) for again in (False, True)]
    assert not {who.id for who in weeks[0].patients} & {who.id for who in weeks[1].patients}
    assert all(who.name.startswith("TEST^") for one in weeks for who in one.patients)
