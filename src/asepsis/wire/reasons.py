"""The names of link types and of the reasons why a packet was not decoded."""

from __future__ import annotations

from asepsis.wire import layout

# Link-layer header types of the captures' registry (tcpdump.org/linktypes.html): number -> name, kernel's code.
LINK_TYPES: dict[int, tuple[str, int]] = {
    0: ("NULL", layout.LINK_NULL),
    1: ("ETHERNET", layout.LINK_ETHERNET),
    7: ("ARCNET_BSD", layout.LINK_ARCNET),
    9: ("PPP", layout.LINK_PPP),
    12: ("RAW", layout.LINK_RAW_IP),
    14: ("RAW", layout.LINK_RAW_IP),
    50: ("PPP_HDLC", layout.LINK_PPP),
    101: ("RAW", layout.LINK_RAW_IP),
    104: ("C_HDLC", layout.LINK_C_HDLC),
    105: ("IEEE802_11", layout.LINK_WIFI),
    108: ("LOOP", layout.LINK_LOOP),
    113: ("LINUX_SLL", layout.LINK_SLL),
    127: ("IEEE802_11_RADIOTAP", layout.LINK_RADIOTAP),
    129: ("ARCNET_LINUX", layout.LINK_ARCNET),
    165: ("BACNET_MS_TP", layout.LINK_MSTP),
    187: ("BLUETOOTH_HCI_H4", layout.LINK_HCI_H4),
    192: ("PPI", layout.LINK_PPI),
    201: ("BLUETOOTH_HCI_H4_WITH_PHDR", layout.LINK_HCI_H4_PHDR),
    228: ("IPV4", layout.LINK_RAW_IP),
    229: ("IPV6", layout.LINK_RAW_IP),
    251: ("BLUETOOTH_LE_LL", layout.LINK_BLE_LL),
    256: ("BLUETOOTH_LE_LL_WITH_PHDR", layout.LINK_BLE_LL_PHDR),
    272: ("NORDIC_BLE", layout.LINK_NORDIC_BLE),
    276: ("LINUX_SLL2", layout.LINK_SLL2),
    # Counted under their names, not decoded.
    3: ("AX25", 0),
    6: ("IEEE802_5", 0),
    8: ("SLIP", 0),
    10: ("FDDI", 0),
    51: ("PPP_ETHER", 0),
    107: ("FRELAY", 0),
    117: ("PFLOG", 0),
    119: ("IEEE802_11_PRISM", 0),
    122: ("IP_OVER_FC", 0),
    143: ("DOCSIS", 0),
    163: ("IEEE802_11_AVS", 0),
    189: ("USB_LINUX", 0),
    195: ("IEEE802_15_4_WITHFCS", 0),
    215: ("IEEE802_15_4_NONASK_PHY", 0),
    220: ("USB_LINUX_MMAPPED", 0),
    227: ("CAN_SOCKETCAN", 0),
    230: ("IEEE802_15_4_NOFCS", 0),
    239: ("NFLOG", 0),
    249: ("USBPCAP", 0),
    253: ("NETLINK", 0),
    254: ("BLUETOOTH_LINUX_MONITOR", 0),
    258: ("PKTAP", 0),
    283: ("IEEE802_15_4_TAP", 0),
}

REASONS: dict[int, str] = {
    layout.REASON_SHORT_LINK: "truncated link header",
    layout.REASON_ETHERTYPE: "other EtherType",
    layout.REASON_LLC: "IEEE 802.2 LLC",
    layout.REASON_SHORT_IPV4: "truncated IPv4 header",
    layout.REASON_BAD_IPV4: "malformed IPv4 header",
    layout.REASON_SHORT_IPV6: "truncated IPv6 header",
    layout.REASON_BAD_IPV6: "malformed IPv6 header",
    layout.REASON_WIFI_MANAGEMENT: "IEEE 802.11 management frame",
    layout.REASON_WIFI_CONTROL: "IEEE 802.11 control frame",
    layout.REASON_WIFI_NO_DATA: "IEEE 802.11 frame without data",
    layout.REASON_WIFI_ENCRYPTED: "IEEE 802.11 encrypted frame",
    layout.REASON_WIFI_AGGREGATE: "IEEE 802.11 aggregated frame",
    layout.REASON_BLE_BAD: "malformed Bluetooth LE frame",
    layout.REASON_HCI_BAD: "malformed Bluetooth HCI packet",
    layout.REASON_PPP_CONTROL: "PPP control protocol",
    layout.REASON_MPLS: "MPLS without IP inside",
    layout.REASON_PPPOE_CONTROL: "PPPoE without IP inside",
    layout.REASON_NO_INTERFACE: "packet of an undescribed interface",
    layout.REASON_NULL_FAMILY: "other address family",
    layout.REASON_EMPTY: "empty packet",
    layout.REASON_ARCNET: "ARCnet without BACnet",
    layout.REASON_MSTP_BAD: "malformed MS/TP frame",
}


def link_name(number: int) -> str:
    """``1`` -> ``ETHERNET``; numbers without a name here keep their number: ``LINKTYPE_300``."""
    known = LINK_TYPES.get(number)
    return known[0] if known else f"LINKTYPE_{number}"


def link_code(number: int) -> int:
    """The kernels' code of a link type, 0 where they do not read it."""
    known = LINK_TYPES.get(number)
    return known[1] if known else 0
