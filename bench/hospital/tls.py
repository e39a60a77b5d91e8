"""TLS: five kinds of ClientHello, TLS 1.3 and 1.2 answers, certificates in clear in TLS 1.2 (RFC 8446, RFC 5246)."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import lru_cache
from random import Random

from bench.hospital.net import Host, Session, Tcp, blob

HANDSHAKE, CHANGE_CIPHER_SPEC, APPLICATION_DATA = 22, 20, 23
GREASE = (0x0A0A, 0x1A1A, 0x3A3A, 0x7A7A, 0xFAFA)  # RFC 8701


def _suites(text: str) -> tuple[int, ...]:
    return tuple(int(number, 16) for number in text.split())


# Cipher suites as a browser, an embedded TLS 1.3 library, an old Windows, OpenSSL and an old device offer them.
BROWSER = _suites("1301 1302 1303 c02b c02f c02c c030 cca9 cca8 c013 c014 009c 009d 002f 0035")
EMBEDDED = _suites("1301 1303 c02b c02f cca9 cca8 c009 c013")
WINDOWS = _suites("c02c c02b c030 c02f c024 c023 c028 c027 c00a c009 c014 c013 009d 009c 003d 003c 0035 002f 000a")
OPENSSL = _suites(
    "1302 1303 1301 c02c c030 009f cca9 cca8 ccaa c02b c02f 009e c024 c028 006b c023 c027"
    " 0067 c00a c014 0039 c009 c013 0033 009d 009c 003d 003c 0035 002f 00ff"
)
OLD_DEVICE = _suites("c014 c013 0039 0033 0035 002f 0005 000a 00ff")
STYLES = (
    # ciphers, the one that a server chooses, TLS 1.3 or 1.2, uses GREASE, application protocols
    (BROWSER, 0x1301, True, True, (b"h2", b"http/1.1")),
    (EMBEDDED, 0x1301, True, False, (b"mqtt",)),
    (WINDOWS, 0xC02F, False, False, (b"h2", b"http/1.1")),
    (OPENSSL, 0x1302, True, False, ()),
    (OLD_DEVICE, 0xC013, False, False, ()),
)


def _extension(kind: int, content: bytes) -> bytes:
    return struct.pack(">HH", kind, len(content)) + content


def _list16(values: Sequence[int]) -> bytes:
    return struct.pack(f">H{len(values)}H", 2 * len(values), *values)


def _handshake(kind: int, content: bytes) -> bytes:
    return bytes((kind,)) + struct.pack(">I", len(content))[1:] + content


def record(kind: int, content: bytes, version: int = 0x0303) -> bytes:
    """One TLS record."""
    return struct.pack(">BHH", kind, version, len(content)) + content


def client_hello(random: Random, name: bytes, style: int) -> bytes:
    """The record of a ClientHello in one of the ``STYLES``."""
    ciphers, _, modern, greased, protocols = STYLES[style]
    grease = random.choice(GREASE)
    extensions = [
        _extension(0, struct.pack(">HBH", len(name) + 3, 0, len(name)) + name),
        _extension(23, b""),
        _extension(0xFF01, b"\0"),
        _extension(10, _list16(((grease,) if greased else ()) + (29, 23, 24))),
        _extension(11, b"\1\0"),
        _extension(35, b""),
        _extension(13, _list16((0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601))),
    ]
    if protocols:
        names = b"".join(bytes((len(protocol),)) + protocol for protocol in protocols)
        extensions.append(_extension(16, struct.pack(">H", len(names)) + names))
    if modern:
        versions = _list16(((grease,) if greased else ()) + (0x0304, 0x0303))
        extensions += [
            _extension(43, versions[1:]),
            _extension(45, b"\1\1"),
            _extension(51, struct.pack(">HHH", 36, 29, 32) + random.randbytes(32)),
        ]
    if greased:
        random.shuffle(extensions)  # browsers permute since 2023
        extensions = [_extension(grease, b""), *extensions, _extension(21, bytes(random.randrange(60, 180)))]
    offered = ((grease,) if greased else ()) + ciphers
    joined = b"".join(extensions)
    hello = b"\3\3" + random.randbytes(32) + b"\x20" + random.randbytes(32) + _list16(offered) + b"\1\0"
    return record(HANDSHAKE, _handshake(1, hello + struct.pack(">H", len(joined)) + joined), 0x0301)


def server_hello(random: Random, cipher: int, *, modern: bool) -> bytes:
    """The handshake message of a ServerHello that chooses ``cipher``."""
    extensions = _extension(0xFF01, b"\0")
    if modern:
        extensions = _extension(43, b"\3\4") + _extension(51, struct.pack(">HH", 29, 32) + random.randbytes(32))
    hello = b"\3\3" + random.randbytes(32) + b"\x20" + random.randbytes(32) + struct.pack(">HB", cipher, 0)
    return _handshake(2, hello + struct.pack(">H", len(extensions)) + extensions)


def _der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    if len(content) < 128:
        return bytes((tag, len(content))) + content
    size = (len(content).bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + len(content).to_bytes(size, "big") + content


SHA256_WITH_RSA = bytes.fromhex("300d06092a864886f70d01010b0500")
RSA = bytes.fromhex("300d06092a864886f70d0101010500")


@lru_cache(maxsize=1024)
def certificate(common_name: bytes, organisation: bytes) -> bytes:
    """An X.509 certificate in DER (RFC 5280 4.1): well formed, 2,048 bits, its signature random bytes."""
    random = Random(common_name)

    def name(text: bytes) -> bytes:
        return _der(0x31, _der(0x30, bytes.fromhex("0603550403"), _der(0x0C, text)))

    def organisation_name(text: bytes) -> bytes:
        return _der(0x31, _der(0x30, bytes.fromhex("060355040a"), _der(0x0C, text)))

    modulus = b"\0" + bytes((random.randrange(128, 256),)) + random.randbytes(254) + b"\1"
    key = _der(0x30, _der(2, modulus), _der(2, b"\1\0\1"))
    alternatives = _der(0x30, _der(0x30, bytes.fromhex("0603551d11"), _der(4, _der(0x30, _der(0x82, common_name)))))
    body = _der(
        0x30,
        _der(0xA0, _der(2, b"\2")),
        _der(2, b"\1" + random.randbytes(8)),
        SHA256_WITH_RSA,
        _der(0x30, organisation_name(organisation), name(b"Device CA")),
        _der(0x30, _der(0x17, b"230101000000Z"), _der(0x17, b"330101000000Z")),
        _der(0x30, organisation_name(organisation), name(common_name)),
        _der(0x30, RSA, _der(3, b"\0", key)),
        _der(0xA3, alternatives),
    )
    return _der(0x30, body, SHA256_WITH_RSA, _der(3, b"\0", random.randbytes(256)))


def session(random: Random, now: int, client: Host, server: Host, port: int, *, ipv6: bool, style: int) -> Session:
    """A handshake and one to four exchanges of ciphertext."""
    _, cipher, modern, _, _ = STYLES[style]
    name = b"%s.device-cloud%d.example" % (server.name.encode(), server.ip[3] % 9)
    tcp = Tcp(random, client, server, port, now, ipv6=ipv6)
    yield from tcp.open()
    yield from tcp.send(0, client_hello(random, name, style))
    hello = server_hello(random, cipher, modern=modern)
    changed = record(CHANGE_CIPHER_SPEC, b"\1")
    if modern:
        hidden = record(APPLICATION_DATA, blob(random, random.randrange(2200, 4200)))
        yield from tcp.send(1, record(HANDSHAKE, hello) + changed + hidden)
        yield from tcp.send(0, changed + record(APPLICATION_DATA, blob(random, 53)))
    else:
        der = certificate(name, b"Device Cloud %d" % (server.ip[3] % 9))
        chain = (len(der) + 3).to_bytes(3, "big") + len(der).to_bytes(3, "big") + der
        exchange = _handshake(12, b"\3\0\x17\x41\4" + random.randbytes(64) + b"\4\1\1\0" + random.randbytes(256))
        yield from tcp.send(1, record(HANDSHAKE, hello + _handshake(11, chain) + exchange + _handshake(14, b"")))
        key = _handshake(16, b"\x41\4" + random.randbytes(64))
        yield from tcp.send(0, record(HANDSHAKE, key) + changed + record(HANDSHAKE, blob(random, 40)))
        yield from tcp.send(1, changed + record(HANDSHAKE, blob(random, 40)))
    for _ in range(random.randrange(1, 5)):
        yield from tcp.send(0, record(APPLICATION_DATA, blob(random, random.randrange(60, 900))))
        tcp.wait(random.randrange(1_000, 60_000))
        size = int(min(16000, random.paretovariate(0.9) * 400))
        yield from tcp.send(1, record(APPLICATION_DATA, blob(random, size)))
    yield from tcp.close()
