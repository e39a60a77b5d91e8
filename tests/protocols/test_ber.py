"""Basic Encoding Rules as far as SNMP uses them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asepsis.protocols.ber import ARCS_LIMIT, contents_of, dotted, element, expect, integer
from asepsis.protocols.fields import MalformedError

ARCS = st.lists(st.integers(0, 2**32 - 1), max_size=20)


@given(st.tuples(st.integers(0, 1), st.integers(0, 39)), ARCS)
def test_an_identifier_written_and_read_is_the_same(first_two: tuple[int, int], others: list[int]) -> None:
    identifier = ".".join(map(str, (*first_two, *others)))
    assert dotted(contents_of(identifier)) == identifier


def test_an_identifier_without_end_is_cut() -> None:
    assert dotted(b"\x01" * 5000).count(".") < ARCS_LIMIT
    assert dotted(b"\xff" * 5000) == ""


@pytest.mark.parametrize(
    ("octets", "found"),
    [
        (b"\x04\x02ab", (4, 2, 4)),
        (b"\x04\x81\x02ab", (4, 3, 5)),  # X.690 8.1.3.5: a long form may be longer than needed
        (b"\x04\x84\0\0\0\x02ab", (4, 6, 8)),
    ],
)
def test_short_and_long_lengths_are_read(octets: bytes, found: tuple[int, int, int]) -> None:
    assert element(octets, 0, len(octets)) == found


@pytest.mark.parametrize(
    "octets", [b"", b"\x04", b"\x04\x03ab", b"\x04\x80ab\0\0", b"\x04\x85\0\0\0\0\x02ab", b"\x04\x82\x01"]
)
def test_what_runs_over_the_end_or_has_no_definite_length_is_malformed(octets: bytes) -> None:
    with pytest.raises(MalformedError):
        element(octets, 0, len(octets))


def test_an_integer_has_a_sign_and_a_limit() -> None:
    assert integer(b"\x02\x01\xff", 0, 3, "x") == (-1, 3)
    assert integer(b"\x02\x01\xff", 0, 3, "x", signed=False) == (255, 3)
    with pytest.raises(MalformedError):
        integer(b"\x02\x00", 0, 2, "x")
    with pytest.raises(MalformedError):
        integer(b"\x02\x0a" + bytes(10), 0, 12, "x")


def test_another_tag_names_what_was_expected() -> None:
    with pytest.raises(MalformedError) as caught:
        expect(b"\x02\x01\0", 0, 3, 4, "community")
    assert caught.value.where == "community"
