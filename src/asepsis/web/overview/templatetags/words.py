"""How words of programs are shown to people."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from django.template import Library
from django.utils import timezone
from django.utils.timesince import timesince

register = Library()

WORDS_KEPT: Final = 4096
"""Names of kinds, states, protocols and attributes; a page says some fifty of them."""


_SPELT: Final = {
    "ansar": "ANSAR-B",
    "bacnet": "BACnet",
    "ble": "Bluetooth LE",
    "dicomweb": "DICOMweb",
    "ethernet_ip": "EtherNet/IP",
    "intellivue": "IntelliVue",
    "kerberos": "Kerberos",
    "mdns": "mDNS",
    "modbus": "Modbus",
    "opcua": "OPC UA",
    "phd": "IEEE 11073 PHD",
    "sdc": "IEEE 11073 SDC",
    "telnet": "Telnet",
    "wifi": "Wi-Fi",
    "wireguard": "WireGuard",
    "xray": "X-ray",
}
"""Words of programs that people spell otherwise."""
_ABBREVIATIONS: Final = """
    arp astm cdp coap ct dhcp dhcpv6 dicom dns dtls ecg eeg ehr fhir ftp hci hl7 http id ip ipp ldap llmnr lldp mqtt mr
    nbdgm nbns nd ntp os pacs pjl poc poct1a quic rdp rtsp sip smb smtp snmp ssdp ssh stun tcp tls tv udi udp upnp ups
    wsd xmpp
"""
_CAPITALS: Final = frozenset(_ABBREVIATIONS.split())


@register.filter
def words(name: object) -> str:
    """``infusion_pump`` as ``Infusion pump``; abbreviations in capitals, and capitals that stand already are kept."""
    return _words(str(name))


@lru_cache(maxsize=WORDS_KEPT)
def _words(text: str) -> str:
    if text in _SPELT:
        return _SPELT[text]
    parts = [part.upper() if part in _CAPITALS else part for part in text.replace("_", " ").split(" ")]
    joined = " ".join(parts)
    return joined[:1].upper() + joined[1:]


@register.filter
def ago(moment: datetime | None, now: datetime | None = None) -> str:
    """How long ago a moment was, in words: ``2 hours, 5 minutes ago``, or ``just now`` within a minute."""
    if moment is None:
        return ""
    until = now or timezone.now()
    return "just now" if until - moment < timedelta(minutes=1) else f"{timesince(moment, until)} ago"


@register.filter
def percent(share: float | None) -> str:
    """0.934 as ``93 %``."""
    return "" if share is None else f"{100 * float(share):.0f} %"


@register.filter
def size(count: float | None) -> str:
    """Bytes as people read them: 1536 as ``1.5 kB``; decimal, as networks count."""
    amount = float(count or 0)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"
