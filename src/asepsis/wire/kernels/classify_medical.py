"""Medical devices beside DICOM and HL7, told by their first bytes: see ``classify`` for what the functions return."""

from __future__ import annotations

from asepsis.wire.kernels.machine import be16, be32, inlined, kernel, u8

PHD = 44
ASTM = 45
POCT1A = 46
INTELLIVUE = 47
ANSAR = 48

CLIENT = 1 << 8
SERVER = 2 << 8

# A bedside monitor says who it is in its association and its first event, and then sends waves four times a second.
WHOLE_INTELLIVUE = 8 * 1024
# A monitor at a serial port repeats its parameters in every block of some 560 bytes.
LIMIT_ANSAR = 16 * 1024
# A serial stream has no beginning: the name of its protocol is looked for in so many bytes of a segment, and only on
# the ports of device servers (Moxa NPort 4001 on, Lantronix 10001, Digi 2101 on, by their manuals).
SERIAL_WINDOW = 1460
# Bytes of an XML document in which its root element must begin: a declaration and a comment stand before.
XML_PROLOG = 512


@kernel
def classify_phd(p: int, n: int) -> int:
    """APDUs of personal health devices (IEEE 11073-20601 A.8): E2 to E7, a zero, and lengths that fit each other."""
    if n < 6 or u8(p + 1) != 0:
        return 0
    kind = u8(p)
    length = be16(p + 2)
    if kind == 0xE2:
        # Association version 1 as a bit, then a list of protocols, 20601 or a maker's own.
        if n >= 14 and length >= 10 and be32(p + 4) == 0x80000000 and 1 <= be16(p + 8) <= 15:
            protocol = be16(p + 12)
            if protocol == 0x5079 or protocol == 0xFFFF:
                return PHD | CLIENT
    elif kind == 0xE3:
        if n >= 8 and length >= 6 and be16(p + 4) <= 8:
            protocol = be16(p + 6)
            if protocol == 0x5079 or protocol == 0xFFFF or (protocol == 0 and length == 6):
                return PHD | SERVER
    elif kind == 0xE7:
        if n >= 12 and length >= 8 and be16(p + 4) + 2 == length and 1 <= u8(p + 8) <= 4 and u8(p + 9) <= 7:
            return PHD
    elif 0xE4 <= kind <= 0xE6 and length == 2 and n == 6 and u8(p + 4) == 0:
        return PHD
    return 0


@inlined
def is_sign(sign: int) -> bool:
    """Whether a byte is printable ASCII and neither a letter nor a digit: a delimiter."""
    return 0x21 <= sign <= 0x2F or 0x3A <= sign <= 0x40 or 0x5B <= sign <= 0x60 or 0x7B <= sign <= 0x7E


@kernel
def classify_astm(p: int, n: int) -> int:
    """Records of laboratory analysers in frames (ASTM E1381, CLSI LIS01: ENQ, STX, a digit) or bare (E1394, LIS02)."""
    at = 0
    while at < n and at < 8 and u8(p + at) == 0x05:  # ENQ: an analyser asks until it is heard
        at += 1
    framed = at < n and u8(p + at) == 0x02
    if framed:
        at += 1
        # bioMérieux speaks its own records in the same frames: RS, then what the message is.
        if at + 6 <= n and u8(p + at) == 0x1E and u8(p + at + 1) == 0x6D and u8(p + at + 2) == 0x74:
            return ASTM if u8(p + at + 5) == 0x7C or (at + 7 <= n and u8(p + at + 6) == 0x7C) else 0
        if at >= n or u8(p + at) < 0x30 or u8(p + at) > 0x39:
            return 0
        # What a SPOTCHEM EL prints: date, time, "ID#".
        if at + 18 <= n and u8(p + at + 2) == 0x2F and u8(p + at + 5) == 0x2F and be32(p + at + 14) == 0x20494423:
            return ASTM
        if u8(p + at) > 0x37:
            return 0
        at += 1
    if at + 6 > n:
        return 0
    kind = u8(p + at)
    delimiter = u8(p + at + 1)
    if not is_sign(delimiter):
        return 0
    if kind == 0x48:  # the header declares its delimiters: H|\^&|
        declared = is_sign(u8(p + at + 2)) and is_sign(u8(p + at + 3)) and is_sign(u8(p + at + 4))
        if declared and (u8(p + at + 5) == delimiter or (at + 7 <= n and u8(p + at + 6) == delimiter)):
            return ASTM
        return 0
    # P, O, R, C, Q, M, S, L with their number: only in frames, where a conversation is seen from its middle.
    known = kind == 0x50 or kind == 0x4F or kind == 0x52 or kind == 0x43
    known = known or kind == 0x51 or kind == 0x4D or kind == 0x53 or kind == 0x4C
    if framed and known and delimiter == 0x7C and 0x31 <= u8(p + at + 2) <= 0x39:
        return ASTM
    return 0


@kernel
def classify_poct1a(p: int, n: int) -> int:
    """Point-of-care devices (CLSI POCT1-A, annex B): XML whose root is three capitals and ``.R01`` or so."""
    at = 0
    end = n - 8
    if end > XML_PROLOG:
        end = XML_PROLOG
    while at <= end:
        if u8(p + at) == 0x3C and be16(p + at + 4) == 0x2E52 and u8(p + at + 6) == 0x30:  # <...., .R, 0
            letters = be32(p + at) & 0xFFFFFF
            if 0x41 <= letters >> 16 <= 0x5A and 0x41 <= letters >> 8 & 0xFF <= 0x5A and 0x41 <= letters & 0xFF <= 0x5A:
                # Hello, status and events come from the device, which connects; directives and lists from the manager.
                if letters == 0x48454C or letters == 0x445354 or letters == 0x4F4253 or letters == 0x455653:
                    return POCT1A | CLIENT
                if letters == 0x445456 or letters == 0x4F504C or letters == 0x50544C or letters == 0x524551:
                    return POCT1A | SERVER
                return POCT1A
        at += 1
    return 0


@kernel
def classify_intellivue(p: int, n: int) -> int:
    """Philips IntelliVue data export: session headers of the association, data, and the connect indication."""
    first = be32(p)
    if first == 0xE1000002:  # session and presentation context of data, then the remote operation
        operation = be16(p + 4)
        if n < 14 or be16(p + 6) + 8 != n:
            return 0
        command = be16(p + 10)
        if operation == 1:
            return INTELLIVUE | (SERVER if command <= 1 else CLIENT)
        if operation == 2:
            return INTELLIVUE | (CLIENT if command <= 1 else SERVER)
        return INTELLIVUE | SERVER if operation == 5 else INTELLIVUE if operation == 3 else 0
    if first == 0x00000100:  # the version of the nomenclature, then an event report of a system
        if n >= 28 and be16(p + 4) == 1 and be16(p + 6) + 8 == n and be16(p + 10) == 0 and be16(p + 24) == 3351:
            return INTELLIVUE | SERVER
        return 0
    kind = u8(p)
    if (kind == 0x0D or kind == 0x0E) and n >= 20:
        at = 2
        if u8(p + 1) == 0xFF:  # ISO 8327-1 8.2.5: a long length
            at = 4
        if be32(p + at) == 0x05081301:
            return INTELLIVUE | (CLIENT if kind == 0x0D else SERVER)
    return 0


@kernel
def classify_serial(p: int, n: int, source_port: int, destination_port: int) -> int:
    """What bedside devices write to a serial port that a device server hands on: ANSAR-B names itself."""
    port = min(source_port, destination_port)
    if not (4001 <= port <= 4032 or port == 10001 or 2101 <= port <= 2132):
        return 0
    at = 0
    end = min(n, SERIAL_WINDOW) - 9
    while at <= end:
        if u8(p + at) == 0xFE and be32(p + at + 1) == 0xFF414E53 and be32(p + at + 5) == 0x41522D42:
            return ANSAR | (SERVER if source_port == port else CLIENT)
        at += 1
    return 0


@kernel
def classify_medical_tcp(p: int, n: int, first: int) -> int:
    """A TCP payload whose first byte is one of those that medical devices begin with."""
    if 0xE2 <= first <= 0xE7:
        return classify_phd(p, n)
    if first == 0x3C:
        return classify_poct1a(p, n)
    if first == 0x02 or first == 0x05 or first == 0x48:
        return classify_astm(p, n)
    return 0
