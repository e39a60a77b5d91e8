"""What the prototype was heard doing: rows of the history in, flows with their protection out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final

from asepsis.devices.address import Reach, reach
from asepsis.devices.device import Device
from asepsis.exposure.message import Row, facts_of
from asepsis.exposure.weaknesses.weakness import Seen
from asepsis.kernel.value import value

# Different flows of one device: a port scan from the bench makes thousands; a device has some hundred.
FLOWS_LIMIT: Final = 5_000
# Names of one address: content networks have some ten.
NAMES_LIMIT: Final = 32


class Place(StrEnum):
    """Where the other end of a flow is, seen from the device."""

    LOCAL = "the local network"
    INTERNET = "the internet"
    GROUP = "everybody on the segment"
    """Multicast and broadcast."""


class Protection(StrEnum):
    """What protects a flow on its way."""

    ENCRYPTED = "encrypted"
    CLEAR = "in clear"
    UNKNOWN = "cannot tell"


@value
class Flow:
    """Everything between the device and one partner at one port."""

    is_client: bool
    """The device begins it."""
    partner_ip: str
    partner: str
    """What people call the partner: a name, else its address."""
    names: tuple[str, ...]
    """Names of DNS and TLS under which the partner was asked for, in lower case."""
    place: Place
    ip_protocol: int
    port: int
    """The server's; 0 where there are none."""
    application: str
    """Empty where the content told none."""
    protection: Protection
    is_answered: bool
    has_patient_data: bool
    """In clear."""
    conversations: int
    bytes_sent: int
    bytes_received: int
    seen: Seen

    @property
    def transport(self) -> str:
        """``tcp``, ``udp``, or the number of the protocol."""
        return {6: "tcp", 17: "udp", 1: "icmp", 2: "igmp", 58: "icmpv6"}.get(self.ip_protocol, str(self.ip_protocol))

    @property
    def is_service(self) -> bool:
        """It keeps the network going and carries nothing of the device's purpose."""
        return self.application in SERVICES or self.ip_protocol in (1, 2, 58)

    def words(self) -> str:
        """``TLS to update.maker.example at TCP port 443``."""
        what = (self.application or "something").upper() if self.application else "a conversation"
        where = f"{self.transport.upper()} port {self.port}" if self.port else self.transport.upper()
        if self.is_client:
            return f"{what} to {self.partner} at {where}"
        return f"{what} from {self.partner} at the device's {where}"

    def document(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "begun_by": "device" if self.is_client else "partner",
            "partner": self.partner,
            "address": self.partner_ip,
            "names": list(self.names),
            "place": str(self.place),
            "transport": self.transport,
            "port": self.port or None,
            "application": self.application or None,
            "protection": str(self.protection),
            "answered": self.is_answered,
            "patient_data_in_clear": self.has_patient_data,
            "conversations": self.conversations,
            "bytes_sent": self.bytes_sent,
            "bytes_received": self.bytes_received,
            "evidence": self.seen.document(),
        }


SERVICES: Final = frozenset(
    (
        *("arp", "nd", "dns", "mdns", "llmnr", "nbns", "nbdgm", "dhcp", "dhcpv6", "ntp", "lldp", "cdp", "ssdp", "wsd"),
        *("icmp", "igmp"),
    )
)
"""Protocols that keep the network going."""
_ENCRYPTED: Final = frozenset(("tls", "ssh", "quic", "dtls", "https", "sdc"))
# Recognised by content, and their content was there to be read. SMB, RDP, LDAP, OPC UA, SNMP and Kerberos may protect
# themselves inside, so only what they say decides.
_CLEAR: Final = frozenset(
    (
        *("dicom", "hl7", "astm", "poct1a", "intellivue", "phd", "ansar", "http", "ftp", "tftp", "telnet", "mqtt"),
        *("modbus", "bacnet", "ethernet_ip", "smtp", "sip", "rtsp", "ipp", "pjl", "coap", "syslog", "upnp", "fhir"),
        *("dicomweb",),
    )
)


def names_of(messages: Iterable[Row]) -> dict[str, tuple[str, ...]]:
    """Names by address: what answers of DNS said, and what servers of TLS were asked by.

    Args:
        messages: Messages of DNS and TLS, as the history gives them.
    """
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for row in messages:
        facts = facts_of(row)
        if row["protocol"] == "dns":
            records = [one for one in facts.get("answers") or () if isinstance(one, dict)]
            asked = [str(one).rsplit(" ", 1)[0] for one in facts.get("questions") or ()]
            for record in records:
                address = record.get("data")
                if record.get("type") in ("A", "AAAA") and isinstance(address, str):
                    # A chain of aliases ends in the address, and the first name is the one that was meant.
                    for name in (*asked, str(record.get("name", ""))):
                        _note(found[address], name)
        elif row["protocol"] == "tls" and isinstance(facts.get("server_name"), str):
            _note(found[row["destination_ip"]], facts["server_name"])
    return {address: tuple(names) for address, names in found.items()}


def flows_of(
    conversations: Iterable[Row],
    device: Device,
    *,
    names: Mapping[str, tuple[str, ...]],
    devices: Mapping[str, str],
    patient_data: frozenset[tuple[str, str]],
) -> tuple[Flow, ...]:
    """The flows of one device, those with most conversations first.

    Args:
        conversations: Answers to the history's question ``conversation-details`` about the device.
        device: The prototype.
        names: Names by address, see ``names_of``.
        devices: What people call other devices, by id.
        patient_data: Pairs of (application, address of the partner) that carried patient data in clear.
    """
    gathered: dict[tuple[bool, str, int, int], dict[str, Any]] = {}
    for row in conversations:
        is_client = row["client_device"] == device.id
        if not is_client and row["server_device"] != device.id:
            continue
        end = "server" if is_client else "client"
        key = (is_client, row[f"{end}_ip"], row["ip_protocol"], row["server_port"])
        one = gathered.get(key)
        if one is None:
            if len(gathered) >= FLOWS_LIMIT:
                continue
            one = gathered[key] = {
                "count": 0,
                "sent": 0,
                "received": 0,
                "answered": False,
                "application": "",
                "first": None,
                "partner": devices.get(row[f"{end}_device"] or "", ""),
            }
        one["count"] += 1
        to, back = ("server", "client") if is_client else ("client", "server")
        one["sent"] += row[f"bytes_to_{to}"]
        one["received"] += row[f"bytes_to_{back}"]
        one["answered"] |= _is_answered(row)
        if row["application_by"] == "content":
            one["application"] = row["application"]
        if one["first"] is None or row["start_ns"] < one["first"]["start_ns"]:
            one["first"] = row
        one["last_ns"] = max(one.get("last_ns", 0), row["end_ns"])
    found = [_flow(key, one, names, patient_data) for key, one in gathered.items()]
    return tuple(sorted(found, key=lambda flow: (-flow.conversations, flow.partner_ip, flow.ip_protocol, flow.port)))


def _flow(
    key: tuple[bool, str, int, int],
    one: dict[str, Any],
    names: Mapping[str, tuple[str, ...]],
    patient_data: frozenset[tuple[str, str]],
) -> Flow:
    is_client, ip, ip_protocol, port = key
    application = one["application"]
    known = names.get(ip, ())
    first = one["first"]
    has_patient_data = (application, ip) in patient_data
    return Flow(
        is_client=is_client,
        partner_ip=ip,
        partner=one["partner"] or (known[0] if known else ip),
        names=known,
        place=_place(ip),
        ip_protocol=ip_protocol,
        port=port,
        application=application,
        protection=Protection.CLEAR if has_patient_data else _protection(application),
        is_answered=one["answered"],
        has_patient_data=has_patient_data,
        conversations=one["count"],
        bytes_sent=one["sent"],
        bytes_received=one["received"],
        seen=Seen(
            what=application or "a conversation",
            protocol=application or {6: "tcp", 17: "udp"}.get(ip_protocol, "ip"),
            partner=one["partner"] or ip,
            capture=first["capture"],
            packet=first["first_packet"],
            count=one["count"],
            first_ns=first["start_ns"],
            last_ns=one["last_ns"],
        ),
    )


def _is_answered(row: Row) -> bool:
    """A TCP server answers with SYN and ACK, in mid-stream an ACK that is no RST must do (RFC 9293 3.5)."""
    if not row["packets_to_client"]:
        return False
    flags = int(row["tcp_flags_server"])
    return bool(row["ip_protocol"] != 6) or (flags & 18) == 18 or (flags & 20) == 16


def _place(ip: str) -> Place:
    far = reach(ip)
    if far is Reach.GROUP or ip == "255.255.255.255":
        return Place.GROUP
    return Place.INTERNET if far is Reach.PUBLIC else Place.LOCAL


def _protection(application: str) -> Protection:
    if application in _ENCRYPTED:
        return Protection.ENCRYPTED
    return Protection.CLEAR if application in _CLEAR or application in SERVICES else Protection.UNKNOWN


def _note(names: dict[str, None], name: str) -> None:
    if name and len(names) < NAMES_LIMIT:
        names[name.rstrip(".").casefold()] = None
