"""TLS over TCP: both directions' records in, hellos, certificates, certificate requests and alerts out.

RFC 8446 5 and RFC 5246 6.2 (records), 7.4 (handshake). Reading ends where encryption begins. Certificates are
handed on as DER; ``crypto`` reads them.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.framing import Held
from asepsis.protocols.message import Dissector, Malformed, Result
from asepsis.protocols.tls_hello import (
    PROTOCOL,
    ClientHello,
    ServerHello,
    read_client_hello,
    read_server_hello,
    read_ssl2_client_hello,
)
from asepsis.protocols.x509_validity import validity_of

# RFC 5246 6.2.3: 2**14 bytes and 2,048 for compression and encryption.
RECORD_LIMIT_BYTES = (1 << 14) + 2048
# A handshake message may be 16 MB long by its length field. Certificate chains are under 10 KB; the largest hellos,
# with post-quantum keys and tickets, under 20 KB.
HANDSHAKE_LIMIT_BYTES = 64 * 1024
# Chains have two to five certificates.
CHAIN_LIMIT = 16

# RFC 8446 B.1
_CHANGE_CIPHER_SPEC = 20
_ALERT = 21
_HANDSHAKE = 22
_APPLICATION_DATA = 23
_HEARTBEAT = 24

# The IANA registry of handshake types; what is none of these is no handshake in clear.
_HANDSHAKE_TYPES = frozenset((0, 1, 2, 3, 4, 5, 6, 8, 11, 12, 13, 14, 15, 16, 17, 20, 21, 22, 23, 24, 25, 67, 203, 254))
_CLIENT_HELLO = 1
_SERVER_HELLO = 2
_CERTIFICATE = 11
_CERTIFICATE_REQUEST = 13

# RFC 8446 6 and, for those that only older versions have, RFC 5246 7.2.
_ALERTS = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    21: "decryption_failed",
    22: "record_overflow",
    30: "decompression_failure",
    40: "handshake_failure",
    41: "no_certificate",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    60: "export_restriction",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    100: "no_renegotiation",
    109: "missing_extension",
    110: "unsupported_extension",
    111: "certificate_unobtainable",
    112: "unrecognized_name",
    113: "bad_certificate_status_response",
    114: "bad_certificate_hash_value",
    115: "unknown_psk_identity",
    116: "certificate_required",
    120: "no_application_protocol",
}


@value
class Certificates:
    """The chain that one side shows, up to TLS 1.2; later it is encrypted."""

    PROTOCOL: ClassVar[str] = PROTOCOL
    kind: ClassVar[str] = "Certificate"
    sender_is_server: bool | None
    certificates: tuple[bytes, ...]
    """DER, the sender's own first. None at all is a client that was asked and has none."""

    def facts(self) -> dict[str, Any]:
        """How many, the SHA-256 of each, and from when until when the sender's own is valid."""
        facts: dict[str, Any] = {"count": len(self.certificates)}
        if self.certificates:
            facts["sha256"] = [sha256(certificate).hexdigest() for certificate in self.certificates]
            if validity := validity_of(self.certificates[0]):
                facts["not_before"], facts["not_after"] = validity
        return facts


@value
class CertificateRequest:
    """RFC 5246 7.4.4: the server wants to see the client's certificate (mutual TLS)."""

    PROTOCOL: ClassVar[str] = PROTOCOL
    kind: ClassVar[str] = "CertificateRequest"
    sender_is_server: ClassVar[bool | None] = True

    def facts(self) -> dict[str, Any]:
        """Nothing more than that it was sent."""
        return {}


@value
class Alert:
    """RFC 8446 6: why a handshake failed, while it is still in clear."""

    PROTOCOL: ClassVar[str] = PROTOCOL
    kind: ClassVar[str] = "Alert"
    sender_is_server: bool | None
    fatal: bool
    description: str

    def facts(self) -> dict[str, Any]:
        """Description and level."""
        return {"description": self.description, "fatal": self.fatal}


class _Side(Held):
    """One direction; records are held that are not whole, and pass by where they say nothing."""

    __slots__ = ("begun", "done", "encrypted", "handshake", "hellos", "is_server", "quiet")

    def __init__(self) -> None:
        super().__init__()
        self.begun = False  # a record was read
        self.done = False  # nothing more in clear
        self.encrypted = False  # ChangeCipherSpec was sent
        self.quiet = False  # after a gap: what fits no record is no fault
        self.hellos = 0
        self.is_server: bool | None = None
        self.handshake = bytearray()  # a handshake message over several records


class TlsStream:
    """Reads one conversation; see ``protocols.message.Stream``."""

    __slots__ = ("_retry", "_sides")

    def __init__(self) -> None:
        self._sides = (_Side(), _Side())
        self._retry = False

    def feed(self, sender: int, data: bytes, *, gap: bool = False) -> Sequence[Result]:
        """Takes the next bytes of one direction; see ``protocols.message.Stream.feed``."""
        side = self._sides[sender]
        if gap:
            # What follows a hole usually begins with a record; if it does not, this direction is given up.
            side.forget()
            side.handshake.clear()
            side.done = False
            side.quiet = True
        if side.done:
            return ()
        data = side.join(data)
        results: list[Result] = []
        at = 0
        size = len(data)
        while at < size and not side.done:
            if side.skip:
                at += side.pass_by(size - at)
                continue
            needed = self._read_record(side, data, at, size, results)
            if at + needed > size:
                side.keep(data, at, needed)
                break
            at += needed
        return results

    def close(self) -> Sequence[Result]:
        """Nothing: a hello that is not whole has no fingerprint."""
        for side in self._sides:
            side.done = True
            side.pending.clear()
            side.handshake.clear()
        return ()

    def _fail(self, side: _Side, where: str, why: str, results: list[Result]) -> None:
        if not side.quiet:
            results.append(Malformed(protocol=PROTOCOL, where=where, why=why))
        side.done = True
        side.handshake.clear()

    def _read_record(self, side: _Side, data: bytes, at: int, size: int, results: list[Result]) -> int:
        """Reads the record at ``at``; gives the bytes that it takes, more than there are when it is not whole."""
        if size - at < 5:
            return 5
        kind = data[at]
        length = data[at + 3] << 8 | data[at + 4]
        if not _CHANGE_CIPHER_SPEC <= kind <= _HEARTBEAT or data[at + 1] != 3 or data[at + 2] > 4:
            if not side.begun and kind & 0x80 and data[at + 2] == _CLIENT_HELLO:
                return self._read_ssl2(side, data, at, size, results)
            self._fail(side, "record header", "neither the type nor the version is one of TLS", results)
            return 5
        if length > RECORD_LIMIT_BYTES:
            self._fail(side, "record header", f"the record is longer than {RECORD_LIMIT_BYTES} bytes", results)
            return 5
        if kind == _APPLICATION_DATA:
            side.done = True
            return 5
        side.begun = True
        if kind == _HANDSHAKE and not side.encrypted:
            if at + 5 + length <= size:
                self._read_fragment(side, data, at + 5, at + 5 + length, results)
            return 5 + length
        if kind == _ALERT and length == 2 and not side.encrypted:
            if at + 7 <= size:
                self._read_alert(side, data[at + 5], data[at + 6], results)
            return 7
        if kind == _CHANGE_CIPHER_SPEC and (not self._retry or side.hellos > 1):
            # After a HelloRetryRequest it is a dummy that stands before the second hellos (RFC 8446 D.4).
            side.encrypted = True
        side.skip = length
        return 5

    def _read_ssl2(self, side: _Side, data: bytes, at: int, size: int, results: list[Result]) -> int:
        # RFC 5246 E.2: fifteen bits of length, then the message; later records are of TLS.
        length = (data[at] & 0x7F) << 8 | data[at + 1]
        if at + 2 + length <= size:
            side.begun = True
            side.is_server = False
            side.hellos += 1
            hello = read_ssl2_client_hello(data[at : at + 2 + length])
            results.append(hello)
            side.done = isinstance(hello, Malformed)
        return 2 + length

    def _read_alert(self, side: _Side, level: int, description: int, results: list[Result]) -> None:
        # RFC 8446 6: warning is 1, fatal 2.
        if level not in (1, 2):
            self._fail(side, "alert", "its level is neither warning nor fatal", results)
            return
        name = _ALERTS.get(description) or f"{description}"
        results.append(Alert(sender_is_server=side.is_server, fatal=level == 2, description=name))

    def _read_fragment(self, side: _Side, data: bytes, at: int, end: int, results: list[Result]) -> None:
        """Reads the handshake messages of a record; one may begin in a record before and end in one after."""
        if side.handshake:
            side.handshake += data[at:end]
            have = len(side.handshake)
            if have >= 4 and have < 4 + int.from_bytes(side.handshake[1:4], "big") <= HANDSHAKE_LIMIT_BYTES:
                return
            data, at, end = bytes(side.handshake), 0, have
            side.handshake.clear()
        while at < end and not side.done:
            kind = data[at]
            if kind not in _HANDSHAKE_TYPES:
                self._fail(side, "handshake", f"there is no message of type {kind}", results)
                return
            length = int.from_bytes(data[at + 1 : at + 4], "big")
            if end - at >= 4 and 4 + length > HANDSHAKE_LIMIT_BYTES:
                self._fail(side, "handshake", f"a message is longer than {HANDSHAKE_LIMIT_BYTES} bytes", results)
                return
            if end - at < 4 or at + 4 + length > end:
                side.handshake += data[at:end]
                return
            at += 4
            self._read_message(side, kind, data, at, at + length, results)
            at += length

    def _read_message(self, side: _Side, kind: int, data: bytes, at: int, end: int, results: list[Result]) -> None:
        if kind == _CLIENT_HELLO:
            hello: ClientHello | ServerHello | Malformed = read_client_hello(data, at, end)
            side.is_server = False
        elif kind == _SERVER_HELLO:
            hello = read_server_hello(data, at, end)
            side.is_server = True
            if isinstance(hello, ServerHello) and hello.retry:
                self._retry = True
        elif kind == _CERTIFICATE:
            results.append(_read_certificates(data, at, end, side.is_server))
            return
        else:
            if kind == _CERTIFICATE_REQUEST:
                side.is_server = True
                results.append(CertificateRequest())
            return
        side.hellos += 1
        side.quiet = False
        results.append(hello)


def _read_certificates(data: bytes, at: int, end: int, is_server: bool | None) -> Certificates | Malformed:
    # RFC 5246 7.4.2: three bytes of length for the list and for each certificate.
    found: list[bytes] = []
    stop = at + 3 + int.from_bytes(data[at : at + 3], "big")
    at += 3
    while at < stop <= end and len(found) < CHAIN_LIMIT:
        size = int.from_bytes(data[at : at + 3], "big")
        at += 3
        found.append(data[at : at + size])
        at += size
    if stop != end or (at != stop and len(found) < CHAIN_LIMIT):
        return Malformed(protocol=PROTOCOL, where="certificate_list", why="its lengths do not fill the message")
    return Certificates(sender_is_server=is_server, certificates=tuple(found))


DISSECTOR: Final = Dissector(protocol=PROTOCOL, open=TlsStream)
