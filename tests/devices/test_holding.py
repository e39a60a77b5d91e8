"""Who held an address when, and ties that are kept few."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from asepsis.devices.clue import Endpoint, Tie
from asepsis.devices.compaction import STRETCHES_LIMIT, compacted
from asepsis.devices.holding import Holding, timeline

A, B = ("mac", "a"), ("mac", "b")


def held(first: int, last: int, node: tuple[str, str], surety: int = 1) -> Holding:
    return Holding(first_ns=first, last_ns=last, surety=surety, node=node)


def tie(mac: str, first: int, last: int, ip: str = "10.0.0.5") -> Tie:
    return Tie(Endpoint(mac, ip), first, last, 1, 1, 0, 0, "capture", first)


def test_a_later_holder_follows_an_earlier_one() -> None:
    assert timeline([held(50, 60, B), held(0, 10, A)]) == [held(0, 10, A), held(50, 60, B)]


def test_stretches_of_one_holder_are_joined() -> None:
    assert timeline([held(0, 10, A), held(50, 60, A)]) == [held(0, 60, A)]


def test_of_two_at_once_the_later_holds_while_it_lasts() -> None:
    assert [(one.first_ns, one.node) for one in timeline([held(0, 100, A), held(40, 50, B)])] == [
        (0, A),
        (40, B),
        (51, A),
    ]


def test_a_surer_holder_is_not_displaced() -> None:
    assert timeline([held(0, 100, A, 2), held(40, 50, B)]) == [held(0, 100, A, 2)]


HOLDINGS = st.lists(
    st.builds(held, st.integers(0, 50), st.integers(0, 50), st.sampled_from([A, B, ("ip", "x")]), st.integers(1, 2)),
    max_size=12,
).map(lambda found: [one._replace(last_ns=max(one.first_ns, one.last_ns)) for one in found])


@given(HOLDINGS)
def test_a_timeline_is_in_order_and_does_not_depend_on_the_order(found: list[Holding]) -> None:
    result = timeline(found)
    assert result == timeline(found[::-1])
    starts = [one.first_ns for one in result]
    assert starts == sorted(starts)
    assert all(one.node != other.node for one, other in pairwise(result))
    for moment in range(101):
        # Whoever holds at a moment is one of the surest that were seen then; before the next holder, the last one.
        there = [one for one in found if one.first_ns <= moment <= one.last_ns]
        holders = [one.node for one in result if one.first_ns <= moment]
        if there:
            surest = max(one.surety for one in there)
            assert holders[-1] in {one.node for one in there if one.surety == surest}


def test_ties_of_one_holder_become_one() -> None:
    (joined,) = compacted([tie("a", first, first + 5) for first in range(0, 1000, 10)])
    assert (joined.first_ns, joined.last_ns, joined.sent) == (0, 995, 100)


def test_ties_between_which_another_held_the_address_stay_apart() -> None:
    kept = compacted([tie("a", 0, 5), tie("b", 10, 15), tie("a", 20, 25)])
    assert [(one.endpoint.mac, one.first_ns) for one in kept] == [("a", 0), ("b", 10), ("a", 20)]


def test_alternation_without_end_is_bounded_and_loses_no_count() -> None:
    ties = [tie("ab"[n % 2], 10 * n, 10 * n + 5) for n in range(10 * STRETCHES_LIMIT)]
    kept = compacted(ties)
    assert len(kept) <= 2 * (STRETCHES_LIMIT + 1)
    assert sum(one.sent for one in kept) == len(ties)
    assert kept[-1] == ties[-1]


@given(
    st.lists(
        st.builds(
            tie, st.sampled_from("ab"), st.integers(0, 99), st.integers(100, 199), st.sampled_from(["1", "2", ""])
        ),
        max_size=20,
    )
)
def test_compacting_again_changes_nothing(ties: list[Tie]) -> None:
    once = compacted(ties)
    assert sorted(compacted(once)) == sorted(once)
    assert sum(one.sent for one in once) == len(ties)
