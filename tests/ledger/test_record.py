"""Records have one spelling, and are read back as they were."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asepsis.ledger import Action, LedgerError, Outcome, Record, new_id
from asepsis.ledger.record import (
    RECORD_LIMIT_BYTES,
    canonical,
    document_of,
    exact_time,
    read_record,
    record_bytes,
    time_of,
)
from tests.ledger.records import record

texts = st.text(max_size=20).filter(lambda text: text.encode("utf-8", "replace").decode() == text)
names = st.lists(texts, max_size=3).map(tuple)
details = st.dictionaries(texts, st.one_of(texts, st.integers(), st.booleans(), names), max_size=4)
records = st.builds(
    Record,
    id=st.text("abcdef-0123456789", min_size=1, max_size=40),
    time_ns=st.integers(0, 4_000_000_000_000_000_000),
    action=st.sampled_from(Action),
    outcome=st.sampled_from(Outcome),
    **{name: texts for name, hint in get_type_hints(Record).items() if hint is str and name != "id"},
    roles=names,
    policies=names,
    details=details,
)


@given(records)
def test_the_written_out_spelling_is_that_of_the_encoder(one: Record) -> None:
    assert record_bytes(one) == canonical(document_of(one))


@given(records)
def test_a_record_is_read_back_as_it_was(one: Record) -> None:
    assert read_record(record_bytes(one)) == one


@given(st.binary(max_size=200))
def test_bytes_that_are_no_record_are_none(body: bytes) -> None:
    assert read_record(body) is None


def test_a_record_with_a_missing_or_foreign_member_is_none() -> None:
    document = json.loads(record_bytes(record(1)))
    for name in document:
        if name != "format":
            assert read_record(canonical({key: document[key] for key in document if key != name})) is None, name
    assert read_record(canonical({**document, "action": "burn"})) is None


def test_times_keep_their_nanoseconds() -> None:
    assert exact_time(1_790_000_000_123_456_789) == "2026-09-21T14:13:20.123456789Z"
    assert time_of("2026-09-21T14:13:20.123456789Z") == 1_790_000_000_123_456_789
    for text in ("", "2026-09-21T14:13:20.123456789", "2026-09-21T14:13:20Z", "2026-13-21T14:13:20.123456789Z"):
        with pytest.raises(ValueError, match=r"time|month"):
            time_of(text)


def test_half_a_surrogate_pair_stops_no_record() -> None:
    assert b'"reason":"a?b"' in record_bytes(record(1, reason="a\ud800b"))


def test_a_record_that_is_too_large_or_has_no_id_is_refused() -> None:
    with pytest.raises(LedgerError, match="65536 bytes"):
        record_bytes(record(1, reason="x" * RECORD_LIMIT_BYTES))
    for id_ in ("", "x" * 65, "a\nb"):
        with pytest.raises(LedgerError, match="id"):
            record_bytes(record(1, id=id_))


def test_ids_are_of_uuid_version_7_and_sort_by_time() -> None:
    now_ns = 1_790_000_000_123_456_789
    one, other = new_id(now_ns), new_id(now_ns + 1_000_000)
    assert one < other
    assert one != new_id(now_ns)
    assert one[14] == "7"
    assert one[19] in "89ab"
    milliseconds = int(one[:8] + one[9:13], 16)
    assert datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat() == "2026-09-21T14:13:20.123000+00:00"
