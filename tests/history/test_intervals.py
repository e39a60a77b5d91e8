"""An address belongs to one device at a time, and a conversation to the one that had it when it began."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from asepsis.history import AddressInterval, CaptureSource, History, Selection
from asepsis.history.intervals import interval_table
from asepsis.kernel.time import SECOND_NS
from tests.history.material import NOON, rows


def owner(intervals: list[AddressInterval], moment: int) -> str | None:
    """By the rule itself: of those that hold the address now, the one that got it last."""
    holding = [interval for interval in intervals if interval.from_ns <= moment < interval.until_ns]
    if not holding:
        return None
    return max(holding, key=lambda interval: (interval.from_ns, interval.until_ns, interval.device)).device


INTERVALS = st.lists(
    st.builds(
        lambda device, begin, length: AddressInterval(
            site="north", ip="192.0.2.10", device=device, from_ns=begin, until_ns=begin + length
        ),
        st.sampled_from("ABCD"),
        st.integers(0, 30),
        st.integers(0, 12),
    ),
    max_size=8,
)


@given(intervals=INTERVALS)
def test_overlapping_claims_become_one_owner_at_a_time(intervals: list[AddressInterval]) -> None:
    apart = interval_table(intervals).to_pylist()
    for moment in range(45):
        found = [row["device"] for row in apart if row["from_ns"] <= moment < row["until_ns"]]
        assert found == [owner(intervals, moment)] or (found == [] and owner(intervals, moment) is None)


def test_a_lease_that_moves_moves_the_conversations_too(tmp_path: Path) -> None:
    history = History(tmp_path)
    with history.writer(site="north", capture="aa") as writer:
        writer.conversations(rows(4))  # at noon and each second after it
        writer.commit(CaptureSource(path="x"))
    ip = "192.0.2.10"
    addresses = [
        AddressInterval(site="north", ip=ip, device="pump", until_ns=NOON + 2 * SECOND_NS),
        AddressInterval(site="north", ip=ip, device="monitor", from_ns=NOON + 2 * SECOND_NS),
        AddressInterval(site="north", ip="198.51.100.1", device="engine"),
        AddressInterval(site="south", ip=ip, device="of another site"),
    ]
    with history.reader(addresses) as reader:
        found = [(row["client_device"], row["server_device"]) for row in reader.conversations().documents()]
        assert found == [("pump", "engine")] * 2 + [("monitor", "engine")] * 2
        for device, expected in (("pump", 2), ("monitor", 2), ("engine", 4), ("of another site", 0)):
            assert len(list(reader.conversations(Selection(device=device)).rows())) == expected
    with history.reader() as reader:
        assert {row["client_device"] for row in reader.conversations().documents()} == {None}
