"""The conversation table: counts, directions, time-outs, eviction, and who the client is."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asepsis.wire.engine import Engine
from asepsis.wire.tables import ENDED_BY, ORIENTATION
from tests.wire import frames
from tests.wire.frames import ACK, FIN, RST, SYN, ethernet, ipv4, pcap, tcp, udp
from tests.wire.reading import engine_with, read

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND


def datagram(source: int, destination: int, sport: int, dport: int, size: int = 10) -> bytes:
    addresses = (f"10.0.{source >> 8}.{source & 255}", f"10.0.{destination >> 8}.{destination & 255}")
    return ethernet(ipv4(udp(bytes(size), sport, dport), *addresses, protocol=17))


def segment(flags: int, *, back: bool = False, ports: tuple[int, int] = (40000, 40001), seq: int = 1) -> bytes:
    if back:
        return ethernet(ipv4(tcp(b"", *ports[::-1], seq=seq, flags=flags), "10.0.0.2", "10.0.0.1"))
    return ethernet(ipv4(tcp(b"", *ports, seq=seq, flags=flags)))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 9)] * 2, *[st.integers(1000, 1004)] * 2, st.integers(0, 40)), max_size=200))
def test_conversations_equal_the_plainest_count(packets: list[tuple[int, int, int, int, int]]) -> None:
    expected: Counter[frozenset[tuple[int, int]]] = Counter()
    sizes: Counter[frozenset[tuple[int, int]]] = Counter()
    for source, destination, sport, dport, size in packets:
        key = frozenset([(source, sport), (destination, dport)])
        expected[key] += 1
        sizes[key] += 42 + size
    rows = read(pcap([datagram(*packet) for packet in packets])).conversations
    found = {
        frozenset(
            [
                (int(row["client_low"]) & 0xFFFF, int(row["client_port"])),
                (int(row["server_low"]) & 0xFFFF, int(row["server_port"])),
            ]
        ): (
            int(row["packets_to_server"] + row["packets_to_client"]),
            int(row["bytes_to_server"] + row["bytes_to_client"]),
        )
        for row in rows
    }
    assert found == {key: (expected[key], sizes[key]) for key in expected}


def test_each_direction_is_counted_apart() -> None:
    there, back = datagram(1, 2, 40000, 53, 30), datagram(2, 1, 53, 40000, 90)
    row = read(pcap([there, back, back])).conversations[0]
    assert (row["packets_to_server"], row["packets_to_client"]) == (1, 2)
    assert (row["bytes_to_server"], row["bytes_to_client"]) == (72, 264)
    assert row["server_port"] == 53


@pytest.mark.parametrize(
    ("packets", "client", "why"),
    [
        ([segment(SYN, back=True), segment(SYN | ACK)], 40001, "SYN"),
        ([segment(SYN | ACK), segment(ACK, back=True)], 40001, "SYN+ACK"),
        ([segment(ACK, ports=(443, 50000))], 50000, "port"),
        ([segment(ACK), segment(ACK, back=True)], 40000, "first packet"),
        ([ethernet(ipv4(tcp(b"HTTP/1.1 200 OK\r\n\r\n", 40000, 40001)))], 40001, "content"),
        ([ethernet(ipv4(tcp(b"GET / HTTP/1.1\r\n\r\n", 80, 40001)))], 80, "content"),
    ],
)
def test_the_client_is_decided_by_the_strongest_evidence(packets: list[bytes], client: int, why: str) -> None:
    row = read(pcap(packets)).conversations[0]
    assert row["client_port"] == client
    assert ORIENTATION[row["client_by"]] == why


def test_a_group_is_never_the_client() -> None:
    notify = b"NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n\r\n"
    frame = ethernet(ipv4(udp(notify, 42152, 1900), "10.0.0.9", "239.255.255.250", protocol=17))
    row = read(pcap([frame])).conversations[0]
    assert (row["client_port"], row["server_port"]) == (42152, 1900)


def times(*moments: tuple[float, bytes]) -> bytes:
    return pcap([(START + int(seconds * SECOND), frame) for seconds, frame in moments], nanoseconds=True)


def test_silence_ends_a_conversation() -> None:
    frame = datagram(1, 2, 3000, 4000)
    rows = read(times((0, frame), (100, frame), (300, frame)), engine_with(idle_udp_ns=120 * SECOND)).conversations
    assert sorted(rows["packets_to_server"]) == [1, 2]
    assert [ENDED_BY[row["ended_by"]] for row in rows] == ["idle", "end of capture"]


def test_a_long_conversation_is_split_and_keeps_its_ordinal() -> None:
    frame = datagram(1, 2, 3000, 4000)
    engine = engine_with(active_ns=60 * SECOND, idle_udp_ns=3600 * SECOND)
    rows = read(times(*((10 * n, frame) for n in range(20))), engine).conversations
    assert rows["packets_to_server"].sum() == 20
    assert len(rows) > 1
    assert len(set(rows["conversation"])) == 1
    assert [ENDED_BY[row["ended_by"]] for row in rows] == ["split by age"] * (len(rows) - 1) + ["end of capture"]


def test_ports_used_again_after_a_close_begin_a_new_conversation() -> None:
    close = [segment(SYN), segment(SYN | ACK, back=True), segment(FIN | ACK), segment(FIN | ACK, back=True)]
    rows = read(pcap([*close, *close])).conversations
    assert len(rows) == 2
    assert set(rows["packets_to_server"]) == {2}
    reset = [segment(SYN), segment(RST, back=True)]
    assert len(read(pcap([*reset, *reset])).conversations) == 2


def test_late_packets_of_a_closed_connection_belong_to_it() -> None:
    close = [segment(SYN), segment(SYN | ACK, back=True), segment(FIN | ACK), segment(FIN | ACK, back=True)]
    rows = read(pcap([*close, segment(ACK)])).conversations
    assert len(rows) == 1
    assert ENDED_BY[rows[0]["ended_by"]] == "closed"


def test_a_full_table_evicts_counts_and_loses_no_packet() -> None:
    engine = engine_with(rows=1 << 10)
    packets = [datagram(n, n + 1, 1000 + n % 5000, 2000) for n in range(20_000)]
    reading = read(pcap(packets), engine)
    assert engine.evicted > 10_000
    assert reading.conversations["packets_to_server"].sum() + reading.conversations["packets_to_client"].sum() == 20_000
    assert reading.account.decoded == 20_000


def test_the_same_moment_for_all_packets_does_not_stop_eviction() -> None:
    engine = engine_with(rows=1 << 10)
    packets = [(START, datagram(n, n + 1, 1000, 2000)) for n in range(5000)]
    assert len(read(pcap(packets), engine).conversations) == 5000


def test_clocks_that_jump_lose_nothing() -> None:
    jump = random.Random(5)
    moments = [jump.choice([0, 2**31 - 1, 5, 2**32 - 1]) * SECOND for _ in range(3000)]
    packets = [(moment, datagram(n % 50, 60, 1000, 2000)) for n, moment in enumerate(moments)]
    reading = read(pcap(packets), engine_with(rows=1 << 10))
    counted = reading.conversations["packets_to_server"] + reading.conversations["packets_to_client"]
    assert counted.sum() == 3000


def test_the_seed_is_random_and_changes_nothing_but_the_order() -> None:
    assert Engine(rows=64).control[20] != Engine(rows=64).control[20]
    packets = pcap([datagram(n % 30, n % 7 + 40, 1000, 2000) for n in range(500)])
    results = []
    for seed in (1, 2):
        rows = read(packets, Engine(rows=1 << 10, seed=seed)).conversations
        rows["conversation"] = 0
        results.append(np.sort(rows, order=["client_low", "server_low"]))
    assert np.array_equal(results[0], results[1])


def test_repeated_datagrams_are_counted_and_handed_on_once() -> None:
    query = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04ward\x00\x00\x01\x00\x01"
    packets = [ethernet(ipv4(udp(n.to_bytes(2, "big") + query[2:], 50000 + n, 53), protocol=17)) for n in range(100)]
    engine = engine_with()
    reading = read(pcap(packets), engine)
    assert reading.messages == 1
    assert engine.repeated() == {5: 99}
    assert reading.conversations["packets_to_server"].sum() == 100


def test_a_datagram_is_handed_on_again_after_some_minutes() -> None:
    frame = ethernet(b"\x00\x01\x08\x00\x06\x04\x00\x01" + frames.MAC_A + bytes([10, 0, 0, 1]) + bytes(10), 0x0806)
    assert read(times((0, frame), (1, frame), (1200, frame))).messages == 2
