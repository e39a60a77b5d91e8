"""The applications that the engine can name, by content first and by port last.

The numbers are internal; the names are what `conversations` prints and, for 1 to 63, the name of the
protocol's module. Port numbers are facts of IANA's service name and port number registry (2026) unless a
comment names another source.
"""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Application(IntEnum):
    """Codes 1 to 63 have a dissector and are told by content; 64 to 239 are told by port; ``NAMED`` by content too.

    52 to 56 ride on HTTP: the kernels say HTTP, and the messages of a conversation say which it was.
    """

    UNKNOWN = 0
    ARP = 1
    LLDP = 2
    DHCP = 3
    DHCPV6 = 4
    DNS = 5
    MDNS = 6
    SSDP = 7
    HTTP = 8
    TLS = 9
    SSH = 10
    SNMP = 11
    SMB = 12
    MQTT = 13
    DICOM = 14
    HL7 = 15
    CDP = 16
    ND = 17
    LLMNR = 18
    NBNS = 19
    NTP = 20
    TELNET = 21
    FTP = 22
    SMTP = 23
    NBDGM = 24
    QUIC = 25
    KERBEROS = 26
    LDAP = 27
    RDP = 28
    SIP = 29
    RTSP = 30
    COAP = 31
    BACNET = 34
    MODBUS = 35
    ETHERNET_IP = 36
    OPCUA = 37
    WIFI = 38
    BLE = 39
    HCI = 40
    PHD = 44
    ASTM = 45
    POCT1A = 46
    INTELLIVUE = 47
    ANSAR = 48
    WSD = 51
    SDC = 52
    UPNP = 53
    FHIR = 54
    DICOMWEB = 55
    IPP = 56
    PJL = 57


NAMED: Final[dict[str, int]] = {"dnscrypt": 240, "dtls": 241, "stun": 242, "wireguard": 243, "xmpp": 244}
"""Told by content, and not read any further."""

# Whoever speaks these shows it in the first bytes. Where a conversation began before our eyes and its bytes were of
# none of them, the port's name is wrong.
_ALWAYS_TOLD_TCP: Final = ("http", "tls", "ssh", "mqtt", "dicom", "hl7", "xmpp", "sip", "rtsp")
_ALWAYS_TOLD_UDP: Final = ("quic", "sip", "snmp", "dtls", "stun", "wireguard")


_TCP: dict[str, tuple[int, ...]] = {
    "dns": (53,),
    "http": (80, 8080, 8000, 8888, 3128, 591),
    "tls": (443, 8443, 465, 563, 636, 853, 989, 990, 992, 993, 994, 995, 5061, 5671, 8883, 2762, 6514, 5986),
    "ssh": (22,),
    "snmp": (161,),
    "smb": (445, 139),
    "mqtt": (1883,),
    "dicom": (104, 11112),
    "hl7": (2575,),
    "ftp": (21,),
    "ftp-data": (20,),
    "telnet": (23,),
    "smtp": (25, 587),
    "kerberos": (88,),
    "pop3": (110,),
    "rpcbind": (111,),
    "ident": (113,),
    "nntp": (119,),
    "msrpc": (135,),
    "imap": (143,),
    "bgp": (179,),
    "irc": (6667, 194),
    "ldap": (389, 3268),
    "slp": (427,),
    "modbus": (502,),
    "rlogin": (513,),
    "rsh": (514,),
    "lpd": (515,),
    "afp": (548,),
    "rtsp": (554, 8554),
    "ipp": (631,),
    "rsync": (873,),
    "socks": (1080,),
    "openvpn": (1194,),
    "mssql": (1433,),
    "oracle": (1521,),
    "h323": (1720,),
    "pptp": (1723,),
    "rtmp": (1935,),
    "nfs": (2049,),
    "iec-104": (2404,),
    "mysql": (3306,),
    "rdp": (3389,),
    "diameter": (3868,),
    "opcua": (4840,),
    "sip": (5060,),
    "xmpp": (5222, 5269),
    "postgresql": (5432,),
    "amqp": (5672,),
    "winrm": (5985,),
    "vnc": (5900, 5901),
    "x11": (6000,),
    "redis": (6379,),
    "elasticsearch": (9200,),
    "pjl": (9100,),
    "kafka": (9092,),
    "memcached": (11211,),
    "mongodb": (27017,),
    "dnp3": (20000,),
    "ethernet_ip": (44818,),
    "s7comm": (102,),
    "iscsi": (3260,),
    "git": (9418,),
    "whois": (43,),
    "zabbix": (10050, 10051),
    "citrix": (1494, 2598),
    "jabber-file": (5298,),
    "wsd": (5357, 5358),
    "nbns": (137,),
    "svn": (3690,),
    "tftp": (69,),
    "syslog": (601,),
    "radmin": (4899,),
    "teamviewer": (5938,),
    "coap": (5683,),
    "nats": (4222,),
}

_UDP: dict[str, tuple[int, ...]] = {
    "dhcp": (67, 68),
    "dhcpv6": (546, 547),
    "dns": (53,),
    "mdns": (5353,),
    "ssdp": (1900,),
    "snmp": (161, 162),
    "tftp": (69,),
    "kerberos": (88,),
    "rpcbind": (111,),
    "ntp": (123,),
    "nbns": (137,),
    "nbdgm": (138,),
    "ldap": (389,),
    "slp": (427,),
    "quic": (443,),
    "isakmp": (500, 4500),
    "syslog": (514,),
    "rip": (520,),
    "openvpn": (1194,),
    "radius": (1812, 1813, 1645, 1646),
    "l2tp": (1701,),
    "hsrp": (1985,),
    "nfs": (2049,),
    "gtp": (2123, 2152, 3386),
    "ethernet_ip": (2222, 44818),
    "rdp": (3389,),
    "stun": (3478,),
    "wsd": (3702,),
    "vxlan": (4789,),
    "sip": (5060,),
    "llmnr": (5355,),
    "coap": (5683,),
    "dtls": (5684,),
    "sflow": (6343,),
    "geneve": (6081,),
    "netflow": (2055, 9995),
    "bacnet": (47808,),
    "knx": (3671,),
    "ptp": (319, 320),
    "wireguard": (51820,),
    "teredo": (3544,),
    "memcached": (11211,),
    "dnp3": (20000,),
    "nat-pmp": (5351,),
    "xdmcp": (177,),
    "bfd": (3784,),
    "rtcp": (5005,),
    # Philips, IntelliVue data export interface: UDP 24105 for the association and the data, 24005 for the beacon.
    "intellivue": (24105, 24005),
}

_DISSECTED = {member.name.lower(): int(member) for member in Application if member}
_TOLD = _DISSECTED | NAMED


@lru_cache(maxsize=1)
def _names() -> dict[int, str]:
    names = {code: name for name, code in _TOLD.items()}
    names[0] = "unknown"
    code = 64
    for name in sorted({*_TCP, *_UDP} - set(_TOLD)):
        names[code] = name
        code += 1
    return names


@lru_cache(maxsize=1)
def codes() -> dict[str, int]:
    """Name to code, for filters and imports."""
    return {name: code for code, name in _names().items()}


def application_name(code: int) -> str:
    """``14`` -> ``dicom``; ``0`` -> ``unknown``."""
    return _names().get(code, "unknown")


@lru_cache(maxsize=1)
def port_tables() -> tuple[NDArray[Any], NDArray[Any]]:
    """Two arrays of 65,536 application codes, for TCP and UDP ports; 0 where no service is registered."""
    by_name = codes()
    tables = []
    for ports in (_TCP, _UDP):
        table = np.zeros(65536, np.uint8)
        for name, numbers in ports.items():
            table[list(numbers)] = by_name[name]
        tables.append(table)
    return tables[0], tables[1]


@lru_cache(maxsize=1)
def always_told() -> tuple[NDArray[Any], NDArray[Any]]:
    """Two arrays of 256 flags, for TCP and UDP: the content of this application always tells it."""
    by_name = codes()
    tables = []
    for names in (_ALWAYS_TOLD_TCP, _ALWAYS_TOLD_UDP):
        table = np.zeros(256, np.bool_)
        table[[by_name[name] for name in names]] = True
        tables.append(table)
    return tables[0], tables[1]
