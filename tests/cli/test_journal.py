"""What a service manager's journal reads while an interface is watched."""

from __future__ import annotations

import io

import pytest

from asepsis.cli.journal import EVERY_SECONDS, Journal
from asepsis.pipeline.report import Progress


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def at(packets: int, drops: int = 0) -> Progress:
    return Progress(
        path="mirror0", files_done=0, files=1, bytes_done=packets * 100, bytes_total=0, packets=packets, drops=drops
    )


def test_start_one_line_a_minute_and_the_end_are_written() -> None:
    stream, clock = io.StringIO(), Clock()
    with Journal("mirror0", stream, clock) as journal:
        for second in range(1, int(2.5 * EVERY_SECONDS)):
            clock.now = second
            journal.update(at(second))
    lines = stream.getvalue().splitlines()
    assert [line.split("event=")[1].split(" interface")[0] for line in lines] == [
        "watching",
        "counted",
        "counted",
        "stopped",
    ]
    assert all("interface=mirror0" in line for line in lines)
    assert "packets=149" in lines[-1]


def test_the_first_drop_is_told_at_once_and_a_flood_of_drops_once_a_minute() -> None:
    stream, clock = io.StringIO(), Clock()
    with Journal("mirror0", stream, clock) as journal:
        for second in range(1, int(1.5 * EVERY_SECONDS)):
            clock.now = second
            journal.update(at(second, drops=second))
    warnings = [line for line in stream.getvalue().splitlines() if "level=warning" in line]
    assert len(warnings) == 2
    assert "drops=1" in warnings[0]


def test_a_failure_is_named_without_its_words() -> None:
    stream = io.StringIO()
    journal = Journal("mirror0", stream, Clock())
    journal.update(at(1))
    with pytest.raises(ValueError, match="MARTHA"), journal:
        raise ValueError("MARTHA CANARY 1958-04-01")
    assert "error=ValueError" in stream.getvalue()
    assert "MARTHA" not in stream.getvalue()


def test_a_capture_that_never_began_leaves_the_word_to_the_error_line() -> None:
    stream = io.StringIO()
    with pytest.raises(OSError, match="no such interface"), Journal("nowhere0", stream, Clock()):
        raise OSError("no such interface")
    assert stream.getvalue() == ""
