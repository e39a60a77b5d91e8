"""From a frame to the words of a conversation: IPv4, IPv6, fragments, tunnels, TCP, UDP.

``decode`` fills the batch words of one packet. It returns 0 or a ``REASON_*``. Tunnels are followed to the
innermost IP packet; where the inside is no IP packet, the outer one stands.
"""

from __future__ import annotations

from asepsis.wire.kernels.frames import bacnet_ethernet
from asepsis.wire.kernels.link import link_layer, llc_snap, wifi_frame
from asepsis.wire.kernels.machine import be16, be32, be64, get, inlined, kernel, le16, put, shift_right, u8
from asepsis.wire.layout import (
    B_DESTINATION_HIGH,
    B_DESTINATION_LOW,
    B_DESTINATION_MAC,
    B_END,
    B_FRAME,
    B_HASH,
    B_KEY,
    B_KIND,
    B_LENGTH,
    B_LINK,
    B_PAYLOAD,
    B_SOURCE_HIGH,
    B_SOURCE_LOW,
    B_SOURCE_MAC,
    B_TCP,
    B_VLAN,
    FRAGMENT_SLOTS,
    FRAGMENT_WORDS,
    FRAGMENTS,
    KIND_CONVERSATION,
    KIND_FRAME,
    KIND_NONE,
    LINK_C_HDLC,
    REASON_BAD_IPV4,
    REASON_BAD_IPV6,
    REASON_ETHERTYPE,
    REASON_LLC,
    REASON_MPLS,
    REASON_NONE,
    REASON_PPPOE_CONTROL,
    REASON_SHORT_IPV4,
    REASON_SHORT_IPV6,
    REASON_SHORT_LINK,
    SEED,
)

# A packet wrapped deeper than this is an attack on the decoder, not a network.
MOST_TUNNELS = 8
# RFC 8200 4.1 orders seven extension headers; more is an attack.
MOST_EXTENSION_HEADERS = 8

TUNNEL_GRE = 1
TUNNEL_VXLAN = 2
TUNNEL_IP_IN_IP = 3
TUNNEL_MPLS = 4
TUNNEL_PPPOE = 5
TUNNEL_GTP_U = 6
TUNNEL_GENEVE = 7
TUNNEL_TEREDO = 8
TUNNEL_CAPWAP = 9

APPLICATION_ARP = 1
APPLICATION_LLDP = 2
APPLICATION_CDP = 16

# IEEE 802.2 with SNAP: AA AA 03, Cisco's OUI 00-00-0C, its protocol 0x2000; as the signed word that ``be64`` reads.
SNAP_CISCO_CDP = 0xAAAA0300000C2000 - (1 << 64)

# RFC 4861 4: router and neighbour solicitations and advertisements, redirect.
FIRST_NEIGHBOUR_MESSAGE = 133
LAST_NEIGHBOUR_MESSAGE = 137

REVERSED = 1 << 48
NO_PAYLOAD = 1 << 49

# Odd 64-bit constants of xxHash's and splitmix's finalisers, as signed numbers.
MIX_1 = -7046029254386353131
MIX_2 = -4417276706812531889
MIX_3 = 1609587929392839161


@inlined
def mix(seed: int, a: int, b: int, d: int, e: int, f: int) -> int:
    """A 64-bit hash of five words; the random seed keeps an attacker from choosing collisions."""
    h = (seed ^ a ^ shift_right(a, 32)) * MIX_1
    h ^= (b * MIX_2) ^ shift_right(b, 29)
    h = (h ^ shift_right(h, 31)) * MIX_3
    h ^= (d * MIX_2) ^ shift_right(d, 30)
    h = (h ^ shift_right(h, 29)) * MIX_1
    h ^= e + f * MIX_2
    h = (h ^ shift_right(h, 31)) * MIX_3
    return h ^ shift_right(h, 32)


@kernel
def fragment_ports(c: int, w: int, protocol: int, ident: int, ports: int, first: int) -> int:
    """Remembers the ports of a first fragment, or finds them for a later one; 0 when they are not known.

    A fragment belongs to the datagram of its addresses, protocol and identification (RFC 791 3.2, RFC 8200 4.5).
    """
    h = mix(
        get(c, SEED),
        get(w, B_SOURCE_HIGH) ^ get(w, B_DESTINATION_HIGH) * 3,
        get(w, B_SOURCE_LOW),
        get(w, B_DESTINATION_LOW),
        ident,
        protocol,
    )
    slot = get(c, FRAGMENTS) + (h & (FRAGMENT_SLOTS - 1)) * (FRAGMENT_WORDS * 8)
    if first:
        put(slot, 0, h)
        put(slot, 1, ports << 1 | 1)
        return ports
    if get(slot, 0) == h and get(slot, 1) != 0:
        return shift_right(get(slot, 1), 1)
    return 0


@inlined
def starts_ip(p: int, end: int) -> int:
    """The EtherType of an IP packet that begins at ``p``, or 0."""
    if p + 20 > end:
        return 0
    version = u8(p) >> 4
    if version == 4 and u8(p) & 15 >= 5:
        return 0x0800
    if version == 6 and p + 40 <= end:
        return 0x86DD
    return 0


@kernel
def inner_ethernet(p: int, end: int, w: int) -> int:
    """An Ethernet frame inside a tunnel: its EtherType if it carries IP (then B_PAYLOAD and the MACs move in), or 0."""
    if p + 14 > end:
        return 0
    at = p + 12
    ethertype = be16(at)
    while (ethertype == 0x8100 or ethertype == 0x88A8) and at + 6 <= end:
        at += 4
        ethertype = be16(at)
    at += 2
    if (ethertype != 0x0800 and ethertype != 0x86DD) or starts_ip(at, end) != ethertype:
        return 0
    put(w, B_DESTINATION_MAC, shift_right(be64(p), 16))
    put(w, B_SOURCE_MAC, shift_right(be64(p + 6), 16))
    put(w, B_PAYLOAD, at)
    return ethertype


@kernel
def inner_ppp(p: int, end: int, w: int) -> int:
    """PPP inside a tunnel: the EtherType if it carries IP, or 0."""
    if p + 4 <= end and be16(p) == 0xFF03:
        p += 2
    if p + 2 > end:
        return 0
    if u8(p) & 1:
        protocol = u8(p)
        p += 1
    else:
        protocol = be16(p)
        p += 2
    put(w, B_PAYLOAD, p)
    if protocol == 0x21 and starts_ip(p, end) == 0x0800:
        return 0x0800
    if protocol == 0x57 and starts_ip(p, end) == 0x86DD:
        return 0x86DD
    return 0


@kernel
def inner_gre(p: int, end: int, w: int) -> int:
    """GRE (RFC 2784, 2890) and its PPTP variant (RFC 2637)."""
    if p + 4 > end:
        return 0
    flags = be16(p)
    kind = be16(p + 2)
    version = flags & 7
    p += 4
    if flags & 0x8000 and version == 0:
        p += 4
    if flags & 0x2000:
        p += 4
    if flags & 0x1000:
        p += 4
    if version == 1:
        if flags & 0x0080:
            p += 4
        return inner_ppp(p, end, w) if kind == 0x880B else 0
    if kind == 0x6558:
        return inner_ethernet(p, end, w)
    if kind == 0x88BE:  # ERSPAN type II has 8 bytes in front, type I (no sequence number) none
        return inner_ethernet(p + 8 if flags & 0x1000 else p, end, w)
    if kind == 0x880B:
        return inner_ppp(p, end, w)
    put(w, B_PAYLOAD, p)
    if kind == 0x0800 or kind == 0x86DD:
        return kind if starts_ip(p, end) == kind else 0
    return 0


@kernel
def inner_gtp_u(p: int, end: int, w: int) -> int:
    """GTP-U version 1, type T-PDU (3GPP TS 29.281 5.1)."""
    if p + 8 > end or u8(p) & 0xF0 != 0x30 or u8(p + 1) != 0xFF:
        return 0
    flags = u8(p)
    p += 8
    if flags & 7:
        if p + 4 > end:
            return 0
        extension = u8(p + 3) if flags & 4 else 0
        p += 4
        steps = 0
        while extension != 0 and steps < MOST_EXTENSION_HEADERS:
            if p + 4 > end or u8(p) == 0:
                return 0
            length = u8(p) * 4
            if p + length > end:
                return 0
            extension = u8(p + length - 1)
            p += length
            steps += 1
    put(w, B_PAYLOAD, p)
    return starts_ip(p, end)


@kernel
def inner_capwap(p: int, end: int, w: int) -> int:
    """CAPWAP data (RFC 5415 4.3): an access point's 802.11 or 802.3 frame on its way to the controller, in clear."""
    if p + 8 > end or u8(p) != 0:  # preamble 1 is DTLS
        return 0
    # HLEN (5 bits, in words), RID, WBID, then T (not 802.3), F (fragment)
    if u8(p + 3) & 0x80:
        return 0
    native = u8(p + 2) & 1
    body = p + (u8(p + 1) >> 3) * 4
    if body + 10 > end:
        return 0
    if native == 0:
        return inner_ethernet(body, end, w)
    control = le16(body)
    if control & 0x0C00 == 0x0800 and control & 0x000C != 0x0008:
        control = be16(body)  # against IEEE 802.11 9.2.4.1, but seen
    ethertype = wifi_frame(body, end, w, control)
    if ethertype <= 0 or ethertype != starts_ip(get(w, B_PAYLOAD), end):
        return 0
    return ethertype


@kernel
def inner_udp(p: int, end: int, source_port: int, destination_port: int, w: int) -> int:
    """UDP tunnels by their registered ports: tunnel << 16 | EtherType of the inside, or 0."""
    if destination_port == 4789 or destination_port == 8472:  # VXLAN, RFC 7348 5; Linux's first choice
        if p + 8 <= end and u8(p) & 0x08:
            inside = inner_ethernet(p + 8, end, w)
            if inside:
                return TUNNEL_VXLAN << 16 | inside
    elif destination_port == 6081:  # Geneve, RFC 8926 3.4
        if p + 8 <= end and u8(p) >> 6 == 0:
            body = p + 8 + (u8(p) & 0x3F) * 4
            kind = be16(p + 2)
            inside = 0
            if kind == 0x6558:
                inside = inner_ethernet(body, end, w)
            elif (kind == 0x0800 or kind == 0x86DD) and starts_ip(body, end) == kind:
                put(w, B_PAYLOAD, body)
                inside = kind
            if inside:
                return TUNNEL_GENEVE << 16 | inside
    elif destination_port == 3544 or source_port == 3544:  # Teredo, RFC 4380 5.1.1
        if p + 4 <= end and be16(p) == 1:  # authentication: client identifier, value, nonce, confirmation
            p += 4 + u8(p + 2) + u8(p + 3) + 9
        if p + 2 <= end and be16(p) == 0:  # origin indication
            p += 8
        if starts_ip(p, end) == 0x86DD:
            put(w, B_PAYLOAD, p)
            return TUNNEL_TEREDO << 16 | 0x86DD
    elif destination_port == 5247 or source_port == 5247:
        inside = inner_capwap(p, end, w)
        if inside:
            return TUNNEL_CAPWAP << 16 | inside
    elif destination_port == 2152 or source_port == 2152:
        inside = inner_gtp_u(p, end, w)
        if inside:
            return TUNNEL_GTP_U << 16 | inside
    return 0


@kernel
def inner_label_stack(p: int, end: int, w: int) -> int:
    """MPLS (RFC 3032): passes the labels; what follows the last one is IP or Ethernet (RFC 4448), or 0."""
    labels = 0
    while labels < MOST_TUNNELS:
        if p + 4 > end:
            return 0
        bottom = u8(p + 2) & 1
        p += 4
        labels += 1
        if bottom:
            put(w, B_PAYLOAD, p)
            kind = starts_ip(p, end)
            if kind:
                return kind
            if p + 4 <= end and u8(p) >> 4 == 0:  # pseudowire control word
                kind = inner_ethernet(p + 4, end, w)
                if kind:
                    return kind
            return inner_ethernet(p, end, w)
    return 0


@inlined
def key_of(source_port: int, destination_port: int, protocol: int, version: int) -> int:
    """The key word, source first."""
    return source_port << 32 | destination_port << 16 | protocol << 8 | version


@kernel
def frame_without_ip(p: int, ethertype: int, w: int) -> int:
    """ARP, LLDP, CDP and BACnet go to their protocols; what else there is gets a name."""
    application = 0
    end = get(w, B_END)
    if ethertype == 0x0806:
        application = APPLICATION_ARP
    elif ethertype == 0x88CC:
        application = APPLICATION_LLDP
    elif ethertype == 0x2000 and get(w, B_LINK) == LINK_C_HDLC:
        application = APPLICATION_CDP
    elif ethertype < 1536 and p + 12 <= end and be64(p) == SNAP_CISCO_CDP:
        application = APPLICATION_CDP
        if 12 <= ethertype < end - p:  # the length of IEEE 802.3: what is behind pads the frame
            end = p + ethertype
        p += 8
    if application:
        put(w, B_KIND, KIND_FRAME)
        put(w, B_KEY, application)
        put(w, B_PAYLOAD, p)
        put(w, B_LENGTH, end - p)
        return REASON_NONE
    if ethertype < 1536:
        return REASON_NONE if bacnet_ethernet(p, end, ethertype, w) else REASON_LLC
    return REASON_ETHERTYPE


@kernel
def decode(c: int, w: int) -> int:
    """Fills the words of one packet; returns 0 or why it could not be decoded."""
    end = get(w, B_END)
    put(w, B_KIND, KIND_NONE)
    ethertype = link_layer(get(w, B_FRAME), end, get(w, B_LINK), w)
    if ethertype <= 0:
        return -ethertype
    end = get(w, B_END)  # a frame check sequence may have been cut off
    p = get(w, B_PAYLOAD)
    tunnel = 0
    depth = 0
    while True:
        if ethertype == 0x0800:
            if p + 20 > end:
                return REASON_SHORT_IPV4
            first = u8(p)
            header = (first & 15) << 2
            if first >> 4 != 4 or header < 20 or p + header > end:
                return REASON_BAD_IPV4
            total = be16(p + 2)
            if total >= header:
                if p + total < end:  # Ethernet pads short frames
                    end = p + total
            elif total != 0:  # 0 is what segmentation offload leaves
                return REASON_BAD_IPV4
            version = 4
            protocol = u8(p + 9)
            ttl = u8(p + 8)
            fragment = be16(p + 6)
            more = fragment & 0x2000
            offset = fragment & 0x1FFF
            ident = be16(p + 4)
            put(w, B_SOURCE_HIGH, 0)
            put(w, B_SOURCE_LOW, be32(p + 12))
            put(w, B_DESTINATION_HIGH, 0)
            put(w, B_DESTINATION_LOW, be32(p + 16))
            p += header
            if protocol == 51 and offset == 0 and p + 12 <= end:  # authentication header, RFC 4302 2
                protocol = u8(p)
                p += (u8(p + 1) + 2) << 2
                if p > end:
                    p = end
        elif ethertype == 0x86DD:
            if p + 40 > end:
                return REASON_SHORT_IPV6
            if u8(p) >> 4 != 6:
                return REASON_BAD_IPV6
            total = be16(p + 4)
            if total > 0 and p + 40 + total < end:  # 0 is a jumbogram or segmentation offload
                end = p + 40 + total
            version = 6
            protocol = u8(p + 6)
            ttl = u8(p + 7)
            more = 0
            offset = 0
            ident = 0
            put(w, B_SOURCE_HIGH, be64(p + 8))
            put(w, B_SOURCE_LOW, be64(p + 16))
            put(w, B_DESTINATION_HIGH, be64(p + 24))
            put(w, B_DESTINATION_LOW, be64(p + 32))
            p += 40
            steps = 0
            # Hop-by-hop, routing, fragment, authentication, destination options, mobility, HIP, shim6 (RFC 8200 4).
            while steps < MOST_EXTENSION_HEADERS and p + 8 <= end and offset == 0:
                if protocol == 0 or protocol == 43 or protocol == 60 or protocol == 135 or protocol == 139:
                    protocol = u8(p)
                    p += (u8(p + 1) + 1) << 3
                elif protocol == 44:
                    protocol = u8(p)
                    offset = be16(p + 2) >> 3
                    more = be16(p + 2) & 1
                    ident = be32(p + 4)
                    p += 8
                elif protocol == 51:
                    protocol = u8(p)
                    p += (u8(p + 1) + 2) << 2
                else:
                    break
                steps += 1
            if p > end:
                p = end
        elif ethertype == 0x8847 or ethertype == 0x8848:
            inside = inner_label_stack(p, end, w)
            if inside == 0 or depth == MOST_TUNNELS:
                return REASON_MPLS
            ethertype = inside
            tunnel = TUNNEL_MPLS
            p = get(w, B_PAYLOAD)
            depth += 1
            continue
        elif ethertype == 0x8864:  # PPPoE session, RFC 2516 4
            if p + 8 > end:
                return REASON_SHORT_LINK
            length = be16(p + 4)
            if p + 6 + length < end:
                end = p + 6 + length
            inside = inner_ppp(p + 6, end, w)
            if inside == 0 or depth == MOST_TUNNELS:
                return REASON_PPPOE_CONTROL
            ethertype = inside
            tunnel = TUNNEL_PPPOE
            p = get(w, B_PAYLOAD)
            depth += 1
            continue
        elif ethertype < 1536 and depth == 0 and llc_snap(p, end, w) > 0:
            ethertype = llc_snap(p, end, w)
            p = get(w, B_PAYLOAD)
            depth += 1
            continue
        else:
            return frame_without_ip(p, ethertype, w)

        # --- an IP packet: is there another one inside?
        source_port = 0
        destination_port = 0
        sequence = 0
        flags = 0
        marks = 0
        payload = end
        if offset == 0 and depth < MOST_TUNNELS:
            inside = 0
            kind = 0
            if protocol == 4 or protocol == 41:
                inside = starts_ip(p, end)
                put(w, B_PAYLOAD, p)
                kind = TUNNEL_IP_IN_IP
            elif protocol == 47:
                inside = inner_gre(p, end, w)
                kind = TUNNEL_GRE
            elif protocol == 137:
                inside = inner_label_stack(p, end, w)
                kind = TUNNEL_MPLS
            elif protocol == 17 and p + 8 <= end:
                inside = inner_udp(p + 8, end, be16(p), be16(p + 2), w)
                kind = inside >> 16
                inside &= 0xFFFF
            if inside:
                ethertype = inside
                tunnel = kind
                p = get(w, B_PAYLOAD)
                depth += 1
                continue

        # --- transport
        if offset != 0:
            ports = fragment_ports(c, w, protocol, ident, 0, 0)
            source_port = ports >> 16
            destination_port = ports & 0xFFFF
            marks = NO_PAYLOAD
        elif protocol == 6:
            if p + 4 <= end:
                source_port = be16(p)
                destination_port = be16(p + 2)
            if p + 20 <= end:
                sequence = be32(p + 4)
                flags = u8(p + 13)
                payload = p + (u8(p + 12) >> 4 << 2)
                if payload < p + 20 or payload > end:
                    payload = end
        elif protocol == 17 or protocol == 136:
            if p + 4 <= end:
                source_port = be16(p)
                destination_port = be16(p + 2)
            if p + 8 <= end:
                payload = p + 8
                length = be16(p + 4)
                if protocol == 17 and length >= 8 and p + length < end:
                    end = p + length
        elif protocol == 58 and ttl == 255 and p + 8 <= end:
            # RFC 4861 7.1: neighbour discovery has a hop limit of 255, or it came through a router and is a forgery.
            if FIRST_NEIGHBOUR_MESSAGE <= u8(p) <= LAST_NEIGHBOUR_MESSAGE and u8(p + 1) == 0 and version == 6:
                payload = p
        elif (protocol == 132 or protocol == 33) and p + 4 <= end:  # SCTP, DCCP: ports in the same place
            source_port = be16(p)
            destination_port = be16(p + 2)
        if more and offset == 0:
            marks = NO_PAYLOAD
            fragment_ports(c, w, protocol, ident, source_port << 16 | destination_port, 1)
        put(w, B_KIND, KIND_CONVERSATION)
        put(w, B_KEY, key_of(source_port, destination_port, protocol, version))
        put(w, B_PAYLOAD, payload)
        put(w, B_LENGTH, end - payload)
        put(w, B_TCP, sequence | flags << 32 | ttl << 40 | marks)
        put(w, B_VLAN, get(w, B_VLAN) & 0xFFFF | tunnel << 16)
        return REASON_NONE


@inlined
def orient(c: int, w: int) -> None:
    """Hashes the conversation so that both directions meet, and marks the packet that runs from B to A."""
    source_high = get(w, B_SOURCE_HIGH)
    source_low = get(w, B_SOURCE_LOW)
    destination_high = get(w, B_DESTINATION_HIGH)
    destination_low = get(w, B_DESTINATION_LOW)
    key = get(w, B_KEY)
    source_port = key >> 32
    destination_port = key >> 16 & 0xFFFF
    backwards = False
    if source_high != destination_high:
        backwards = source_high > destination_high
    elif source_low != destination_low:
        backwards = source_low > destination_low
    else:
        backwards = source_port > destination_port
    if backwards:
        swapped = destination_port << 32 | source_port << 16 | key & 0xFFFF
        put(w, B_HASH, mix(get(c, SEED), destination_high, destination_low, source_high, source_low, swapped))
        put(w, B_TCP, get(w, B_TCP) | REVERSED)
    else:
        put(w, B_HASH, mix(get(c, SEED), source_high, source_low, destination_high, destination_low, key))
