"""Records of Suricata's EVE log -> conversations and messages. One function for each type of event.

The fields are those of the Suricata User Guide, "Eve JSON Format" (docs.suricata.io), versions 6 to 8. Suricata
orients a flow by its first packet, and events of transactions by who asked. It counts whole frames.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from asepsis.pipeline.eve_sessions import dhcp, dns, http, mqtt, smb, snmp, ssh, tls
from asepsis.pipeline.imports_fields import Fields
from asepsis.pipeline.imports_intake import (
    BY_FIRST_PACKET,
    BY_SYN,
    CLOSED,
    END_OF_CAPTURE,
    EVICTED,
    IDLE,
    TCP,
    UDP,
    Counts,
    End,
    Intake,
)
from asepsis.pipeline.imports_messages import arp
from asepsis.protocols.message import Message

# IANA "Protocol Numbers", by the names that Suricata writes; others it writes as numbers.
_IP_PROTOCOLS: Final = {
    "icmp": 1,
    "igmp": 2,
    "ipip": 4,
    "tcp": TCP,
    "udp": UDP,
    "gre": 47,
    "esp": 50,
    "ah": 51,
    "ipv6-icmp": 58,
    "sctp": 132,
}
_WITH_PORTS: Final = frozenset((TCP, UDP, 132))

# Names of Suricata's parsers -> names of ``wire.applications``, where they differ. ``failed`` and ``unknown`` are none.
_APPLICATIONS: Final = {
    "krb5": "kerberos",
    "dcerpc": "msrpc",
    "ike": "isakmp",
    "http2": "http",
    "enip": "ethernet_ip",
    "ftp-data": "ftp-data",
}

_SYN: Final = 0x02
# What became of a flow -> why its conversation ended.
_REASONS: Final = {"timeout": IDLE, "forced": EVICTED, "shutdown": END_OF_CAPTURE}

# Flows whose ordinals are remembered, so that messages and their conversation bear the same: some 25 MB. When there
# are more, the oldest are forgotten and their messages stand without a conversation.
FLOWS_LIMIT: Final = 1 << 17

Said = list[tuple[bool, Message]]
"""Messages of one event, each with whether the client sent it."""

_SESSIONS: Final[dict[str, Callable[[Intake, Fields, Fields], Said]]] = {
    "dhcp": dhcp,
    "dns": dns,
    "http": http,
    "mqtt": mqtt,
    "smb": smb,
    "snmp": snmp,
    "ssh": ssh,
    "tls": tls,
}
TYPES: Final = frozenset((*_SESSIONS, "flow", "arp"))
"""Types of events that are read; all others are passed over."""


class EveReader:
    """Takes the events of one log, one after the other."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._flows: dict[int, int] = {}
        self._next = 0

    def take(self, kind: str, event: Fields, line: int) -> bool:
        """Takes one event.

        Returns:
            False when it says nothing that is kept, because of its type or for what it lacks.

        Raises:
            FieldError: A field is not what it must be.
        """
        if kind == "flow":
            self._flow(event, line)
            return True
        if kind == "arp":
            return self._arp(event, line)
        reader = _SESSIONS.get(kind)
        if reader is None:
            return False
        source, destination = _ends(event)
        said = reader(self._intake, event, event.within(kind))
        client, server = (destination, source) if _server_is_source(kind, event, source) else (source, destination)
        time_ns = event.time_ns("timestamp")
        conversation = self._ordinal(event)
        for from_client, message in said:
            sender, receiver = (client, server) if from_client else (server, client)
            self._intake.message(
                message,
                time_ns=time_ns,
                line=line,
                sender=sender,
                receiver=receiver,
                conversation=conversation,
                vlan=_vlan(event),
            )
        return bool(said)

    def _flow(self, event: Fields, line: int) -> None:
        flow = event.within("flow")
        flags = event.within("tcp")
        ip_protocol = _ip_protocol(event)
        client, server = _ends(event)
        client_flags = _hexadecimal(flags, "tcp_flags_ts")
        application = event.text("app_proto")
        start_ns = flow.time_ns("start") if "start" in flow else event.time_ns("timestamp")
        closed = flow.text("state") == "closed"
        self._intake.conversation(
            conversation=self._ordinal(event),
            line=line,
            start_ns=start_ns,
            end_ns=flow.time_ns("end") if "end" in flow else start_ns,
            client=client,
            server=server,
            ip_protocol=ip_protocol,
            application=_APPLICATIONS.get(application, application),
            to_server=Counts(
                packets=flow.count("pkts_toserver"), bytes=flow.count("bytes_toserver"), tcp_flags=client_flags
            ),
            to_client=Counts(
                packets=flow.count("pkts_toclient"),
                bytes=flow.count("bytes_toclient"),
                tcp_flags=_hexadecimal(flags, "tcp_flags_tc"),
            ),
            vlan=_vlan(event),
            client_by=BY_SYN if client_flags & _SYN else BY_FIRST_PACKET,
            ended_by=CLOSED if closed else _REASONS.get(flow.text("reason"), IDLE),
        )

    def _arp(self, event: Fields, line: int) -> bool:
        said = event.within("arp")
        if said.text("opcode") not in ("request", "reply"):
            return False
        message = arp(
            is_reply=said.text("opcode") == "reply",
            sender_mac=said.mac("src_mac"),
            sender_ip=said.address_text("src_ip"),
            target_mac=said.mac("dest_mac"),
            target_ip=said.address_text("dest_ip"),
        )
        if not message.sender_mac:
            return False
        # ARP has no IP header, so its frame has no IP addresses.
        self._intake.link_message(
            message,
            time_ns=event.time_ns("timestamp"),
            line=line,
            source_mac=message.sender_mac,
            destination_mac=message.target_mac,
            vlan=_vlan(event),
        )
        return True

    def _ordinal(self, event: Fields) -> int:
        """The same number for all events of one flow."""
        flow_id = event.count("flow_id", -1)
        known = self._flows.get(flow_id)
        if known is not None:
            return known
        if len(self._flows) >= FLOWS_LIMIT:
            del self._flows[next(iter(self._flows))]
        ordinal = self._next
        self._next += 1
        if flow_id >= 0:
            self._flows[flow_id] = ordinal
        return ordinal


def _ends(event: Fields) -> tuple[End, End]:
    with_ports = _ip_protocol(event) in _WITH_PORTS
    ether = event.within("ether")
    return (
        End(
            address=event.address("src_ip"),
            port=event.port("src_port") if with_ports else 0,
            mac=_mac(ether, "src_mac"),
        ),
        End(
            address=event.address("dest_ip"),
            port=event.port("dest_port") if with_ports else 0,
            mac=_mac(ether, "dest_mac"),
        ),
    )


def _mac(ether: Fields, name: str) -> str:
    """Events bear one address a side, flows the list of all that were seen: only a single one is surely the end's."""
    if name in ether:
        return ether.mac(name)
    seen = ether.texts(name + "s")
    return Fields({name: seen[0]}).mac(name) if len(seen) == 1 else ""


def _ip_protocol(event: Fields) -> int:
    name = event.text("proto").lower()
    if name.isdecimal() and len(name) <= 3:
        return min(int(name), 255)
    return _IP_PROTOCOLS.get(name, 0)


def _vlan(event: Fields) -> int:
    """The outermost VLAN id; Suricata lists all."""
    tags = event.texts("vlan")
    return Fields({"vlan": tags[0]}).count("vlan", limit=4_095) if tags else 0


def _hexadecimal(fields: Fields, name: str) -> int:
    text = fields.text(name)
    try:
        number = int(text, 16) if text else 0
    except ValueError:
        number = -1
    if not 0 <= number <= 255:
        raise fields.wrong(name, "it is no byte in hexadecimal digits")
    return number


def _server_is_source(kind: str, event: Fields, source: End) -> bool:
    """Whether the source of an event is the one that serves.

    Versions differ in whether they turn the addresses of an answer round; the server's port tells.
    """
    if kind == "dns":
        return source.port in (53, 5353) and event.count("dest_port") not in (53, 5353)
    if kind == "dhcp":
        return source.port == 67 and event.count("dest_port") == 68
    return False
