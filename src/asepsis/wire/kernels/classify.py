"""Which application a payload belongs to, told by its first bytes; ports only where the bytes are too weak.

Each function returns ``application | side << 8``: side 1 when the bytes prove that the sender is the client,
2 when it is the server, 0 when they do not say. 0 in all: not known.
The codes are those of ``asepsis.wire.applications``.
"""

from __future__ import annotations

from asepsis.wire.kernels.classify_control import classify_control_tcp, classify_control_udp
from asepsis.wire.kernels.classify_directory import classify_directory_tcp, classify_directory_udp
from asepsis.wire.kernels.classify_medical import classify_intellivue, classify_medical_tcp, classify_serial
from asepsis.wire.kernels.classify_office import classify_office_tcp, classify_office_udp
from asepsis.wire.kernels.classify_quic import classify_datagram_security, classify_quic, classify_xmpp
from asepsis.wire.kernels.classify_web import classify_pjl, classify_wsd
from asepsis.wire.kernels.machine import be16, be32, inlined, kernel, le32, u8

DHCP = 3
DHCPV6 = 4
DNS = 5
MDNS = 6
SSDP = 7
HTTP = 8
TLS = 9
SSH = 10
SNMP = 11
SMB = 12
MQTT = 13
DICOM = 14
HL7 = 15

CLIENT = 1 << 8
SERVER = 2 << 8

# RFC 8446 5.2: a record's ciphertext is at most 2^14 + 256 bytes; TLS 1.2 allowed 2^14 + 2048.
LONGEST_TLS_RECORD = 16384 + 2048
# Above this a PDU length of DICOM is no PDU: modalities send at most some MB in one.
LONGEST_PDU = 64 * 1024 * 1024


@inlined
def ascii4(a: int, b: int, c: int, d: int) -> int:
    """Four signs as the big-endian number that ``be32`` reads."""
    return a << 24 | b << 16 | c << 8 | d


@kernel
def classify_http(p: int, n: int) -> int:
    """HTTP/1 requests by their method (RFC 9110 9, RFC 4918, UPnP GENA) and responses."""
    if n < 8:
        return 0
    four = be32(p)
    if four == 0x48545450:  # HTTP
        return HTTP | SERVER if be32(p + 4) == 0x2F312E30 or be32(p + 4) == 0x2F312E31 else 0
    if (
        four == 0x47455420  # GET_
        or four == 0x50555420  # PUT_
    ):
        target = u8(p + 4)
    elif four == 0x504F5354 or four == 0x48454144:  # POST, HEAD
        target = u8(p + 5) if u8(p + 4) == 0x20 else 0
    elif four == 0x4F505449 and be32(p + 4) == 0x4F4E5320 and n > 8:  # OPTIONS_; SIP and RTSP have it too
        target = u8(p + 8)
        if target == 0x73 or target == 0x72 or (target == 0x2A and n >= 14 and be32(p + 10) == 0x52545350):
            return 0
    elif four == 0x44454C45 and n > 7:  # DELETE
        target = u8(p + 7) if u8(p + 6) == 0x20 else 0
    elif four == 0x50415443 and n > 6:  # PATCH
        target = u8(p + 6) if u8(p + 5) == 0x20 else 0
    elif four == 0x434F4E4E and be32(p + 4) == 0x45435420:  # CONNECT_
        return HTTP | CLIENT
    elif four == 0x50524F50 and n > 9:  # PROPFIND, PROPPATCH
        target = u8(p + 9) if u8(p + 8) == 0x20 else 0
    elif four == 0x53554253 and n > 10:  # SUBSCRIBE
        target = u8(p + 10) if u8(p + 9) == 0x20 else 0
    elif four == 0x4E4F5449 and n > 7:  # NOTIFY; SIP has it too
        target = u8(p + 7)
        if target != 0x2F:
            return 0
    else:
        return 0
    # origin-form, asterisk-form or absolute-form of the target (RFC 9112 3.2)
    if target == 0x2F or target == 0x2A or target == 0x68:
        return HTTP | CLIENT
    return 0


@kernel
def classify_tls(p: int, n: int) -> int:
    """TLS and SSL records (RFC 8446 5.1), and the SSL 2.0 hello (RFC 5246 E.2)."""
    if n < 6:
        return 0
    kind = u8(p)
    if 0x14 <= kind <= 0x17 and u8(p + 1) == 3 and u8(p + 2) <= 4:
        length = be16(p + 3)
        if length == 0 or length > LONGEST_TLS_RECORD:
            return 0
        if kind == 0x16:
            message = u8(p + 5)
            if message == 1:
                return TLS | CLIENT
            if message == 2:
                return TLS | SERVER
            return TLS if length >= 4 else 0
        if kind == 0x14:
            return TLS if length == 1 and u8(p + 5) == 1 else 0
        if kind == 0x15:
            return TLS if (length == 2 and u8(p + 5) <= 2) or length >= 16 else 0
        return TLS
    if kind & 0x80 and n >= 11 and u8(p + 2) == 1 and u8(p + 3) == 3 and u8(p + 4) <= 4:
        ciphers = be16(p + 5)
        if ciphers > 0 and ciphers % 3 == 0 and be16(p) & 0x7FFF >= ciphers + 9:
            return TLS | CLIENT
    return 0


@kernel
def classify_dicom(p: int, n: int) -> int:
    """DICOM upper layer PDUs (PS3.8 9.3): associations, and data transfer for captures that begin in mid-stream."""
    if n < 10 or u8(p + 1) != 0:
        return 0
    kind = u8(p)
    length = be32(p + 2)
    if kind == 1 or kind == 2:
        # Protocol version bit 0 is 1; the fixed part is 68 bytes long; titles are printable.
        if length < 68 or length > LONGEST_PDU or be16(p + 6) & 1 == 0 or be16(p + 8) != 0 or n < 12:
            return 0
        if u8(p + 10) < 0x20 or u8(p + 10) > 0x7E:
            return 0
        return DICOM | (CLIENT if kind == 1 else SERVER)
    if kind == 4 and n >= 12 and 6 <= length <= LONGEST_PDU:
        item = be32(p + 6)
        # One item that fills the PDU, as all but the shortest have: other protocols begin with 04 00 too.
        if item + 4 == length and item >= 2 and u8(p + 10) & 1 and u8(p + 11) <= 3:
            return DICOM
    return 0


@kernel
def classify_hl7(p: int, n: int) -> int:
    """HL7 v2 in MLLP frames (a vertical tab before the first segment), or bare."""
    if n < 9:
        return 0
    if u8(p) == 0x0B:
        p += 1
        n -= 1
    three = be32(p) >> 8
    # MSH, FHS, BHS, then a field separator and the four encoding characters
    if three != 0x4D5348 and three != 0x464853 and three != 0x424853:
        return 0
    separator = u8(p + 3)
    if separator < 0x21 or 0x30 <= separator <= 0x39 or 0x41 <= separator <= 0x5A or 0x61 <= separator <= 0x7A:
        return 0
    return HL7


@kernel
def classify_mqtt(p: int, n: int) -> int:
    """The CONNECT packet of MQTT 3.1, 3.1.1 and 5 (OASIS MQTT 5.0 3.1)."""
    if n < 10 or u8(p) != 0x10:
        return 0
    at = 1
    while at < 4 and u8(p + at) & 0x80:
        at += 1
    at += 1
    if at + 6 > n:
        return 0
    if be16(p + at) == 4 and be32(p + at + 2) == 0x4D515454:
        return MQTT | CLIENT
    if be16(p + at) == 6 and be32(p + at + 2) == 0x4D514973:
        return MQTT | CLIENT
    return 0


@kernel
def classify_mqtt_midstream(p: int, n: int) -> int:
    """On MQTT's port: a packet whose type, flags and length fit (OASIS MQTT 5.0 2.1)."""
    if n < 2:
        return 0
    kind = u8(p) >> 4
    flags = u8(p) & 15
    if kind == 0 or (kind == 3 and flags & 6 == 6):
        return 0
    if kind != 3 and flags != (2 if kind == 6 or kind == 8 or kind == 10 else 0):
        return 0
    length = u8(p + 1)
    if length < 128 and length + 2 <= n:
        return MQTT
    return 0


@kernel
def classify_smb(p: int, n: int) -> int:
    """SMB 1, 2 and 3 behind the four bytes of direct transport or NetBIOS ([MS-SMB2] 2.1)."""
    if n < 25 or u8(p) != 0:
        return 0
    magic = be32(p + 4)
    if magic == 0xFF534D42:
        return SMB | (SERVER if u8(p + 13) & 0x80 else CLIENT)
    if magic == 0xFE534D42:
        return SMB | (SERVER if le32(p + 20) & 1 else CLIENT)
    if magic == 0xFD534D42:
        return SMB
    return 0


@kernel
def classify_dns_header(p: int, n: int) -> int:
    """A DNS header (RFC 1035 4.1.1) whose counts and codes can be."""
    if n < 12:
        return 0
    flags = be16(p + 2)
    questions = be16(p + 4)
    if questions > 16 or flags & 0x0040 or (flags >> 11 & 15) > 6:
        return 0
    answers = be16(p + 6) + be16(p + 8) + be16(p + 10)
    if questions + answers == 0 or answers * 11 + questions * 5 > n * 4:
        return 0
    return DNS | (SERVER if flags & 0x8000 else CLIENT)


@kernel
def classify_tcp(p: int, n: int, source_port: int, destination_port: int) -> int:
    """The application of a TCP payload."""
    first = u8(p)
    if 0xE2 <= first <= 0xE7 or first == 0x3C or first == 0x02 or first == 0x05 or first == 0x48:
        found = classify_medical_tcp(p, n, first)
        if found:
            return found
    if 0x14 <= first <= 0x17 or first & 0x80:
        found = classify_tls(p, n)
        if found:
            return found
    if 0x43 <= first <= 0x53:
        found = classify_http(p, n)
        if found:
            return found
        if n >= 4 and be32(p) == 0x5353482D:  # SSH-
            return SSH
    if first <= 4:
        found = classify_dicom(p, n)
        if found == 0:
            found = classify_smb(p, n)
        if found:
            return found
    if first == 0x0B or first == 0x4D or first == 0x46 or first == 0x42:
        found = classify_hl7(p, n)
        if found:
            return found
    if first == 0x10:
        found = classify_mqtt(p, n)
        if found:
            return found
    if first <= 3 or first == 0x30 or 0x41 <= first <= 0x5A:
        found = classify_directory_tcp(p, n, source_port, destination_port)
        if found:
            return found
    if first == 0x3C:
        return classify_xmpp(p, n, source_port, destination_port)
    found = classify_control_tcp(p, n, source_port, destination_port)
    if found:
        return found
    if first == 0x1B or first == 0x40:
        found = classify_pjl(p, n)
        if found:
            return found
    if source_port == 53 or destination_port == 53:
        if n >= 14 and be16(p) >= 12:
            return classify_dns_header(p + 2, n - 2)
    elif source_port == 1883 or destination_port == 1883:
        return classify_mqtt_midstream(p, n)
    found = classify_serial(p, n, source_port, destination_port)
    return found if found else classify_office_tcp(p, n, source_port, destination_port)


@kernel
def classify_udp(p: int, n: int, source_port: int, destination_port: int) -> int:
    """The application of a datagram."""
    if n < 8:
        return 0
    if destination_port == 5353 or source_port == 5353:
        return MDNS if n >= 12 else 0
    if destination_port == 53 or source_port == 53:
        return classify_dns_header(p, n)
    if n >= 240 and be32(p + 236) == 0x63825363 and u8(p) <= 2:  # the magic cookie of RFC 2131 3
        return DHCP | (CLIENT if u8(p) == 1 else SERVER)
    if (destination_port == 547 or destination_port == 546) and (source_port == 546 or source_port == 547):
        return DHCPV6
    four = be32(p)
    if four == 0xE1000002 or four == 0x00000100 or four >> 24 == 0x0D or four >> 24 == 0x0E:
        found = classify_intellivue(p, n)
        if found:
            return found
    if destination_port == 1900 or source_port == 1900:
        if four == 0x4D2D5345 or four == 0x4E4F5449:  # M-SEARCH, NOTIFY
            return SSDP | (CLIENT if four == 0x4D2D5345 else SERVER)
        if four == 0x48545450:
            return SSDP | SERVER
    if u8(p) == 0x3C or u8(p) == 0xEF:
        found = classify_wsd(p, n)
        if found:
            return found
    if u8(p) == 0x30:
        at = 2
        if u8(p + 1) & 0x80:
            at += u8(p + 1) & 0x7F
        # SEQUENCE { INTEGER version 0, 1 or 3, community or the v3 header } (RFC 3416, RFC 3412 6)
        if at + 5 <= n and at <= 6 and be16(p + at) == 0x0201 and u8(p + at + 2) <= 3:
            tag = u8(p + at + 3)
            if tag == 0x04 or tag == 0x30:
                side = 0
                if destination_port == 161 or destination_port == 162:
                    side = CLIENT
                elif source_port == 161:
                    side = SERVER
                return SNMP | side
    found = classify_control_udp(p, n, source_port, destination_port)
    if found:
        return found
    found = classify_office_udp(p, n, source_port, destination_port)
    if found == 0:
        found = classify_directory_udp(p, n, source_port, destination_port)
    if found == 0:
        found = classify_quic(p, n)
    return found if found else classify_datagram_security(p, n)
