"""Changes of identity in words, and how long a silence is."""

from asepsis.cli.events import event_lines
from asepsis.cli.standing import duration, status_words


def event(**members: str) -> dict[str, str]:
    return {"at": "2026-01-31T09:30:00.000000Z", "device": "d-1", "attribute": "firmware", **members}


def test_an_event_is_one_line() -> None:
    names = {"d-1": "ct-1", "d-2": "ct-2"}
    (line,) = event_lines([event(before="VB10A", after="VB20A")], names)
    assert line == "2026-01-31 09:30  ct-1  firmware VB10A, now VB20A"
    (line,) = event_lines([event(attribute="address", before="held by d-2", after="10.0.0.5")], names)
    assert line == "2026-01-31 09:30  ct-1  address 10.0.0.5, before held by ct-2"


def test_signs_that_move_the_cursor_are_shown_and_not_sent() -> None:
    (line,) = event_lines([event(before="1\x1b[2J", after="2")], {})
    assert "\x1b" not in line


def test_silence_is_told_in_the_largest_unit_that_fits() -> None:
    assert [duration(seconds) for seconds in (5, 60, 150, 3600, 86_400 * 3)] == [
        *("less than a minute", "1 minute", "2 minutes", "1 hour", "3 days"),
    ]
    rhythm = {"silent_seconds": 7200, "gaps": 1, "usual_gap_seconds": 60, "overdue_after_seconds": 3600}
    assert status_words({"status": "overdue", "rhythm": rhythm}) == (
        "overdue: silent for 2 hours; overdue after 1 hour (from 1 gap)"
    )
    assert status_words({}) == ""
