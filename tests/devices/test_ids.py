"""Ids stay with devices as evidence grows, whatever the order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from asepsis.devices.ids import Assignment, Change, Earlier, Redirect, assign


def counter() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"new-{next(numbers)}"


def earlier(**devices: Sequence[str]) -> dict[str, Earlier]:
    return {name: Earlier(frozenset(keys), place) for place, (name, keys) in enumerate(devices.items())}


def assigned(keys: Sequence[Sequence[str]], before: dict[str, Earlier] | None = None) -> Assignment:
    return assign(keys, before or {}, counter())


def test_a_new_device_gets_a_new_id() -> None:
    assert assigned([["mac a"], ["mac b"]]).ids == ("new-1", "new-2")


def test_a_device_keeps_its_id_by_any_of_its_keys() -> None:
    before = earlier(d1=["mac a", "serial X 1"], d2=["ip 10.0.0.5"])
    assert assigned([["serial X 1", "mac c"], ["ip 10.0.0.5"]], before) == Assignment(ids=("d1", "d2"), redirects=())


def test_a_hardware_address_counts_more_than_network_addresses() -> None:
    before = earlier(d1=["mac a"], d2=["ip 1", "ip 2", "ip 3"])
    found = assigned([["mac a", "ip 1", "ip 2", "ip 3"]], before)
    assert found.ids == ("d1",)


def test_two_that_turn_out_to_be_one_leave_a_redirect_to_the_older() -> None:
    before = earlier(old=["mac a"], young=["mac b"])
    found = assigned([["mac b", "mac a"]], before)
    assert found == Assignment(ids=("old",), redirects=(Redirect("young", "old", Change.MERGED),))


def test_one_that_turns_out_to_be_two_keeps_its_id_where_most_of_it_is() -> None:
    before = earlier(d1=["mac a", "mac b", "mac c"])
    found = assigned([["mac a"], ["mac b", "mac c"]], before)
    assert found.ids == ("new-1", "d1")
    assert found.redirects == (Redirect("d1", "new-1", Change.SPLIT),)


def test_an_address_that_moves_on_makes_no_redirect_to_a_newcomer() -> None:
    before = earlier(d1=["mac a", "ip 10.0.0.5"])
    found = assigned([["mac a"], ["ip 10.0.0.5"]], before)
    assert found == Assignment(ids=("d1", "new-1"), redirects=())


KEYS = st.lists(
    st.lists(st.sampled_from([f"mac {n}" for n in range(8)] + ["serial X 1", "ip 1", "ip 2"]), min_size=1, max_size=4),
    min_size=1,
    max_size=6,
)


def disjoint(keys: list[list[str]]) -> list[list[str]]:
    taken: set[str] = set()
    result = []
    for own in keys:
        fresh = [key for key in dict.fromkeys(own) if key not in taken]
        taken.update(fresh)
        if fresh:
            result.append(fresh)
    return result


@given(KEYS, st.permutations(range(6)))
def test_the_same_devices_keep_their_ids_in_any_order(keys: list[list[str]], order: list[int]) -> None:
    devices = disjoint(keys)
    first = assigned(devices)
    before = {
        name: Earlier(frozenset(own), place) for place, (name, own) in enumerate(zip(first.ids, devices, strict=True))
    }
    places = [place for place in order if place < len(devices)]
    again = assign([devices[place] for place in places], before, counter())
    assert again.ids == tuple(first.ids[place] for place in places)
    assert again.redirects == ()


@given(KEYS, KEYS)
def test_every_device_has_one_id_and_no_id_is_used_twice(before: list[list[str]], after: list[list[str]]) -> None:
    known = {f"d{place}": Earlier(frozenset(own), place) for place, own in enumerate(disjoint(before))}
    devices = disjoint(after)
    found = assigned(devices, known)
    assert len(found.ids) == len(devices) == len(set(found.ids))
    for redirect in found.redirects:
        assert redirect.old != redirect.new
        assert redirect.new in found.ids
        assert (redirect.change is Change.MERGED) == (redirect.old not in found.ids)
