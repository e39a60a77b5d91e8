"""Conversations: roles of servers and clients, scanners, and grouping that loses nothing."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asepsis.devices.clue import Clue, Tie
from asepsis.devices.observe.columns import Table, group, mix
from asepsis.devices.observe.traffic import BATCH_ROWS, SCANNED_TARGETS, Traffic
from tests.devices.ward import MONITOR, PC, PUMP, ROUTER, by_ip, by_mac, conversation, devices


def roles(clues: list[Clue], ip: str) -> set[tuple[str, str]]:
    return {(clue.value, clue.protocol) for clue in clues if clue.endpoint.ip == ip and clue.attribute == "role"}


def seen(*rows: np.ndarray[tuple[int], np.dtype[np.void]]) -> tuple[list[Tie], list[Clue]]:
    traffic = Traffic()
    for row in rows:
        traffic.add(row)
    return traffic.ties("capture"), traffic.clues("capture")


@pytest.mark.parametrize(
    ("application", "server_role", "client_role"),
    [
        ("dicom", "dicom_server", "dicom_client"),
        ("hl7", "hl7_receiver", "hl7_sender"),
        ("mqtt", "mqtt_broker", "mqtt_client"),
        ("snmp", "managed_agent", "network_manager"),
        ("dns", "dns_server", "client"),
        ("ssh", "remote_login_server", "client"),
    ],
)
def test_content_tells_who_serves_on_any_port(application: str, server_role: str, client_role: str) -> None:
    _, clues = seen(conversation((PC, "10.0.0.6"), (MONITOR, "10.0.0.7"), 50001, application=application))
    assert server_role in {role for role, _ in roles(clues, "10.0.0.7")}
    assert client_role in {role for role, _ in roles(clues, "10.0.0.6")}


def test_a_port_alone_tells_less_than_content() -> None:
    _, by_port = seen(conversation((PC, "10.0.0.6"), (MONITOR, "10.0.0.7"), 104))
    _, by_content = seen(conversation((PC, "10.0.0.6"), (MONITOR, "10.0.0.7"), 104, application="dicom"))
    (weak,) = [clue.weight for clue in by_port if clue.value == "dicom_server"]
    (strong,) = [clue.weight for clue in by_content if clue.value == "dicom_server"]
    assert weak < strong


@pytest.mark.parametrize(
    "row",
    [
        conversation((PC, "10.0.0.6"), (MONITOR, "10.0.0.7"), 9100, answered=False),
        conversation((PC, "10.0.0.6"), (MONITOR, "10.0.0.7"), 9100, answered=False, refused=True),
    ],
    ids=["no answer", "refused"],
)
def test_a_closed_port_serves_nothing(row: np.ndarray[tuple[int], np.dtype[np.void]]) -> None:
    _, clues = seen(row)
    assert not [clue for clue in clues if clue.endpoint.ip == "10.0.0.7"]


def test_a_monitor_is_known_by_its_data_port() -> None:
    found = devices(conversation((PC, "10.0.0.6"), (MONITOR, "10.0.0.7"), 24105, udp=True))
    assert by_ip(found, "10.0.0.7").category == "patient_monitor"


def test_what_tries_a_hundred_closed_ports_scans() -> None:
    rows = [
        conversation((PC, "10.0.0.6"), (MONITOR, "10.0.0.7"), port, answered=False, refused=True)
        for port in range(1, SCANNED_TARGETS + 1)
    ]
    assert by_mac(devices(np.concatenate(rows)), PC).category == "network_scanner"
    assert by_mac(devices(np.concatenate(rows[:-1])), PC).category != "network_scanner"
    repeated = np.concatenate([rows[0]] * SCANNED_TARGETS)
    assert by_mac(devices(repeated), PC).category != "network_scanner"


def test_a_scan_does_not_hide_what_a_device_is() -> None:
    rows = [
        conversation((PC, "10.0.0.6"), (MONITOR, "10.0.0.7"), port, answered=False, refused=True)
        for port in range(1, SCANNED_TARGETS + 1)
    ]
    printer = conversation((MONITOR, "10.0.0.7"), (PC, "10.0.0.6"), 9100)
    assert by_mac(devices(np.concatenate(rows), printer), PC).category == "printer"


def test_frames_without_network_addresses_are_left_alone() -> None:
    row = conversation((PC, "10.0.0.6"), (MONITOR, "10.0.0.7"))
    row["ip_version"] = 0
    assert seen(row) == ([], [])
    assert seen(row[:0]) == ([], [])


def test_a_public_server_says_nothing_about_itself() -> None:
    ties, clues = seen(conversation((PC, "10.0.0.6"), (ROUTER, "93.184.216.34"), 443, ttl=(64, 50)))
    assert {tie.endpoint.ip for tie in ties} == {"10.0.0.6"}
    assert {clue.endpoint.ip for clue in clues} == {"10.0.0.6", ""}


def test_batches_of_any_size_give_the_same() -> None:
    rows = np.concatenate(
        [conversation((PC, f"10.0.{n % 7}.6"), (PUMP, f"10.0.9.{n % 11}"), 80 + n % 3, at=n) for n in range(300)]
    )
    whole = Traffic()
    whole.add(rows)
    parts = Traffic()
    for start in range(0, len(rows), 37):
        parts.add(rows[start : start + 37])
    assert set(whole.ties("c")) == set(parts.ties("c"))
    assert set(whole.clues("c")) == set(parts.clues("c"))


def test_one_pair_in_more_rows_than_a_batch_is_counted_right() -> None:
    row = conversation(("", "127.0.0.1"), ("", "127.0.0.1"))
    traffic = Traffic()
    traffic.add(np.concatenate([row] * (BATCH_ROWS + 5)))
    (tie,) = traffic.ties("c")
    assert (tie.sent, tie.direct, tie.routed) == (2 * (BATCH_ROWS + 5), 2 * (BATCH_ROWS + 5), 0)


_KEYS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(-5, 5)), min_size=1, max_size=60)


@settings(max_examples=60)
@given(_KEYS)
def test_grouping_equals_a_plain_dictionary(rows: list[tuple[int, int, int]]) -> None:
    table: Table = {
        "one": np.array([row[0] for row in rows], np.uint64),
        "two": np.array([row[1] for row in rows], np.uint8),
        "first": np.array([row[2] for row in rows], np.int64),
        "last": np.array([row[2] for row in rows], np.int64),
        "count": np.ones(len(rows), np.int64),
    }
    joined = group(table, ("one", "two"), least=("first",), most=("last",), total=("count",))
    found: Counter[tuple[int, int]] = Counter()
    for one, two, count in zip(*(joined[name].tolist() for name in ("one", "two", "count")), strict=True):
        found[one, two] += count
    assert found == Counter((one, two) for one, two, _ in rows)
    for one, two, first, last in zip(*(joined[name].tolist() for name in ("one", "two", "first", "last")), strict=True):
        values = [value for a, b, value in rows if (a, b) == (one, two)]
        assert (first, last) == (min(values), max(values))


def test_a_mixture_tells_columns_and_their_order_apart() -> None:
    one, two = np.array([1], np.uint64), np.array([2], np.uint64)
    assert mix((one, two))[0] != mix((two, one))[0]
    assert mix((one,))[0] != mix((two,))[0]
