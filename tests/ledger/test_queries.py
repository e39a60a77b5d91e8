"""Pages of the ledger hold what a plain walk over all entries finds, in every stretch."""

from __future__ import annotations

import dataclasses
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asepsis.ledger import Ledger, Record, schema
from asepsis.ledger.checking import check
from asepsis.ledger.queries import Query, ask, ask_of_patient
from tests.ledger.records import BEGIN_NS, record

SECOND = 1_000_000_007


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """More entries than one stretch of the indexes."""
    folder = tmp_path_factory.mktemp("filled")
    ledger = Ledger.open(folder / "ledger", folder / "keys")
    ledger.append_all([record(number) for number in range(2 * (1 << schema.STRETCH_BITS) + 100)])
    return ledger


def _fits(one: Record, query: Query) -> bool:
    return (
        query.actor in (None, one.actor)
        and query.subject in (None, one.subject)
        and query.kind in (None, one.kind)
        and (query.since_ns is None or one.time_ns >= query.since_ns)
        and (query.before_ns is None or one.time_ns < query.before_ns)
    )


def _times() -> st.SearchStrategy[int | None]:
    return st.one_of(st.none(), st.integers(0, 33_000).map(lambda number: BEGIN_NS + number * SECOND))


@settings(deadline=None, max_examples=40)
@given(
    st.builds(
        Query,
        actor=st.sampled_from([None, "person:1", "person:4", "nobody"]),
        subject=st.sampled_from([None, "device:0", "device:6", "nothing"]),
        kind=st.sampled_from([None, "device.read", "device.update", "never"]),
        since_ns=_times(),
        before_ns=_times(),
    ),
    st.integers(100, 1000),
)
def test_pages_hold_what_a_plain_walk_finds(filled: Ledger, query: Query, limit: int) -> None:
    size = filled.size()
    expected = [number for number in range(size - 1, -1, -1) if _fits(record(number), query)]
    found: list[int] = []
    before: int | None = None
    for _ in range(20):
        page = ask(filled, query, before=before, limit=limit)
        found += [entry.position for entry in page.entries]
        before = page.next
        if before is None:
            break
    assert found == expected[: len(found)]
    if before is None:
        assert len(found) == len(expected)


def test_a_page_does_not_move_when_more_is_appended(ledger: Ledger) -> None:
    ledger.append_all([record(number) for number in range(10)])
    first = ask(ledger, Query(), limit=3)
    ledger.append(record(10))
    second = ask(ledger, Query(), before=first.next, limit=3)
    assert [entry.position for entry in (*first.entries, *second.entries)] == [9, 8, 7, 6, 5, 4]


def test_an_empty_ledger_has_one_empty_page(ledger: Ledger) -> None:
    page = ask(ledger, Query(kind="device.read"))
    assert (page.entries, page.next) == ((), None)


def test_kinds_are_listed_once(ledger: Ledger) -> None:
    ledger.append_all([record(number) for number in range(10)])
    ledger.append(record(11))
    assert ledger.kinds() == ["device.read", "device.update", "devices.read"]


def _of(number: int, patient: str) -> Record:
    return dataclasses.replace(record(number), patient=patient)


def test_a_patient_s_entries_are_found_a_page_at_a_time(ledger: Ledger) -> None:
    ledger.append_all([_of(number, ("", "patient:a", "patient:b")[number % 3]) for number in range(30)])
    first = ask_of_patient(ledger, "patient:a", limit=7)
    assert [entry.position for entry in first.entries] == [28, 25, 22, 19, 16, 13, 10]
    rest = ask_of_patient(ledger, "patient:a", before=first.next, limit=7)
    assert ([entry.position for entry in rest.entries], rest.next) == ([7, 4, 1], None)
    assert ask_of_patient(ledger, "").entries == ()
    assert ask_of_patient(ledger, "patient:c").entries == ()


def test_a_ledger_of_the_first_format_learns_which_entries_name_a_patient(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "ledger", tmp_path / "keys") as before:
        before.append_all([_of(number, "patient:a" if number == 3 else "") for number in range(6)])
        path = before.path
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE patients")
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    with Ledger.open(tmp_path / "ledger", tmp_path / "keys") as after:
        after.append(_of(6, "patient:a"))
        assert [entry.position for entry in ask_of_patient(after, "patient:a").entries] == [6, 3]
        assert check(after).passed
