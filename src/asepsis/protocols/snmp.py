"""SNMP versions 1, 2c and 3 (RFC 1157, RFC 3416, RFC 3412): what a device says it is, and how it is asked.

In: one UDP payload of ports 161 and 162. Out: one ``Snmp``. A community is a password: it is never kept, but for
those that every attacker knows. Neighbours: ``ber`` reads elements, ``snmp_objects`` knows the objects.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.ber import (
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    contents_of,
    dotted,
    element,
    expect,
    integer,
)
from asepsis.protocols.fields import MalformedError, facts_of, ip, mac, text_or_hex
from asepsis.protocols.message import Dissector, Malformed, Result
from asepsis.protocols.snmp_objects import CONTACT, ENTERPRISES, ManagedObject, known_object, written

# A manager asks for some ten variables at once, a bulk answer holds some fifty.
VARIABLES_LIMIT = 256
OBJECTS_LIMIT = 64
ENTERPRISES_LIMIT = 16
# Managers ask for the same variables every minute. 4,096 lists of at most 400 bytes stay under 8 MiB.
REMEMBERED_LISTS = 4096
REMEMBERED_LENGTH_BYTES = 400
# The known objects have indexes of a few arcs; a longer identifier is none of theirs.
IDENTIFIER_LIMIT_BYTES = 64
# RFC 3411 5, SnmpEngineID: at most 32 bytes. One a device; a site has some thousand that speak version 3.
ENGINE_LIMIT_BYTES = 32
REMEMBERED_ENGINES = 4096

_VERSIONS: Final = {0: "v1", 1: "v2c", 3: "v3"}
# RFC 3416 3, and for 0xA4 RFC 1157 4.1.6.
_PDUS: Final = {
    0xA0: "GetRequest",
    0xA1: "GetNextRequest",
    0xA2: "Response",
    0xA3: "SetRequest",
    0xA4: "Trap",
    0xA5: "GetBulkRequest",
    0xA6: "InformRequest",
    0xA7: "SNMPv2-Trap",
    0xA8: "Report",
}
_V1_TRAP = 0xA4
_ANSWERS: Final = frozenset(("Response", "Report"))
_ENCRYPTED = "encryptedPDU"

DEFAULT_COMMUNITIES: Final = frozenset((b"public", b"private"))
"""Communities that devices are delivered with and attackers try first."""
OTHER_COMMUNITY: Final = "other"
"""Stands for any other community."""

# RFC 3584 3.1: snmpTraps; a generic trap of version 1 is one of its children.
_GENERIC_TRAPS = "1.3.6.1.6.3.1.1.5"
_TRAP_OID = contents_of("1.3.6.1.6.3.1.1.4.1.0")


@value
class Snmp:
    """One SNMP message."""

    PROTOCOL: ClassVar[str] = "snmp"
    version: str
    """``v1``, ``v2c``, ``v3``."""
    pdu: str
    """``GetRequest``, ``Response``, ``Trap``, ...; ``encryptedPDU`` where it is encrypted (RFC 3412 6)."""
    community: str = ""
    """``public``, ``private``, or ``other`` for any other; empty for an empty one and in version 3."""
    error_status: int = 0
    """Of a Response (RFC 3416 3)."""
    variables: int = 0
    """How many variables there are, at most ``VARIABLES_LIMIT``."""
    objects: tuple[ManagedObject, ...] = ()
    """Variables that say what the device is, when they have values."""
    has_contact: bool = False
    """sysContact has a value, which is not kept: it names a person."""
    enterprises: tuple[int, ...] = ()
    """Private enterprise numbers under which variables stand: the makers of what is managed."""
    trap: str = ""
    """The notification's identifier; of version 1 as RFC 3584 3.1 translates it."""
    agent_address: str = ""
    """Of a version 1 trap: who says it."""
    security_level: str = ""
    """Version 3: ``noAuthNoPriv``, ``authNoPriv``, ``authPriv``."""
    has_user: bool = False
    """Version 3: a user is named, whose name is not kept."""
    engine_id: str = ""
    """Version 3: the authoritative engine, in hexadecimal digits (RFC 3411 5, SnmpEngineID)."""
    engine_enterprise: int = 0
    """Private enterprise number of the engine's maker."""
    engine_mac: str = ""
    engine_ip: str = ""
    engine_text: str = ""
    engine_boots: int = 0
    engine_time_seconds: int = 0
    """How long the engine has been running since its last boot."""

    @property
    def kind(self) -> str:
        """The PDU."""
        return self.pdu

    @property
    def sender_is_server(self) -> bool | None:
        """Who answers serves; who asks or notifies is served, by an agent or by the receiver of notifications."""
        return None if self.pdu == _ENCRYPTED else self.pdu in _ANSWERS

    def facts(self) -> dict[str, Any]:
        """All that is said, but the PDU, which is the kind."""
        facts = _facts(self)
        if self.objects:
            facts["objects"] = {f"{known.name}.{known.index}": known.value for known in self.objects}
        return facts


_facts: Final = facts_of(Snmp, without=("pdu", "objects"))


def read(payload: bytes) -> Sequence[Result]:
    """Reads one message; what is understood before something malformed is kept once the PDU is known."""
    said: dict[str, Any] = {}
    malformed = None
    try:
        _read_message(payload, said)
    except MalformedError as error:
        malformed = Malformed(protocol="snmp", where=error.where, why=error.why)
    if "pdu" not in said:
        return (malformed,) if malformed else ()
    message = Snmp(**said)
    return (message, malformed) if malformed else (message,)


def _read_message(payload: bytes, said: dict[str, Any]) -> None:
    at, end = expect(payload, 0, len(payload), SEQUENCE, "message")
    version, at = integer(payload, at, end, "version")
    name = _VERSIONS.get(version)
    if name is None:
        raise MalformedError("version", f"{version} is none of SNMP's")
    said["version"] = name
    if version == 3:
        _read_version_3(payload, at, end, said)
        return
    start, stop = expect(payload, at, end, OCTET_STRING, "community")
    community = payload[start:stop]
    if community in DEFAULT_COMMUNITIES:
        said["community"] = community.decode("ascii")
    elif community:
        said["community"] = OTHER_COMMUNITY
    _read_pdu(payload, stop, end, said)


def _read_version_3(payload: bytes, at: int, end: int, said: dict[str, Any]) -> None:
    # RFC 3412 6: msgGlobalData holds msgID, msgMaxSize, msgFlags, msgSecurityModel.
    start, at_parameters = expect(payload, at, end, SEQUENCE, "msgGlobalData")
    _, start = integer(payload, start, at_parameters, "msgID")
    _, start = integer(payload, start, at_parameters, "msgMaxSize")
    start, stop = expect(payload, start, at_parameters, OCTET_STRING, "msgFlags")
    flags = payload[start] if stop > start else 0
    model, _ = integer(payload, stop, at_parameters, "msgSecurityModel")
    said["security_level"] = ("noAuthNoPriv", "authNoPriv", "", "authPriv")[flags & 3]
    start, at_data = expect(payload, at_parameters, end, OCTET_STRING, "msgSecurityParameters")
    if model == 3:
        _read_user_security(payload, start, at_data, said)
    tag, start, stop = element(payload, at_data, end)
    if tag != SEQUENCE:
        said["pdu"] = _ENCRYPTED
        return
    # RFC 3412 6.8: contextEngineID, contextName, PDU.
    _, start = expect(payload, start, stop, OCTET_STRING, "contextEngineID")
    _, start = expect(payload, start, stop, OCTET_STRING, "contextName")
    _read_pdu(payload, start, stop, said)


def _read_user_security(payload: bytes, at: int, end: int, said: dict[str, Any]) -> None:
    # RFC 3414 2.4: engine id, boots, time, user name, and two parameters of which nothing is kept.
    at, end = expect(payload, at, end, SEQUENCE, "UsmSecurityParameters")
    start, stop = expect(payload, at, end, OCTET_STRING, "msgAuthoritativeEngineID")
    if 5 <= stop - start <= ENGINE_LIMIT_BYTES:
        said.update(_engine(payload[start:stop]))
    said["engine_boots"], at = integer(payload, stop, end, "msgAuthoritativeEngineBoots", signed=False)
    said["engine_time_seconds"], at = integer(payload, at, end, "msgAuthoritativeEngineTime", signed=False)
    start, stop = expect(payload, at, end, OCTET_STRING, "msgUserName")
    said["has_user"] = stop > start


@lru_cache(maxsize=REMEMBERED_ENGINES)
def _engine(engine: bytes) -> dict[str, Any]:
    # RFC 3411 5, SnmpEngineID: 5 to 32 bytes; an enterprise number, and by the first bit a format.
    said: dict[str, Any] = {
        "engine_id": engine.hex(),
        "engine_enterprise": int.from_bytes(engine[:4], "big") & 0x7FFFFFFF,
    }
    if engine[0] & 0x80:
        match engine[4]:
            case 1 | 2:
                said["engine_ip"] = ip(engine[5:])
            case 3:
                said["engine_mac"] = mac(engine[5:])
            case 4:
                said["engine_text"] = text_or_hex(engine[5:])
    return said


def _read_pdu(payload: bytes, at: int, end: int, said: dict[str, Any]) -> None:
    tag, at, end = element(payload, at, end)
    pdu = _PDUS.get(tag)
    if pdu is None:
        raise MalformedError("PDU", f"tag {tag:#04x} is none of SNMP's")
    said["pdu"] = pdu
    if tag == _V1_TRAP:
        at = _read_v1_trap(payload, at, end, said)
    else:
        # RFC 3416 3: request-id, error-status, error-index; in GetBulkRequest the last two count repetitions.
        _, at = integer(payload, at, end, "request-id")
        status, at = integer(payload, at, end, "error-status")
        _, at = integer(payload, at, end, "error-index")
        if pdu == "Response":
            said["error_status"] = status
    start, stop = expect(payload, at, end, SEQUENCE, "variable-bindings")
    variables = payload[start:stop]
    known = _remembered(variables) if len(variables) <= REMEMBERED_LENGTH_BYTES else _read_variables(variables)
    said["variables"], said["objects"], said["has_contact"], said["enterprises"], trap, malformed = known
    if trap:
        said["trap"] = trap
    if malformed:
        raise MalformedError("variable-bindings", malformed)


def _read_v1_trap(payload: bytes, at: int, end: int, said: dict[str, Any]) -> int:
    # RFC 1157 4.1.6: enterprise, agent-addr, generic-trap, specific-trap, time-stamp.
    start, stop = expect(payload, at, end, OBJECT_IDENTIFIER, "enterprise")
    enterprise = dotted(payload[start:stop])
    _, start, stop = element(payload, stop, end)
    said["agent_address"] = ip(payload[start:stop])
    generic, at = integer(payload, stop, end, "generic-trap")
    specific, at = integer(payload, at, end, "specific-trap")
    _, _, at = element(payload, at, end)
    # RFC 3584 3.1.
    said["trap"] = f"{_GENERIC_TRAPS}.{generic + 1}" if 0 <= generic <= 5 else f"{enterprise}.0.{specific}"
    return at


_Variables = tuple[int, tuple[ManagedObject, ...], bool, tuple[int, ...], str, str]
"""How many, known objects, whether sysContact has a value, enterprises, the trap, why it is malformed."""


def _read_variables(variables: bytes) -> _Variables:
    at, end, count = 0, len(variables), 0
    objects: list[ManagedObject] = []
    enterprises: dict[int, None] = {}
    has_contact = False
    trap = malformed = ""
    try:
        while at < end and count < VARIABLES_LIMIT:
            start, stop = expect(variables, at, end, SEQUENCE, "variable")
            at = stop
            start, behind = expect(variables, start, stop, OBJECT_IDENTIFIER, "name")
            identifier = variables[start:behind]
            tag, start, stop = element(variables, behind, stop)
            count += 1
            if identifier.startswith(ENTERPRISES):
                if len(enterprises) < ENTERPRISES_LIMIT:
                    number = _enterprise(identifier)
                    enterprises[number] = None
            elif identifier == _TRAP_OID:
                trap = dotted(variables[start:stop])
            elif stop > start:
                if identifier.startswith(CONTACT):
                    has_contact = True
                elif len(objects) < OBJECTS_LIMIT and (known := _known(identifier, tag, variables[start:stop])):
                    objects.append(known)
    except MalformedError as error:
        malformed = f"{error.where}: {error.why}"
    return count, tuple(objects), has_contact, tuple(enterprises), trap, malformed


_remembered = lru_cache(maxsize=REMEMBERED_LISTS)(_read_variables)


def _known(identifier: bytes, tag: int, contents: bytes) -> ManagedObject | None:
    if len(identifier) > IDENTIFIER_LIMIT_BYTES:
        return None
    name, index = known_object(identifier)
    if not name:
        return None
    text = written(name, tag, contents)
    return ManagedObject(name=name, index=index, value=text) if text else None


def _enterprise(identifier: bytes) -> int:
    number = 0
    for octet in identifier[len(ENTERPRISES) : len(ENTERPRISES) + 5]:
        number = number << 7 | octet & 0x7F
        if octet < 0x80:
            break
    return number


DISSECTOR = Dissector(protocol="snmp", datagram=read)
