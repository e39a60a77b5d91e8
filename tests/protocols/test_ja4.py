"""JA4: the worked examples of its published definition, and what it says of every odd case."""

from __future__ import annotations

import hashlib

import pytest

from asepsis.protocols.ja4 import GREASE, ja4
from tests.protocols.tls_wire import u16

# The ClientHello that the definition of JA4 works through (FoxIO, technical details of JA4).
CIPHERS = u16(
    *(0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC013, 0xC014, 0x009C, 0x009D, 0x002F),
    0x0035,
)
EXTENSIONS = (0x1B, 0, 0x33, 0x10, 0x4469, 0x17, 0x2D, 0x0D, 5, 0x23, 0x12, 0x2B, 0xFF01, 0x0B, 0x0A, 0x15)
ALGORITHMS = u16(0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601)


def test_the_worked_example_of_the_definition() -> None:
    assert ja4(0x0304, CIPHERS, EXTENSIONS, ALGORITHMS, b"h2") == "t13d1516h2_8daaf6152771_e5627efa2ab1"


def test_the_worked_example_without_signature_algorithms() -> None:
    assert ja4(0x0304, CIPHERS, EXTENSIONS, b"", b"h2").endswith("_6d807ffa2a79")


def test_grease_changes_nothing_wherever_it_stands() -> None:
    for grease in GREASE:
        greased = ja4(0x0304, u16(grease) + CIPHERS, (grease, *EXTENSIONS, grease), u16(grease) + ALGORITHMS, b"h2")
        assert greased == "t13d1516h2_8daaf6152771_e5627efa2ab1"


def test_there_are_sixteen_values_of_grease() -> None:
    # RFC 8701 2: both bytes the same, both ending in A.
    assert sorted(GREASE) == [high << 12 | 0x0A00 | high << 4 | 0x0A for high in range(16)]


def test_the_order_of_extensions_and_ciphers_changes_nothing() -> None:
    shuffled = ja4(0x0304, CIPHERS[10:] + CIPHERS[:10], EXTENSIONS[::-1], ALGORITHMS, b"h2")
    assert shuffled == "t13d1516h2_8daaf6152771_e5627efa2ab1"


def test_the_order_of_signature_algorithms_changes_the_last_part_only() -> None:
    swapped = ja4(0x0304, CIPHERS, EXTENSIONS, ALGORITHMS[2:] + ALGORITHMS[:2], b"h2")
    assert swapped.startswith("t13d1516h2_8daaf6152771_")
    assert not swapped.endswith("e5627efa2ab1")


@pytest.mark.parametrize(
    ("version", "shown"),
    [
        (0x0304, "13"),
        (0x0303, "12"),
        (0x0302, "11"),
        (0x0301, "10"),
        (0x0300, "s3"),
        (0x0002, "s2"),
        (0x7F1C, "00"),
        (0, "00"),
    ],
)
def test_the_version_is_two_signs(version: int, shown: str) -> None:
    assert ja4(version, CIPHERS, EXTENSIONS, b"", b"")[1:3] == shown


@pytest.mark.parametrize(
    ("protocol", "shown"),
    [
        (b"", "00"),
        (b"h2", "h2"),
        (b"http/1.1", "h1"),
        (b"x", "xx"),
        (b"\xab", "ab"),
        (b"\xab\xcd", "ad"),
        (b"\x30\xab", "3b"),
        (b"\x30\x31\xab\xcd", "3d"),
        (b"\x30\xab\xcd\x31", "01"),
        (b"h2\xc3\xa4", "64"),
    ],
)
def test_the_first_protocol_shows_its_ends(protocol: bytes, shown: str) -> None:
    assert ja4(0x0304, CIPHERS, EXTENSIONS, b"", protocol)[8:10] == shown


def test_a_name_makes_a_domain_and_none_an_address() -> None:
    assert ja4(0x0303, CIPHERS, (0, 5), b"", b"")[3] == "d"
    assert ja4(0x0303, CIPHERS, (5,), b"", b"")[3] == "i"


def test_nothing_is_twelve_zeros() -> None:
    assert ja4(0x0303, b"", (), b"", b"") == "t12i000000_000000000000_000000000000"
    assert ja4(0x0303, b"", (0, 16), b"", b"") == "t12d000200_000000000000_000000000000"


def test_counts_stop_at_99() -> None:
    many = u16(*range(1, 151))
    assert ja4(0x0303, many, tuple(range(100, 250)), b"", b"")[4:8] == "9999"


def test_ciphers_are_written_as_the_definition_writes_them() -> None:
    text = b"002f,0035,1301"
    expected = hashlib.sha256(text).hexdigest()[:12]
    assert ja4(0x0303, u16(0x1301, 0x0035, 0x002F), (), b"", b"").split("_")[1] == expected
