"""SNMP's two harmless questions: the system group (RFC 3418), and who an SNMPv3 engine is (RFC 3414 4)."""

from __future__ import annotations

from typing import Final

from asepsis.kernel.text import showable

# RFC 3418: sysDescr.0, sysObjectID.0, sysName.0
_ASKED: Final = {"1.3.6.1.2.1.1.1.0": "description", "1.3.6.1.2.1.1.2.0": "object", "1.3.6.1.2.1.1.5.0": "name"}
_INTEGER, _OCTETS, _NULL, _OID, _SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
_GET, _RESPONSE, _REPORT = 0xA0, 0xA2, 0xA8
TEXT_LIMIT: Final = 255
DEPTH_LIMIT: Final = 8
"""A message of SNMP has five levels."""


def system_question(community: bytes, request_id: int) -> bytes:
    """GetRequest of version 2c (RFC 3416 4.2.1)."""
    bindings = b"".join(_tlv(_SEQUENCE, _tlv(_OID, _oid(name)) + _tlv(_NULL, b"")) for name in _ASKED)
    pdu = _int(request_id) + _int(0) + _int(0) + _tlv(_SEQUENCE, bindings)
    return _tlv(_SEQUENCE, _int(1) + _tlv(_OCTETS, community) + _tlv(_GET, pdu))


def engine_question(message_id: int) -> bytes:
    """SNMPv3 with an empty user and engine: whoever answers reports its engine's id (RFC 3414 4)."""
    header = _int(message_id) + _int(65507) + _tlv(_OCTETS, b"\x04") + _int(3)  # reportable, no security; USM
    security = _tlv(
        _SEQUENCE,
        _tlv(_OCTETS, b"") + _int(0) + _int(0) + _tlv(_OCTETS, b"") + _tlv(_OCTETS, b"") + _tlv(_OCTETS, b""),
    )
    pdu = _tlv(_GET, _int(message_id) + _int(0) + _int(0) + _tlv(_SEQUENCE, b""))
    scoped = _tlv(_SEQUENCE, _tlv(_OCTETS, b"") + _tlv(_OCTETS, b"") + pdu)
    return _tlv(_SEQUENCE, _int(3) + _tlv(_SEQUENCE, header) + _tlv(_OCTETS, security) + scoped)


def read_answer(datagram: bytes) -> dict[str, str] | None:
    """What an answer says; None where it is none that we asked for."""
    message = _members(datagram, 0)
    if message is None or len(message) != 1 or message[0][0] != _SEQUENCE:
        return None
    parts = _members(message[0][1], 1)
    if parts is None or len(parts) < 3 or parts[0][0] != _INTEGER:
        return None
    return _engine(parts) if parts[0][1] == b"\x03" else _system(parts)


def _system(parts: list[tuple[int, bytes]]) -> dict[str, str] | None:
    if parts[2][0] != _RESPONSE:
        return None
    pdu = _members(parts[2][1], 2)
    bindings = None if pdu is None or len(pdu) < 4 else _members(pdu[3][1], 3)
    if bindings is None:
        return None
    found = {"version": "2c"}
    for _, body in bindings[: len(_ASKED)]:
        pair = _members(body, 4)
        if pair is None or len(pair) != 2:
            return None
        name = _ASKED.get(_dotted(pair[0][1]))
        if name is not None:
            found[name] = _dotted(pair[1][1]) if pair[1][0] == _OID else _text(pair[1][1])
    return found


def _engine(parts: list[tuple[int, bytes]]) -> dict[str, str] | None:
    wrapped = _members(parts[2][1], 2)
    security = None if not wrapped or wrapped[0][0] != _SEQUENCE else _members(wrapped[0][1], 3)
    if not security or security[0][0] != _OCTETS:
        return None
    return {"version": "3", "engine": security[0][1][:32].hex()}


def _text(body: bytes) -> str:
    return showable(body[:TEXT_LIMIT].decode("utf-8", "replace"))


def _int(number: int) -> bytes:
    return _tlv(_INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _tlv(tag: int, body: bytes) -> bytes:
    size = len(body)
    if size < 128:
        return bytes((tag, size)) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + body


def _oid(dotted: str) -> bytes:
    numbers = [int(part) for part in dotted.split(".")]
    return bytes((numbers[0] * 40 + numbers[1], *numbers[2:]))  # none of ours is above 127


def _dotted(body: bytes) -> str:
    """X.690 8.19; what has no end is cut."""
    if not body:
        return ""
    numbers = [min(body[0] // 40, 2), body[0] - 40 * min(body[0] // 40, 2)]
    number = 0
    for octet in body[1:64]:
        number = number << 7 | octet & 0x7F
        if not octet & 0x80:
            numbers.append(number)
            number = 0
    return ".".join(map(str, numbers))


def _members(content: bytes, depth: int) -> list[tuple[int, bytes]] | None:
    """The elements that follow each other in ``content`` (X.690 8.1); None where they do not fill it."""
    found: list[tuple[int, bytes]] = []
    at = 0
    while at < len(content):
        if depth > DEPTH_LIMIT or at + 2 > len(content):
            return None
        tag, size = content[at], content[at + 1]
        at += 2
        if size & 0x80:
            octets = size & 0x7F
            if not 0 < octets <= 4 or at + octets > len(content):
                return None
            size = int.from_bytes(content[at : at + octets], "big")
            at += octets
        if at + size > len(content):
            return None
        found.append((tag, content[at : at + size]))
        at += size
    return found
