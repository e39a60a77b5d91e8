"""The closed list of weaknesses: the field's term for each, what it means for care, and what to do.

Terms are entries of MITRE's Common Weakness Enumeration (CWE 4.x) or sections of the standard that forbids the thing.
``ease`` says how much the weakness helps somebody on the network: it follows the exploitability metrics of CVSS 3.1
(2.1): 1.0 where one packet is enough, 0.7 where somebody must listen, 0.4 where more must come together.
"""

from __future__ import annotations

from typing import Final

from asepsis.kernel.value import value


@value
class Kind:
    """One sort of weakness. ``id`` is stable once published."""

    id: str
    title: str
    term: str
    """The standard's word for it."""
    care: str
    """What it means for patients and staff."""
    action: str
    """What to do about it."""
    ease: float
    """0 to 1: how much it helps somebody on the network."""
    hours: float
    """Work of the action on one device, in hours: our own estimate, for ranking only."""


def _kind(name: str, title: str, term: str, ease: float, hours: float, care: str, action: str) -> Kind:
    return Kind(id=name, title=title, term=term, ease=ease, hours=hours, care=care, action=action)


_ALL: Final = (
    _kind(
        "patient-data-in-clear",
        "Patient data crosses the network unencrypted",
        "CWE-319 Cleartext Transmission of Sensitive Information",
        *(0.7, 4.0),
        "Whoever is on the path reads names and results, and can change them unnoticed: a wrong value at the bedside.",
        "Turn on TLS for this interface (DICOM PS3.15 B, HL7 over TLS); until then allow only the two partners.",
    ),
    _kind(
        "credentials-in-clear",
        "Passwords cross the network unencrypted",
        "CWE-523 Unprotected Transport of Credentials",
        *(0.7, 2.0),
        "Whoever listens once can sign in as staff or service, and change what the device does.",
        "Move the sign-in to TLS or SSH, then change the passwords that were seen.",
    ),
    _kind(
        "default-credentials",
        "A password that the maker delivers is in use",
        "CWE-1392 Use of Default Credentials",
        *(1.0, 0.5),
        "Anybody with the manual can sign in and change settings.",
        "Change it, with the maker's procedure; where it is fixed, let only the service computer reach it.",
    ),
    _kind(
        "anonymous-access",
        "A service lets anybody in, without a name or password",
        "CWE-306 Missing Authentication for Critical Function",
        *(1.0, 1.0),
        "Files or messages can be read, and perhaps put there, by anybody on the network.",
        "Turn anonymous access off, or let only the known partners reach it.",
    ),
    _kind(
        "service-without-authentication",
        "Any computer can use its clinical service, without a password",
        "CWE-306 Missing Authentication for Critical Function",
        *(0.8, 2.0),
        "Any computer on the network can send orders, images or results in another's name, or ask for them.",
        "Turn on TLS with certificates of both sides; until then allow only the known partners by firewall rule.",
    ),
    _kind(
        "control-without-authentication",
        "Any computer can switch it, without a password",
        "CWE-306 Missing Authentication for Critical Function",
        *(0.9, 2.0),
        "Ventilation, gases or power can be switched by any computer that reaches the controller.",
        "Let only the building workstation reach it; use the protocol's secured form where there is one (BACnet/SC).",
    ),
    _kind(
        "smb-version-1",
        "It shares files by SMB version 1, which worms use",
        "CWE-477 Use of Obsolete Function; MS-SMB 1 deprecated by Microsoft in 2014",
        *(1.0, 2.0),
        "The worms that stopped hospitals in 2017 spread by this protocol.",
        "Turn SMBv1 off; where the maker forbids it, cut the device off from other computers but its server.",
    ),
    _kind(
        "tls-below-1.2",
        "Its encryption is out of date (TLS older than 1.2)",
        "RFC 8996 (TLS 1.0 and 1.1 must not be used); CWE-327 Broken or Risky Cryptographic Algorithm",
        *(0.4, 2.0),
        "The encryption can be broken or turned down, so data that seem protected are not.",
        "Turn on TLS 1.2 or newer; ask the maker for an update where it cannot.",
    ),
    _kind(
        "certificate-expired",
        "A certificate is used past its end",
        "CWE-298 Improper Validation of Certificate Expiration; RFC 5280 4.1.2.5",
        *(0.4, 1.0),
        "Partners that check it refuse to talk, and those that do not check it accept any impostor.",
        "Renew the certificate, and watch the ends of the others.",
    ),
    _kind(
        "ssh-out-of-support",
        "Its software for remote access is out of support (SSH)",
        "CWE-1104 Use of Unmaintained Third Party Components",
        *(0.4, 4.0),
        "Faults that become known are no longer mended in the door by which the device is looked after.",
        "Ask the maker for an update; until then let only the service computer reach it.",
    ),
    _kind(
        "ssh-weak",
        "Its remote access uses encryption that must not be used (SSH)",
        "RFC 9142 and RFC 8758; CWE-327 Broken or Risky Cryptographic Algorithm",
        *(0.3, 1.0),
        "A session of the service staff could be read or taken over by somebody with means.",
        "Turn off version 1 and the old key exchanges and ciphers on this server.",
    ),
    _kind(
        "os-out-of-support",
        "The operating system is out of support",
        "CWE-1104 Use of Unmaintained Third Party Components",
        *(0.8, 8.0),
        "Known faults stay open for good; worms reach the device and can stop it in the middle of care.",
        "Upgrade or replace with the maker; until then cut it off from everything that it does not need.",
    ),
    _kind(
        "telnet",
        "It can be steered by Telnet, without encryption",
        "CWE-319 Cleartext Transmission of Sensitive Information; NIST SP 800-53 CM-7",
        *(0.9, 1.0),
        "The device can be steered through a door without any protection.",
        "Turn it off and use SSH; where the maker needs it, let only the service computer reach it.",
    ),
    _kind(
        "ftp",
        "It offers files by FTP, without encryption",
        "CWE-319 Cleartext Transmission of Sensitive Information; NIST SP 800-53 CM-7",
        *(0.7, 1.0),
        "Files, perhaps of patients or of software, cross the network open to be read and changed.",
        "Use SFTP or HTTPS instead; where the maker needs FTP, allow only the known partner.",
    ),
    _kind(
        "management-from-internet",
        "It is managed from the internet",
        "CWE-668 Exposure of Resource to Wrong Sphere; ATT&CK for ICS T0883 Internet Accessible Device",
        *(1.0, 1.0),
        "Strangers can try the door day and night; the way into the hospital begins here.",
        "Close it, or put a gateway with a second factor in front; allow the maker's address only, for a time only.",
    ),
    _kind(
        "internet-contact",
        "It talks with the internet",
        "NIST SP 800-53 SC-7(5) Boundary Protection: deny by default",
        *(0.3, 1.0),
        "What it sends leaves the hospital, and who takes over the far side has a way to the device.",
        "Ask the maker what it is for; allow only the named addresses and forbid the rest.",
    ),
    _kind(
        "snmp-unprotected",
        "It answers network management without encryption (SNMP version 1 or 2c)",
        "CWE-319 Cleartext Transmission of Sensitive Information; RFC 3410 8 (versions 1 and 2c are Historic)",
        *(0.5, 1.0),
        "The device tells anybody who listens what it is and how to reach it.",
        "Use version 3 with authentication and privacy, or turn SNMP off.",
    ),
    _kind(
        "rdp-without-nla",
        "Its remote desktop opens before anybody signs in",
        "CWE-306 Missing Authentication for Critical Function; MS-RDPBCGR 5.4.5",
        *(0.8, 1.0),
        "Whoever reaches it gets as far as the sign-in screen, where worms have got in before.",
        "Demand network level authentication (CredSSP), and allow only the service computers.",
    ),
    _kind(
        "wifi-open",
        "An open wireless network",
        "CWE-306 Missing Authentication for Critical Function; IEEE 802.11-2020 12.2.1 (open system)",
        *(0.9, 2.0),
        "Whoever is near joins the network and hears all that is sent by it.",
        "Use WPA3 or WPA2-Enterprise; for guests, WPA3's OWE and a network of their own.",
    ),
    _kind(
        "wifi-weak",
        "A wireless network with broken protection",
        "CWE-327 Broken or Risky Cryptographic Algorithm; IEEE 802.11-2020 12.3.1 (WEP and TKIP are obsolete)",
        *(0.8, 4.0),
        "Whoever is near gets in within minutes or hours, and hears and changes what devices send.",
        "Use WPA2 with AES or WPA3; replace what can only WEP or TKIP.",
    ),
    _kind(
        "ble-pairing-unprotected",
        "Its Bluetooth pairing does not prove who is paired",
        "CWE-306 Missing Authentication for Critical Function; Bluetooth Core 3.H.2.3.5.2 (Just Works)",
        *(0.5, 1.0),
        "Whoever is in the room while it is paired can step in between and read or change readings.",
        "Pair away from strangers; ask the maker for passkey or numeric comparison with Secure Connections.",
    ),
)

KINDS: Final[dict[str, Kind]] = {kind.id: kind for kind in _ALL}
"""By id, in the order of the documentation."""
