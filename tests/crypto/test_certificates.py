"""Certificates: what they say of a device, what is not kept of a person, and that hostile DER is a value."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from asepsis.crypto.certificates import (
    CERTIFICATE_LIMIT_BYTES,
    NAMES_LIMIT,
    Certificate,
    UnreadableCertificate,
    read_certificate,
)

CANARY = "KANARI"
ISSUER_KEY = ec.generate_private_key(ec.SECP256R1())
Attributes = Sequence[tuple[x509.ObjectIdentifier, str]]
PublicKey = (
    ec.EllipticCurvePublicKey
    | rsa.RSAPublicKey
    | dsa.DSAPublicKey
    | ed25519.Ed25519PublicKey
    | ed448.Ed448PublicKey
    | x25519.X25519PublicKey
)


def name(attributes: Attributes) -> x509.Name:
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in attributes])


def der(
    subject: Attributes,
    *extensions: x509.ExtensionType,
    issuer: Attributes = ((NameOID.COMMON_NAME, "Example Issuer"), (NameOID.ORGANIZATION_NAME, "Example Trust")),
    key: PublicKey | None = None,
) -> bytes:
    """RFC 5280 4.1, written by the library and signed with a key of the test."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key or ISSUER_KEY.public_key())
        .serial_number(0xABCDEF)
        .not_valid_before(datetime(2020, 1, 2, tzinfo=UTC))
        .not_valid_after(datetime(2050, 1, 2, 3, 4, 5, tzinfo=UTC))
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(ISSUER_KEY, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


DEVICE = der(
    (
        (NameOID.COMMON_NAME, "MON-DE12345678 00:09:5C:01:02:03"),
        (NameOID.ORGANIZATION_NAME, "Example Medical"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "Monitors"),
        (NameOID.SERIAL_NUMBER, "DE12345678"),
    ),
    x509.SubjectAlternativeName(
        [
            x509.DNSName("mon-00095c010204.ward.example"),
            x509.IPAddress(ip_address("10.0.0.9")),
            x509.UniformResourceIdentifier("urn:device:7"),
            x509.RFC822Name("support@example.com"),
        ]
    ),
    x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
)


def read(data: bytes) -> Certificate:
    found = read_certificate(data)
    assert isinstance(found, Certificate)
    return found


def test_a_device_is_named_in_all_its_fields() -> None:
    found = read(DEVICE)
    assert found == Certificate(
        fingerprint=found.fingerprint,
        serial="abcdef",
        common_name="MON-DE12345678 00:09:5C:01:02:03",
        organization="Example Medical",
        unit="Monitors",
        device_serial="DE12345678",
        issuer_common_name="Example Issuer",
        issuer_organization="Example Trust",
        dns_names=("mon-00095c010204.ward.example",),
        ip_addresses=("10.0.0.9",),
        uris=("urn:device:7",),
        not_before=datetime(2020, 1, 2, tzinfo=UTC),
        not_after=datetime(2050, 1, 2, 3, 4, 5, tzinfo=UTC),
        key="EC secp256r1",
        signature="ecdsa-with-SHA256",
        self_issued=False,
        is_authority=False,
        is_person=False,
        damaged=False,
        macs=("00:09:5c:01:02:03", "00:09:5c:01:02:04"),
        serials=("DE12345678",),
    )


def test_the_fingerprint_is_the_digest_that_others_show() -> None:
    assert read(DEVICE).fingerprint == x509.load_der_x509_certificate(DEVICE).fingerprint(hashes.SHA256()).hex()


def test_a_certificate_of_its_own_is_told() -> None:
    own = ((NameOID.COMMON_NAME, "ilo"),)
    assert read(der(own, issuer=own)).self_issued
    assert not read(DEVICE).self_issued


def test_an_authority_is_told() -> None:
    assert read(der(((NameOID.COMMON_NAME, "Root"),), x509.BasicConstraints(ca=True, path_length=None))).is_authority


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        (rsa.generate_private_key(65537, 1024).public_key(), "RSA 1024"),
        (ec.generate_private_key(ec.SECP384R1()).public_key(), "EC secp384r1"),
        (dsa.generate_private_key(1024).public_key(), "DSA 1024"),
        (ed25519.Ed25519PrivateKey.generate().public_key(), "Ed25519"),
        (ed448.Ed448PrivateKey.generate().public_key(), "Ed448"),
        (x25519.X25519PrivateKey.generate().public_key(), "1.3.101.110"),
    ],
)
def test_keys_are_named_with_their_size(key: PublicKey, shown: str) -> None:
    assert read(der(((NameOID.COMMON_NAME, "x"),), key=key)).key == shown


@pytest.mark.parametrize(
    ("subject", "extensions"),
    [
        (((NameOID.COMMON_NAME, CANARY), (NameOID.SURNAME, CANARY)), ()),
        (((NameOID.COMMON_NAME, CANARY), (NameOID.USER_ID, CANARY)), ()),
        (((NameOID.COMMON_NAME, f"Ann {CANARY}"), (NameOID.EMAIL_ADDRESS, f"{CANARY}@h.example")), ()),
        (((NameOID.COMMON_NAME, CANARY),), (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]),)),
        (((NameOID.COMMON_NAME, CANARY),), (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SMARTCARD_LOGON]),)),
        (((NameOID.COMMON_NAME, CANARY),), (x509.SubjectAlternativeName([x509.RFC822Name(f"{CANARY}@h.example")]),)),
    ],
)
def test_of_a_person_no_name_is_kept(subject: Attributes, extensions: tuple[x509.ExtensionType, ...]) -> None:
    found = read(der((*subject, (NameOID.ORGANIZATION_NAME, "Hospital")), *extensions))
    assert found.is_person
    assert found.organization == "Hospital"
    assert CANARY not in repr(found)


def test_a_device_with_the_address_of_its_makers_support_is_no_person() -> None:
    subject = ((NameOID.COMMON_NAME, "192.168.1.1"), (NameOID.EMAIL_ADDRESS, "support@maker.example"))
    assert read(der(subject)).common_name == "192.168.1.1"
    assert "support" not in repr(read(der(subject)))


def test_names_are_bounded() -> None:
    names = x509.SubjectAlternativeName([x509.DNSName(f"host-{number}.example") for number in range(500)])
    assert len(read(der(((NameOID.COMMON_NAME, "cdn"),), names)).dns_names) == NAMES_LIMIT


def test_names_are_printable() -> None:
    assert read(der(((NameOID.COMMON_NAME, "a\nb\x1b[31m\u202e"),))).common_name == "a.b.[31m."


@pytest.mark.parametrize(
    ("common_name", "serials"),
    [
        ("Pump SN 1234567", ("1234567",)),
        ("AB12-CD345678EF", ("CD345678EF",)),
        ("192.168.100.200", ()),
        ("00095C010203", ()),
        ("device7.ward12.example", ()),
        ("PRINTER", ()),
    ],
)
def test_words_that_look_like_serial_numbers_are_found(common_name: str, serials: tuple[str, ...]) -> None:
    assert read(der(((NameOID.COMMON_NAME, common_name),))).serials == serials


def test_one_bad_extension_does_not_hide_the_rest() -> None:
    broken = der(
        ((NameOID.COMMON_NAME, "cam-1"),), x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), b"\xff\xff")
    )
    found = read(broken)
    assert (found.common_name, found.damaged, found.dns_names) == ("cam-1", True, ())


def test_a_serial_number_that_strict_readers_warn_of_is_read_without_a_warning() -> None:
    # RFC 5280 4.1.2.2 forbids negative serial numbers; devices have them. The signature is not looked at.
    negative = DEVICE.replace(b"\x02\x04\x00\xab\xcd\xef", b"\x02\x04\x80\xab\xcd\xef")
    assert negative != DEVICE
    assert read(negative).serial == "-7f543211"


@pytest.mark.parametrize("data", [b"", b"0", b"0\x82\xff\xff", b"\0" * 100, b"0\x03\x02\x01\x01", b"-----BEGIN"])
def test_what_is_no_certificate_is_a_value(data: bytes) -> None:
    found = read_certificate(data)
    assert isinstance(found, UnreadableCertificate)
    assert found.why


def test_what_is_too_long_is_a_value() -> None:
    assert isinstance(read_certificate(bytes(CERTIFICATE_LIMIT_BYTES + 1)), UnreadableCertificate)


def test_a_certificate_cut_anywhere_is_a_value() -> None:
    for end in range(len(DEVICE)):
        assert isinstance(read_certificate(DEVICE[:end]), UnreadableCertificate)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(DEVICE) - 1), st.binary(min_size=1, max_size=4))
def test_bytes_turned_over_raise_nothing(at: int, octets: bytes) -> None:
    found = read_certificate(DEVICE[:at] + octets + DEVICE[at + len(octets) :])
    assert isinstance(found, Certificate | UnreadableCertificate)
    repr(found).encode()
