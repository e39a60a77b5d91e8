"""Protocols of building control and of machines: BACnet, Modbus, EtherNet/IP, OPC UA, told by their first bytes.

Also how much of a message of theirs is worth comparing with earlier ones. Controllers are polled every second for
readings that differ each time; who asks whom for what repeats, and only that is read.
The codes are those of ``asepsis.wire.applications``; the answers are those of ``classify``.
"""

from __future__ import annotations

from asepsis.wire.kernels.machine import be16, be32, inlined, kernel, le16, le32, u8

BACNET = 34
MODBUS = 35
ETHERNET_IP = 36
OPCUA = 37

CLIENT = 1 << 8
SERVER = 2 << 8

# OPC UA 10000-6 6.7.2: a chunk's size stands in its header; servers agree on 64 KiB to some MiB.
LONGEST_CHUNK = 16 * 1024 * 1024

# BACnet object type "device" (ASHRAE 135 21) and the properties of an object that say what it is.
DEVICE_OBJECT = 8


@kernel
def bacnet_apdu(p: int, n: int) -> int:
    """Offset of the APDU behind BVLC and NPDU (ASHRAE 135 annex J, annex U, 6.2), 0 where there is none."""
    at = 0
    if n < 4:
        return 0
    first = u8(p)
    if first == 0x81:
        function = u8(p + 1)
        if function == 4:  # Forwarded-NPDU: the address of who sent it first
            at = 10
        elif function == 5 or function == 9 or function == 10 or function == 11:
            at = 4
        else:
            return 0
    elif first == 0x82:
        function = u8(p + 1)
        if function == 1:
            at = 10
        elif function == 2 or function == 12:
            at = 7
        elif function == 8:
            at = 25
        else:
            return 0
    if at + 2 > n or u8(p + at) != 1:
        return 0
    control = u8(p + at + 1)
    if control & 0x80:  # a message of the network layer
        return 0
    at += 2
    if control & 0x20:
        if at + 3 > n:
            return 0
        at += 3 + u8(p + at + 2)
    if control & 0x08:
        if at + 3 > n:
            return 0
        at += 3 + u8(p + at + 2)
    if control & 0x20:
        at += 1  # the hop count
    return at if at + 2 <= n else 0


@kernel
def classify_bacnet(p: int, n: int) -> int:
    """BACnet/IP and BACnet/IPv6: type, function and a length that is the datagram's."""
    if be16(p + 2) != n or u8(p + 1) > 12:
        return 0
    at = bacnet_apdu(p, n)
    if at == 0:
        return BACNET
    kind = u8(p + at) >> 4
    if kind == 0:
        return BACNET | CLIENT
    if kind == 1:
        service = u8(p + at + 1)
        if service == 0 or service == 1:
            return BACNET | SERVER  # I-Am, I-Have
        return BACNET | CLIENT if service == 7 or service == 8 else BACNET
    return BACNET | SERVER if 2 <= kind <= 6 else BACNET


@inlined
def bacnet_identifies(kind: int, identifier: int) -> bool:
    """Whether a property (ASHRAE 135 21) says what its object is, rather than how it is at the moment."""
    return (
        kind == DEVICE_OBJECT
        or identifier == 12  # application software version
        or identifier == 28  # description
        or identifier == 44  # firmware revision
        or identifier == 58  # location
        or identifier == 70  # model name
        or identifier == 77  # object name
        or identifier == 120  # vendor identifier
        or identifier == 121  # vendor name
    )


@kernel
def bacnet_said(p: int, n: int) -> int:
    """How many bytes are worth comparing | where the invoke id stands << 16 (0 for none): readings are left out."""
    at = bacnet_apdu(p, n)
    if at == 0:
        return n
    kind = u8(p + at) >> 4
    invoke = 0
    if kind == 0:
        invoke = at + 2
        body = at + (6 if u8(p + at) & 8 else 4)
        service = u8(p + body - 1) if body <= n else 255
        if service == 1 and body + 12 <= n:  # ConfirmedCOVNotification: process, device, object
            return min(body + 12, n) | invoke << 16
        if service == 15 and body + 7 <= n:  # WriteProperty: the object and the property, not what is written
            return min(body + 7, n) | invoke << 16
        return n | invoke << 16
    if kind == 1:
        if u8(p + at + 1) == 2:  # UnconfirmedCOVNotification
            return min(at + 14, n)
        return n
    if kind == 2 or kind == 5 or kind == 6 or kind == 7:  # acknowledgement, error, reject, abort
        return n | (at + 1) << 16
    if kind == 3:
        invoke = at + 1
        body = at + (5 if u8(p + at) & 8 else 3)
        if body + 7 > n:
            return n | invoke << 16
        service = u8(p + body - 1)
        if (service == 12 or service == 14) and u8(p + body) == 0x0C:
            found = be32(p + body + 1) >> 22
            property_at = body + 6 if service == 12 else body + 7
            identifier = u8(p + property_at) if property_at < n else 255
            if not bacnet_identifies(found, identifier):
                return min(property_at + 1, n) | invoke << 16
        return n | invoke << 16
    return n


@kernel
def classify_modbus(p: int, n: int, source_port: int, destination_port: int) -> int:
    """One Modbus/TCP unit (MODBUS Messaging on TCP/IP 3.1): protocol 0 and a length that is the segment's."""
    if n < 8 or be16(p + 2) != 0:
        return 0
    length = be16(p + 4)
    code = u8(p + 7)
    plain = code & 0x7F
    at_home = source_port == 502 or destination_port == 502
    # Some masters put several units into one segment.
    # Makers' own functions may be longer than the 254 bytes of the standard.
    if (
        length < 2
        or length > (2048 if at_home else 254)
        or (length + 6 != n and not (at_home and length + 6 < n))
        or plain == 0
    ):
        return 0
    if code & 0x80 and n != 9:
        return 0
    if not at_home and not (
        plain <= 8 or plain == 11 or plain == 12 or 15 <= plain <= 17 or 20 <= plain <= 24 or plain == 43
    ):
        return 0
    if destination_port == 502:
        return MODBUS | CLIENT
    if source_port == 502 or code & 0x80:
        return MODBUS | SERVER
    return MODBUS


@kernel
def modbus_said(p: int, n: int) -> int:
    """How many bytes behind the transaction id and the length are worth comparing; 0: all of it must be read."""
    if n < 8 or be16(p + 2) != 0 or be16(p + 4) + 6 != n:
        return 0
    code = u8(p + 7)
    if code == 43 or code == 17 or code == 8:
        return 0
    return min(3, n - 6) if code & 0x80 else 2


@kernel
def classify_ethernet_ip(p: int, n: int, source_port: int, destination_port: int) -> int:
    """The encapsulation header of EtherNet/IP (CIP volume 2, 2-3.1): command, length, no options."""
    if n < 24 or le32(p + 20) != 0:
        return 0
    command = le16(p)
    length = le16(p + 2)
    if length + 24 != n and not (length + 24 < n and (source_port == 44818 or destination_port == 44818)):
        return 0
    if command == 0x63 or command == 0x04 or command == 0x64:
        if le32(p + 8) != 0:
            return 0
        return ETHERNET_IP | (CLIENT if length == 0 else SERVER)
    if command == 0x65 and length == 4 and le16(p + 24) == 1:
        return ETHERNET_IP | (CLIENT if le32(p + 4) == 0 else SERVER)
    # RegisterSession gave a session; an interface handle of 0 is CIP (2-4.7).
    if (command == 0x6F or command == 0x70) and length >= 16 and le32(p + 4) != 0 and le32(p + 24) == 0:
        if destination_port == 44818:
            return ETHERNET_IP | CLIENT
        return ETHERNET_IP | SERVER if source_port == 44818 else ETHERNET_IP
    return 0


@kernel
def classify_opcua(p: int, n: int) -> int:
    """The header of OPC UA over TCP (OPC 10000-6 6.7.2, 7.1.2): three letters, the chunk's kind, its size."""
    if n < 8:
        return 0
    letters = be32(p) >> 8
    chunk = u8(p + 3)
    size = le32(p + 4)
    if (chunk != 0x46 and chunk != 0x43 and chunk != 0x41) or size < 8 or size > LONGEST_CHUNK:
        return 0
    if letters == 0x48454C:  # HEL
        return OPCUA | CLIENT
    if letters == 0x41434B or letters == 0x455252 or letters == 0x524845:  # ACK, ERR, RHE
        return OPCUA | SERVER
    if letters == 0x4F504E or letters == 0x4D5347 or letters == 0x434C4F:  # OPN, MSG, CLO
        return OPCUA if size >= 12 else 0
    return 0


@kernel
def classify_control_tcp(p: int, n: int, source_port: int, destination_port: int) -> int:
    """The application of a TCP payload among those of this module."""
    first = u8(p)
    if 0x41 <= first <= 0x52:
        found = classify_opcua(p, n)
        if found:
            return found
    if n < 8:
        return 0
    if be16(p + 2) == 0:
        found = classify_modbus(p, n, source_port, destination_port)
        if found:
            return found
    if u8(p + 1) == 0 and (0x63 <= first <= 0x70 or first == 4):
        return classify_ethernet_ip(p, n, source_port, destination_port)
    return 0


@inlined
def classify_control_udp(p: int, n: int, source_port: int, destination_port: int) -> int:
    """The application of a datagram of eight bytes or more among those of this module."""
    first = u8(p)
    if first == 0x81 or first == 0x82:
        return classify_bacnet(p, n)
    if (first == 0x63 or first == 4 or first == 0x64) and u8(p + 1) == 0:
        return classify_ethernet_ip(p, n, source_port, destination_port)
    return 0
