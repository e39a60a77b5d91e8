"""From the kernels' finished rows to the ``CONVERSATIONS`` table: who is the client, and what the port says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from asepsis.wire import layout
from asepsis.wire.applications import always_told, port_tables
from asepsis.wire.tables import CONVERSATIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

ENDED_SPLIT = 2

_BY_FIRST_PACKET, _BY_SYN, _BY_SYN_ACK, _BY_CONTENT, _BY_PORT = range(5)


def _is_group(version: Any, high: Any, low: Any) -> Any:
    """Multicast (RFC 5771, RFC 4291 2.7) and the limited broadcast address."""
    return np.where(
        version == 4, (low >> 28 == 0xE) | (low == 0xFFFFFFFF), (version == 6) & (high >> 56 & 0xFF == 0xFF)
    )


def _client_is_b(rows: NDArray[np.int64], ports_a: Any, ports_b: Any, protocol: Any) -> tuple[Any, Any]:
    """Decides who is the client, strongest evidence first; returns (B is the client, by what)."""
    state = rows[:, layout.R_STATE]
    is_b = state & layout.S_FIRST_B != 0
    by = np.zeros(len(rows), np.uint8)
    tcp_ports, udp_ports = port_tables()
    is_tcp = protocol == 6
    serves_a = np.where(is_tcp, tcp_ports[ports_a], udp_ports[ports_a]) > 0
    serves_b = np.where(is_tcp, tcp_ports[ports_b], udp_ports[ports_b]) > 0
    # Without a registered service a port below 1024 still needs a server's rights.
    serves_a |= ~serves_b & (ports_a < 1024) & (ports_b >= 1024) & (ports_a > 0)
    serves_b |= ~serves_a & (ports_b < 1024) & (ports_a >= 1024) & (ports_b > 0)

    def decide(says_a: Any, says_b: Any, why: int) -> None:
        clear = says_a != says_b
        is_b[clear] = says_b[clear]
        by[clear] = why

    def bit(mask: int) -> Any:
        return state & mask != 0

    decide(serves_b, serves_a, _BY_PORT)
    decide(bit(layout.S_CLIENT), bit(layout.S_CLIENT << 1), _BY_CONTENT)
    decide(bit(layout.S_SYN_ACK << 1), bit(layout.S_SYN_ACK), _BY_SYN_ACK)
    decide(bit(layout.S_SYN), bit(layout.S_SYN << 1), _BY_SYN)
    # A group asks for nothing: where one side is a multicast or broadcast address, the other is the client.
    version = rows[:, layout.R_KEY] & 0xFF
    decide(
        _is_group(version, rows[:, layout.R_B_HIGH], rows[:, layout.R_B_LOW]),
        _is_group(version, rows[:, layout.R_A_HIGH], rows[:, layout.R_A_LOW]),
        _BY_FIRST_PACKET,
    )
    return is_b, by


def conversations(rows: NDArray[np.int64]) -> NDArray[np.void]:
    """The ``CONVERSATIONS`` rows of the kernels' finished rows (n x ROW_WORDS)."""
    table = np.zeros(len(rows), CONVERSATIONS)
    if not len(rows):
        return table
    key = rows[:, layout.R_KEY]
    ports_a = key >> 32 & 0xFFFF
    ports_b = key >> 16 & 0xFFFF
    protocol = key >> 8 & 0xFF
    state = rows[:, layout.R_STATE]
    is_b, by = _client_is_b(rows, ports_a, ports_b, protocol)

    def sides(a: Any, b: Any) -> tuple[Any, Any]:
        return np.where(is_b, b, a), np.where(is_b, a, b)

    table["conversation"] = rows[:, layout.R_ORDINAL]
    table["start_ns"] = rows[:, layout.R_FIRST_NS]
    table["end_ns"] = np.maximum(rows[:, layout.R_LAST_NS], rows[:, layout.R_FIRST_NS])
    table["first_packet"] = rows[:, layout.R_FIRST_PACKET]
    unsigned = rows.view(np.uint64)
    table["client_high"], table["server_high"] = sides(unsigned[:, layout.R_A_HIGH], unsigned[:, layout.R_B_HIGH])
    table["client_low"], table["server_low"] = sides(unsigned[:, layout.R_A_LOW], unsigned[:, layout.R_B_LOW])
    mac = unsigned[:, layout.R_MAC_A : layout.R_MAC_B + 1]
    address = mac & np.uint64(0xFFFFFFFFFFFF)
    table["client_mac"], table["server_mac"] = sides(address[:, 0], address[:, 1])
    ttl = (mac >> np.uint64(48) & np.uint64(0xFF)).astype(np.uint8)
    table["ttl_client"], table["ttl_server"] = sides(ttl[:, 0], ttl[:, 1])
    flags = (mac >> np.uint64(56)).astype(np.uint8)
    table["tcp_flags_client"], table["tcp_flags_server"] = sides(flags[:, 0], flags[:, 1])
    table["packets_to_server"], table["packets_to_client"] = sides(
        rows[:, layout.R_PACKETS_A], rows[:, layout.R_PACKETS_B]
    )
    table["bytes_to_server"], table["bytes_to_client"] = sides(rows[:, layout.R_BYTES_A], rows[:, layout.R_BYTES_B])
    table["client_port"], table["server_port"] = sides(ports_a, ports_b)
    table["vlan"] = rows[:, layout.R_VLAN] & 0xFFFF
    table["ip_version"] = key & 0xFF
    table["ip_protocol"] = protocol
    table["client_by"] = by
    table["tunnel"] = state >> layout.S_TUNNEL_SHIFT & 0xFF
    table["server_first"] = is_b != (state & layout.S_FIRST_B != 0)
    table["ended_by"] = rows[:, layout.R_LIVE] - 2
    by_content = state & layout.S_APPLICATION
    tcp_ports, udp_ports = port_tables()
    server_port = table["server_port"].astype(np.int64)
    client_port = table["client_port"].astype(np.int64)
    by_port = np.where(protocol == 6, tcp_ports[server_port], np.where(protocol == 17, udp_ports[server_port], 0))
    # Where nobody is known to serve (mid-stream, peer protocols) the other side's port may tell.
    other = np.where(protocol == 6, tcp_ports[client_port], np.where(protocol == 17, udp_ports[client_port], 0))
    by_port = np.where((by_port == 0) & (by != _BY_SYN), other, by_port)
    told_tcp, told_udp = always_told()
    heard = state >> layout.S_TRIES_SHIFT & 0xFF > 0
    begun = state & (layout.S_SYN | layout.S_SYN << 1) != 0
    refuted = heard & np.where(protocol == 6, begun & told_tcp[by_port], (protocol == 17) & told_udp[by_port])
    by_port = np.where(refuted, 0, by_port)
    table["application"] = np.where(by_content > 0, by_content, by_port)
    table["application_by"] = np.where(by_content > 0, 1, np.where(by_port > 0, 2, 0))
    return table


def piece_words(row: np.void, sender: int) -> list[int]:
    """The words of a payload row for a piece that comes out when its conversation (``row``) is over."""
    client = (int(row["client_high"]), int(row["client_low"]), int(row["client_mac"]), int(row["client_port"]))
    server = (int(row["server_high"]), int(row["server_low"]), int(row["server_mac"]), int(row["server_port"]))
    source, destination = (client, server) if sender == int(row["server_first"]) else (server, client)
    words = [0] * layout.PAYLOAD_WORDS
    words[layout.P_CONVERSATION] = int(row["conversation"])
    words[layout.P_TIME] = int(row["end_ns"])
    words[layout.P_PACKET] = int(row["first_packet"])
    words[layout.P_SOURCE_HIGH], words[layout.P_SOURCE_LOW] = source[:2]
    words[layout.P_DESTINATION_HIGH], words[layout.P_DESTINATION_LOW] = destination[:2]
    words[layout.P_SOURCE_MAC], words[layout.P_DESTINATION_MAC] = source[2], destination[2]
    words[layout.P_PORTS] = (
        source[3]
        | destination[3] << 16
        | int(row["vlan"]) << 32
        | int(row["ip_version"]) << 48
        | int(row["ip_protocol"]) << 56
    )
    words[layout.P_META] = int(row["application"]) | sender << 8
    return words


_SIDES = (
    ("client_high", "server_high"),
    ("client_low", "server_low"),
    ("client_mac", "server_mac"),
    ("client_port", "server_port"),
    ("packets_to_server", "packets_to_client"),
    ("bytes_to_server", "bytes_to_client"),
    ("tcp_flags_client", "tcp_flags_server"),
    ("ttl_client", "ttl_server"),
)


def swap_sides(table: NDArray[np.void], rows: NDArray[np.int64]) -> None:
    """Makes the client the server, in place, in the given rows of a ``CONVERSATIONS`` table: a message proved it."""
    for one, other in _SIDES:
        kept = table[one][rows]
        table[one][rows] = table[other][rows]
        table[other][rows] = kept
    table["server_first"][rows] ^= 1
    table["client_by"][rows] = _BY_CONTENT
