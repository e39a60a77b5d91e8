"""TLS, QUIC and SSH: what is said before encryption begins."""

from __future__ import annotations

from collections.abc import Hashable

from asepsis.crypto.certificates import Certificate, read_certificate
from asepsis.devices.address import Reach, reach
from asepsis.devices.clue import Attribute
from asepsis.devices.observe.say import ANNOUNCED, HINTED, REPORTED, Reader, Say, facts_of, host_name
from asepsis.kernel.time import SECOND_NS
from asepsis.knowledge.table import Table, table
from asepsis.knowledge.vendors import known_vendor
from asepsis.protocols.quic import QuicHello
from asepsis.protocols.ssh import SshIdentification, SshOffer
from asepsis.protocols.tls import Certificates
from asepsis.protocols.tls_hello import ClientHello

_NAMES_LIMIT = 4
_DOMAINS = table("domains")
_TLS_STACKS = table("tls_stacks")
_SSH_STACKS = table("ssh_stacks")


def _tells(stacks: Table, fingerprint: str) -> bool:
    """True when a row knows the fingerprint and says more than the name of a program that runs anywhere."""
    match = stacks.find(fingerprint) if fingerprint else None
    return match is not None and bool(facts_of(match))


# A ServerHello says nothing here: its fingerprint (JA3S) changes with what the client offered.
def _client_hello(message: ClientHello) -> Hashable:
    # Most names belong to nobody in particular; only those that a row knows are remembered.
    name = message.server_name if message.server_name and _DOMAINS.find(message.server_name) is not None else ""
    stack = message.ja4 if _tells(_TLS_STACKS, message.ja4) else ""
    return (name, stack) if name or stack else None


def _explain_client_hello(message: ClientHello, say: Say) -> None:
    say.known("domains", message.server_name)
    say.known("tls_stacks", message.ja4)


def _quic_hello(message: QuicHello) -> Hashable:
    name = message.server_name if message.server_name and _DOMAINS.find(message.server_name) is not None else ""
    return (name, message.user_agent) if name or message.user_agent else None


def _explain_quic_hello(message: QuicHello, say: Say) -> None:
    say.known("domains", message.server_name)
    # What Google's library writes there ends like an HTTP User-Agent: "beta Chrome/84.0 Windows NT 10.0; Win64; x64".
    say.known("http_user_agents", message.user_agent)


def _certificates(message: Certificates) -> Hashable:
    return message.certificates[0] if message.certificates and message.sender_is_server else None


def _explain_certificates(message: Certificates, say: Say) -> None:
    _, ip = say.sender
    if reach(ip) is Reach.PUBLIC:
        return  # of a stranger's server; reading it would cost and tell nothing of the site's devices
    certificate = read_certificate(message.certificates[0])
    if not isinstance(certificate, Certificate) or certificate.is_person:
        return
    # A certificate is seen, not verified, and may be a maker's default or a copy.
    for name in (*certificate.dns_names, certificate.common_name)[:_NAMES_LIMIT]:
        if " " not in name and "*" not in name:
            say.that(Attribute.NAME, host_name(name), REPORTED)
    say.known("products", certificate.common_name, 0.8)
    say.known("products", certificate.unit, 0.6)
    if certificate.self_issued:
        # Whoever signs for himself names himself; a hospital's own authority names the hospital.
        say.known_maker(certificate.organization, REPORTED)
    else:
        say.known_maker(certificate.organization, HINTED)
        issuer = known_vendor(certificate.issuer_organization or certificate.issuer_common_name)
        if issuer is not None and issuer.kind == "medical":
            # A maker's own authority signs for its devices and for its servers; no hospital has one.
            say.that(Attribute.VENDOR, issuer.name, REPORTED)
    expired = _ended_before(certificate, say)
    for serial in (certificate.device_serial, *certificate.serials[:1]):
        # A certificate that ran out long ago may have moved with a disk to another machine.
        say.that(Attribute.SERIAL, serial, HINTED if expired else REPORTED)
    for mac in certificate.macs[:1]:
        if mac == say.sender[0]:
            # The device's own address stands in its certificate: it was made for this one.
            say.that(Attribute.NAME, certificate.common_name, ANNOUNCED)


def _ended_before(certificate: Certificate, say: Say) -> bool:
    return certificate.not_after.timestamp() * SECOND_NS < say.time_ns


def _ssh(message: SshIdentification) -> Hashable:
    return (message.software, message.comments)


def _explain_ssh(message: SshIdentification, say: Say) -> None:
    text = f"{message.software} {message.comments}".rstrip()
    say.known("ssh_banners", text)
    say.known("products", text)


def _ssh_offer(message: SshOffer) -> Hashable:
    # Of a side whose role never became known both fingerprints are there.
    return next((one for one in (message.hassh, message.hassh_server) if _tells(_SSH_STACKS, one)), None)


def _explain_ssh_offer(message: SshOffer, say: Say) -> None:
    say.known("ssh_stacks", message.hassh)
    say.known("ssh_stacks", message.hassh_server)


READERS: dict[type, Reader] = {
    QuicHello: Reader(_quic_hello, _explain_quic_hello),
    ClientHello: Reader(_client_hello, _explain_client_hello),
    Certificates: Reader(_certificates, _explain_certificates),
    SshIdentification: Reader(_ssh, _explain_ssh),
    SshOffer: Reader(_ssh_offer, _explain_ssh_offer),
}
