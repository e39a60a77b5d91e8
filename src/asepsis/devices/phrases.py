"""The words of an explanation: how each protocol's evidence is called, and which message would tell what is unknown.

Data for ``explanation``. A protocol without a row is called by its own name, so that a new one needs none.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from asepsis.devices.clue import Attribute
from asepsis.knowledge.vocabulary import WIDER, Category


class Witness(NamedTuple):
    """Who says something: ``its LLDP announcements`` ``say``."""

    subject: str
    verb: str = "say"


# Protocol of evidence -> who says so. Messages first, then what follows from addresses and traffic.
WITNESSES: Final[dict[str, Witness]] = {
    "arp": Witness("its ARP messages"),
    "cdp": Witness("its CDP announcements"),
    "lldp": Witness("its LLDP announcements"),
    "dhcp": Witness("its DHCP requests"),
    "dhcpv6": Witness("its DHCPv6 requests"),
    "dns": Witness("the DNS names it asks for or bears"),
    "mdns": Witness("its multicast DNS announcements"),
    "ssdp": Witness("its UPnP announcements (SSDP)"),
    "http": Witness("its web traffic", "says"),
    "tls": Witness("its TLS traffic", "says"),
    "ssh": Witness("its SSH greeting", "says"),
    "snmp": Witness("its SNMP answers"),
    "smb": Witness("its Windows file sharing (SMB)", "says"),
    "mqtt": Witness("its MQTT messages"),
    "dicom": Witness("its DICOM services and images"),
    "hl7": Witness("its HL7 messages"),
    "nd": Witness("its IPv6 neighbour discovery", "says"),
    "llmnr": Witness("its LLMNR messages"),
    "nbns": Witness("its NetBIOS names"),
    "nbdgm": Witness("its NetBIOS announcements"),
    "ntp": Witness("its NTP messages"),
    "telnet": Witness("its Telnet greeting", "says"),
    "ftp": Witness("its FTP greeting", "says"),
    "smtp": Witness("its mail greeting (SMTP)", "says"),
    "quic": Witness("its QUIC traffic", "says"),
    "kerberos": Witness("its Kerberos requests"),
    "ldap": Witness("its LDAP messages"),
    "rdp": Witness("its remote desktop messages"),
    "sip": Witness("its telephony messages (SIP)"),
    "rtsp": Witness("its video streaming (RTSP)", "says"),
    "coap": Witness("the resources it offers by CoAP"),
    "bacnet": Witness("its BACnet messages"),
    "modbus": Witness("its Modbus messages"),
    "opcua": Witness("its OPC UA messages"),
    "ethernet_ip": Witness("its EtherNet/IP messages"),
    "wifi": Witness("its Wi-Fi frames"),
    "ble": Witness("its Bluetooth advertising", "says"),
    "hci": Witness("its Bluetooth services"),
    "phd": Witness("its health device messages (IEEE 11073)"),
    "astm": Witness("its laboratory messages (ASTM)"),
    "poct1a": Witness("its point-of-care messages (POCT1-A)"),
    "intellivue": Witness("its IntelliVue data export", "says"),
    "ansar": Witness("its serial data (ANSAR-B)"),
    "wsd": Witness("its web service discovery (WSD)", "says"),
    "sdc": Witness("its description of itself (IEEE 11073 SDC)", "says"),
    "upnp": Witness("its UPnP description", "says"),
    "fhir": Witness("its FHIR messages"),
    "dicomweb": Witness("its DICOMweb requests and answers"),
    "ipp": Witness("its printing (IPP)", "says"),
    "pjl": Witness("its printer language (PJL)", "says"),
    "behaviour": Witness("its behaviour, by your own model,", "says"),
    "vendor prefix": Witness("the maker of its network interface", "says"),
    "inference": Witness("what it does for others", "says"),
    "exchanges": Witness("what it exchanges with whom", "says"),
    "tcp": Witness("the TCP ports it uses"),
    "udp": Witness("the UDP ports it uses"),
    "ip": Witness("the packets it forwards"),
    "vrrp": Witness("its shared router address (VRRP)", "says"),
    "hsrp": Witness("its shared router address (HSRP)", "says"),
    "glbp": Witness("its shared router address (GLBP)", "says"),
}


def witness(protocol: str) -> Witness:
    """Who says something, in words."""
    found = WITNESSES.get(protocol)
    if found is not None:
        return found
    if protocol.startswith("person"):
        return Witness(protocol.removeprefix("person").strip() or "somebody", "says")
    name = protocol.replace("_", " ")
    return Witness(f"its {name.upper() if len(name) < 6 else name} messages")


class Teller(NamedTuple):
    """A message that would tell an attribute."""

    protocol: str
    """The device is likelier to say it where it speaks this already."""
    text: str
    group: frozenset[str] | None = None
    """Categories of which it is worth hoping for before the device has spoken the protocol; None for any."""


_WORDS: Final = frozenset((Category.MEDICAL_DEVICE, Category.IMAGING_MODALITY, Category.MEDICAL_SERVER))
_MEDICAL: Final = frozenset(
    [category.value for category, words in WIDER.items() if not _WORDS.isdisjoint(words)]
    + [word.value for word in _WORDS]
    + [Category.IMAGING_WORKSTATION.value, Category.FILM_PRINTER.value, Category.TELEMEDICINE_CART.value]
)
_IMAGING: Final = frozenset(
    [category.value for category, words in WIDER.items() if Category.IMAGING_MODALITY in words]
    + [Category.IMAGING_MODALITY.value]
)
_BEDSIDE: Final = _MEDICAL - _IMAGING - {Category.PACS.value, Category.IMAGING_WORKSTATION.value}
_COMPUTERS: Final = frozenset((Category.WORKSTATION.value, Category.SERVER.value, Category.IMAGING_WORKSTATION.value))
_NETWORK: Final = frozenset(
    (Category.SWITCH, Category.ROUTER, Category.ACCESS_POINT, Category.FIREWALL, Category.PHONE, Category.PRINTER)
)
_NOBODY: Final[frozenset[str]] = frozenset()

_LLDP = "its LLDP inventory, where that is switched on"
_WEB = "the name or title that its web page shows"
# Attribute -> messages, the likeliest first. The fields are those that ``observe`` reads.
TELLERS: Final[dict[str, tuple[Teller, ...]]] = {
    Attribute.CATEGORY: (
        Teller("dicom", "an image or a worklist query of its own (DICOM)", _IMAGING),
        Teller("hl7", "the device or IEEE 11073 codes in its HL7 results (OBX-18, OBX-3)", _BEDSIDE),
        Teller("dhcp", "its host name and vendor class at its next DHCP request"),
        Teller("mdns", "what it announces by multicast DNS or UPnP"),
        Teller("snmp", "sysObjectID or sysDescr (SNMP, when a manager asks it)"),
        Teller("http", _WEB),
    ),
    Attribute.VENDOR: (
        Teller("vendor prefix", "its hardware address, in a capture of its own network segment"),
        Teller("dicom", "the manufacturer in its DICOM images (0008,0070)", _IMAGING),
        Teller("snmp", "sysObjectID (SNMP, when a manager asks it)"),
        Teller("lldp", _LLDP, _NETWORK),
        Teller("mdns", "what it announces by multicast DNS or UPnP"),
        Teller("http", _WEB),
    ),
    Attribute.MODEL: (
        Teller("dicom", "the model name in its DICOM images or procedure steps (0008,1090)", _IMAGING),
        Teller("hl7", "the device in its HL7 results (OBX-18, PRT-10)", _BEDSIDE),
        Teller("snmp", "sysDescr or entPhysicalModelName (SNMP, when a manager asks it)"),
        Teller("lldp", _LLDP, _NETWORK),
        Teller("upnp", "its UPnP description, when somebody fetches it"),
        Teller("mdns", "the model in its multicast DNS announcements (md, ty)"),
        Teller("http", _WEB),
    ),
    Attribute.OS: (
        Teller("dhcp", "what it asks for by DHCP"),
        Teller("smb", "the version in its Windows sign-in (NTLM)", _COMPUTERS),
        Teller("ssh", "its SSH greeting"),
        Teller("http", "the User-Agent of its web requests"),
        Teller("snmp", "sysDescr (SNMP, when a manager asks it)"),
    ),
    Attribute.FIRMWARE: (
        Teller("dicom", "the software versions in its DICOM images or procedure steps (0018,1020)", _IMAGING),
        Teller("hl7", "the software segment of its HL7 messages (SFT-2)", _BEDSIDE),
        Teller("snmp", "sysDescr or entPhysicalSoftwareRev (SNMP, when a manager asks it)"),
        Teller("lldp", _LLDP, _NETWORK),
        Teller("mdns", "the version in its multicast DNS announcements (fv, srcvers)"),
        Teller("http", "the version that its web server gives"),
    ),
    Attribute.SERIAL: (
        Teller("dicom", "the serial number in its DICOM images or procedure steps (0018,1000)", _IMAGING),
        Teller("hl7", "the UDI in its HL7 results (PRT-10, OBX-18)", _BEDSIDE),
        Teller("snmp", "entPhysicalSerialNum or prtGeneralSerialNumber (SNMP, when a manager asks it)"),
        Teller("lldp", _LLDP, _NETWORK),
        Teller("mdns", "the serial number in its multicast DNS announcements", _NOBODY),
        Teller("tls", "a certificate of its own with its serial number"),
    ),
    Attribute.UDI: (
        Teller("dicom", "the UDI in its DICOM images (0018,100A)", _IMAGING),
        Teller("hl7", "the UDI in its HL7 results (PRT-10, OBX-18)", _BEDSIDE),
    ),
    Attribute.ROLE: (Teller("tcp", "a conversation in which it asks or answers somebody"),),
}


def is_medical(category: str | None) -> bool:
    """True for what belongs to care: devices, imaging, laboratory, clinical systems."""
    return category is not None and category in _MEDICAL
