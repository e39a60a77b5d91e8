"""Link layers: from the first byte of a frame to its EtherType and the address of what it carries.

``link_layer`` returns the EtherType, or the negative of a ``REASON_*``; it writes the hardware addresses,
the VLAN and (into B_PAYLOAD) where the network layer begins. A return of 0 means: decoded, nothing inside.
"""

from __future__ import annotations

from asepsis.wire.kernels.frames import arcnet, bluetooth, mstp_line, wifi_management, wifi_membership
from asepsis.wire.kernels.machine import be16, be32, be64, get, inlined, kernel, le16, le32, put, shift_right, u8
from asepsis.wire.layout import (
    B_DESTINATION_MAC,
    B_END,
    B_PAYLOAD,
    B_SOURCE_MAC,
    B_VLAN,
    LINK_ARCNET,
    LINK_BLE_LL,
    LINK_BLE_LL_PHDR,
    LINK_C_HDLC,
    LINK_ETHERNET,
    LINK_HCI_H4,
    LINK_HCI_H4_PHDR,
    LINK_LOOP,
    LINK_MSTP,
    LINK_NORDIC_BLE,
    LINK_NULL,
    LINK_PPI,
    LINK_PPP,
    LINK_RADIOTAP,
    LINK_RAW_IP,
    LINK_SLL,
    LINK_SLL2,
    LINK_WIFI,
    REASON_EMPTY,
    REASON_LINK_TYPE,
    REASON_LLC,
    REASON_NO_INTERFACE,
    REASON_NULL_FAMILY,
    REASON_PPP_CONTROL,
    REASON_SHORT_LINK,
    REASON_WIFI_AGGREGATE,
    REASON_WIFI_CONTROL,
    REASON_WIFI_ENCRYPTED,
    REASON_WIFI_MANAGEMENT,
    REASON_WIFI_NO_DATA,
)

# More tags than QinQ has is damage or an attack on the decoder.
MOST_VLAN_TAGS = 4


@inlined
def ethernet(p: int, end: int, w: int) -> int:
    """IEEE 802.3 with 802.1Q and 802.1ad tags."""
    if p + 14 > end:
        return -REASON_SHORT_LINK
    if be16(p + 12) == 0x8903 and p + 30 <= end:  # Cisco FabricPath: 16 bytes in front of the frame
        p += 16
    put(w, B_DESTINATION_MAC, shift_right(be64(p), 16))
    put(w, B_SOURCE_MAC, shift_right(be64(p + 6), 16))
    ethertype = be16(p + 12)
    p += 14
    tags = 0
    while ethertype == 0x8100 or ethertype == 0x88A8 or ethertype == 0x9100:
        if p + 4 > end or tags == MOST_VLAN_TAGS:
            return -REASON_SHORT_LINK
        if get(w, B_VLAN) == 0:
            put(w, B_VLAN, be16(p) & 0xFFF)
        ethertype = be16(p + 2)
        p += 4
        tags += 1
    put(w, B_PAYLOAD, p)
    return ethertype


@kernel
def llc_snap(p: int, end: int, w: int) -> int:
    """IEEE 802.2 with SNAP (RFC 1042): the EtherType behind AA AA 03 and an OUI of zero or bridge-tunnel."""
    if p + 8 > end or be32(p) >> 8 != 0xAAAA03:
        return -REASON_LLC
    if be32(p + 2) & 0xFFFFFF != 0 and be32(p + 2) & 0xFFFFFF != 0x0000F8:
        return -REASON_LLC
    put(w, B_PAYLOAD, p + 8)
    return be16(p + 6)


@kernel
def wifi_frame(p: int, end: int, w: int, control: int) -> int:
    """As ``wifi``, with the frame control field given: some controllers write its two bytes the other way round."""
    kind = control >> 2 & 3
    subtype = control >> 4 & 15
    if kind == 0:
        return -REASON_WIFI_MANAGEMENT
    if kind == 1:
        return -REASON_WIFI_CONTROL
    if kind == 3 or control & 3 != 0:
        return -REASON_LINK_TYPE
    if subtype & 4:
        return -REASON_WIFI_NO_DATA
    if control & 0x4000:
        return -REASON_WIFI_ENCRYPTED
    to_ds = control >> 8 & 1
    from_ds = control >> 9 & 1
    length = 24 + 6 * (to_ds & from_ds)
    if p + length + 2 > end:
        return -REASON_SHORT_LINK
    first = shift_right(be64(p + 4), 16)
    second = shift_right(be64(p + 10), 16)
    third = shift_right(be64(p + 16), 16)
    if to_ds == 0 and from_ds == 0:
        put(w, B_DESTINATION_MAC, first)
        put(w, B_SOURCE_MAC, second)
    elif to_ds == 0:
        put(w, B_DESTINATION_MAC, first)
        put(w, B_SOURCE_MAC, third)
    elif from_ds == 0:
        put(w, B_DESTINATION_MAC, third)
        put(w, B_SOURCE_MAC, second)
    else:
        put(w, B_DESTINATION_MAC, third)
        put(w, B_SOURCE_MAC, shift_right(be64(p + 22), 16))
    if subtype & 8:  # QoS
        if p + length + 2 > end:
            return -REASON_SHORT_LINK
        if le16(p + length) & 0x80:
            return -REASON_WIFI_AGGREGATE
        length += 2
        if control & 0x8000:  # HT control
            length += 4
    return llc_snap(p + length, end, w)


@kernel
def wifi(p: int, end: int, w: int) -> int:
    """IEEE 802.11: management frames, and data frames of open networks (9.3.2); the others are named."""
    if p + 10 > end:
        return -REASON_SHORT_LINK
    control = le16(p)
    if control & 0x0F == 0:
        return wifi_management(p, end, w)
    found = wifi_frame(p, end, w, control)
    if found == -REASON_WIFI_ENCRYPTED:
        wifi_membership(p, end, w)
    return found


@kernel
def radiotap(p: int, end: int, w: int) -> int:
    """Radiotap header, then 802.11; a frame check sequence at the end is cut off, padding is skipped."""
    if p + 8 > end:
        return -REASON_SHORT_LINK
    length = le16(p + 2)
    if u8(p) != 0 or length < 8 or p + length > end:
        return -REASON_SHORT_LINK
    present = le32(p + 4)
    field = p + 8
    more = present
    while more & 0x80000000 and field + 4 <= p + length:
        more = le32(field)
        field += 4
    if present & 1:  # TSFT, 8 bytes, aligned to 8 from the header's start
        field = p + ((field - p + 7) & -8) + 8
    if present & 2 and field < p + length and u8(field) & 0x10 and end - 4 >= p + length:
        end -= 4
        put(w, B_END, end)
    return wifi(p + length, end, w)


@kernel
def point_to_point(p: int, end: int, w: int) -> int:
    """PPP (RFC 1661) with or without address and control bytes; protocol field compression allowed."""
    if p + 4 > end:
        return -REASON_SHORT_LINK
    if be16(p) == 0x0F00 or be16(p) == 0x8F00:  # Cisco HDLC on the same kind of line
        put(w, B_PAYLOAD, p + 4)
        return be16(p + 2)
    if be16(p) == 0xFF03:
        p += 2
    if p + 2 > end:
        return -REASON_SHORT_LINK
    if u8(p) & 1:
        protocol = u8(p)
        p += 1
    else:
        protocol = be16(p)
        p += 2
    put(w, B_PAYLOAD, p)
    if protocol == 0x21:
        return 0x0800
    if protocol == 0x57:
        return 0x86DD
    if protocol == 0x281:
        return 0x8847
    return -REASON_PPP_CONTROL


@kernel
def per_packet_information(p: int, end: int, w: int) -> int:
    """PPI: version, flags, 16-bit header length, 32-bit link type, all little endian; then that link's frame."""
    if p + 8 > end or p + le16(p + 2) > end or le16(p + 2) < 8:
        return -REASON_SHORT_LINK
    link = le32(p + 4)
    p += le16(p + 2)
    if link == 1:
        return ethernet(p, end, w)
    if link == 105:
        return wifi(p, end, w)
    if link == 127:
        return radiotap(p, end, w)
    return -REASON_LINK_TYPE


@kernel
def other_link(p: int, end: int, link: int, w: int) -> int:
    """Every link layer but Ethernet."""
    put(w, B_SOURCE_MAC, 0)
    put(w, B_DESTINATION_MAC, 0)
    if link == LINK_RAW_IP:
        if p >= end:
            return -REASON_EMPTY
        put(w, B_PAYLOAD, p)
        version = u8(p) >> 4
        if version == 6:
            return 0x86DD
        return 0x0800
    if link == LINK_NULL or link == LINK_LOOP:
        if p + 4 > end:
            return -REASON_SHORT_LINK
        family = be32(p)
        if family > 0xFFFF:  # the byte order is that of the machine that captured
            family = le32(p)
        put(w, B_PAYLOAD, p + 4)
        if family == 2:
            return 0x0800
        # AF_INET6 is 10 on Linux, 23 on Windows, 24 on NetBSD, 28 on FreeBSD, 30 on macOS.
        if family == 10 or family == 23 or family == 24 or family == 28 or family == 30:
            return 0x86DD
        return -REASON_NULL_FAMILY
    if link == LINK_SLL:
        if p + 16 > end:
            return -REASON_SHORT_LINK
        if be16(p + 4) == 6:
            put(w, B_SOURCE_MAC, shift_right(be64(p + 6), 16))
        put(w, B_PAYLOAD, p + 16)
        ethertype = be16(p + 14)
        p += 16
    elif link == LINK_SLL2:
        if p + 20 > end:
            return -REASON_SHORT_LINK
        if u8(p + 11) == 6:
            put(w, B_SOURCE_MAC, shift_right(be64(p + 12), 16))
        put(w, B_PAYLOAD, p + 20)
        ethertype = be16(p)
        p += 20
    elif link == LINK_WIFI:
        return wifi(p, end, w)
    elif link == LINK_RADIOTAP:
        return radiotap(p, end, w)
    elif link == LINK_PPP:
        return point_to_point(p, end, w)
    elif link == LINK_PPI:
        return per_packet_information(p, end, w)
    elif link == LINK_C_HDLC:
        if p + 4 > end:
            return -REASON_SHORT_LINK
        put(w, B_PAYLOAD, p + 4)
        return be16(p + 2)
    elif (
        link == LINK_NORDIC_BLE
        or link == LINK_HCI_H4
        or link == LINK_HCI_H4_PHDR
        or link == LINK_BLE_LL
        or link == LINK_BLE_LL_PHDR
    ):
        return bluetooth(p, end, link, w)
    elif link == LINK_MSTP:
        return mstp_line(p, end, w)
    elif link == LINK_ARCNET:
        return arcnet(p, end, w)
    elif link == -1:
        return -REASON_NO_INTERFACE
    else:
        return -REASON_LINK_TYPE
    while ethertype == 0x8100 or ethertype == 0x88A8:
        if p + 4 > end:
            return -REASON_SHORT_LINK
        put(w, B_VLAN, be16(p) & 0xFFF)
        ethertype = be16(p + 2)
        p += 4
        put(w, B_PAYLOAD, p)
    return ethertype


@inlined
def link_layer(p: int, end: int, link: int, w: int) -> int:
    """The EtherType of a frame, 0 for a decoded frame without one, or a negative reason."""
    if link == LINK_ETHERNET:
        return ethernet(p, end, w)
    return other_link(p, end, link, w)
