"""QUIC by its content, and what else speaks on its port or in its manner: DTLS, STUN, WireGuard, DNSCrypt, XMPP.

The latter are named and not read; their codes are those of ``applications.NAMED``.
"""

from __future__ import annotations

from asepsis.wire.kernels.machine import be16, be32, kernel, le32, u8

QUIC = 25

DNSCRYPT = 240
DTLS = 241
STUN = 242
WIREGUARD = 243
XMPP = 244
# From here on a conversation is named, and nothing of it is handed on.
NAMED_ONLY = 240

CLIENT = 1 << 8
SERVER = 2 << 8

# RFC 9000 17.2.1: connection ids of versions to come may have any length of a byte; none has had more than 20.
LONGEST_CONNECTION_ID = 20


@kernel
def classify_quic(p: int, n: int) -> int:
    """QUIC's long header with a version that exists (RFC 9000 17.2, RFC 9369), and Google's public header."""
    if n < 16:
        return 0
    first = u8(p)
    if first & 0x80:
        version = be32(p + 1)
        if first & 0x40 == 0 and version != 0:
            return 0
        to = u8(p + 5)
        if to > LONGEST_CONNECTION_ID or 7 + to > n:
            # Google's Q046 wrote both lengths into one byte (draft-ietf-quic-transport-17 17.2).
            return QUIC if version == 0x51303436 else 0
        if (
            version == 1
            or version == 0x6B3343CF  # version 2
            or version == 0x709A50C4  # and its drafts
            or (version >> 8 == 0xFF0000 and version & 0xFF <= 34)
            or version >> 8 == 0xFACEB0  # Facebook's
            or (version >> 8 == 0x513034 or version >> 8 == 0x513035 or version >> 8 == 0x543035)  # Q04x, Q05x, T05x
        ):
            return QUIC
        # RFC 9000 6.3, 15: a client that asks for 0x?a?a?a?a provokes a Version Negotiation, which has version 0.
        if version & 0x0F0F0F0F == 0x0A0A0A0A and n >= 1200:
            return QUIC | CLIENT
        if version == 0:
            source = u8(p + 6 + to)
            if source <= LONGEST_CONNECTION_ID and n >= 11 + to + source and (n - 7 - to - source) % 4 == 0:
                offered = be32(p + 7 + to + source)
                if (
                    offered == 1
                    or offered == 0x6B3343CF
                    or offered >> 8 == 0xFF0000
                    or offered >> 8 == 0x513034
                    or offered >> 8 == 0x513035
                    or offered >> 8 == 0xFACEB0
                    or offered & 0x0F0F0F0F == 0x0A0A0A0A
                ):
                    return QUIC | SERVER
        return 0
    # Google up to Q043: flags for version and 8-byte connection id, the id, then Q0 and two digits.
    if first & 9 == 9 and be16(p + 9) == 0x5130 and 0x32 <= u8(p + 11) <= 0x34 and 0x30 <= u8(p + 12) <= 0x39:
        return QUIC | CLIENT
    return 0


@kernel
def classify_datagram_security(p: int, n: int) -> int:
    """DTLS (RFC 9147 4, RFC 6347 4.1), STUN (RFC 8489 5), WireGuard (its paper, 5.4), DNSCrypt version 2."""
    if n < 20:
        return 0
    first = u8(p)
    if 0x14 <= first <= 0x19:
        version = be16(p + 1)
        if (version == 0xFEFF or version == 0xFEFD) and 0 < be16(p + 11) <= n - 13:
            return DTLS
        if version == 0x0100 and first == 0x16 and be16(p + 11) <= n - 13:  # OpenSSL's before the standard
            return DTLS
        return 0
    if first < 0x40 and be32(p + 4) == 0x2112A442 and be16(p + 2) & 3 == 0 and be16(p + 2) + 20 <= n:
        return STUN
    if 1 <= first <= 4 and le32(p) == first:
        if (first == 1 and n == 148) or (first == 2 and n == 92) or (first == 3 and n == 64):
            return WIREGUARD
        return WIREGUARD if first == 4 and n >= 32 and n % 16 == 0 else 0
    # The resolver's magic before every answer; its certificate is asked for as 2.dnscrypt-cert by DNS.
    if first == 0x72 and be32(p) == 0x7236666E and be32(p + 4) == 0x76576A38:
        return DNSCRYPT | SERVER
    if n >= 28 and be32(p + 12) == 0x01320D64 and be32(p + 16) == 0x6E736372 and be32(p + 20) == 0x7970742D:
        return DNSCRYPT | (SERVER if u8(p + 2) & 0x80 else CLIENT)
    return 0


@kernel
def classify_xmpp(p: int, n: int, source_port: int, destination_port: int) -> int:
    """XMPP (RFC 6120 4.2): a stream header, alone or behind an XML declaration on XMPP's ports."""
    if n < 5:
        return 0
    four = be32(p)
    if four == 0x3C737472:  # <str
        return XMPP if n >= 8 and be32(p + 4) == 0x65616D3A else 0  # eam:
    if four == 0x3C3F786D and (  # <?xm
        destination_port == 5222 or source_port == 5222 or destination_port == 5269 or source_port == 5269
    ):
        return XMPP
    return 0
