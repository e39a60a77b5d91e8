"""The progress line: nothing where nobody looks, everything that matters where somebody does."""

from __future__ import annotations

import io

from asepsis.cli.progress import ProgressLine, clock_time, describe, thousands
from asepsis.pipeline.report import Progress


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def progress(*, done: int = 500_000_000, total: int = 1_000_000_000, files: int = 3, drops: int = 0) -> Progress:
    return Progress(
        path="/captures/ward.pcapng",
        files_done=1,
        files=files,
        bytes_done=done,
        bytes_total=total,
        packets=1_200_000,
        drops=drops,
    )


def drawn(stream: io.StringIO, seconds: float) -> str:
    clock = Clock()
    with ProgressLine(stream, clock) as line:
        clock.now += seconds
        line.update(progress())
    return stream.getvalue()


def test_a_pipe_gets_not_one_byte() -> None:
    assert drawn(io.StringIO(), 60) == ""


def test_what_is_over_in_two_seconds_shows_nothing() -> None:
    assert drawn(Terminal(), 1.9) == ""


def test_a_terminal_sees_file_rates_and_time_left_after_two_seconds() -> None:
    shown = drawn(Terminal(), 5)
    for part in ("ward.pcapng 2/3", "100 MB/s", "240 k packets/s", "0:05 left"):
        assert part in shown


def test_a_pipe_or_interface_of_unknown_length_promises_no_time() -> None:
    text = describe(progress(total=0), 5)
    assert "left" not in text
    assert "100 MB/s" in text


def test_drops_are_named_when_there_are_any() -> None:
    assert "12 dropped" in describe(progress(drops=12), 5)
    assert "dropped" not in describe(progress(), 5)


def test_a_single_file_is_not_counted() -> None:
    assert "/1" not in describe(progress(files=1), 5)


def test_a_hostile_file_name_cannot_steer_the_terminal() -> None:
    state = progress()
    state.path = "\x1b[2Jward.pcap"
    assert "\x1b" not in describe(state, 5)


def test_a_long_file_name_leaves_room_for_the_figures() -> None:
    state = progress(files=1)
    state.path = "x" * 200 + ".pcap"
    assert len(describe(state, 5)) < 80


def test_numbers_read_at_a_glance() -> None:
    assert [thousands(number) for number in (12, 999, 1_000, 480_000, 999_600, 4_600_000)] == [
        "12",
        "999",
        "1 k",
        "480 k",
        "1.0 M",
        "4.6 M",
    ]


def test_time_left_reads_as_a_clock() -> None:
    assert [clock_time(seconds) for seconds in (-3, 0, 9.4, 72, 4000)] == ["0:00", "0:00", "0:09", "1:12", "1:06:40"]
