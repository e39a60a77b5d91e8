"""What changed between two forms."""

from __future__ import annotations

import pytest

from asepsis.exposure.mds2 import Form, Mds2Error, difference, read_form


def form(*lines: str) -> Form:
    padding = [f"ALOF-{number},x,No" for number in range(1, 9)]
    return read_form("form.csv", "\n".join([*lines, *padding]).encode())


def test_answers_notes_and_questions_that_came_or_went_are_told_in_order() -> None:
    before = form("TXCF-2,x,No,", "TXCF-3,x,Yes,1", "TXCF-4,x,No,", "DOC-3,Model,A1,")
    after = form("TXCF-2,x,Yes,", "TXCF-3,x,Yes,2", "TXCF-5,x,No,", "DOC-3,Model,a1,")
    changes = difference(before, after)
    assert [(change.id, change.only_note) for change in changes] == [
        ("TXCF-2", False),
        ("TXCF-3", True),
        ("TXCF-5", False),
        ("TXCF-4", False),
    ]
    assert difference(before, before) == ()
    assert changes[2].document()["before"] is None


def test_forms_of_two_editions_are_not_compared() -> None:
    old = read_form("old.csv", "\n".join(f"1-{number},is it so,No" for number in range(1, 9)).encode())
    with pytest.raises(Mds2Error, match="two editions"):
        difference(old, form())
