"""Directories, remote desktops, calls and small things, by content: Kerberos, LDAP, RDP, SIP, RTSP, CoAP."""

from __future__ import annotations

from asepsis.wire.kernels.classify_quic import QUIC
from asepsis.wire.kernels.machine import be16, be32, kernel, le16, u8

KERBEROS = 26
LDAP = 27
RDP = 28
SIP = 29
RTSP = 30
COAP = 31

CLIENT = 1 << 8
SERVER = 2 << 8

# Kerberos over TCP: tickets of people in many groups reach some ten KB.
LONGEST_KERBEROS = 1 << 17
# GET_PARAMETER and SET_PARAMETER are the longest methods of RTSP (RFC 2326 10), REGISTER and SUBSCRIBE SIP's.
LONGEST_METHOD = 13

# How many bytes of one direction are handed on. Directories are searched and calls are made all day over one
# connection; who and what it is, is said first. A hello of QUIC is at most 20 KB long.
LIMIT_DIRECTORY = 64 * 1024
LIMIT_HELLO = 24 * 1024
LIMIT_CALL = 32 * 1024


@kernel
def directory_limit(application: int, p: int) -> int:
    """Bytes of one direction that are handed on of QUIC and of what is told here; 0 for a packet that says nothing.

    ``p`` is where a datagram begins.
    """
    if application == QUIC:
        # A short header (RFC 9000 17.3) stands before encrypted data; 0x08 marks Google's public header.
        return LIMIT_HELLO if u8(p) & 0x88 else 0
    if application == KERBEROS or application == LDAP:
        return LIMIT_DIRECTORY
    return LIMIT_HELLO if application == RDP else LIMIT_CALL


@kernel
def behind_length(p: int, n: int) -> int:
    """Where the contents of a BER element begin (X.690 8.1.3), counted from ``p``; 0 where that is not here."""
    first = u8(p + 1)
    if first < 0x80:
        return 2
    if first == 0x80 or first > 0x84:
        return 0
    return 2 + (first & 0x7F)


@kernel
def classify_ldap(p: int, n: int) -> int:
    """LDAP (RFC 4511 4.1.1): SEQUENCE, a message id, an operation's tag."""
    if n < 7 or u8(p) != 0x30:
        return 0
    at = behind_length(p, n)
    if at == 0 or at + 4 > n or u8(p + at) != 0x02:
        return 0
    size = u8(p + at + 1)
    if size < 1 or size > 4 or at + 3 + size > n:
        return 0
    tag = u8(p + at + 2 + size)
    # bind, unbind, search, modify, add, delete, modify DN, compare, abandon, extended: requests and responses
    if tag == 0x60 or tag == 0x63 or tag == 0x77 or tag == 0x42 or tag == 0x50 or tag == 0x66 or tag == 0x68:
        return LDAP | CLIENT
    if tag == 0x61 or tag == 0x64 or tag == 0x65 or tag == 0x73 or tag == 0x78 or tag == 0x67 or tag == 0x69:
        return LDAP | SERVER
    return 0


@kernel
def classify_kerberos(p: int, n: int) -> int:
    """Kerberos 5 (RFC 4120 5.4, 5.9.1): an application tag, a SEQUENCE, then the version 5."""
    if n < 12:
        return 0
    tag = u8(p)
    if tag != 0x6A and tag != 0x6B and tag != 0x6C and tag != 0x6D and tag != 0x7E:
        return 0
    at = behind_length(p, n)
    if at == 0 or at + 8 > n or u8(p + at) != 0x30:
        return 0
    inner = behind_length(p + at, n - at)
    at += inner
    if inner == 0 or at + 5 > n:
        return 0
    version = u8(p + at)
    if (version != 0xA0 and version != 0xA1) or be32(p + at + 1) != 0x03020105:
        return 0
    return KERBEROS | (CLIENT if tag == 0x6A or tag == 0x6C else SERVER)


@kernel
def classify_rdp(p: int, n: int, source_port: int, destination_port: int) -> int:
    """RDP's connection request and confirm ([MS-RDPBCGR] 2.2.1.1, 2.2.1.2) in TPKT (RFC 1006) and X.224."""
    if n < 11 or be16(p) != 0x0300 or be16(p + 2) > n or u8(p + 4) + 5 != be16(p + 2):
        return 0
    kind = u8(p + 5)
    if kind != 0xE0 and kind != 0xD0:
        return 0
    side = CLIENT if kind == 0xE0 else SERVER
    if n >= 19 and be16(p + 2) >= 19:
        first = u8(p + 11)
        if kind == 0xE0:
            four = be32(p + 11)
            # Cookie: mstshash=, Cookie: msts=, tsv://MS Terminal Services Plugin, or RDP_NEG_REQ at once
            if four == 0x436F6F6B or four == 0x7473763A or (first == 1 and le16(p + 13) == 8):
                return RDP | side
        elif (first == 2 or first == 3) and le16(p + 13) == 8:
            return RDP | side
        return 0
    # Without negotiation the bytes are those of any ISO transport, so the port must help.
    if be16(p + 2) == 11 and (source_port == 3389 or destination_port == 3389):
        return RDP | side
    return 0


@kernel
def classify_call(p: int, n: int) -> int:
    """SIP (RFC 3261 7) and RTSP (RFC 2326 6): a response, or a method and a URI of the right scheme."""
    if n < 12:
        return 0
    four = be32(p)
    if four == 0x5349502F:  # SIP/
        return SIP | SERVER if be32(p + 4) == 0x322E3020 else 0
    if four == 0x52545350:  # RTSP
        return RTSP | SERVER if u8(p + 4) == 0x2F else 0
    at = 0
    while at < LONGEST_METHOD and at + 5 < n:
        sign = u8(p + at)
        if sign == 0x20:
            break
        if (sign < 0x41 or sign > 0x5A) and sign != 0x5F:
            return 0
        at += 1
    if at < 3 or at + 5 >= n or u8(p + at) != 0x20:
        return 0
    scheme = be32(p + at + 1)
    if scheme == 0x7369703A or scheme == 0x73697073 or scheme == 0x74656C3A:  # sip:, sips, tel:
        # A proxy asks too, so the side that a request comes from is the client of it only.
        return SIP | CLIENT
    if scheme == 0x72747370:  # rtsp
        return RTSP | CLIENT
    if four == 0x4F505449 and n >= 14 and be32(p + 10) == 0x52545350:  # OPTIONS * RTSP
        return RTSP | CLIENT
    return 0


@kernel
def classify_coap(p: int, n: int) -> int:
    """CoAP (RFC 7252 3) on its port: version 1, a token of at most 8 bytes, a code that exists."""
    if u8(p) >> 6 != 1:
        return 0
    token = u8(p) & 15
    code = u8(p + 1)
    if token > 8 or n < 4 + token:
        return 0
    group = code >> 5
    if group == 0:
        if code == 0:
            return COAP if n == 4 else 0
        return COAP | CLIENT if code <= 7 else 0
    if group == 2 or group == 4 or group == 5:
        return COAP | SERVER
    return COAP if group == 7 and code & 31 <= 5 else 0  # signalling (RFC 8323)


@kernel
def classify_directory_tcp(p: int, n: int, source_port: int, destination_port: int) -> int:
    """What of these speaks over TCP."""
    first = u8(p)
    if first == 0x30:
        return classify_ldap(p, n)
    if first == 3:
        return classify_rdp(p, n, source_port, destination_port)
    if first == 0:
        if n >= 16 and be32(p) >= 12 and be32(p) <= LONGEST_KERBEROS:
            return classify_kerberos(p + 4, n - 4)
        return 0
    if 0x41 <= first <= 0x5A:
        return classify_call(p, n)
    return 0


@kernel
def classify_directory_udp(p: int, n: int, source_port: int, destination_port: int) -> int:
    """What of these speaks over UDP."""
    first = u8(p)
    if first == 0x30:
        return classify_ldap(p, n)
    if 0x6A <= first <= 0x7E:
        return classify_kerberos(p, n)
    if 0x41 <= first <= 0x5A:
        found = classify_call(p, n)
        if found:
            return found
    if source_port == 5683 or destination_port == 5683:
        return classify_coap(p, n)
    return 0
