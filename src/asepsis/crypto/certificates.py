"""X.509 certificates (RFC 5280): DER in, what it says of a device out; unreadable DER is a value.

The certificate is read, never trusted: nothing here verifies a signature or a chain. A certificate of a person
(a smart card, a signer of mail) is told apart, and the person's names are not kept.
"""

from __future__ import annotations

import re
import warnings
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

from asepsis.kernel.value import value

if TYPE_CHECKING:
    from cryptography import x509

# A certificate with a few hundred names of a shared host is some 10 KB.
CERTIFICATE_LIMIT_BYTES = 64 * 1024
# Names that are kept of one certificate; a device has one or two, a content network hundreds.
NAMES_LIMIT = 64
NAME_LIMIT = 256
# The same certificate is shown in every connection; a hospital's network has a few thousand of some 2 KiB.
REMEMBERED_CERTIFICATES = 2048

# RFC 5280 4.2.1.12 and Microsoft's smart card logon: purposes that only people have, and that of a server.
_PERSONAL_PURPOSES = {"1.3.6.1.5.5.7.3.4", "1.3.6.1.4.1.311.20.2.2"}
_SERVER_PURPOSE = "1.3.6.1.5.5.7.3.1"
# X.520 and RFC 4519: surname, givenName, initials, UID name a person.
_PERSONAL_ATTRIBUTES = {"2.5.4.4", "2.5.4.42", "2.5.4.43", "0.9.2342.19200300.100.1.1"}
_MAIL_ADDRESS = "1.2.840.113549.1.9.1"  # RFC 2985; makers give that of their support

# RFC 3279, 4055, 5758, 8410, 9881: names of signature algorithms.
_SIGNATURES = {
    "1.2.840.113549.1.1.2": "md2WithRSAEncryption",
    "1.2.840.113549.1.1.4": "md5WithRSAEncryption",
    "1.2.840.113549.1.1.5": "sha1WithRSAEncryption",
    "1.2.840.113549.1.1.10": "RSASSA-PSS",
    "1.2.840.113549.1.1.11": "sha256WithRSAEncryption",
    "1.2.840.113549.1.1.12": "sha384WithRSAEncryption",
    "1.2.840.113549.1.1.13": "sha512WithRSAEncryption",
    "1.2.840.113549.1.1.14": "sha224WithRSAEncryption",
    "1.2.840.10040.4.3": "dsa-with-sha1",
    "1.2.840.10045.4.1": "ecdsa-with-SHA1",
    "1.2.840.10045.4.3.1": "ecdsa-with-SHA224",
    "1.2.840.10045.4.3.2": "ecdsa-with-SHA256",
    "1.2.840.10045.4.3.3": "ecdsa-with-SHA384",
    "1.2.840.10045.4.3.4": "ecdsa-with-SHA512",
    "1.3.101.112": "Ed25519",
    "1.3.101.113": "Ed448",
    "2.16.840.1.101.3.4.3.17": "ML-DSA-44",
    "2.16.840.1.101.3.4.3.18": "ML-DSA-65",
    "2.16.840.1.101.3.4.3.19": "ML-DSA-87",
}

_MAC = re.compile(r"(?<![0-9A-Fa-f])(?:[0-9A-Fa-f]{2}([:-]))(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}(?![0-9A-Fa-f])")
_PLAIN_MAC = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{12}(?![0-9A-Za-z])")
# A word with digits that is long enough to be a serial number and is neither a date, an address nor a DNS name.
_SERIAL = re.compile(r"(?<![0-9A-Za-z.])(?=[0-9A-Z]*\d[0-9A-Z]*\d[0-9A-Z]*\d)[0-9A-Z]{7,20}(?![0-9A-Za-z.])")


@value
class Certificate:
    """What a certificate says. Texts are empty where it says nothing."""

    fingerprint: str
    """SHA-256 of the DER, in hexadecimal."""
    serial: str
    """Of the certificate, in hexadecimal."""
    common_name: str
    organization: str
    unit: str
    device_serial: str
    """X.520 serialNumber of the subject."""
    issuer_common_name: str
    issuer_organization: str
    dns_names: tuple[str, ...]
    """Subject alternative names (RFC 5280 4.2.1.6)."""
    ip_addresses: tuple[str, ...]
    uris: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    key: str
    """``RSA 2048``, ``EC secp256r1``, ``Ed25519``; the OID of another kind."""
    signature: str
    """``sha256WithRSAEncryption``; the OID of another kind."""
    self_issued: bool
    """Subject and issuer are the same. The signature is not checked."""
    is_authority: bool
    is_person: bool
    """It seems to name a person; then the names of the subject are empty. A client's certificate may name one
    without any of the marks that are looked for: use names of servers only."""
    damaged: bool
    """Its extensions cannot be read; alternative names and purposes are missing."""
    macs: tuple[str, ...]
    """Hardware addresses that stand in the names, as ``00:09:5c:01:02:03``."""
    serials: tuple[str, ...]
    """Words of the common name that look like a device's serial number."""


@value
class UnreadableCertificate:
    """Bytes that are no certificate that can be read."""

    why: str


@lru_cache(maxsize=REMEMBERED_CERTIFICATES)
def read_certificate(der: bytes) -> Certificate | UnreadableCertificate:
    """Reads one certificate from DER."""
    if len(der) > CERTIFICATE_LIMIT_BYTES:
        return UnreadableCertificate(why=f"longer than {CERTIFICATE_LIMIT_BYTES} bytes")
    # Imported late: the library takes longer to load than a short capture to read, and many show no certificate.
    from cryptography import x509

    try:
        with warnings.catch_warnings():
            # The library warns of what strict readers refuse (serial number 0, wrong parameters); devices do that.
            warnings.simplefilter("ignore")
            return _read(x509.load_der_x509_certificate(der), der)
    except Exception as error:
        # Fields are decoded when they are asked for, by a parser in Rust that raises ValueError, TypeError,
        # UnsupportedAlgorithm, InvalidVersion, DuplicateExtension and others: whatever it is, it comes from the bytes.
        return UnreadableCertificate(why=f"{type(error).__name__}: {str(error)[:NAME_LIMIT]}")


def _read(certificate: x509.Certificate, der: bytes) -> Certificate:
    from cryptography.x509.oid import NameOID

    subject = certificate.subject
    extensions, damaged = _extensions(certificate)
    dns_names, ip_addresses, uris, has_mail = _alternative_names(extensions)
    is_authority = _is_authority(extensions)
    common_name = _name(subject, NameOID.COMMON_NAME)
    device_serial = _name(subject, NameOID.SERIAL_NUMBER)
    kinds = {attribute.oid.dotted_string for attribute in subject}
    purposes = _purposes(extensions)
    is_person = not (is_authority or _SERVER_PURPOSE in purposes or dns_names or ip_addresses) and (
        not kinds.isdisjoint(_PERSONAL_ATTRIBUTES)
        or not purposes.isdisjoint(_PERSONAL_PURPOSES)
        or has_mail
        or (_MAIL_ADDRESS in kinds and " " in common_name)
    )
    if is_person:
        common_name = device_serial = ""
        uris = ()
    return Certificate(
        fingerprint=sha256(der).hexdigest(),
        serial=f"{certificate.serial_number:x}",
        common_name=common_name,
        organization=_name(subject, NameOID.ORGANIZATION_NAME),
        unit=_name(subject, NameOID.ORGANIZATIONAL_UNIT_NAME),
        device_serial=device_serial,
        issuer_common_name=_name(certificate.issuer, NameOID.COMMON_NAME) if not is_person else "",
        issuer_organization=_name(certificate.issuer, NameOID.ORGANIZATION_NAME),
        dns_names=dns_names,
        ip_addresses=ip_addresses,
        uris=uris,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        key=_key(certificate),
        signature=_SIGNATURES.get(
            certificate.signature_algorithm_oid.dotted_string, certificate.signature_algorithm_oid.dotted_string
        ),
        self_issued=subject == certificate.issuer,
        is_authority=is_authority,
        is_person=is_person,
        damaged=damaged,
        macs=_macs((common_name, device_serial, *dns_names, *uris)),
        serials=tuple(dict.fromkeys(found[0] for found in _SERIAL.finditer(common_name) if not _is_mac(found[0]))),
    )


def _printable(text: str) -> str:
    text = text[:NAME_LIMIT]
    return text if text.isprintable() else "".join(sign if sign.isprintable() else "." for sign in text)


def _name(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    for attribute in name.get_attributes_for_oid(oid):
        text = attribute.value
        return _printable(text if isinstance(text, str) else text.decode("latin-1"))
    return ""


def _extensions(certificate: x509.Certificate) -> tuple[list[x509.ExtensionType], bool]:
    """The extensions that can be read, and whether they are damaged: one bad extension must not hide the subject."""
    from cryptography.x509 import DuplicateExtension

    try:
        return [extension.value for extension in certificate.extensions], False
    except (ValueError, DuplicateExtension):
        return [], True


def _alternative_names(
    extensions: list[x509.ExtensionType],
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], bool]:
    from cryptography import x509

    dns_names: dict[str, None] = {}
    ip_addresses: dict[str, None] = {}
    uris: dict[str, None] = {}
    has_mail = False
    names = [name for one in extensions if isinstance(one, x509.SubjectAlternativeName) for name in one]
    for name in names[:NAMES_LIMIT]:
        if isinstance(name, x509.DNSName):
            dns_names[_printable(name.value)] = None
        elif isinstance(name, x509.IPAddress):
            ip_addresses[str(name.value)] = None
        elif isinstance(name, x509.UniformResourceIdentifier):
            uris[_printable(name.value)] = None
        elif isinstance(name, x509.RFC822Name):
            has_mail = True
    return tuple(dns_names), tuple(ip_addresses), tuple(uris), has_mail


def _purposes(extensions: list[x509.ExtensionType]) -> set[str]:
    from cryptography.x509 import ExtendedKeyUsage

    return {oid.dotted_string for one in extensions if isinstance(one, ExtendedKeyUsage) for oid in one}


def _is_authority(extensions: list[x509.ExtensionType]) -> bool:
    from cryptography.x509 import BasicConstraints

    return any(one.ca for one in extensions if isinstance(one, BasicConstraints))


def _key(certificate: x509.Certificate) -> str:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

    try:
        key = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        return certificate.public_key_algorithm_oid.dotted_string
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.curve.name}"
    if isinstance(key, dsa.DSAPublicKey):
        return f"DSA {key.key_size}"
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "Ed25519"
    if isinstance(key, ed448.Ed448PublicKey):
        return "Ed448"
    return certificate.public_key_algorithm_oid.dotted_string


def _is_mac(word: str) -> bool:
    return _PLAIN_MAC.fullmatch(word) is not None


def _macs(names: tuple[str, ...]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for name in names:
        for match in (*_MAC.finditer(name), *_PLAIN_MAC.finditer(name)):
            digits = re.sub("[:-]", "", match[0]).lower()
            found[":".join(digits[at : at + 2] for at in range(0, 12, 2))] = None
    return tuple(found)
