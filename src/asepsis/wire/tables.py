"""The two tables that the packet engine hands on, one documented schema each.

``PAYLOADS``: pieces of application data in the order a protocol must read them.
``CONVERSATIONS``: finished conversations (ended, timed out, split by age, or the capture is over).
Addresses are integers here; ``asepsis.kernel.address`` makes text of them.
"""

from __future__ import annotations

import numpy as np

PAYLOADS = np.dtype(
    [
        ("conversation", "<i8"),  # ordinal of the conversation in this run, -1 for frames without one
        ("time_ns", "<i8"),  # capture time of the packet that brought the first byte
        ("packet", "<i8"),  # ordinal of that packet in its capture, from 1
        ("offset", "<i8"),  # where the bytes begin in the batch's buffer
        ("length", "<i8"),  # how many bytes
        ("source_high", "<u8"),  # IPv6: upper 64 bits; IPv4: 0
        ("source_low", "<u8"),  # IPv6: lower 64 bits; IPv4: the address
        ("destination_high", "<u8"),
        ("destination_low", "<u8"),
        ("source_mac", "<u8"),  # 0 where the link has none
        ("destination_mac", "<u8"),
        ("source_port", "<u2"),
        ("destination_port", "<u2"),
        ("vlan", "<u2"),  # outermost VLAN id, 0 where untagged
        ("ip_version", "u1"),  # 4, 6, or 0 for frames without IP
        ("ip_protocol", "u1"),
        ("application", "u1"),  # asepsis.wire.applications.Application
        ("sender", "u1"),  # 0 the side that sent the conversation's first packet, 1 the other
        ("flags", "u1"),  # GAP, RAW, GOES_ON
        ("unused", "u1"),
        ("sequence", "<u4"),  # TCP sequence number of the first byte
        ("row", "<i8"),  # row of the engine's table, for putting disordered segments in order
        ("meaning", "<i8"),  # 0 none; m: remember what these bytes say as m; -m: they say what m says (no bytes then)
    ],
    align=False,
)

GAP = 1  # bytes before this piece are missing
RAW = 2  # out of order: asepsis.wire.reorder takes it first
GOES_ON = 4  # of a piece with a meaning: what this sender says next in the conversation belongs to it too

CONVERSATIONS = np.dtype(
    [
        ("conversation", "<i8"),  # ordinal in this run; a long conversation that was split keeps its ordinal
        ("start_ns", "<i8"),
        ("end_ns", "<i8"),
        ("first_packet", "<i8"),  # ordinal of the first packet in its capture, from 1
        ("client_high", "<u8"),
        ("client_low", "<u8"),
        ("server_high", "<u8"),
        ("server_low", "<u8"),
        ("client_mac", "<u8"),  # hardware address seen in the first packet, 0 where the link has none
        ("server_mac", "<u8"),
        ("packets_to_server", "<i8"),
        ("packets_to_client", "<i8"),
        ("bytes_to_server", "<i8"),  # original frame lengths
        ("bytes_to_client", "<i8"),
        ("client_port", "<u2"),
        ("server_port", "<u2"),
        ("vlan", "<u2"),
        ("ip_version", "u1"),
        ("ip_protocol", "u1"),
        ("application", "u1"),  # asepsis.wire.applications.Application
        ("application_by", "u1"),  # 0 unknown, 1 content, 2 port
        ("client_by", "u1"),  # why the client is the client: see ORIENTATION
        ("tcp_flags_client", "u1"),  # all TCP flags that the client sent, or-ed
        ("tcp_flags_server", "u1"),
        ("ttl_client", "u1"),  # TTL or hop limit of the first packet of each side, 0 if it sent none
        ("ttl_server", "u1"),
        ("tunnel", "u1"),  # 0 none, else the innermost tunnel: see TUNNELS
        ("ended_by", "u1"),  # 0 end of capture, 1 idle, 2 split by age, 3 evicted, 4 closed
        ("server_first", "u1"),  # 1 when the server's side sent the first packet
        ("unused", "V6"),  # keeps a row at 136 bytes
    ],
    align=False,
)

ORIENTATION = ("first packet", "SYN", "SYN+ACK", "content", "port")
TUNNELS = ("none", "GRE", "VXLAN", "IP in IP", "MPLS", "PPPoE", "GTP-U", "Geneve", "Teredo", "CAPWAP")
ENDED_BY = ("end of capture", "idle", "split by age", "evicted", "closed")
