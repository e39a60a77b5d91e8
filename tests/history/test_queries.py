"""Each question of the catalogue gives what counting by hand gives."""

from __future__ import annotations

import csv
import io
import json
import os
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from asepsis.history import CONTRACT_COLUMNS, AddressInterval, CaptureSource, History, HistoryError, Reader, Selection
from asepsis.history import reader as module
from asepsis.history.queries import CATALOGUE
from tests.history.material import DAY, NOON, rows, set_address, sighting

Document = dict[str, Any]


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """Two sites, three days, two clients: small enough to count by hand."""
    history = History(tmp_path / "history")
    for site, capture, client, count in (("north", "aa", "192.0.2.10", 6), ("south", "bb", "192.0.2.20", 3)):
        with history.writer(site=site, capture=capture) as writer:
            made = rows(count, step_ns=DAY // 2)
            set_address(made, "client", client)
            made["application"][::3] = 14
            made["bytes_to_server"] = range(100, 100 + count)
            writer.conversations(made)
            for number in range(count):
                writer.message(sighting(f"words {number % 2}", time_ns=NOON + number * DAY // 2, packet=number + 1))
            writer.commit(CaptureSource(path="x"))
    addresses = [
        AddressInterval(site="north", ip="192.0.2.10", device="pump"),
        AddressInterval(site="north", ip="198.51.100.1", device="engine"),
    ]
    with history.reader(addresses) as opened:
        yield opened


def ask(reader: Reader, name: str, **narrowed: Any) -> list[Document]:
    return list(reader.ask(name, Selection(**narrowed)).documents())


def test_every_question_answers_with_no_history_at_all(tmp_path: Path) -> None:
    with History(tmp_path / "absent").reader() as reader:
        for name in CATALOGUE:
            assert list(reader.ask(name).rows()) == []
    assert not (tmp_path / "absent").exists()


def test_conversations_come_in_time_and_are_narrowed_by_everything_that_is_offered(reader: Reader) -> None:
    found = ask(reader, "conversations")
    assert len(found) == 9
    assert [row["start_ns"] for row in found] == sorted(row["start_ns"] for row in found)
    assert len(ask(reader, "conversations", site="south")) == 3
    assert len(ask(reader, "conversations", limit=4)) == 4
    assert len(ask(reader, "conversations", application="dicom")) == 3
    assert len(ask(reader, "conversations", address="192.0.2.20")) == 3
    assert len(ask(reader, "conversations", device="engine", application="hl7")) == 4
    # Noon, midnight, noon, midnight, noon, midnight: 15 November holds one of each site, 16 November two of each.
    assert len(ask(reader, "conversations", last_day=date(2023, 11, 15))) == 2
    assert len(ask(reader, "conversations", first_day=date(2023, 11, 16), last_day=date(2023, 11, 16))) == 4
    assert len(ask(reader, "conversations", first_day=date(2023, 11, 17))) == 3
    assert ask(reader, "conversations", first_day=date(2030, 1, 1)) == []


def test_details_have_every_stored_column_and_the_devices(reader: Reader) -> None:
    first = ask(reader, "conversation-details", site="north", limit=1)[0]
    assert first["client_mac"] == "00:00:5e:00:53:01"
    assert first["capture"] == "aa"
    assert first["first_packet"] == 1
    assert first["client_device"] == "pump"
    assert set(CONTRACT_COLUMNS) < set(first)


def test_messages_are_narrowed_by_protocol_kind_device_and_address(reader: Reader) -> None:
    assert len(ask(reader, "messages")) == 9
    assert len(ask(reader, "messages", protocol="greeting", kind="HELLO")) == 9
    assert ask(reader, "messages", protocol="dicom") == []
    assert len(ask(reader, "messages", device="pump")) == 6
    assert len(ask(reader, "messages", address="192.0.2.10", site="south")) == 3
    assert {row["destination_device"] for row in ask(reader, "messages", site="north")} == {"engine"}


def test_counts_by_protocol_and_by_application(reader: Reader) -> None:
    assert ask(reader, "messages-by-protocol") == [
        {"protocol": "greeting", "kind": "HELLO", "messages": 9, "first_ns": NOON, "last_ns": NOON + 5 * DAY // 2}
    ]
    counted = {
        row["application"]: (row["conversations"], row["packets"])
        for row in ask(reader, "conversations-by-application")
    }
    assert counted == {"hl7": (6, 18), "dicom": (3, 9)}


def test_talkers_count_each_end_of_a_conversation_once(reader: Reader) -> None:
    expected: Counter[tuple[str, str, str]] = Counter()
    for row in ask(reader, "conversations"):
        expected[row["site"], row["client_ip"], "sent"] += row["bytes_to_server"]
        expected[row["site"], row["client_ip"], "received"] += row["bytes_to_client"]
        expected[row["site"], row["server_ip"], "sent"] += row["bytes_to_client"]
        expected[row["site"], row["server_ip"], "received"] += row["bytes_to_server"]
    talkers = ask(reader, "talkers")
    assert len(talkers) == 4
    for row in talkers:
        assert row["bytes_sent"] == expected[row["site"], row["ip"], "sent"]
        assert row["bytes_received"] == expected[row["site"], row["ip"], "received"]
    assert {row["device"]: (row["as_client"], row["as_server"]) for row in talkers if row["site"] == "north"} == {
        "pump": (6, 0),
        "engine": (0, 6),
    }


def test_pairs_say_who_talks_with_whom_over_what(reader: Reader) -> None:
    pairs = ask(reader, "pairs", site="north")
    assert [
        (row["client_device"], row["server_device"], row["application"], row["conversations"]) for row in pairs
    ] == [
        ("pump", "engine", "hl7", 4),
        ("pump", "engine", "dicom", 2),
    ]
    assert sum(row["bytes_to_server"] for row in pairs) == sum(range(100, 106))
    assert {row["server_port"] for row in pairs} == {2575}


def test_a_question_that_cannot_be_narrowed_that_way_says_so(reader: Reader) -> None:
    with pytest.raises(ValueError, match="protocol"):
        reader.ask("conversations", Selection(protocol="hl7"))
    with pytest.raises(KeyError):
        reader.ask("no such question")


def test_a_value_is_never_taken_for_sql(reader: Reader) -> None:
    assert ask(reader, "conversations", address="' OR 1=1 --") == []
    assert ask(reader, "conversations", site="north' OR '1'='1") == []


def test_two_answers_of_one_reader_can_be_read_side_by_side(reader: Reader) -> None:
    one, two = reader.conversations().rows(), reader.messages().rows()
    pairs = list(zip(one, two, strict=True))
    assert len(pairs) == 9


def test_the_same_answer_as_csv_json_and_parquet(reader: Reader, tmp_path: Path) -> None:
    expected = ask(reader, "conversations")
    text = io.StringIO()
    assert reader.conversations().write_csv(text) == 9
    lines = list(csv.reader(text.getvalue().splitlines()))
    assert tuple(lines[0]) == CONTRACT_COLUMNS
    assert lines[1:] == [["" if cell is None else str(cell) for cell in row.values()] for row in expected]
    text = io.StringIO()
    assert reader.conversations().write_json(text) == 9
    assert json.loads(text.getvalue()) == expected
    path = tmp_path / "conversations.parquet"
    assert reader.conversations().write_parquet(path) == 9
    assert pq.read_table(path).to_pylist() == expected
    assert [path.name for path in tmp_path.iterdir() if "parquet" in path.name] == ["conversations.parquet"]


def test_an_empty_answer_is_an_empty_document(reader: Reader) -> None:
    nothing = Selection(site="nowhere")
    text = io.StringIO()
    assert reader.conversations(nothing).write_json(text) == 0
    assert json.loads(text.getvalue()) == []
    text = io.StringIO()
    assert reader.conversations(nothing).write_csv(text) == 0
    assert text.getvalue() == ",".join(CONTRACT_COLUMNS) + "\n"


def test_parquet_into_a_folder_that_is_not_there_is_one_clear_error(reader: Reader, tmp_path: Path) -> None:
    with pytest.raises(HistoryError) as error:
        reader.conversations().write_parquet(tmp_path / "absent" / "x.parquet")
    assert str(tmp_path / "absent") in error.value.message


def test_a_file_that_is_damaged_inside_is_one_clear_error_and_no_wrong_answer(tmp_path: Path) -> None:
    history = History(tmp_path)
    with history.writer(site="north", capture="aa") as writer:
        writer.conversations(rows(60_000, step_ns=1_000))
        writer.commit(CaptureSource(path="x"))
    (path,) = tmp_path.rglob("*.parquet")
    content = bytearray(path.read_bytes())
    content[100:20_000] = bytes(19_900)  # pages of the first row group; the footer is whole
    path.write_bytes(content)
    with history.reader() as reader, pytest.raises(HistoryError) as error:
        list(reader.conversations().rows())
    assert error.value.code == "history-unreadable"


def test_a_file_that_is_no_parquet_is_one_clear_error(tmp_path: Path) -> None:
    history = History(tmp_path)
    with history.writer(site="north", capture="aa") as writer:
        writer.conversations(rows(1))
        writer.commit(CaptureSource(path="x"))
    for path in tmp_path.rglob("*.parquet"):
        path.write_bytes(b"not Parquet")
    with history.reader() as reader, pytest.raises(HistoryError) as error:
        list(reader.conversations().rows())
    assert error.value.code == "history-unreadable"


def test_pauses_are_silences_of_what_a_device_sent(reader: Reader) -> None:
    # One conversation every half day from each of two devices at one site, three times.
    found = ask(reader, "pauses")
    assert {row["device"] for row in found} == {"pump", "engine"}
    sent: dict[str, list[tuple[int, int]]] = {}
    for row in ask(reader, "conversations"):
        for device in (row["client_device"], row["server_device"]):
            if device is not None:
                sent.setdefault(device, []).append((row["start_ns"], row["end_ns"]))
    for device, spans in sent.items():
        spans.sort()
        expected = []
        last = spans[0][1]
        for start, end in spans[1:]:
            if start - last >= 600 * 10**9:
                expected.append((last, start))
            last = max(last, end)
        assert [(row["from_ns"], row["until_ns"]) for row in found if row["device"] == device] == expected


def test_a_capture_was_watched_from_its_first_to_its_last_conversation(reader: Reader) -> None:
    found = ask(reader, "watched", site="north")
    rows = ask(reader, "conversation-details", site="north")
    assert {row["capture"] for row in found} == {row["capture"] for row in rows}
    for one in found:
        own = [row for row in rows if row["capture"] == one["capture"]]
        assert one["first_ns"] == min(row["start_ns"] for row in own)
        assert one["last_ns"] == max(row["end_ns"] for row in own)


def test_patient_data_counts_messages_that_say_so_by_either_fact_and_no_others(tmp_path: Path) -> None:
    from asepsis.protocols.fhir import Fhir

    history = History(tmp_path / "history")
    with history.writer(site="north", capture="aa") as writer:
        clear = Fhir(kind="read", from_server=False, patient_data=True)
        for packet in (1, 2):
            writer.message(sighting("x", packet=packet)._replace(message=clear))
        writer.message(sighting("patient_data", packet=3))
        writer.message(sighting("x", packet=4)._replace(message=Fhir(kind="metadata", from_server=False)))
        writer.commit(CaptureSource(path="x"))
    with history.reader() as reader:
        (row,) = ask(reader, "patient-data")
        assert (row["protocol"], row["messages"]) == ("fhir", 2)
        assert ask(reader, "patient-data", site="south") == []


def test_a_device_is_in_use_in_the_minutes_in_which_clinical_protocols_speak_with_it(tmp_path: Path) -> None:
    from asepsis.protocols.fhir import Fhir

    history = History(tmp_path / "history")
    minute = 60 * 1_000_000_000
    with history.writer(site="north", capture="aa") as writer:
        for packet, shift in ((1, 0), (2, 0), (3, 5 * minute)):
            said = Fhir(kind="read", from_server=False, patient_data=True)
            writer.message(sighting("x", time_ns=NOON + shift, packet=packet)._replace(message=said))
        # What a device says of itself is no use of it.
        writer.message(sighting("x", time_ns=NOON + 9 * minute, packet=4))
        writer.commit(CaptureSource(path="x"))
    source = sighting("x").source_ip
    with history.reader([AddressInterval(site="north", ip=str(source), device="pump")]) as reader:
        found = [(row["device"], row["minute"], row["messages"]) for row in ask(reader, "in-use")]
        assert found == [("pump", NOON // minute, 2), ("pump", NOON // minute + 5, 1)]
        assert ask(reader, "in-use", device="other") == []


def test_messages_are_narrowed_to_one_packet_of_one_capture(reader: Reader) -> None:
    (message,) = ask(reader, "messages", capture="aa", packet=2)
    assert (message["capture"], message["packet"]) == ("aa", 2)
    assert ask(reader, "messages", capture="aa", packet=99) == []


def test_posture_keeps_one_row_for_each_different_thing_that_two_devices_said(tmp_path: Path) -> None:
    from asepsis.protocols.tls import Alert
    from asepsis.protocols.tls_hello import ServerHello

    history = History(tmp_path / "history")
    with history.writer(site="north", capture="aa") as writer:
        for packet, version in enumerate(("TLS 1.0", "TLS 1.0", "TLS 1.3"), 1):
            hello = ServerHello(retry=False, version=version, cipher_suite="x", alpn="", ja3s="")
            writer.message(sighting("x", time_ns=NOON + packet, packet=packet)._replace(message=hello))
        writer.message(sighting("nothing that protects or endangers", packet=4))
        alert = Alert(sender_is_server=True, fatal=True, description="unknown_ca")
        writer.message(sighting("x", packet=5)._replace(message=alert))
        writer.commit(CaptureSource(path="x"))
    with history.reader() as reader:
        hellos = ask(reader, "posture", protocol="tls")
        assert [(json.loads(row["facts"])["version"], row["messages"], row["packet"]) for row in hellos[-2:]] == [
            ("TLS 1.0", 2, 1),
            ("TLS 1.3", 1, 3),
        ]
        assert len(ask(reader, "posture")) == 3
        assert ask(reader, "posture", site="south") == []


def test_served_names_the_services_that_answered_with_their_first_packet(tmp_path: Path) -> None:
    history = History(tmp_path / "history")
    with history.writer(site="north", capture="aa") as writer:
        made = rows(4)
        made["tcp_flags_server"] = [0x12, 0x12, 0x14, 0]  # two answer, one refuses, one is silent
        made["packets_to_client"] = [1, 1, 1, 0]
        writer.conversations(made)
        writer.commit(CaptureSource(path="x"))
    with history.reader() as reader:
        (row,) = ask(reader, "served")
    assert (row["conversations"], row["packet"], row["capture"]) == (2, 1, "aa")
    assert (row["server_ip"], row["application"], row["application_by"]) == ("198.51.100.1", "hl7", "unknown")


@pytest.mark.parametrize("shares", [False, True])
def test_a_process_that_answers_many_asks_with_one_processor_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shares: bool
) -> None:
    for name in ("_made", "_more"):
        monkeypatch.setattr(module, name, {})
    if shares:
        module.share_processors()
    database = module._database(tmp_path)
    (row,) = database.sql("SELECT current_setting('threads'), current_setting('parquet_metadata_cache')").fetchall()
    assert row == (1 if shares else os.cpu_count(), True)
