"""What devices say of themselves reaches terminals and spreadsheets without acting there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asepsis.cli.text import showable, spreadsheet_cell


def test_ordinary_text_of_any_language_is_left_as_it_is() -> None:
    assert showable("Röntgen 3 · 監視装置 · Säle") == "Röntgen 3 · 監視装置 · Säle"


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b]0;owned\x07", "\\x1b]0;owned\\x07"),  # sets the title of a terminal (ECMA-48, xterm OSC 0)
        ("\x9b31mred", "\\x9b31mred"),  # the C1 form of ESC [
        ("pump\r\nroot: yes", "pump\\x0d\\x0aroot: yes"),  # a second line that we did not write
        ("gp\u202egnp.exe", "gp\\u202egnp.exe"),  # right-to-left override
        ("a\u200bb", "a\\u200bb"),  # zero width space: looks like "ab" and is not
        ("caf\udce9.pcap", "caf\\udce9.pcap"),  # a file name that is not UTF-8, as Python reads it
    ],
)
def test_signs_that_a_terminal_obeys_are_spelled_out(hostile: str, shown: str) -> None:
    assert showable(hostile) == shown


@given(st.text(st.characters()))
def test_shown_text_can_always_be_encoded_and_holds_no_control_character(text: str) -> None:
    shown = showable(text)
    shown.encode("utf-8")
    assert all(sign.isprintable() or ord(sign) > 0x9F for sign in shown)


@pytest.mark.parametrize("formula", ["=cmd()", "+1", "-1", "@SUM(A1)"])
def test_a_spreadsheet_takes_no_cell_for_a_formula(formula: str) -> None:
    assert spreadsheet_cell(formula) == "'" + formula


def test_a_plain_cell_is_left_as_it_is() -> None:
    assert spreadsheet_cell("CT-1") == "CT-1"
