"""Conversations as tshark sees them, packet by packet.

tshark dissects each packet to the end without joining fragments or TCP segments; ``frame.protocols`` gives its
layers in order, and each layer's fields come in the same order. The innermost IP header with its ports is the
conversation, unless an ICMP error quotes it. A fragment belongs to its first fragment.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from bench.accuracy.asked import ask
from bench.accuracy.conversation import Counts, End, Key, Packet, add

NO_PORT = 0
AUTHENTICATION_HEADER = 51
OPTIONS = (
    "ip.defragment:FALSE",
    "ipv6.defragment:FALSE",
    "tcp.desegment_tcp_streams:FALSE",
    "tcp.reassemble_out_of_order:FALSE",
)
TRANSPORTS = ("tcp", "udp", "udplite", "sctp", "dccp")
# Layer in frame.protocols -> field with the next protocol's number.
EXTENSIONS = {
    "ipv6.hopopts": "ipv6.hopopts.nxt",
    "ipv6.routing": "ipv6.routing.nxt",
    "ipv6.dstopts": "ipv6.dstopts.nxt",
    "ipv6.fraghdr": "ipv6.fraghdr.nxt",
    "ah": "ah.next_header",
    "mipv6": "mip6.proto",
    "hip": "hip.proto",
    "shim6": "shim6.nxt",
}
FIELDS = (
    "frame.number", "frame.len", "frame.protocols",
    "ip.src", "ip.dst", "ip.proto", "ip.id", "ip.flags.mf", "ip.frag_offset",
    "ipv6.src", "ipv6.dst", "ipv6.nxt", "ipv6.fraghdr.offset", "ipv6.fraghdr.more", "ipv6.fraghdr.ident",
    *EXTENSIONS.values(),
    "tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport",
    "sctp.srcport", "sctp.dstport", "dccp.srcport", "dccp.dstport",
)  # fmt: skip
# Layers that carry IP and are none of link, IP or transport: what a packet went through.
TUNNELS = (
    "gre", "vxlan", "geneve", "gtp", "mpls", "pppoes", "teredo", "l2tp", "capwap.data", "lwapp", "erspan", "sstp",
    "ayiya", "etherip", "nsh", "pptp", "ppp", "gsmtap", "pwethheuristic", "pwethcw", "pwethnocw", "vxlan-gpe", "l2tpv3",
    "cfp", "ppi", "chdlc",
)  # fmt: skip
# Layers that show another packet's headers without carrying it: what was dropped (ICMP) or sampled (sFlow).
QUOTES = ("icmp", "icmpv6", "sflow")


@dataclass(slots=True)
class Row:
    """One packet of tshark's answer."""

    number: int
    length: int
    layers: list[str]
    conversation: Packet | None
    tunnels: tuple[str, ...] = ()
    fragment: tuple[object, ...] | None = None
    """Source, destination, protocol and identification of the outermost fragmented header, where there is one."""
    first_fragment: bool = False
    around: list[Packet] = field(default_factory=list)
    """The outer conversations that carry this one."""


class _Fields:
    """The values of one packet, taken layer by layer."""

    def __init__(self, line: str) -> None:
        parts = line.split("\t")
        self._values = {name: iter(text.split(",") if text else ()) for name, text in zip(FIELDS, parts, strict=False)}

    def take(self, name: str, default: str = "") -> str:
        """The next occurrence of a field."""
        return next(self._values[name], default)

    def number(self, name: str, default: int = 0) -> int:
        """The next occurrence of a field as a number; tshark writes some in hexadecimal."""
        text = self.take(name)
        if text in ("True", "False"):
            return int(text == "True")
        return int(text, 0) if text else default


def _end(address: str, port: int) -> End:
    parsed = ip_address(address)
    return parsed.version, int(parsed), port


def read_packet(line: str) -> Row:
    """One line of tshark's answer."""
    fields = _Fields(line)
    number, length = fields.number("frame.number"), fields.number("frame.len")
    layers = fields.take("frame.protocols").split(":")
    row = Row(number, length, layers, None)
    tunnels: list[str] = []
    at = 0
    while at < len(layers):
        layer = layers[at]
        at += 1
        if layer in TUNNELS:
            tunnels.append(layer)
        if layer in QUOTES:
            break
        if layer not in ("ip", "ipv6"):
            continue
        v6 = layer == "ipv6"
        source, destination = (fields.take(f"{layer}.src"), fields.take(f"{layer}.dst"))
        if not source or not destination:
            break  # tshark calls the header bogus
        protocol = fields.number("ipv6.nxt" if v6 else "ip.proto", -1)
        fragment = None
        offset = 0
        if v6:
            while at < len(layers) and layers[at] in EXTENSIONS:
                protocol = fields.number(EXTENSIONS[layers[at]], protocol)
                if layers[at] == "ipv6.fraghdr":
                    offset = fields.number("ipv6.fraghdr.offset")
                    more = fields.number("ipv6.fraghdr.more")
                    ident = fields.number("ipv6.fraghdr.ident")
                    fragment = (source, destination, protocol, ident) if offset or more else None
                at += 1
        else:
            ident, more, offset = (fields.number(f"ip.{name}") for name in ("id", "flags.mf", "frag_offset"))
            fragment = (source, destination, protocol, ident) if offset or more else None
            if at < len(layers) and layers[at] == "ah":
                protocol = fields.number("ah.next_header", protocol)
                tunnels.append("ah")
                row.around.append(Packet(AUTHENTICATION_HEADER, _end(source, NO_PORT), _end(destination, NO_PORT)))
                at += 1
        ports = [NO_PORT, NO_PORT]
        if at < len(layers) and layers[at] in TRANSPORTS and offset == 0:
            name = "udp" if layers[at] == "udplite" else layers[at]
            ports = [fields.number(f"{name}.srcport"), fields.number(f"{name}.dstport")]
        if row.conversation is not None:
            row.around.append(row.conversation)
        row.conversation = Packet(protocol, _end(source, ports[0]), _end(destination, ports[1]))
        if fragment and row.fragment is None:
            row.fragment, row.first_fragment = fragment, offset == 0
        if fragment and offset:
            break
    row.tunnels = tuple(tunnels)
    return row


def packets(path: Path) -> list[Row]:
    """Every packet of a capture; fragments bear the conversation of their first fragment."""
    command = ["tshark", "-n", "-r", "{}", "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=,"]
    for option in OPTIONS:
        command += ["-o", option]
    for name in FIELDS:
        command += ["-e", name]
    rows = [read_packet(line) for line in ask(path, command).splitlines()]
    _join_fragments(rows)
    return rows


def _join_fragments(rows: list[Row]) -> None:
    firsts: dict[tuple[object, ...], Packet | None] = {}
    for ordered in (rows, list(reversed(rows))):  # the nearest first fragment before, else the nearest behind
        for row in ordered:
            if row.fragment is None:
                continue
            if row.first_fragment:
                firsts[row.fragment] = row.conversation
            elif row.fragment in firsts:
                row.conversation = firsts[row.fragment]
                row.fragment = None
        firsts.clear()


@dataclass(slots=True)
class Seen:
    """tshark's conversations of one capture."""

    counts: dict[Key, Counts] = field(default_factory=dict)
    kinds: dict[Key, Counter[str]] = field(default_factory=dict)
    """What was special about the packets of a conversation, and how often."""
    packets: int = 0


def conversations_of(path: Path) -> Seen:
    """Packets and bytes of each direction of every conversation of a capture."""
    seen = Seen()
    for row in packets(path):
        seen.packets += 1
        if row.conversation is None:
            continue
        key = row.conversation.key
        add(seen.counts, row.conversation, 1, row.length)
        kinds = seen.kinds.setdefault(key, Counter())
        kinds.update(f"tunnel {name}" for name in row.tunnels)
        if row.fragment is not None:
            kinds["first fragment" if row.first_fragment else "fragment without its first"] += 1
        if "_ws.malformed" in row.layers:
            kinds["malformed"] += 1
        for outer in row.around:
            seen.kinds.setdefault(outer.key, Counter()).update(f"around {name}" for name in row.tunnels)
    return seen
