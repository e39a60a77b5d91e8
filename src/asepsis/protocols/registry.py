"""Which protocol modules there are: names in, ``Dissector`` values out.

A module is imported when it is first asked for, because a short run sees three protocols and should not
pay for the start of fifteen. The names are those of ``wire.applications.Application`` in lower case, of
the modules beside this one, and of the keys of ``messages`` in ``asepsis analyze --json``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Final

from asepsis.protocols.message import Dissector

PROTOCOLS: Final[tuple[str, ...]] = (
    "arp",
    "lldp",
    "dhcp",
    "dhcpv6",
    "dns",
    "mdns",
    "ssdp",
    "http",
    "tls",
    "ssh",
    "snmp",
    "smb",
    "mqtt",
    "dicom",
    "hl7",
    "cdp",
    "nd",
    "llmnr",
    "nbns",
    "ntp",
    "telnet",
    "ftp",
    "smtp",
    "nbdgm",
    "quic",
    "kerberos",
    "ldap",
    "rdp",
    "sip",
    "rtsp",
    "coap",
    "bacnet",
    "modbus",
    "ethernet_ip",
    "opcua",
    "wifi",
    "ble",
    "hci",
    "phd",
    "astm",
    "poct1a",
    "intellivue",
    "ansar",
    "wsd",
    "sdc",
    "upnp",
    "fhir",
    "dicomweb",
    "ipp",
    "pjl",
)
"""Every protocol that is read, in the order of the codes of ``Application``; codes may have gaps."""


@cache
def dissector(protocol: str) -> Dissector:
    """The dissector of one protocol, imported on first use.

    Raises:
        KeyError: ``protocol`` is not one of ``PROTOCOLS``.
    """
    if protocol not in PROTOCOLS:
        raise KeyError(protocol)
    found: Dissector = import_module(f"asepsis.protocols.{protocol}").DISSECTOR
    return found


class _Dissectors(Mapping[str, Dissector]):
    """All names at once, each module only when it is looked up."""

    def __getitem__(self, protocol: str) -> Dissector:
        return dissector(protocol)

    def __contains__(self, protocol: object) -> bool:
        return protocol in PROTOCOLS

    def __iter__(self) -> Iterator[str]:
        return iter(PROTOCOLS)

    def __len__(self) -> int:
        return len(PROTOCOLS)


DISSECTORS: Final[Mapping[str, Dissector]] = _Dissectors()
