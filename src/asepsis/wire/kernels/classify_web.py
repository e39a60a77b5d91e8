"""Content checks of what speaks XML and printer languages, and which bodies of HTTP a protocol reads.

The kernel reads only bytes that are there: ``p`` is an address, ``n`` how many bytes follow.
"""

from __future__ import annotations

from asepsis.wire.kernels.machine import be32, kernel, u8

WSD = 51
PJL = 57

CLIENT = 1 << 8

# SOAP-over-UDP 1.1 lets a message have as much as a datagram takes; the envelope and the action stand in the first
# 1.5 KiB of every one that was seen.
ACTION_WITHIN_BYTES = 1536
# Fields of a head behind this are not looked at; cookies can be 4 KiB.
FIELDS_WITHIN_BYTES = 6144


@kernel
def classify_wsd(p: int, n: int) -> int:
    """WS-Discovery over UDP: XML that names the discovery namespace (WS-Discovery 1.0 and 1.1, section 1.5)."""
    if n < 200:
        return 0
    first = u8(p)
    if first == 0xEF:  # the byte order mark of UTF-8
        p += 3
        n -= 3
        first = u8(p)
    second = u8(p + 1)
    # Syslog's datagrams begin with "<" too, and a digit.
    if first != 0x3C or (second != 0x3F and second != 0x21 and second < 0x41):
        return 0
    end = p + min(n, ACTION_WITHIN_BYTES) - 10
    while p < end:
        # "/discovery"
        if u8(p) == 0x2F and be32(p + 1) == 0x64697363 and be32(p + 5) == 0x6F766572 and u8(p + 9) == 0x79:
            return WSD
        p += 1
    return 0


@kernel
def classify_pjl(p: int, n: int) -> int:
    """Printer Job Language: the exit sequence in front of a job, or a command (PJL reference, chapter 2)."""
    if n < 9:
        return 0
    # ESC%-12345X
    if be32(p) == 0x1B252D31 and be32(p + 4) == 0x32333435:
        return PJL | CLIENT
    if be32(p) == 0x40504A4C and (u8(p + 4) == 0x20 or u8(p + 4) == 0x0D or u8(p + 4) == 0x0A):
        return PJL
    return 0


@kernel
def read_type(p: int, n: int) -> int:
    """1 for ``text/xml`` and ``application/`` ``xml``, ``soap+xml``, ``fhir+...``, ``json+fhir``, ``ipp``."""
    if n < 8:
        return 0
    four = be32(p) | 0x20202020
    if four == 0x74657874:
        return 1 if be32(p + 4) | 0x20202020 == 0x2F786D6C else 0
    if four != 0x6170706C or n < 16 or be32(p + 4) | 0x20202020 != 0x69636174 or be32(p + 8) | 0x20202020 != 0x696F6E2F:
        return 0
    four = be32(p + 12) | 0x20202020
    if four == 0x736F6170 or four == 0x66686972 or four >> 8 == 0x786D6C or four >> 8 == 0x697070:
        return 1
    return 1 if four == 0x6A736F6E and n >= 20 and be32(p + 16) | 0x20202020 == 0x2B666869 else 0


@kernel
def wants_body(p: int, n: int) -> int:
    """1 where a head of HTTP announces a body that a protocol reads: SOAP and other XML, FHIR, IPP."""
    end = p + min(n, FIELDS_WITHIN_BYTES)
    while p + 22 <= end:
        if u8(p) == 0x0A:
            if u8(p + 1) == 0x0A or u8(p + 1) == 0x0D:
                return 0
            # "content-type:" in any case of letters (RFC 9110 5.1)
            if (
                u8(p + 13) == 0x3A
                and be32(p + 1) | 0x20202020 == 0x636F6E74
                and be32(p + 5) | 0x20202020 == 0x656E742D
                and be32(p + 9) | 0x20202020 == 0x74797065
            ):
                p += 14
                while p < end and u8(p) == 0x20:
                    p += 1
                return read_type(p, end - p)
        p += 1
    return 0
