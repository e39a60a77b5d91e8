"""Which payload bytes are handed on, in what order, and which are known not to matter.

TCP bytes leave here in order. What comes too late is dropped, what overlaps is trimmed, what comes too early
makes the conversation RAW: its segments go on with their sequence numbers and ``asepsis.wire.reorder`` puts
them in order. Bulk that no protocol reads (pixels, encrypted records, bodies) is withheld, and the next bytes
carry the GAP mark.
"""

from __future__ import annotations

from asepsis.wire.kernels.classify import DICOM, DNS, HTTP, SMB, SNMP, SSH, TLS, classify_http
from asepsis.wire.kernels.classify_control import BACNET, ETHERNET_IP, MODBUS, OPCUA, bacnet_said, modbus_said
from asepsis.wire.kernels.classify_directory import COAP, directory_limit
from asepsis.wire.kernels.classify_medical import ANSAR, INTELLIVUE, LIMIT_ANSAR, WHOLE_INTELLIVUE
from asepsis.wire.kernels.classify_office import FTP, LLMNR, NBDGM, NBNS, NTP, SMTP, TELNET
from asepsis.wire.kernels.classify_quic import QUIC
from asepsis.wire.kernels.classify_web import PJL, wants_body
from asepsis.wire.kernels.handing import FLAG_GAP, FLAG_GOES_ON, FLAG_RAW, add_said, hand_on, mark, sender_of
from asepsis.wire.kernels.machine import be16, be32, get, inlined, kernel, put, shift_right, u8
from asepsis.wire.kernels.meaning import content_hash, datagram_content, hello_content, meaning_of, without
from asepsis.wire.kernels.pdus import emit_pdus
from asepsis.wire.kernels.repeats import is_repeat
from asepsis.wire.layout import (
    R_NEXT,
    R_PARTIAL_A,
    R_PDU_A,
    R_STATE,
    R_VLAN,
    RETRANSMITTED,
    S_ALIGNED,
    S_CUT,
    S_DONE,
    S_RAW,
    S_STARTED,
    S_WANTED,
    SEED,
    WITHHELD,
)

# How many bytes of one direction each application needs to say what it has to say. A certificate chain is some
# 6 KiB; an HTTP head at most 8 KiB by the limits of common servers; SSH speaks in clear for 4 KiB; SMB names its
# shares after the session set-up. DICOM, HL7 and MQTT are read for as long as they last.
LIMIT_TLS = 24 * 1024
LIMIT_HTTP = 4 * 1024
# A head and a body that a protocol reads (docs/decisions/0007-bodies-of-http.md), and all such bodies of one direction.
LIMIT_BODY = 68 * 1024
LIMIT_BODIES = 512 * 1024
# A print job says who it is and for whom in its first lines; the rest is the document.
LIMIT_PJL = 4 * 1024
LIMIT_SSH = 6 * 1024
LIMIT_SMB = 32 * 1024
LIMIT_DNS = 256 * 1024
LIMIT_SNMP = 64 * 1024
# A greeting, what is offered, and who logs in: behind that come sessions, mail and files, which are nobody's business.
LIMIT_GREETING = 8 * 1024
# Sessions, endpoints and identities are told in the first exchanges; what follows is polling.
LIMIT_CONTROL = 64 * 1024
NO_LIMIT = (1 << 24) - 1


@inlined
def limit_of(application: int) -> int:
    """Bytes of one direction that are handed on."""
    if application == ANSAR:
        return LIMIT_ANSAR
    if application == TLS:
        return LIMIT_TLS
    if application == HTTP:
        return LIMIT_HTTP
    if application == SSH:
        return LIMIT_SSH
    if application == SMB:
        return LIMIT_SMB
    if application == DNS:
        return LIMIT_DNS
    if application == TELNET or application == FTP or application == SMTP:
        return LIMIT_GREETING
    if application == ETHERNET_IP or application == OPCUA:
        return LIMIT_CONTROL
    if application == PJL:
        return LIMIT_PJL
    if QUIC < application <= COAP:
        return directory_limit(application, 0)
    return NO_LIMIT


@kernel
def emit_datagram(c: int, w: int, row_at: int, row: int, sender: int, application: int, p: int, n: int) -> None:
    """Hands a datagram on, unless it repeats one or its conversation has said enough.

    What another sender has said before goes on as the number of its meaning.
    """
    skip_from = 0
    skip_to = 0
    anybody = 0
    limit = NO_LIMIT
    if application == DNS:
        limit = LIMIT_DNS
        if n > 2 and u8(p + 2) & 0x80:
            anybody = 1  # a server's answer about a name is the same for all who ask
    elif application == SNMP:
        limit = LIMIT_SNMP
    elif application == LLMNR or application == NBNS:
        skip_to = 2
    elif application == NBDGM:
        skip_from = 2  # the datagram's id
        skip_to = 4
    elif application == NTP and n >= 48 and u8(p) & 7 <= 5:
        skip_from = 2  # poll, precision, root delay and dispersion; the times stand behind the reference id
        skip_to = 12
    elif QUIC <= application <= COAP:
        limit = directory_limit(application, p)
    elif application == ETHERNET_IP:
        limit = LIMIT_CONTROL
        skip_from = 12  # the sender's context
        skip_to = 20
    compared = n
    if application == BACNET:
        compared = bacnet_said(p, n)
        skip_from = compared >> 16  # the invoke id
        skip_to = skip_from + (1 if skip_from else 0)
        compared &= 0xFFFF
    said = get(row_at, R_VLAN) >> (16 + 24 * sender) & 0xFFFFFF
    if said >= limit:
        put(c, WITHHELD, get(c, WITHHELD) + 1)
        return
    if application == INTELLIVUE and said >= WHOLE_INTELLIVUE and u8(p) == 0xE1:
        skip_from = 6  # the header and the kind of operation: readings that differ are repeats too
        skip_to = n
    if application == NTP and skip_to > 0:
        compared = 16
    content = datagram_content(c, application, p, n)
    said_before = content
    if compared < n or skip_to > 0:
        # Of one sender less is compared than what makes a meaning: readings that differ are no news.
        skip_to = min(skip_to, compared)
        said_before = without(get(c, SEED), p, compared, min(skip_from, skip_to), skip_to)
    if is_repeat(c, w, application, said_before, anybody):
        return
    add_said(row_at, sender, said, n)
    # QUIC's datagrams are parts of one hello; calls and tickets bear numbers that make each differ from every other.
    meaning = 0 if QUIC <= application <= COAP else meaning_of(c, application, content)
    hand_on(c, w, row_at, row, sender_of(row_at, sender), application, p, n if meaning >= 0 else 0, 0, 0)
    mark(c, meaning, 0)


@kernel
def bytes_before_secrets(row_at: int, direction: int, p: int, n: int) -> int:
    """TLS: how many of these in-order bytes come before the first record that is encrypted (RFC 8446 5.1).

    That is one of application data, or what follows a change of cipher. After a HelloRetryRequest a second hello
    would follow in clear; the first one and the request have said what is of interest.

    Keeps step with the records: type, 2-byte version, 2-byte length. A direction that is out of step is handed
    on up to its limit.
    """
    state = get(row_at, R_STATE)
    pdu = get(row_at, R_PDU_A + direction)
    remaining = pdu & 0xFFFFFFFF
    partial = get(row_at, R_PARTIAL_A + direction)
    held = shift_right(partial, 56)
    end = p + n
    start = p
    if state & (S_ALIGNED << direction) == 0:
        if u8(p) < 0x14 or u8(p) > 0x17 or n < 5 or u8(p + 1) != 3:
            return n
        put(row_at, R_STATE, state | S_ALIGNED << direction)
        remaining = 0
        held = 0
    while p < end:
        if remaining > 0:
            take = min(remaining, end - p)
            remaining -= take
            p += take
            continue
        if held == 0 and (u8(p) == 0x17 or u8(p) == 0x14):
            return p - start
        if held == 0 and end - p >= 6 and u8(p) == 0x16 and u8(p + 5) == 0x10:
            return p - start  # ClientKeyExchange (RFC 5246 7.4.7): what follows it in clear is a signature
        while held < 5 and p < end:
            partial = (partial & 0xFFFFFFFF) << 8 | u8(p)
            held += 1
            p += 1
        if held == 5:
            remaining = partial & 0xFFFF
            held = 0
            partial = 0
    put(row_at, R_PDU_A + direction, remaining)
    put(row_at, R_PARTIAL_A + direction, partial & 0xFFFFFFFFFFFFFF | held << 56)
    return n


@kernel
def emit_segment(
    c: int, w: int, row_at: int, row: int, direction: int, application: int, sequence: int, p: int, n: int
) -> None:
    """Takes a TCP segment of a conversation whose application is known, and hands on what is new and matters."""
    state = get(row_at, R_STATE)
    following = get(row_at, R_NEXT)
    shift = 32 * direction
    if state & S_RAW:
        if state & (S_DONE << direction) == 0:
            said = get(row_at, R_VLAN) >> (16 + 24 * direction) & 0xFFFFFF
            if said < (LIMIT_BODY if state & (S_WANTED << direction) else limit_of(application)):
                add_said(row_at, direction, said, n)
                hand_on(c, w, row_at, row, sender_of(row_at, direction), application, p, n, FLAG_RAW, sequence)
            else:
                put(c, WITHHELD, get(c, WITHHELD) + 1)
        return
    gap = 0
    if state & (S_STARTED << direction):
        ahead = (sequence - (shift_right(following, shift) & 0xFFFFFFFF)) & 0xFFFFFFFF
        if ahead & 0x80000000:
            behind = 0x100000000 - ahead
            if behind >= n:
                put(c, RETRANSMITTED, get(c, RETRANSMITTED) + 1)
                return
            p += behind
            n -= behind
            sequence = (sequence + behind) & 0xFFFFFFFF
        elif ahead > 0:
            if state & (S_CUT << direction) and ahead > 0:
                gap = 1
            else:
                state |= S_RAW
                put(row_at, R_STATE, state)
                said = get(row_at, R_VLAN) >> (16 + 24 * direction) & 0xFFFFFF
                add_said(row_at, direction, said, n)
                hand_on(c, w, row_at, row, sender_of(row_at, direction), application, p, n, FLAG_RAW, sequence)
                return
    else:
        state |= S_STARTED << direction
    put(row_at, R_NEXT, following & ~(0xFFFFFFFF << shift) | ((sequence + n) & 0xFFFFFFFF) << shift)
    if application == DICOM:
        put(row_at, R_STATE, state)
        emit_pdus(c, w, row_at, row, direction, p, n, gap)
        return
    if application == MODBUS and gap == 0:
        # Who asks which unit for which function is worth reading once; registers are not.
        worth = modbus_said(p, n)
        if worth and is_repeat(c, w, application, content_hash(get(c, SEED), p + 6, worth), 0):
            put(row_at, R_STATE, state | S_CUT << direction)
            return
    lost = gap
    if state & (S_CUT << direction):
        gap = 1
    limit = limit_of(application)
    if application == HTTP:
        if classify_http(p, n):
            # The first head, or the next one of a kept-alive connection.
            wanted = 0
            if get(row_at, R_PDU_A + direction) < LIMIT_BODIES:
                wanted = wants_body(p, n)
            if wanted or state & (S_DONE << direction):
                state &= ~(S_DONE << direction)
                put(row_at, R_VLAN, get(row_at, R_VLAN) & ~(0xFFFFFF << (16 + 24 * direction)))
            state = state & ~(S_WANTED << direction) | wanted * (S_WANTED << direction)
        if state & (S_WANTED << direction):
            limit = LIMIT_BODY
            if state & (S_DONE << direction) == 0:
                put(row_at, R_PDU_A + direction, get(row_at, R_PDU_A + direction) + n)
    meaning = 0
    content = 0
    if (
        application == TLS
        and gap == 0
        and state & (S_DONE << direction | S_ALIGNED << direction) == 0
        and get(row_at, R_VLAN) >> (16 + 24 * direction) & 0xFFFFFF == 0
    ):
        content = hello_content(c, p, n)
        if content != 0:
            meaning = meaning_of(c, TLS, content)
        if meaning < 0:
            # This hello is known, and with a server's hello the certificate that begins behind it.
            state |= S_CUT << direction
            if u8(p + 5) == 2 or 5 + be16(p + 3) < n:
                state |= S_DONE << direction
            else:
                state |= S_ALIGNED << direction
                put(row_at, R_PDU_A + direction, 0)
                put(row_at, R_PARTIAL_A + direction, 0)
            put(row_at, R_STATE, state)
            add_said(row_at, direction, get(row_at, R_VLAN) >> (16 + 24 * direction) & 0xFFFFFF, n)
            hand_on(c, w, row_at, row, sender_of(row_at, direction), application, p, 0, 0, 0)
            mark(c, meaning, 0)
            return
    if application == TLS and state & (S_DONE << direction) == 0 and lost == 0:
        clear = bytes_before_secrets(row_at, direction, p, n)
        state |= get(row_at, R_STATE) & (S_ALIGNED << direction)
        if clear < n:
            state |= S_DONE << direction
            if clear > 0:
                flags = FLAG_GAP if gap else 0
                hand_on(c, w, row_at, row, sender_of(row_at, direction), application, p, clear, flags, 0)
                if meaning > 0:
                    mark(c, meaning, FLAG_GOES_ON if content & 1 else 0)
    if state & (S_DONE << direction):
        put(row_at, R_STATE, state | S_CUT << direction)
        put(c, WITHHELD, get(c, WITHHELD) + 1)
        return
    said = get(row_at, R_VLAN) >> (16 + 24 * direction) & 0xFFFFFF
    if said + n >= limit and limit != NO_LIMIT:
        state |= S_DONE << direction
    if application == SSH and n >= 16 and be32(p + n - 16) == 12 and u8(p + n - 11) == 21:
        state |= S_DONE << direction  # NEWKEYS (RFC 4253 7.3): a packet of 12 bytes, type 21; the rest is encrypted
    state &= ~(S_CUT << direction)
    put(row_at, R_STATE, state)
    add_said(row_at, direction, said, n)
    hand_on(c, w, row_at, row, sender_of(row_at, direction), application, p, n, FLAG_GAP if gap else 0, 0)
    if meaning > 0:
        mark(c, meaning, FLAG_GOES_ON if content & 1 else 0)
