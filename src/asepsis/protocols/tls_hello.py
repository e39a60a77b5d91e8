"""Hellos of TLS: the bytes of one ClientHello or ServerHello in, a message or ``Malformed`` out.

RFC 8446 4.1 (TLS 1.3), RFC 5246 7.4.1 (TLS 1.2), RFC 5246 E.2 (the hello of SSL 2.0). ``tls`` finds the hellos in
a conversation; this module reads them; ``ja4`` makes the fingerprint.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import md5
from struct import Struct, error
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.ja4 import REMEMBERED_EXTENSIONS, REMEMBERED_LIST_BYTES, REMEMBERED_OFFERS, ja4, numbers
from asepsis.protocols.masking import printable
from asepsis.protocols.message import Malformed
from asepsis.protocols.tls_cipher_suites import cipher_suite_name

PROTOCOL: Final = "tls"

# Clients offer two or three protocols; the registry has some thirty.
ALPN_LIMIT = 32

# RFC 8446 4.1.3: the random of a ServerHello that is a HelloRetryRequest, SHA-256 of those words.
_RETRY_RANDOM = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")

_SERVER_NAME = 0  # RFC 6066 3
_SIGNATURE_ALGORITHMS = 13  # RFC 8446 4.2.3
_ALPN = 16  # RFC 7301
_SUPPORTED_VERSIONS = 43  # RFC 8446 4.2.1
_ENCRYPTED_CLIENT_HELLO = 0xFE0D  # RFC 9849
_ENCRYPTED_SERVER_NAME = 0xFFCE  # the draft before it
_KEPT = frozenset(
    (_SERVER_NAME, _SIGNATURE_ALGORITHMS, _ALPN, _SUPPORTED_VERSIONS, _ENCRYPTED_CLIENT_HELLO, _ENCRYPTED_SERVER_NAME)
)

_VERSIONS = {
    0x0002: "SSL 2.0",
    0x0300: "SSL 3.0",
    0x0301: "TLS 1.0",
    0x0302: "TLS 1.1",
    0x0303: "TLS 1.2",
    0x0304: "TLS 1.3",
}

_U16 = Struct(">H").unpack_from
_TWO_U16 = Struct(">HH").unpack_from


def version_name(number: int) -> str:
    """``0x0303`` -> ``TLS 1.2``; drafts of TLS 1.3 as ``TLS 1.3 draft 28``; others as ``0xABCD``."""
    if name := _VERSIONS.get(number):
        return name
    # 0x7F stands for drafts in the IETF's own numbering, 0xFB for Facebook's variant of them.
    return f"TLS 1.3 draft {number & 0xFF}" if number >> 8 in (0x7F, 0xFB) else f"0x{number:04X}"


@value
class ClientHello:
    """What a client offers. ``versions`` and ``alpn`` are in the client's order, GREASE left out."""

    PROTOCOL: ClassVar[str] = PROTOCOL
    kind: ClassVar[str] = "ClientHello"
    sender_is_server: ClassVar[bool | None] = False
    server_name: str
    versions: tuple[str, ...]
    alpn: tuple[str, ...]
    ja4: str
    """Empty for a hello in the form of SSL 2.0, for which JA4 is not defined."""
    encrypted_client_hello: bool
    """The true server name is hidden, or the client practises hiding it (GREASE ECH looks the same)."""

    def facts(self) -> dict[str, Any]:
        """Server name, versions, ALPN, JA4, whether an encrypted hello is inside."""
        facts: dict[str, Any] = {"versions": list(self.versions)}
        if self.server_name:
            facts["server_name"] = self.server_name
        if self.alpn:
            facts["alpn"] = list(self.alpn)
        if self.ja4:
            facts["ja4"] = self.ja4
        if self.encrypted_client_hello:
            facts["encrypted_client_hello"] = True
        return facts


@value
class ServerHello:
    """What a server chose; also a HelloRetryRequest."""

    PROTOCOL: ClassVar[str] = PROTOCOL
    sender_is_server: ClassVar[bool | None] = True
    retry: bool
    version: str
    cipher_suite: str
    alpn: str
    """Empty in TLS 1.3, where the choice is encrypted."""
    ja3s: str

    @property
    def kind(self) -> str:
        """``ServerHello`` or ``HelloRetryRequest``."""
        return "HelloRetryRequest" if self.retry else "ServerHello"

    def facts(self) -> dict[str, Any]:
        """Version and cipher suite chosen, ALPN, JA3S."""
        facts: dict[str, Any] = {"version": self.version}
        for name in ("cipher_suite", "alpn", "ja3s"):
            if text := getattr(self, name):
                facts[name] = text
        return facts


def _malformed(hello: str, where: str, why: str) -> Malformed:
    return Malformed(protocol=PROTOCOL, where=f"{hello} {where}", why=why)


def read_client_hello(data: bytes, at: int, end: int) -> ClientHello | Malformed:
    """Reads the body of a ClientHello, ``data[at:end]``, after its four-byte handshake header."""
    # Cut out, so that no field is taken from what follows.
    data, at, end = data[at:end], 0, end - at
    extensions: list[int] = []
    bodies: dict[int, bytes] = {}
    ciphers = b""
    try:
        version: int = _U16(data, at)[0]
        at += 34  # version and random
        at += 1 + data[at]  # legacy_session_id
        size: int = _U16(data, at)[0]
        at += 2
        ciphers = data[at : at + size]
        at += size
        at += 1 + data[at]  # legacy_compression_methods
        if at + 2 <= end:  # RFC 5246 7.4.1.2: extensions may be missing
            stop = at + 2 + _U16(data, at)[0]
            at += 2
            if stop > end:
                return _malformed("ClientHello", "extensions", "they are longer than the message")
            while at < stop:
                kind, size = _TWO_U16(data, at)
                at += 4
                extensions.append(kind)
                if kind in _KEPT:
                    bodies[kind] = data[at : at + size]
                at += size
            if at != stop:
                return _malformed("ClientHello", "extensions", "the last one is longer than all of them")
    except (IndexError, error):
        return _malformed("ClientHello", "length", "a field reaches beyond the message")
    if at > end:
        return _malformed("ClientHello", "length", "a field reaches beyond the message")
    get = bodies.get
    name = get(_SERVER_NAME, b"")
    algorithms = get(_SIGNATURE_ALGORITHMS, b"")
    protocols = get(_ALPN, b"")
    is_usual = (
        len(extensions) <= REMEMBERED_EXTENSIONS
        and len(ciphers) + len(algorithms) + len(protocols) <= REMEMBERED_LIST_BYTES
    )
    versions, alpn, fingerprint = (_known_offers if is_usual else _offers)(
        version, ciphers, tuple(extensions), algorithms, get(_SUPPORTED_VERSIONS, b""), protocols
    )
    return ClientHello(
        # RFC 6066 3: a list of (type, name); 0 is host_name, and no other type was ever defined.
        server_name=printable(name[5 : 5 + (name[3] << 8 | name[4])]) if len(name) > 5 and not name[2] else "",
        versions=versions,
        alpn=alpn,
        ja4=fingerprint,
        encrypted_client_hello=_ENCRYPTED_CLIENT_HELLO in bodies or _ENCRYPTED_SERVER_NAME in bodies,
    )


def _offers(
    version: int, ciphers: bytes, extensions: tuple[int, ...], algorithms: bytes, versions: bytes, alpn: bytes
) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Names of the versions and of the protocols, and JA4: what a client's software fixes, so it is remembered."""
    offered = numbers(versions[1 : 1 + versions[0]]) if versions else ()
    protocols = _protocols(alpn)
    fingerprint = ja4(max(offered, default=version), ciphers, extensions, algorithms[2:], next(iter(protocols), b""))
    names = tuple(version_name(number) for number in offered) or (version_name(version),)
    return names, tuple(printable(protocol) for protocol in protocols if protocol), fingerprint


_known_offers = lru_cache(maxsize=REMEMBERED_OFFERS)(_offers)


def _protocols(alpn: bytes) -> list[bytes]:
    # RFC 7301 3.1: two bytes of length, then names with one byte of length each.
    protocols: list[bytes] = []
    at = 2
    while at < len(alpn) and len(protocols) < ALPN_LIMIT:
        protocols.append(alpn[at + 1 : at + 1 + alpn[at]])
        at += 1 + alpn[at]
    return protocols


def read_server_hello(data: bytes, at: int, end: int) -> ServerHello | Malformed:
    """Reads the body of a ServerHello, ``data[at:end]``, after its four-byte handshake header."""
    # Cut out, so that no field is taken from what follows.
    data, at, end = data[at:end], 0, end - at
    extensions: list[int] = []
    alpn = b""
    try:
        legacy: int = _U16(data, at)[0]
        version = legacy
        retry = data[at + 2 : at + 34] == _RETRY_RANDOM
        at += 34
        at += 1 + data[at]
        cipher_suite: int = _U16(data, at)[0]
        at += 3  # cipher suite and compression method
        if at + 2 <= end:
            stop = at + 2 + _U16(data, at)[0]
            at += 2
            if stop > end:
                return _malformed("ServerHello", "extensions", "they are longer than the message")
            while at < stop:
                kind, size = _TWO_U16(data, at)
                at += 4
                extensions.append(kind)
                if kind == _SUPPORTED_VERSIONS and size == 2:
                    version = _U16(data, at)[0]
                elif kind == _ALPN:
                    alpn = data[at : at + size]
                at += size
            if at != stop:
                return _malformed("ServerHello", "extensions", "the last one is longer than all of them")
    except (IndexError, error):
        return _malformed("ServerHello", "length", "a field reaches beyond the message")
    if at > end:
        return _malformed("ServerHello", "length", "a field reaches beyond the message")
    protocols = _protocols(alpn) if alpn else []
    return ServerHello(
        retry=retry,
        version=version_name(version),
        cipher_suite=cipher_suite_name(cipher_suite),
        alpn=printable(protocols[0]) if protocols else "",
        ja3s=(_known_ja3s if len(extensions) <= REMEMBERED_EXTENSIONS else _ja3s)(
            legacy, cipher_suite, tuple(extensions)
        ),
    )


def _ja3s(version: int, cipher_suite: int, extensions: tuple[int, ...]) -> str:
    # JA3S (Salesforce, BSD 3-Clause): MD5 of version, cipher suite and extensions in decimal. A name, no protection.
    text = f"{version},{cipher_suite},{'-'.join([str(kind) for kind in extensions])}"
    return md5(text.encode(), usedforsecurity=False).hexdigest()


_known_ja3s = lru_cache(maxsize=REMEMBERED_OFFERS)(_ja3s)


def read_ssl2_client_hello(data: bytes) -> ClientHello | Malformed:
    """Reads a whole ClientHello in the form of SSL 2.0 (RFC 5246 E.2): it may offer any version up to TLS 1.2."""
    if len(data) < 11:
        return _malformed("ClientHello", "length", "a field reaches beyond the message")
    if 11 + sum(int.from_bytes(data[at : at + 2], "big") for at in (5, 7, 9)) != len(data):
        return _malformed("ClientHello", "length", "its lists do not fill the message")
    return ClientHello(
        server_name="",
        versions=tuple(dict.fromkeys((version_name(_U16(data, 3)[0]), "SSL 2.0"))),
        alpn=(),
        ja4="",
        encrypted_client_hello=False,
    )
