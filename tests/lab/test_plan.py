"""The clinical plan is drawn from the seed and asks nobody for what he cannot do."""

from __future__ import annotations

from itertools import pairwise

from lab.hospital import kinds, plan, topology


def test_the_same_seed_gives_the_same_day() -> None:
    hospital = topology.read(seed=5)
    one, other = (plan.draw(hospital, patients=8, seconds=100) for _ in range(2))
    assert one == other
    assert one != plan.draw(topology.read(seed=6), patients=8, seconds=100)


def test_tasks_come_in_order_and_end_with_the_day() -> None:
    day = plan.draw(topology.read(), patients=20, seconds=300)
    assert all(first.at <= second.at for first, second in pairwise(day.tasks))
    assert day.tasks[0].at >= 0
    assert day.tasks[-1].at <= 300


def test_every_task_is_for_a_device_whose_kind_can_do_it() -> None:
    hospital = topology.read()
    for task in plan.draw(hospital, patients=20, seconds=300).tasks:
        assert hasattr(kinds.module(hospital.devices[task.device].kind), "work"), task.device


def test_the_night_is_quieter_than_the_early_shift() -> None:
    day = plan.draw(topology.read(), patients=40, seconds=205)
    early = sum(task.at < 100 for task in day.tasks)
    night = sum(task.at >= 180 for task in day.tasks)
    assert night < early / 2


def test_an_examination_sends_images_that_the_plan_has_made_and_names_an_admitted_patient() -> None:
    day = plan.draw(topology.read(), patients=20, seconds=300)
    made = {image["file"] for image in day.images}
    examined = [task for task in day.tasks if task.what == "examine"]
    assert examined
    for task in examined:
        assert set(task.facts["files"]) <= made
        assert task.facts["patient"] in day.patients


def test_a_hospital_of_two_devices_has_a_plan_too() -> None:
    small = topology.read().only({"mon1"})
    assert plan.draw(small, patients=3, seconds=30).tasks == []


def test_a_second_day_has_other_patients() -> None:
    hospital = topology.read()
    days = [plan.draw(hospital, patients=3, seconds=30, again=again) for again in (False, True)]
    assert not {who.id for who in days[0].patients} & {who.id for who in days[1].patients}
    assert all(who.name.startswith("TEST^") for day in days for who in day.patients)
