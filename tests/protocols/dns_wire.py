"""Writes DNS messages for tests, by RFC 1035 4, without compression but where a test points itself."""

from __future__ import annotations

from ipaddress import ip_address

A, NS, CNAME, SOA, NULL, PTR, HINFO, MX, TXT = 1, 2, 5, 6, 10, 12, 13, 15, 16
AAAA, SRV, OPT, HTTPS = 28, 33, 41, 65

QUERY, RESPONSE, MULTICAST_RESPONSE = 0x0100, 0x8180, 0x8400


def name(dotted: str) -> bytes:
    labels = [label.encode() for label in dotted.split(".") if label]
    return b"".join(bytes((len(label),)) + label for label in labels) + b"\0"


def labels(*parts: str) -> bytes:
    """A name whose labels may hold dots."""
    return b"".join(bytes((len(part.encode()),)) + part.encode() for part in parts) + b"\0"


def question(owner: str | bytes, qtype: int, *, qclass: int = 1) -> bytes:
    owner = name(owner) if isinstance(owner, str) else owner
    return owner + qtype.to_bytes(2, "big") + qclass.to_bytes(2, "big")


def record(owner: str | bytes, rtype: int, data: bytes, *, ttl: int = 120, rclass: int = 1) -> bytes:
    head = question(owner, rtype, qclass=rclass)
    return head + ttl.to_bytes(4, "big") + len(data).to_bytes(2, "big") + data


def address(written: str) -> bytes:
    return ip_address(written).packed


def strings(*texts: bytes) -> bytes:
    return b"".join(bytes((len(text),)) + text for text in texts)


def srv(port: int, target: str) -> bytes:
    return bytes(4) + port.to_bytes(2, "big") + name(target)


def message(
    flags: int,
    questions: list[bytes] | None = None,
    answers: list[bytes] | None = None,
    authorities: list[bytes] | None = None,
    additional: list[bytes] | None = None,
    *,
    identifier: int = 0x1234,
) -> bytes:
    sections = (questions or [], answers or [], authorities or [], additional or [])
    head = [identifier, flags, *(len(section) for section in sections)]
    body = b"".join(entry for section in sections for entry in section)
    return b"".join(number.to_bytes(2, "big") for number in head) + body


def framed(payload: bytes) -> bytes:
    """RFC 1035 4.2.2."""
    return len(payload).to_bytes(2, "big") + payload
