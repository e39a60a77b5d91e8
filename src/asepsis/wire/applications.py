"""The applications that the compiled classifier can name, by content first and by port last.

The numbers are internal; the names are what `conversations` prints and, where a dissector exists, the
name of the protocol's module.
"""

from __future__ import annotations

from enum import IntEnum


class Application(IntEnum):
    """Codes 1 to 63 have a dissector; 64 and above are names only."""

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
