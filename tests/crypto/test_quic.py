"""QUIC's Initial protection, with the keys that the standards print."""

from __future__ import annotations

import pytest

from asepsis.crypto.quic import open_initial, salt_of
from tests.protocols.quic_wire import crypto, initial, keys

# RFC 9001 A and RFC 9369 A use this destination connection id.
CONNECTION_ID = bytes.fromhex("8394c8f03e515708")


@pytest.mark.parametrize(
    ("version", "printed"),
    [
        (1, ("1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c", "9f50449e04a0e810283a1e9933adedd2")),
        (
            0x6B3343CF,
            ("8b1a0bc121284290a29e0971b5cd045d", "91f73e2351d8fa91660e909f", "45b95e15235d6f45a6b19cbcb0294ba9"),
        ),
    ],
)
def test_the_writer_of_these_tests_derives_the_keys_that_the_standards_print(
    version: int, printed: tuple[str, str, str]
) -> None:
    assert tuple(key.hex() for key in keys(version, CONNECTION_ID, server=False)) == printed


@pytest.mark.parametrize("version", [1, 0x6B3343CF])
@pytest.mark.parametrize("server", [False, True])
def test_a_packet_is_opened_by_the_side_that_sent_it_only(version: int, *, server: bool) -> None:
    frames = crypto(0, b"hello" * 20)
    packet = initial(frames, original=CONNECTION_ID, version=version, server=server, number=2)
    at = 7 + 8 + 2 + 1 + 2  # header, both ids, an empty token, the length
    opened = open_initial(packet, at, version=version, connection_id=CONNECTION_ID, of_server=server)
    assert opened == frames
    assert open_initial(packet, at, version=version, connection_id=CONNECTION_ID, of_server=not server) is None
    assert open_initial(packet, at, version=version, connection_id=b"another", of_server=server) is None


def test_one_bit_turned_over_keeps_a_packet_shut() -> None:
    packet = initial(crypto(0, b"hello" * 20), original=CONNECTION_ID)
    for place in range(len(packet)):
        damaged = packet[:place] + bytes((packet[place] ^ 0x01,)) + packet[place + 1 :]
        assert open_initial(damaged, 20, version=1, connection_id=CONNECTION_ID, of_server=False) is None


def test_versions_without_a_published_salt_have_none() -> None:
    assert salt_of(0xFF00001D) != salt_of(1)
    assert salt_of(0xFF000022) == salt_of(1)
    assert salt_of(0x51303433) is None
    assert salt_of(0xFF000015) is None


def test_a_packet_too_short_for_a_sample_says_nothing() -> None:
    assert open_initial(b"\xc0" + bytes(20), 5, version=1, connection_id=b"", of_server=False) is None
