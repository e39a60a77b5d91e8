"""``conn.log`` -> conversations. Zeek's originator is our client.

Zeek counts bytes of IP packets where a capture counts frames: ``docs/reference/history.md`` says so.
"""

from __future__ import annotations

from typing import Final

from asepsis.pipeline.imports_fields import Fields
from asepsis.pipeline.imports_intake import (
    BY_FIRST_PACKET,
    BY_PORT,
    BY_SYN,
    BY_SYN_ACK,
    CLOSED,
    IDLE,
    TCP,
    UDP,
    Counts,
    End,
    Intake,
)
from asepsis.pipeline.imports_messages import MDNS_PORT

# IANA "Protocol Numbers", for the names that Zeek gives where it does not give the number (ip_proto).
_IP_PROTOCOLS: Final = {"tcp": TCP, "udp": UDP, "icmp": 1}
_ICMP_V6: Final = 58

# Names of Zeek's analyzers -> names of ``wire.applications``, where they differ.
_SERVICES: Final = {
    "ssl": "tls",
    "krb": "kerberos",
    "krb_tcp": "kerberos",
    "krb_udp": "kerberos",
    "dce_rpc": "msrpc",
    "ldap_tcp": "ldap",
    "ldap_udp": "ldap",
    "modbus": "modbus",
    "dnp3_tcp": "dnp3",
    "dnp3_udp": "dnp3",
    "spicy_quic": "quic",
    "gtpv1": "gtp",
}
# Of several services on one connection: what stands on another is named, not what it stands on or signs in with.
_AUXILIARY: Final = frozenset(("gssapi", "ntlm", "krb", "spnego"))

# Letters of ``history`` -> the TCP flags (RFC 9293 3.1) that they tell: SYN, SYN+ACK, ACK, FIN, RST.
_FLAGS: Final = {"S": 0x02, "H": 0x12, "A": 0x10, "F": 0x01, "R": 0x04}
_CLOSED_STATES: Final = frozenset(("SF", "REJ", "RSTO", "RSTR", "RSTOS0", "RSTRH"))


def conn(intake: Intake, fields: Fields, line: int) -> bool:
    """``conn.log``: one conversation a record."""
    name = fields.text("proto")
    ip_protocol = fields.count("ip_proto", _IP_PROTOCOLS.get(name, 0), limit=255)
    client, server = ends(fields)
    if ip_protocol == 1 and server.address.version == 6:
        ip_protocol = _ICMP_V6
    if ip_protocol in (1, _ICMP_V6):
        # Zeek writes the type and code of ICMP into the ports; they are no ports.
        client, server = (End(address=end.address, port=0, mac=end.mac) for end in (client, server))
    start_ns = fields.time_ns("ts")
    history = fields.text("history")
    state = fields.text("conn_state")
    intake.conversation(
        conversation=intake.conversations,
        line=line,
        start_ns=start_ns,
        end_ns=start_ns + fields.interval_ns("duration"),
        client=client,
        server=server,
        ip_protocol=ip_protocol,
        application=_service(fields.text("service"), server.port),
        to_server=_counts(fields, "orig", _flags(history, ip_protocol)),
        to_client=_counts(fields, "resp", _flags(history.swapcase(), ip_protocol)),
        vlan=fields.count("vlan", limit=4_095),
        client_by=_client_by(history),
        ended_by=CLOSED if state in _CLOSED_STATES else IDLE,
    )
    return True


def ends(fields: Fields) -> tuple[End, End]:
    """Originator and responder; hardware addresses come from the script policy/protocols/conn/mac-logging."""
    client = End(address=fields.address("id.orig_h"), port=fields.port("id.orig_p"), mac=fields.mac("orig_l2_addr"))
    server = End(address=fields.address("id.resp_h"), port=fields.port("id.resp_p"), mac=fields.mac("resp_l2_addr"))
    return client, server


def _counts(fields: Fields, side: str, tcp_flags: int) -> Counts:
    # Without the connection-size analyzer only payload is counted; that is less, and better than nothing.
    size = fields.count(f"{side}_ip_bytes", fields.count(f"{side}_bytes"))
    return Counts(packets=fields.count(f"{side}_pkts"), bytes=size, tcp_flags=tcp_flags)


def _flags(history: str, ip_protocol: int) -> int:
    """All flags of the side whose letters are upper-case."""
    flags = 0
    if ip_protocol == TCP:
        for letter in history:
            flags |= _FLAGS.get(letter, 0)
    return flags


def _client_by(history: str) -> int:
    if history.startswith("^"):
        return BY_PORT  # Zeek turned it round, by its list of likely server ports
    if "S" in history:
        return BY_SYN
    return BY_SYN_ACK if "h" in history else BY_FIRST_PACKET


def _service(services: str, server_port: int) -> str:
    """The application's name for Zeek's list of services; those with ``-`` in front were given up."""
    found = [service for service in services.split(",") if service and not service.startswith("-")]
    named = [service for service in found if service not in _AUXILIARY] or found
    if not named:
        return ""
    if named[0] == "dns" and server_port == MDNS_PORT:
        return "mdns"
    return _SERVICES.get(named[0], named[0])
