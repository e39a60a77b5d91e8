"""From when until when a certificate is valid; bytes made by hand after RFC 5280 4.1."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asepsis.protocols.x509_validity import validity_of


def der(tag: int, *contents: bytes) -> bytes:
    body = b"".join(contents)
    length = bytes((len(body),)) if len(body) < 128 else b"\x82" + len(body).to_bytes(2, "big")
    return bytes((tag,)) + length + body


def certificate(first: bytes, last: bytes, *, versioned: bool = True, padding: int = 0) -> bytes:
    """Certificate, tbsCertificate: version, serialNumber, signature, issuer, validity, and what stands behind."""
    version = der(0xA0, der(0x02, b"\x02")) if versioned else b""
    issuer = der(0x30, bytes(padding))
    validity = der(0x30, first, last)
    return der(0x30, der(0x30, version, der(0x02, b"\x05"), der(0x30), issuer, validity, der(0x30)), der(0x03, b"\0"))


UTC = der(0x17, b"240229235959Z")
OLD = der(0x17, b"990101000000Z")
LATE = der(0x18, b"20750101000000Z")


@pytest.mark.parametrize("versioned", [True, False])
@pytest.mark.parametrize("padding", [0, 100, 300])
def test_both_forms_of_time_and_both_centuries_are_read(versioned: bool, padding: int) -> None:
    assert validity_of(certificate(OLD, UTC, versioned=versioned, padding=padding)) == (
        "1999-01-01T00:00:00Z",
        "2024-02-29T23:59:59Z",
    )
    assert validity_of(certificate(UTC, LATE, versioned=versioned)) == ("2024-02-29T23:59:59Z", "2075-01-01T00:00:00Z")


@pytest.mark.parametrize(
    "time",
    [b"240230000000Z", b"2402290000Z", b"240229000000+0100", b"24022900000xZ", b"", b"\xff" * 13],
)
def test_a_time_that_the_standard_forbids_gives_none(time: bytes) -> None:
    assert validity_of(certificate(UTC, der(0x17, time))) is None


def test_every_truncation_gives_none() -> None:
    whole = certificate(OLD, UTC)
    assert [validity_of(whole[:size]) for size in range(len(whole))] == [None] * len(whole)


@given(st.binary(max_size=80))
def test_no_bytes_raise(octets: bytes) -> None:
    assert validity_of(octets) is None or len(octets) > 30
