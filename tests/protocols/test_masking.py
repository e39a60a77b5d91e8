"""Text that is fit to keep: printable, bounded, and without what may name somebody."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asepsis.protocols.masking import MASK_WINDOW, TEXT_LIMIT, masked, printable, printable_text


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("/wado/12345678/series", "/wado/#/series"),
        ("/studies/1.2.840.113619.2.55/x", "/studies/#/x"),
        ("/fhir/Patient/f3a-b/Observation", "/fhir/Patient/#/Observation"),
        ("ward/PATIENTS/jane.doe/hr", "ward/PATIENTS/#/hr"),
        ("patient=doe", "patient=#"),
        ("x/mrn/77-1/y", "x/mrn/#/y"),
        ("/api/3f2504e0-4f89-11d3-9a0c-0305e82c3301/x", "/api/#/x"),
        ("/t/0123456789abcdef0123", "/t/#"),
        ("born-19700101", "born-#"),
        ("٠١٢٣٤٥", "#"),
    ],
)
def test_what_may_name_somebody_is_replaced(written: str, kept: str) -> None:
    assert masked(written.encode()) == kept


@pytest.mark.parametrize(
    "text", ["/js/jquery-1.10.3.4.js", "/cgi-bin/luci", "\\\\10.0.0.9\\IPC$", "bed/12/hr", "/patient", "a-b-c-d-1234"]
)
def test_what_tells_a_device_stays(text: str) -> None:
    assert masked(text.encode()) == text


def test_a_number_that_reaches_over_the_limit_leaves_no_digit() -> None:
    kept = masked(b"x" * (TEXT_LIMIT - 4) + b"123456789")
    assert kept.endswith("x#")
    assert len(masked(b"1 " * MASK_WINDOW)) == TEXT_LIMIT


@given(st.binary(max_size=600))
def test_any_bytes_become_printable_bounded_text(data: bytes) -> None:
    for text in (printable(data), masked(data)):
        assert text.isprintable()
        assert len(text) <= TEXT_LIMIT
        text.encode()


def test_signs_that_cannot_be_shown_become_full_stops() -> None:
    assert printable(b"a\x00b\r\n\x1b[31m") == "a.b...[31m"
    assert printable_text("caf\u00e9\u202e") == "caf\u00e9."
