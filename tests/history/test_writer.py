"""A capture goes into the history whole, once, by day."""

from __future__ import annotations

import json
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asepsis.history import CaptureSource, History, HistoryError, Selection, manifest
from asepsis.history.layout import MAX_DAYS_OF_ONE_CAPTURE
from asepsis.protocols.message import Malformed
from tests.history.material import DAY, NOON, rows, sighting

SOURCE = CaptureSource(path="ward.pcap")


def stored_files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*.parquet"))


def count(history: History, question: str = "conversations") -> int:
    with history.reader() as reader:
        return sum(1 for _ in reader.ask(question).rows())


def test_nothing_is_visible_before_the_commit_and_everything_after_it(tmp_path: Path) -> None:
    history = History(tmp_path / "history")
    writer = history.writer(site="north", capture="aa")
    writer.conversations(rows(3))
    writer.message(sighting())
    assert count(history) == 0
    stored = writer.commit(SOURCE)
    assert (stored.added, stored.conversations, stored.messages, stored.files) == (True, 3, 1, 2)
    assert count(history) == 3
    assert count(history, "messages") == 1


def test_the_same_capture_twice_adds_nothing(tmp_path: Path) -> None:
    history = History(tmp_path)
    for expected in (True, False):
        with history.writer(site="north", capture="aa") as writer:
            writer.conversations(rows(3))
            assert writer.commit(SOURCE).added is expected
    assert history.holds("aa", "north")
    assert not history.holds("aa", "south")
    assert count(history) == 3
    assert len(stored_files(tmp_path)) == 1
    assert not list((tmp_path / "staging").iterdir())


def test_two_sites_may_hold_the_same_capture(tmp_path: Path) -> None:
    history = History(tmp_path)
    for site in ("north", "south"):
        with history.writer(site=site, capture="aa") as writer:
            writer.conversations(rows(2))
            assert writer.commit(SOURCE).added
    assert count(history) == 4


def test_an_interface_may_commit_again_and_again(tmp_path: Path) -> None:
    history = History(tmp_path)
    for _ in range(2):
        with history.writer(site="north", capture="interface:eth1") as writer:
            writer.conversations(rows(1))
            assert writer.commit(CaptureSource(path="eth1", digest="")).added
    assert count(history) == 2


def test_a_digest_that_is_known_only_at_the_end_counts(tmp_path: Path) -> None:
    history = History(tmp_path)
    for expected in (True, False):
        with history.writer(site="north", capture="stdin") as writer:
            writer.conversations(rows(1))
            assert writer.commit(CaptureSource(path="-", digest="bb")).added is expected


def test_a_capture_without_any_row_is_held_too(tmp_path: Path) -> None:
    history = History(tmp_path)
    assert history.writer(site="north", capture="aa").commit(SOURCE).files == 0
    assert history.holds("aa", "north")
    assert [capture.path for capture in history.captures()] == ["ward.pcap"]


def test_each_day_has_its_own_file_and_no_row_is_lost_between_them(tmp_path: Path) -> None:
    history = History(tmp_path)
    with history.writer(site="north", capture="aa") as writer:
        writer.conversations(rows(3, step_ns=DAY))
        for day in range(3):
            writer.message(sighting(time_ns=NOON + day * DAY))
        writer.commit(SOURCE)
    folders = {path.rsplit("/", 1)[0] for path in stored_files(tmp_path)}
    assert folders == {
        f"{table}/site=north/day=2023-11-{day}" for table in ("conversations", "messages") for day in (15, 16, 17)
    }
    assert count(history) == count(history, "messages") == 3


def test_midnight_belongs_to_the_new_day(tmp_path: Path) -> None:
    history = History(tmp_path)
    midnight = NOON + DAY // 2
    with history.writer(site="north", capture="aa") as writer:
        writer.conversations(rows(2, start_ns=midnight - 1, step_ns=1))
        writer.commit(SOURCE)
    assert [path.split("/")[2] for path in stored_files(tmp_path)] == ["day=2023-11-15", "day=2023-11-16"]


def test_a_capture_of_countless_days_makes_a_bounded_number_of_files(tmp_path: Path) -> None:
    history = History(tmp_path)
    days = 5_000
    with history.writer(site="north", capture="aa") as writer:
        writer.conversations(rows(days, start_ns=-1_000 * DAY, step_ns=DAY))
        stored = writer.commit(SOURCE)
    assert stored.files <= 2 * MAX_DAYS_OF_ONE_CAPTURE + 2
    assert count(history) == days
    with history.reader() as reader:
        one = Selection(first_day=date(1983, 5, 17), last_day=date(1983, 5, 17))
        assert sum(1 for _ in reader.conversations(one).rows()) == 0
        one = Selection(first_day=date(1975, 5, 17), last_day=date(1975, 5, 17))
        assert sum(1 for _ in reader.conversations(one).rows()) == 1


def test_the_engine_may_reuse_its_array(tmp_path: Path) -> None:
    history = History(tmp_path)
    shared = rows(1)
    with history.writer(site="north", capture="aa") as writer:
        writer.conversations(shared)
        shared["server_port"] = 1
        writer.commit(SOURCE)
    with history.reader() as reader:
        assert [row["server_port"] for row in reader.conversations().documents()] == [2575]


def test_rows_need_not_lie_side_by_side(tmp_path: Path) -> None:
    history = History(tmp_path)
    everything = rows(100)
    with history.writer(site="north", capture="aa") as writer:
        writer.conversations(everything[::3])
        writer.conversations(everything[:0])
        writer.commit(SOURCE)
    with history.reader() as reader:
        assert [row[0] for row in reader.conversations().rows()] == everything["start_ns"][::3].tolist()


def test_an_array_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="CONVERSATIONS"):
        History(tmp_path).writer(site="north", capture="aa").conversations(np.zeros(1, np.int64))


def test_a_writer_that_is_left_without_commit_leaves_nothing(tmp_path: Path) -> None:
    history = History(tmp_path)
    with history.writer(site="north", capture="aa") as writer:
        writer.conversations(rows(200_000, step_ns=1))  # enough that some of it is on the disk already
        assert stored_files(tmp_path)
    assert stored_files(tmp_path) == []
    assert not list((tmp_path / "staging").iterdir())
    assert not history.holds("aa", "north")


def test_a_writer_is_of_no_use_after_its_commit(tmp_path: Path) -> None:
    writer = History(tmp_path).writer(site="north", capture="aa")
    writer.commit(SOURCE)
    writer.conversations(rows(1))
    with pytest.raises(ValueError, match="committed"):
        writer.commit(SOURCE)


def test_many_batches_are_all_there_whatever_their_sizes(tmp_path: Path) -> None:
    history = History(tmp_path)
    chance = random.Random(5)
    everything = rows(300_000, step_ns=1_000)
    begin = 0
    with history.writer(site="north", capture="aa") as writer:
        while begin < len(everything):
            size = chance.choice((1, 7, 1_000, 65_536, 150_000))
            writer.conversations(everything[begin : begin + size])
            begin += size
        assert writer.commit(SOURCE).conversations == len(everything)
    with history.reader() as reader:
        found = [row[0] for row in reader.conversations().rows()]
    assert found == everything["start_ns"].tolist()


def test_a_name_that_is_no_text_becomes_one(tmp_path: Path) -> None:
    history = History(tmp_path)
    with history.writer(site="north", capture="aa") as writer:
        for address in ("\ud800", "?", "192.0.2.1", "\udfff"):
            writer.message(sighting()._replace(source_ip=address))
        writer.commit(SOURCE)
    with history.reader() as reader:
        assert [row["source_ip"] for row in reader.messages().documents()] == ["?", "?", "192.0.2.1", "?"]


def test_thousands_of_messages_keep_their_order_and_all_that_they_say(tmp_path: Path) -> None:
    history = History(tmp_path)
    chance = random.Random(9)
    said = [
        sighting(
            f"words {chance.randrange(50)}",
            time_ns=NOON + number,
            packet=number + 1,
            numbers=[chance.randrange(3)] * chance.randrange(3),
        )
        for number in range(20_000)
    ]
    with history.writer(site="north", capture="aa") as writer:
        for one in said:
            writer.message(one)
        assert writer.commit(SOURCE).messages == len(said)
    with history.reader() as reader:
        found = [(row["time_ns"], row["packet"], json.loads(row["facts"])) for row in reader.messages().documents()]
    assert found == [(one.time_ns, one.packet, one.message.facts()) for one in said]


def test_malformed_input_is_counted_and_not_stored(tmp_path: Path) -> None:
    history = History(tmp_path)
    writer = history.writer(site="north", capture="aa")
    for _ in range(2):
        writer.malformed(Malformed(protocol="hl7", where="MSH-1", why="no separator"))
    stored = writer.commit(SOURCE)
    assert stored.malformed == {"hl7": 2}
    assert stored.messages == 0
    assert history.captures()[0].malformed == 2


def test_a_message_keeps_where_it_was_seen_and_its_facts_as_json(tmp_path: Path) -> None:
    history = History(tmp_path)
    with history.writer(site="north", capture="aa") as writer:
        writer.message(sighting('Größe "quoted" \ud800 \x00', packet=42, numbers=[1, 2]))
        writer.commit(SOURCE)
    with history.reader() as reader:
        (row,) = reader.messages().documents()
    assert json.loads(row.pop("facts")) == {"words": 'Größe "quoted" ? \x00', "numbers": [1, 2]}
    assert row == {
        "time_ns": NOON,
        "site": "north",
        "capture": "aa",
        "packet": 42,
        "protocol": "greeting",
        "kind": "HELLO",
        "source_ip": "192.0.2.10",
        "source_port": 40_000,
        "destination_ip": "198.51.100.1",
        "destination_port": 2575,
        "source_mac": "00:00:5e:00:53:01",
        "destination_mac": "00:00:5e:00:53:02",
        "vlan": 7,
        "conversation": 0,
        "source_device": None,
        "destination_device": None,
    }


@pytest.mark.parametrize("site", ["", " north", "north ", "a/b", "..", "a\nb", "north\n", "x" * 65, "ö" * 50, "a'b"])
def test_a_name_that_cannot_be_a_site_is_refused(tmp_path: Path, site: str) -> None:
    with pytest.raises(HistoryError) as error:
        History(tmp_path).writer(site=site, capture="aa")
    assert error.value.code == "site-name"


@pytest.mark.parametrize("site", ["St. Mary North", "köln-west", "東京"])
def test_a_site_may_have_the_name_that_people_use(tmp_path: Path, site: str) -> None:
    history = History(tmp_path)
    with history.writer(site=site, capture="aa") as writer:
        writer.conversations(rows(1))
        writer.commit(SOURCE)
    with history.reader() as reader:
        assert [row["site"] for row in reader.conversations(Selection(site=site)).documents()] == [site]
        assert list(reader.conversations(Selection(site="other")).rows()) == []


def test_a_folder_with_the_signs_of_a_pattern_and_of_sql_is_only_a_folder(tmp_path: Path) -> None:
    history = History(tmp_path / "it's [a] ward*? ; DROP")
    with history.writer(site="north", capture="aa") as writer:
        writer.conversations(rows(2))
        writer.commit(SOURCE)
    assert count(history) == 2


def test_the_hundredth_commit_reads_no_more_of_the_manifest_than_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed = 0
    parse = manifest._parse

    def counting(line: bytes) -> dict[str, Any] | None:
        nonlocal parsed
        parsed += 1
        return parse(line)

    monkeypatch.setattr(manifest, "_parse", counting)
    history = History(tmp_path)
    for number in range(100):
        assert not history.holds(str(number), "north")
        history.writer(site="north", capture=str(number)).commit(SOURCE)
    assert parsed <= 100  # what it wrote itself, it need not read
    assert len(History(tmp_path).captures()) == 100


def test_threads_may_share_a_history(tmp_path: Path) -> None:
    history = History(tmp_path)

    def write(thread: int) -> int:
        added = 0
        for number in range(thread, thread + 8):  # half of them are another thread's too
            with history.writer(site="north", capture=str(number)) as writer:
                writer.conversations(rows(1))
                added += writer.commit(SOURCE).added
        return added

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(write, range(0, 16, 4))) == 20
    assert count(history) == 20
    assert len(stored_files(tmp_path)) == 20
