"""Time, names on the link and the greetings of servers: what every office network speaks beside its applications.

Returns the words of ``classify``. Greetings of FTP and SMTP look alike (RFC 959 4.2, RFC 5321 4.2), and a terminal's
text is any text: there the port decides what the bytes leave open.
"""

from __future__ import annotations

from asepsis.wire.kernels.machine import be16, be32, inlined, kernel, u8

LLMNR = 18
NBNS = 19
NTP = 20
TELNET = 21
FTP = 22
SMTP = 23
NBDGM = 24

CLIENT = 1 << 8
SERVER = 2 << 8

# A greeting names its protocol in its first line or never.
GREETING_WINDOW = 128
# IANA "Telnet Options": the last one that was assigned in a row.
LAST_TELNET_OPTION = 49


@inlined
def is_half_name(p: int) -> bool:
    """The beginning of a NetBIOS name of the first level (RFC 1001 14.1): 32 letters from A to P, two of them here."""
    return u8(p) == 0x20 and 0x41 <= u8(p + 1) <= 0x50 and 0x41 <= u8(p + 2) <= 0x50


@kernel
def classify_office_udp(p: int, n: int, source_port: int, destination_port: int) -> int:
    """NTP, NetBIOS names and datagrams, LLMNR; the caller has seen eight bytes."""
    first = u8(p)
    if destination_port == 123 or source_port == 123:
        version = first >> 3 & 7
        mode = first & 7
        if version < 1 or version > 4 or mode == 0:
            return 0
        if mode <= 5:  # RFC 5905 7.3
            if n < 48:
                return 0
            if mode == 3:
                return NTP | CLIENT
            return NTP | SERVER if mode >= 4 else NTP
        # RFC 9327 2: the response bit of control messages; ntpd has it in the first byte of its private ones.
        response = u8(p + 1) & 0x80 if mode == 6 else first & 0x80
        return NTP | (SERVER if response else CLIENT)
    if destination_port == 137 or source_port == 137:
        # RFC 1002 4.2.1: the header of DNS, then a name, in the question or in the answer.
        if n < 50 or not is_half_name(p + 12):
            return 0
        return NBNS | (SERVER if u8(p + 2) & 0x80 else CLIENT)
    if destination_port == 138 or source_port == 138:
        # RFC 1002 4.4.1: type, flags, id, source; then two names, a fault, or the name that was asked for.
        if first < 0x10 or first > 0x16:
            return 0
        if first <= 0x12 and (n < 82 or not is_half_name(p + 14)):
            return 0
        return NBDGM
    if destination_port == 5355 or source_port == 5355:
        # RFC 4795 2.1.1: the header of DNS; a standard query with one question.
        if n < 17 or be16(p + 2) & 0x7800 or be16(p + 4) != 1:
            return 0
        return LLMNR | (SERVER if u8(p + 2) & 0x80 else CLIENT)
    return 0


@kernel
def greeting_names(p: int, n: int) -> int:
    """SMTP or FTP, whichever the first line of a greeting names; 0 for neither."""
    end = p + min(n, GREETING_WINDOW) - 2
    at = p + 4
    while at < end:
        sign = u8(at) | 0x20
        if sign == 0x66 and u8(at + 1) | 0x20 == 0x74 and u8(at + 2) | 0x20 == 0x70:  # ftp
            return FTP
        if at + 1 < end and sign == 0x73 and be32(at) | 0x20202020 == 0x736D7470:  # smtp
            return SMTP
        if sign == 0x2A:  # the end of the line: LF and CR are 0x0A and 0x0D
            return 0
        at += 1
    return 0


@inlined
def is_digit(sign: int) -> bool:
    """0 to 9."""
    return 0x30 <= sign <= 0x39


@inlined
def is_letter(sign: int) -> bool:
    """A to Z in either case."""
    return 0x61 <= sign | 0x20 <= 0x7A


@kernel
def classify_office_tcp(p: int, n: int, source_port: int, destination_port: int) -> int:
    """Telnet, FTP's control connection and SMTP."""
    first = u8(p)
    if source_port == 23 or destination_port == 23:
        # IAC, or what a terminal shows and what is typed: printable signs, line ends, escape.
        if first == 0xFF or 0x20 <= first < 0x7F or first == 0x0D or first == 0x0A or first == 0x1B:
            return TELNET | (SERVER if source_port == 23 else CLIENT)
        return 0
    if first == 0xFF:
        # RFC 854: IAC, a verb from WILL to DONT, an option; twice, because other data begin with a 0xFF too.
        if (
            n >= 6
            and 0xFB <= u8(p + 1) <= 0xFE
            and u8(p + 2) <= LAST_TELNET_OPTION
            and u8(p + 3) == 0xFF
            and 0xFA <= u8(p + 4) <= 0xFE
            and u8(p + 5) <= LAST_TELNET_OPTION
        ):
            return TELNET
        return 0
    if n < 5:
        return 0
    four = be32(p)
    if four == 0x32323020 or four == 0x3232302D:  # "220 ", "220-"
        if source_port == 21:
            return FTP | SERVER
        if source_port == 25 or source_port == 587:
            return SMTP | SERVER
        found = greeting_names(p, n)
        return found | SERVER if found else 0
    lower = four | 0x20202020
    if (lower == 0x65686C6F or lower == 0x68656C6F or lower == 0x6C686C6F) and u8(p + 4) == 0x20:  # EHLO, HELO, LHLO
        return SMTP | CLIENT
    # In mid-stream on their ports: a reply (three digits), or a verb of three letters or four.
    application = 0
    if source_port == 21 or destination_port == 21:
        application = FTP
    elif source_port == 25 or destination_port == 25 or source_port == 587 or destination_port == 587:
        application = SMTP
    if application == 0:
        return 0
    if source_port == 21 or source_port == 25 or source_port == 587:
        after = u8(p + 3)
        if is_digit(first) and is_digit(u8(p + 1)) and is_digit(u8(p + 2)) and (after == 0x20 or after == 0x2D):
            return application | SERVER
        return 0
    if is_letter(first) and is_letter(u8(p + 1)) and is_letter(u8(p + 2)):
        after = u8(p + 3)
        if is_letter(after):
            after = u8(p + 4)
        if after == 0x20 or after == 0x0D:
            return application | CLIENT
    return 0
