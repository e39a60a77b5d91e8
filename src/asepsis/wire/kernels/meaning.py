"""What a message says, as a hash: two contents with the same hash are read once, and the second is only named.

Devices say the same again and again, but for numbers and times that say nothing of them. Each function here
hashes what a protocol's module reads, and passes over what it does not. It may pass over less than it could, but
never what makes a difference to a message: ``tests/pipeline/test_meanings.py`` holds both against each other.

The hash is keyed, because what one device sends must not stand for what another one says.
"""

from __future__ import annotations

from asepsis.wire.kernels.classify import SNMP
from asepsis.wire.kernels.classify_office import LLMNR, NBNS
from asepsis.wire.kernels.machine import be16, be32, get, inlined, kernel, le64, put, shift_right, u8
from asepsis.wire.layout import MEANING_COUNT, MEANING_SLOTS, MEANINGS, MOST_MEANINGS, SEED

DHCP = 3
DNS = 5
MDNS = 6

# TLS extensions whose contents differ from one connection to the next and are not read (IANA TLS ExtensionType):
# padding, session_ticket, pre_shared_key, cookie, key_share, encrypted_client_hello.
PADDING = 21
SESSION_TICKET = 35
PRE_SHARED_KEY = 41
COOKIE = 44
KEY_SHARE = 51
ENCRYPTED_HELLO = 0xFE0D
SUPPORTED_GROUPS = 10
SUPPORTED_VERSIONS = 43
# More extensions than this are no usual hello; it is read each time.
MOST_EXTENSIONS = 64
# The beginning of a certificate holds its serial number and its issuer (RFC 5280 4.1).
CERTIFICATE_HEAD = 256
CERTIFICATE_HEAD_LEAST = 64


@inlined
def rotate(x: int, bits: int) -> int:
    """Turns a word to the left."""
    return x << bits | shift_right(x, 64 - bits)


@inlined
def sip_round(v0: int, v1: int, v2: int, v3: int) -> tuple[int, int, int, int]:
    """One round of SipHash (Aumasson and Bernstein, 2012, figure 2.1)."""
    v0 += v1
    v1 = rotate(v1, 13) ^ v0
    v0 = rotate(v0, 32)
    v2 += v3
    v3 = rotate(v3, 16) ^ v2
    v0 += v3
    v3 = rotate(v3, 21) ^ v0
    v2 += v1
    v1 = rotate(v1, 17) ^ v2
    v2 = rotate(v2, 32)
    return v0, v1, v2, v3


@kernel
def content_hash(key: int, p: int, n: int) -> int:
    """SipHash-1-3 (Aumasson and Bernstein, 2012) of ``n`` bytes, keyed by a secret or by the hash of what is before."""
    other = key * -7046029254386353131 ^ 0x243F6A8885A308D3
    v0 = key ^ 0x736F6D6570736575
    v1 = other ^ 0x646F72616E646F6D
    v2 = key ^ 0x6C7967656E657261
    v3 = other ^ 0x7465646279746573
    end = p + n
    rounds = (n >> 3) + 1
    for i in range(rounds):
        if i + 1 < rounds:
            word = le64(p)
            p += 8
        else:
            word = n << 56
            shift = 0
            while p < end:
                word |= u8(p) << shift
                shift += 8
                p += 1
        v3 ^= word
        v0, v1, v2, v3 = sip_round(v0, v1, v2, v3)
        v0 ^= word
    v2 ^= 0xFF
    for _ in range(3):
        v0, v1, v2, v3 = sip_round(v0, v1, v2, v3)
    return v0 ^ v1 ^ v2 ^ v3


@kernel
def add_word(h: int, word: int) -> int:
    """Goes on from the hash ``h`` with one word: a round of SipHash on each side of it."""
    v0 = h ^ 0x736F6D6570736575
    v1 = (h * -7046029254386353131) ^ 0x646F72616E646F6D
    v2 = h ^ 0x6C7967656E657261
    v3 = v1 ^ 0x7465646279746573 ^ word
    for i in range(3):
        v0, v1, v2, v3 = sip_round(v0, v1, v2, v3)
        if i == 0:
            v0 ^= word
    return v0 ^ v1 ^ v2 ^ v3


@kernel
def meaning_of(c: int, application: int, content: int) -> int:
    """The number of what an application's content says: negative if it was given before, 0 if none is left."""
    h = add_word(content, application)
    slot = get(c, MEANINGS) + (h & (MEANING_SLOTS - 1)) * 16
    if get(slot, 0) == h:
        return -get(slot, 1)
    number = get(c, MEANING_COUNT) + 1
    if number >= MOST_MEANINGS:
        return 0
    put(c, MEANING_COUNT, number)
    put(slot, 0, h)
    put(slot, 1, number)
    return number


@inlined
def without(key: int, p: int, n: int, start: int, stop: int) -> int:
    """A hash of ``n`` bytes but those in [start, stop), which lie within them."""
    return content_hash(content_hash(key, p, start), p + stop, n - stop)


@kernel
def snmp_request_id(p: int, n: int) -> int:
    """Offset of the length byte of an SNMP v1 or v2c request id (RFC 3416 3), or 0 where lengths are long."""
    at = 2
    if n < 20 or (u8(p + 1) & 0x80 and u8(p + 1) != 0x81):
        return 0
    if u8(p + 1) == 0x81:
        at = 3
    at += 3  # the version
    if u8(p + at) != 0x04 or u8(p + at + 1) & 0x80:
        return 0
    at += 2 + u8(p + at + 1)  # the community
    if at + 6 > n or u8(p + at) & 0xE0 != 0xA0:
        return 0
    at += 3 if u8(p + at + 1) == 0x81 else 2
    if at + 2 > n or u8(p + at) != 0x02 or u8(p + at + 1) > 5 or at + 2 + u8(p + at + 1) > n:
        return 0
    return at + 1


@kernel
def element(p: int, n: int, at: int, tag: int) -> int:
    """A BER element at an offset: length of its head | length of its contents << 8; 0 if another, or beyond ``n``."""
    if at + 4 > n or u8(p + at) != tag:
        return 0
    length = u8(p + at + 1)
    head = 2
    if length == 0x81:
        length = u8(p + at + 2)
        head = 3
    elif length == 0x82:
        length = be16(p + at + 2)
        head = 4
    elif length & 0x80:
        return 0
    if at + head + length > n:
        return 0
    return head | length << 8


@kernel
def snmp_version_3(key: int, p: int, n: int) -> int:
    """SNMP version 3 (RFC 3412 6, RFC 3414 2.4) without its number, its two proofs and what is encrypted.

    Heads of elements count all: a message is read to its lengths.
    """
    outer = element(p, n, 0, 0x30)
    at = (outer & 0xFF) + 3  # the version stands in three bytes
    if outer == 0 or at >= n or u8(p + at - 1) != 3 or be16(p + at - 3) != 0x0201:
        return content_hash(key, p, n)
    header = element(p, n, at, 0x30)
    number_at = at + (header & 0xFF)
    number = element(p, n, number_at, 0x02)
    if header == 0 or number == 0:
        return content_hash(key, p, n)
    contents = number_at + (number & 0xFF)
    h = content_hash(key, p, contents)
    from_here = contents + (number >> 8)
    at += (header & 0xFF) + (header >> 8)
    security = element(p, n, at, 0x04)
    if security == 0 or from_here > at:
        return content_hash(key, p, n)
    data = at + (security & 0xFF) + (security >> 8)
    inner_at = at + (security & 0xFF)
    inner = element(p, n, inner_at, 0x30)
    at = inner_at + (inner & 0xFF)
    if inner == 0:
        return content_hash(key, p, n)
    # Engine id, boots, time and user are read; the two that follow are not.
    for i in range(6):
        tag = 0x02 if i == 1 or i == 2 else 0x04
        one = element(p, n, at, tag)
        if one == 0:
            return content_hash(key, p, n)
        if i >= 4:
            h = content_hash(h, p + from_here, at + (one & 0xFF) - from_here)
            from_here = at + (one & 0xFF) + (one >> 8)
        at += (one & 0xFF) + (one >> 8)
    if at > data or from_here > data:
        return content_hash(key, p, n)
    encrypted = element(p, n, data, 0x04)
    if encrypted == 0:
        return content_hash(h, p + from_here, n - from_here)
    h = content_hash(h, p + from_here, data + (encrypted & 0xFF) - from_here)
    behind = data + (encrypted & 0xFF) + (encrypted >> 8)
    return content_hash(h, p + behind, n - behind)


@kernel
def datagram_content(c: int, application: int, p: int, n: int) -> int:
    """A hash of what a datagram says."""
    key = get(c, SEED)
    if n > 2 and (application == DNS or application == MDNS or application == LLMNR or application == NBNS):
        return without(key, p, n, 0, 2)  # the transaction id
    if application == DHCP and n > 10:
        return without(key, p, n, 4, 10)  # xid and secs
    if application == SNMP:
        at = snmp_request_id(p, n)
        if at > 0:
            return without(key, p, n, at, at + 1 + u8(p + at))
        return snmp_version_3(key, p, n)
    return content_hash(key, p, n)


@inlined
def without_grease(number: int) -> int:
    """All reserved values of RFC 8701 as one: clients draw them by lot."""
    if number & 0x0F0F == 0x0A0A and number >> 8 == number & 0xFF:
        return 0x0A0A
    return number


@kernel
def pairs(h: int, p: int, n: int) -> int:
    """Goes on with two-byte numbers, the reserved ones as one."""
    at = 0
    while at + 2 <= n:
        h = add_word(h, without_grease(be16(p + at)))
        at += 2
    return add_word(h, u8(p + at) if at < n else 256)


@kernel
def extensions(h: int, p: int, n: int) -> int:
    """Goes on with the extensions of a hello, which fill ``n`` bytes; 0 if they do not."""
    at = 0
    for _ in range(MOST_EXTENSIONS):
        if at == n:
            return h
        if at + 4 > n:
            return 0
        kind = without_grease(be16(p + at))
        size = be16(p + at + 2)
        at += 4
        if at + size > n:
            return 0
        h = add_word(h, kind)
        if kind == SUPPORTED_GROUPS or (kind == SUPPORTED_VERSIONS and size == 2):
            h = pairs(h, p + at, size)
        elif kind == SUPPORTED_VERSIONS and size > 0:
            h = pairs(add_word(h, u8(p + at)), p + at + 1, size - 1)
        elif not (
            kind == KEY_SHARE
            or kind == PRE_SHARED_KEY
            or kind == PADDING
            or kind == SESSION_TICKET
            or kind == COOKIE
            or kind == ENCRYPTED_HELLO
            or kind == 0x0A0A
        ):
            h = content_hash(h, p + at, size)
        at += size
    return 0


@kernel
def client_hello(h: int, p: int, n: int) -> int:
    """The body of a ClientHello (RFC 8446 4.1.2) of ``n`` bytes; 0 if its parts do not fill them."""
    if n < 42:
        return 0
    h = add_word(h, be16(p))
    at = 35 + u8(p + 34)  # behind the version, the random and the session id
    if at + 2 > n:
        return 0
    size = be16(p + at)
    at += 2
    if at + size + 1 > n:
        return 0
    h = pairs(h, p + at, size)
    at += size
    size = 1 + u8(p + at)
    if at + size + 2 > n:
        return 0
    h = content_hash(h, p + at, size)
    at += size
    if at + 2 + be16(p + at) != n:
        return 0
    return extensions(h, p + at + 2, n - at - 2)


@kernel
def server_hello(h: int, p: int, n: int) -> int:
    """The body of a ServerHello (RFC 8446 4.1.3); 0 for a HelloRetryRequest, or if ``n`` does not fit."""
    if n < 40 or (be32(p + 2) == 0xCF21AD74 and be32(p + 6) == 0xE59A6111):
        return 0
    h = add_word(h, be16(p))
    at = 35 + u8(p + 34)
    if at + 3 > n:
        return 0
    h = content_hash(h, p + at, 3)
    at += 3
    if at == n:
        return h
    if at + 2 > n or at + 2 + be16(p + at) != n:
        return 0
    return extensions(h, p + at + 2, n - at - 2)


@kernel
def has_version_3(p: int, n: int) -> bool:
    """True when a ServerHello whose parts fill ``n`` bytes chooses TLS 1.3 by its extension."""
    at = 35 + u8(p + 34) + 5
    while at + 6 <= n:
        if be16(p + at) == SUPPORTED_VERSIONS and be16(p + at + 4) == 0x0304:
            return True
        at += 4 + be16(p + at + 2)
    return False


@kernel
def hello_content(c: int, p: int, n: int) -> int:
    """A hash of the hello that begins a direction of TLS, 0 where it is not whole or nothing is known of what follows.

    With a server's hello goes the beginning of the certificate behind it; the hash is odd then, and even otherwise.
    """
    if n < 50 or u8(p) != 0x16 or u8(p + 1) != 3:
        return 0
    record = 5 + be16(p + 3)
    if record > n:
        return 0
    kind = u8(p + 5)
    message = 9 + (be32(p + 5) & 0xFFFFFF)
    key = add_word(get(c, SEED), be16(p + 1) << 8 | kind)
    if kind == 1:
        # All of the record; behind it nothing, or what is encrypted.
        if message != record or (n > record and u8(p + record) != 0x14 and u8(p + record) != 0x17):
            return 0
        return client_hello(key, p + 9, message - 9) & -2
    if kind != 2 or message > record:
        return 0
    h = server_hello(key, p + 9, message - 9)
    if h == 0:
        return 0
    if message == record:
        if n < record + 6:
            # Of TLS 1.3 the rest is encrypted; before, a certificate may follow in the next segment.
            return h & -2 if has_version_3(p + 9, message - 9) else 0
        following = u8(p + record)
        if following == 0x14 or following == 0x17:
            return h & -2
        # The head of the next record is read as well.
        h = content_hash(h, p + record, 5)
        message += 5
        if following != 0x16 or n < message + CERTIFICATE_HEAD_LEAST or u8(p + message) != 11:
            return 0
    elif n < message + CERTIFICATE_HEAD_LEAST or u8(p + message) != 11:
        return 0
    return content_hash(h, p + message, min(CERTIFICATE_HEAD, n - message)) | 1
