"""Medical conversations are named by their content, on any port, and the client is who asks."""

from __future__ import annotations

import pytest

from asepsis.wire.applications import Application
from tests.protocols import test_ansar, test_astm, test_intellivue, test_phd, test_poct1a
from tests.wire.frames import conversation_frames, ethernet, ipv4, pcap, udp
from tests.wire.reading import Reading, read

DEVICE, OTHER = "10.0.0.1", "10.0.0.2"
PORTS = 40000, 40001


def conversation(*turns: tuple[int, bytes], ports: tuple[int, int] = PORTS) -> Reading:
    """A TCP conversation on ports that nothing is registered for."""
    segments = []
    sent = [0, 0]
    for sender, data in turns:
        segments.append((sender, sent[sender], data))
        sent[sender] += len(data)
    return read(pcap(conversation_frames(segments, ports=ports)))


def datagrams(*payloads: bytes) -> Reading:
    frames = [ethernet(ipv4(udp(data, *PORTS), DEVICE, OTHER, protocol=17)) for data in payloads]
    return read(pcap(frames))


@pytest.mark.parametrize(
    ("application", "turns"),
    [
        (Application.PHD, test_phd.SESSION),
        (Application.PHD, ((0, test_phd.CONFIGURATION), (1, test_phd.CONFIGURED))),
        (Application.PHD, ((0, test_phd.RELEASE), (1, test_phd.RELEASED))),
        (Application.ASTM, test_astm.UPLOAD),
        (Application.ASTM, ((0, test_astm.QUERY), (1, test_astm.ORDERS))),
        (Application.ASTM, ((0, test_astm.OTHERS),)),
        (Application.ASTM, ((0, test_astm.MERIEUX),)),
        (Application.ASTM, test_astm.UPLOAD[4:]),
        (Application.ASTM, ((0, test_astm.PRINTED),)),
        (Application.POCT1A, ((0, test_poct1a.HELLO), (1, test_poct1a.ACCEPTED))),
        (Application.POCT1A, ((1, test_poct1a.ACCEPTED), (0, test_poct1a.STATUS))),
    ],
)
def test_a_conversation_is_named_by_its_content(application: Application, turns: tuple[tuple[int, bytes], ...]) -> None:
    found = conversation(*turns)
    assert found.applications() == {application}
    for sender in (0, 1):
        assert found.bytes_of(sender) == b"".join(data for who, data in turns if who == sender)


@pytest.mark.parametrize(
    "payload",
    [
        test_intellivue.INDICATION,
        test_intellivue.REQUEST,
        test_intellivue.RESPONSE,
        test_intellivue.CREATED,
        test_intellivue.poll(6),
        test_intellivue.polled(6),
        test_intellivue.polled_waves(),
    ],
)
def test_a_datagram_is_named_by_its_content(payload: bytes) -> None:
    assert datagrams(payload).applications() == {Application.INTELLIVUE}


@pytest.mark.parametrize(
    "payload",
    [
        b"\xe2\x00\x00\x32" + bytes(50),
        b"\xe7\x00\x01\x03\x01\x02" + bytes(257),
        b"\xe4\x00\x00\x02\x00",
        b"\x02HELLO",
        b"\x021HELLO|",
        b"HELO mail.example\r\n",
        b"H|abc|||",
        b"\x05" * 40,
        b"<?xml version='1.0'?><stream:stream to='x'>",
        b"<html><head></head></html>",
        b"<HEL.T01>" + bytes(20),
    ],
)
def test_what_only_looks_alike_is_not_named(payload: bytes) -> None:
    medical = {Application.PHD, Application.ASTM, Application.POCT1A}
    assert not conversation((0, payload)).applications() & medical


@pytest.mark.parametrize(
    ("port", "expected"), [(4001, {Application.ANSAR}), (10001, {Application.ANSAR}), (9000, set())]
)
def test_a_serial_stream_is_named_on_the_ports_of_device_servers(port: int, expected: set[int]) -> None:
    found = conversation((1, test_ansar.BLOCK), (1, test_ansar.BLOCK), ports=(40000, port))
    assert found.applications() - {0} == expected


def test_of_a_serial_stream_the_reader_sees_the_beginning() -> None:
    turns = [(1, test_ansar.BLOCK * 4)] * 200
    found = conversation(*turns, ports=(40000, 4001))
    assert len(found.bytes_of(1)) <= 24 * 1024


@pytest.mark.parametrize("payload", [b"\xe1\0\0\x02" + bytes(20), b"\0\0\x01\0" + bytes(40), b"\x0d\x40" + bytes(40)])
def test_a_datagram_that_only_looks_alike_is_not_named(payload: bytes) -> None:
    assert datagrams(payload).applications() <= {0}


def test_of_a_monitor_that_sends_waves_for_hours_the_reader_sees_the_beginning() -> None:
    waves = [test_intellivue.polled_waves()[:-8] + number.to_bytes(8, "big") for number in range(2000)]
    found = datagrams(test_intellivue.CREATED, *waves, test_intellivue.CREATED)
    handed = sum(len(data) for _, data, _ in found.pieces)
    assert 8 * 1024 <= handed <= 16 * 1024
    assert sum(row["packets_to_server"] + row["packets_to_client"] for row in found.conversations) == 2002
