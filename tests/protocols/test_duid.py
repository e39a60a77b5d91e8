"""DHCP unique identifiers."""

from __future__ import annotations

import pytest

from asepsis.protocols.duid import Duid, duid

MAC = bytes.fromhex("020000000001")


@pytest.mark.parametrize(
    ("octets", "form", "mac", "enterprise"),
    [
        (b"\0\x01\0\x01\x2a\x2b\x2c\x2d" + MAC, "LLT", "02:00:00:00:00:01", 0),  # RFC 8415 11.2
        (b"\0\x02\0\0\x01\x37" + b"abcdef", "EN", "", 311),  # RFC 8415 11.3
        (b"\0\x03\0\x01" + MAC, "LL", "02:00:00:00:00:01", 0),  # RFC 8415 11.4
        (b"\0\x03\0\x20" + MAC, "LL", "", 0),  # another hardware type
        (b"\0\x09abc", "type 9", "", 0),
    ],
)
def test_a_form_says_what_is_inside(octets: bytes, form: str, mac: str, enterprise: int) -> None:
    assert duid(octets) == Duid(identifier=octets.hex(), form=form, mac=mac, enterprise=enterprise)


def test_a_uuid_is_written_as_one() -> None:
    found = duid(b"\0\x04" + bytes(range(16)))
    assert found is not None
    assert found.uuid == "00010203-0405-0607-0809-0a0b0c0d0e0f"


@pytest.mark.parametrize("octets", [b"", b"\0\x01", b"\0\x01\0\x01\0\0\0\0", b"\0\x04" + bytes(15), bytes(131)])
def test_what_is_too_short_or_too_long_is_none(octets: bytes) -> None:
    assert duid(octets) is None
