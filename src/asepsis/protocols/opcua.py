"""OPC UA over TCP (OPC 10000-4, OPC 10000-6): which server is what, how it is protected, and who logs in how.

In: a TCP conversation. Out: an ``Opcua`` for each message. What a server says of its endpoints is read whole, of a
session the client's name and the kind of its identity; values, nodes, user names and passwords never.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.fields import MalformedError, facts_of, text
from asepsis.protocols.framing import Held
from asepsis.protocols.message import Dissector, Malformed, Result
from asepsis.protocols.opcua_names import APPLICATION_TYPES, IDENTITIES, SECURITY_MODES, SERVICES, TOKEN_TYPES

HEADER_LENGTH_BYTES = 8
# OPC 10000-6 6.7.2: what is larger is no chunk that anybody agreed on (``asepsis.wire.kernels.classify_control``).
CHUNK_LIMIT_BYTES = 16 * 1024 * 1024
# Endpoints with certificates are some 2 KiB each; the engine hands on 64 KiB of a direction.
HELD_LIMIT_BYTES = 64 * 1024
# A server has one endpoint for each policy and mode: some twelve. Lists that say more are cut.
LIST_LIMIT = 64

_TYPES: Final = {
    b"HEL": "Hello",
    b"ACK": "Acknowledge",
    b"ERR": "Error",
    b"RHE": "ReverseHello",
    b"OPN": "OpenSecureChannel",
    b"MSG": "Message",
    b"CLO": "CloseSecureChannelRequest",
}
_POLICY_URI: Final = "http://opcfoundation.org/UA/SecurityPolicy#"


@value
class Opcua:
    """One message, or the first chunk of one."""

    PROTOCOL: ClassVar[str] = "opcua"
    message: str
    """``Hello``, ``GetEndpointsResponse``, ``CreateSessionRequest``; ``Message`` where it is encrypted."""
    from_server: bool | None = None
    endpoint_url: str = ""
    application_name: str = ""
    application_uri: str = ""
    product_uri: str = ""
    application_type: str = ""
    policies: tuple[str, ...] = ()
    """``None``, ``Basic256Sha256``: of the channel that is opened, or all that a server offers."""
    modes: tuple[str, ...] = ()
    """``None``, ``Sign``, ``SignAndEncrypt``: all that a server offers."""
    identities: tuple[str, ...] = ()
    """How users may log in, or how one does: ``Anonymous``, ``UserName``, ``Certificate``."""
    anonymous: bool = False
    """Somebody without a name may log in, or does."""
    password_in_clear: bool = False
    """A password was sent over a channel whose policy is None, and not encrypted itself."""
    error: str = ""

    @property
    def kind(self) -> str:
        """The message's name."""
        return self.message

    @property
    def sender_is_server(self) -> bool | None:
        """Requests are of clients, answers of servers."""
        return self.from_server

    def facts(self) -> dict[str, Any]:
        """All that is said."""
        return _facts(self)


_facts: Final = facts_of(Opcua, without=("message", "from_server"))


class OpcuaStream:
    """One TCP conversation."""

    __slots__ = ("_bodies", "_directions", "_lost")

    def __init__(self) -> None:
        self._directions = (Held(), Held())
        self._bodies = [b"", b""]
        self._lost = [False, False]

    def feed(self, sender: int, data: bytes, *, gap: bool = False) -> Sequence[Result]:
        """Takes the next bytes of one direction."""
        if gap:
            self._drop(sender, lost=False)
        elif self._lost[sender]:
            return ()
        direction = self._directions[sender]
        data = direction.join(data)
        results: list[Result] = []
        at, end = 0, len(data)
        while at < end:
            if direction.skip:
                at += direction.pass_by(end - at)
                continue
            if end - at < HEADER_LENGTH_BYTES:
                direction.keep(data, at, HEADER_LENGTH_BYTES)
                break
            name, chunk = _TYPES.get(data[at : at + 3]), data[at + 3]
            size = int.from_bytes(data[at + 4 : at + 8], "little")
            if name is None or chunk not in b"FCA" or not HEADER_LENGTH_BYTES <= size <= CHUNK_LIMIT_BYTES:
                self._drop(sender, lost=True)
                if not gap:
                    results.append(Malformed(protocol="opcua", where="message header", why="no type, chunk or size"))
                return results
            if size > HELD_LIMIT_BYTES:
                direction.skip = size
                self._bodies[sender] = b""
                results.append(Opcua(message=name))
                continue
            if at + size > end:
                direction.keep(data, at, size)
                break
            results += self._chunk(sender, name, chunk, data[at + HEADER_LENGTH_BYTES : at + size])
            at += size
        return results

    def close(self) -> Sequence[Result]:
        """A chunk that is not whole says nothing."""
        return ()

    def _drop(self, sender: int, *, lost: bool) -> None:
        self._directions[sender].forget()
        self._bodies[sender] = b""
        self._lost[sender] = lost

    def _chunk(self, sender: int, name: str, chunk: int, body: bytes) -> Sequence[Result]:
        if name == "Message":
            # OPC 10000-6 6.7.2.3: channel, token, sequence, request: the rest of all chunks is one message.
            if chunk == ord("A"):
                self._bodies[sender] = b""
                return ()
            held = self._bodies[sender] + body[16:]
            if chunk == ord("C"):
                self._bodies[sender] = held if len(held) <= HELD_LIMIT_BYTES else b""
                return ()
            self._bodies[sender] = b""
            body = held
        try:
            return (_message(name, body),)
        except MalformedError as found:
            return (Malformed(protocol="opcua", where=found.where, why=found.why),)


def _message(name: str, body: bytes) -> Opcua:
    fields = _Fields(body, name)
    match name:
        case "Hello":
            fields.skip(20)
            return Opcua(message=name, from_server=False, endpoint_url=fields.string())
        case "ReverseHello":
            uri = fields.string()
            return Opcua(message=name, from_server=True, application_uri=uri, endpoint_url=fields.string())
        case "Acknowledge":
            return Opcua(message=name, from_server=True)
        case "Error":
            return Opcua(message=name, from_server=True, error=f"0x{fields.number():08X}")
        case "OpenSecureChannel":
            fields.skip(4)
            policy = _policy(fields.string())
            if policy != "None":
                return Opcua(message=name, policies=(policy,) if policy else ())
            fields.octets()
            fields.octets()
            fields.skip(8)
            service = SERVICES.get(fields.node(), name)
            return Opcua(message=service, from_server=_side(service), policies=(policy,))
        case "Message":
            return _service(fields)
        case _:
            return Opcua(message=name, from_server=_side(name))


def _side(service: str) -> bool | None:
    if service.endswith(("Response", "Fault")):
        return True
    return False if service.endswith("Request") else None


def _service(fields: _Fields) -> Opcua:
    try:
        service = SERVICES.get(fields.node(), "")
    except MalformedError:
        service = ""
    if not service:
        return Opcua(message="Message")  # encrypted, or a service that says nothing of who is who
    found: dict[str, Any] = {}
    match service:
        case "GetEndpointsRequest" | "FindServersRequest":
            fields.request_header()
            found["endpoint_url"] = fields.string()
        case "GetEndpointsResponse":
            fields.response_header()
            _endpoints(fields, found)
        case "FindServersResponse":
            fields.response_header()
            if fields.count():
                found |= _application(fields)
        case "CreateSessionRequest":
            fields.request_header()
            found |= _application(fields)
            fields.octets()  # the server's URI
            found["endpoint_url"] = fields.string()
        case "CreateSessionResponse":
            fields.response_header()
            fields.node()
            fields.node()
            fields.skip(8)
            fields.octets()
            fields.octets()
            _endpoints(fields, found)
        case "ActivateSessionRequest":
            fields.request_header()
            _identity(fields, found)
    return Opcua(message=service, from_server=_side(service), **found)


def _application(fields: _Fields) -> dict[str, Any]:
    """ApplicationDescription (OPC 10000-4 7.2)."""
    uri, product = fields.string(), fields.string()
    name = fields.localized_text()
    kind = fields.number()
    fields.octets()
    fields.octets()
    for _ in range(fields.count()):
        fields.octets()
    return {
        "application_uri": uri,
        "product_uri": product,
        "application_name": name,
        "application_type": APPLICATION_TYPES[kind] if kind < len(APPLICATION_TYPES) else "",
    }


def _endpoints(fields: _Fields, found: dict[str, Any]) -> None:
    """EndpointDescriptions (OPC 10000-4 7.14): together all ways to reach one server."""
    policies: dict[str, None] = {}
    modes: dict[str, None] = {}
    identities: dict[str, None] = {}
    for number in range(fields.count()):
        url = fields.string()
        application = _application(fields)
        if number == 0:
            found |= application | {"endpoint_url": url}
        fields.octets()
        mode = fields.number()
        modes[SECURITY_MODES[mode] if mode < len(SECURITY_MODES) else f"mode {mode}"] = None
        policies[_policy(fields.string())] = None
        for _ in range(fields.count()):
            fields.octets()
            token = fields.number()
            identities[TOKEN_TYPES[token] if token < len(TOKEN_TYPES) else f"token {token}"] = None
            fields.octets()
            fields.octets()
            fields.octets()
        fields.octets()
        fields.skip(1)
    found["policies"], found["modes"], found["identities"] = tuple(policies), tuple(modes), tuple(identities)
    found["anonymous"] = "Anonymous" in identities


def _identity(fields: _Fields, found: dict[str, Any]) -> None:
    """ActivateSession (OPC 10000-4 5.6.3.2): of the user's token only its kind, and whether a password is readable."""
    fields.octets()
    fields.octets()
    for _ in range(fields.count()):
        fields.octets()
        fields.octets()
    for _ in range(fields.count()):
        fields.octets()
    kind = IDENTITIES.get(fields.node(), "")
    found["identities"] = (kind,) if kind else ()
    found["anonymous"] = kind == "Anonymous"
    if kind == "UserName":
        # Policy, user, password, and the algorithm that encrypts it: none, and it stands there (OPC 10000-4 7.40.4).
        fields.skip(5)
        fields.octets()
        fields.octets()
        found["password_in_clear"] = bool(fields.octets()) and not fields.octets()


def _policy(uri: str) -> str:
    return uri.removeprefix(_POLICY_URI)


class _Fields:
    """A cursor over OPC UA's binary encoding (OPC 10000-6 5.2); a field that is not whole raises ``MalformedError``."""

    __slots__ = ("_at", "_body", "_where")

    def __init__(self, body: bytes, where: str) -> None:
        self._body = body
        self._where = where
        self._at = 0

    def skip(self, size: int) -> None:
        if size < 0 or self._at + size > len(self._body):
            raise MalformedError(self._where, f"{size} bytes said, {len(self._body) - self._at} left")
        self._at += size

    def number(self, size: int = 4) -> int:
        at = self._at
        self.skip(size)
        return int.from_bytes(self._body[at : at + size], "little")

    def octets(self) -> bytes:
        """A string or byte string: a length, -1 for none."""
        size = self.number()
        if size == 0xFFFFFFFF:
            return b""
        at = self._at
        self.skip(size)
        return self._body[at : at + size]

    def string(self) -> str:
        return text(self.octets())

    def count(self) -> int:
        """Members of an array, -1 for none."""
        count = self.number()
        if count == 0xFFFFFFFF:
            return 0
        if count > LIST_LIMIT:
            raise MalformedError(self._where, f"an array of {count}")
        return count

    def localized_text(self) -> str:
        mask = self.number(1)
        if mask & 1:
            self.octets()
        return self.string() if mask & 2 else ""

    def node(self) -> int:
        """A NodeId (OPC 10000-6 5.2.2.9): its number, -1 where it is of another kind."""
        match self.number(1) & 0x3F:
            case 0:
                return self.number(1)
            case 1:
                self.skip(1)
                return self.number(2)
            case 2:
                self.skip(2)
                return self.number()
            case 3 | 5:
                self.skip(2)
                self.octets()
            case 4:
                self.skip(18)
            case _:
                raise MalformedError(self._where, "no node id")
        return -1

    def _extension(self) -> None:
        """An ExtensionObject (OPC 10000-6 5.2.2.15)."""
        self.node()
        if self.number(1):
            self.octets()

    def request_header(self) -> None:
        """OPC 10000-4 7.33: token, time, handle, diagnostics, audit entry, time-out, more."""
        self.node()
        self.skip(16)
        self.octets()
        self.skip(4)
        self._extension()

    def response_header(self) -> None:
        """OPC 10000-4 7.34; diagnostics that are said are rare and end the reading."""
        self.skip(16)
        if self.number(1):
            raise MalformedError(self._where, "diagnostics are not read")
        for _ in range(self.count()):
            self.octets()
        self._extension()


DISSECTOR = Dissector(protocol="opcua", open=OpcuaStream)
