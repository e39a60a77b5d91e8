"""A certificate authority of one installation: makes itself, and certificates for its server (RFC 5280).

Its key signs nothing else than the certificate of this server, so the authority's own certificate says so: no authority
below it, and names of the server alone.
"""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from asepsis.kernel.value import value

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

AUTHORITY_LIFE: Final = datetime.timedelta(days=3650)
# Browsers refuse certificates of servers that live longer (CA/Browser Forum ballot SC-081: 200 days from March 2026).
SERVER_LIFE: Final = datetime.timedelta(days=90)
# Clocks of clients differ; a certificate that begins a little earlier is taken by all.
BACKDATED: Final = datetime.timedelta(hours=1)
NAMES_LIMIT: Final = 100


@value
class Issued:
    """A private key and its certificate, both as PEM."""

    key: bytes
    """PKCS #8, not encrypted: whoever writes it keeps it from others by the mode of the file."""
    certificate: bytes


def new_authority(name: str, *, now: datetime.datetime) -> Issued:
    """A new authority with a key of its own on P-256.

    Args:
        name: What it is called in the lists of browsers.
        now: When its life begins.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = _named(name)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _issued(key, certificate)


def issue_server(authority: Issued, names: Sequence[str], *, now: datetime.datetime) -> Issued:
    """A certificate for a server, with a new key.

    Args:
        authority: Who signs.
        names: Host names and addresses of the server; the first is its common name.
        now: When its life begins.

    Raises:
        ValueError: There is no name, or there are too many.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.x509.oid import ExtendedKeyUsageOID

    if not 0 < len(names) <= NAMES_LIMIT:
        raise ValueError(f"a server has from 1 to {NAMES_LIMIT} names")
    issuer = x509.load_pem_x509_certificate(authority.certificate)
    signer = load_pem_private_key(authority.key, None)
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise ValueError("the authority's key is not on an elliptic curve")
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_named(names[0]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + SERVER_LIFE)
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
            critical=False,
        )
        .sign(signer, hashes.SHA256())
    )
    return _issued(key, certificate)


def expires(certificate: bytes) -> datetime.datetime:
    """When the life of a certificate (PEM) ends."""
    from cryptography import x509

    return x509.load_pem_x509_certificate(certificate).not_valid_after_utc


def server_names(certificate: bytes) -> tuple[str, ...]:
    """The names that a server's certificate (PEM) stands for."""
    from cryptography import x509

    names = x509.load_pem_x509_certificate(certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return tuple(str(name.value) for name in names.value)


def issued_by(certificate: bytes, authority: bytes) -> bool:
    """Whether an authority (PEM) signed a certificate (PEM)."""
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature

    try:
        x509.load_pem_x509_certificate(certificate).verify_directly_issued_by(x509.load_pem_x509_certificate(authority))
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def fingerprint(certificate: bytes) -> str:
    """SHA-256 of a certificate (PEM), in the form that browsers show: pairs of hexadecimal digits and colons."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    der = x509.load_pem_x509_certificate(certificate).public_bytes(Encoding.DER)
    return ":".join(f"{byte:02X}" for byte in sha256(der).digest())


def _named(name: str) -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])  # RFC 5280 A.1: ub-common-name


def _general(name: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name.encode("idna").decode("ascii"))


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _issued(key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> Issued:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return Issued(
        key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        certificate=certificate.public_bytes(Encoding.PEM),
    )
