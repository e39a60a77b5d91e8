"""What a server's certificate says of the device that shows it: its maker's authority, its serial number, its age."""

from __future__ import annotations

from cryptography.x509.oid import NameOID

from asepsis.kernel.time import SECOND_NS
from asepsis.protocols.message import Sighting
from asepsis.protocols.tls import Certificates
from tests.crypto.test_certificates import der
from tests.devices.ward import PC, one, said, sighting

# Certificates of the tests are good until 2050.
SECONDS_TO_2060 = 1_140_000_000.0


def shown(certificate: bytes, *, at: float = 0.0) -> Sighting:
    return sighting(Certificates(sender_is_server=True, certificates=(certificate,)), PC, "10.0.0.5", at=at)


def issued_by(organization: str) -> bytes:
    subject = ((NameOID.COMMON_NAME, "mon-5.ward.example"), (NameOID.SERIAL_NUMBER, "DE12345678"))
    return der(subject, issuer=((NameOID.ORGANIZATION_NAME, organization), (NameOID.COMMON_NAME, "Device CA")))


def test_the_authority_of_a_maker_of_medical_devices_names_the_maker() -> None:
    found = one(shown(issued_by("Philips Medical Systems")))
    assert ("Philips", "tls") in said(found, "vendor")
    assert found.vendor == "Philips"


def test_an_authority_that_signs_for_anybody_names_nobody() -> None:
    for authority in ("Microsoft Corporation", "Example Trust", "General Hospital"):
        protocols = {protocol for _, protocol in said(one(shown(issued_by(authority))), "vendor")}
        assert "tls" not in protocols, authority


def test_the_serial_number_of_a_certificate_that_ran_out_is_hardly_believed() -> None:
    fresh = one(shown(issued_by("Example Trust")))
    assert fresh.serial == "DE12345678"
    old = one(shown(issued_by("Example Trust"), at=SECONDS_TO_2060))
    assert old.first_seen_ns > 2_700_000_000 * SECOND_NS
    assert old.serial is None
    assert ("DE12345678", "tls") in said(old, "serial")
