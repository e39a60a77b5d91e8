"""NetBIOS: names that computers hold and announce, what they serve, and the version of their system."""

from __future__ import annotations

from collections.abc import Hashable

from asepsis.devices.clue import Attribute, Claim
from asepsis.devices.observe.say import ANNOUNCED, HINTED, REPORTED, SERVED, STATED, Reader, Say
from asepsis.knowledge.hardware import registered_vendor
from asepsis.knowledge.vocabulary import Role
from asepsis.protocols.masking import MASK
from asepsis.protocols.nbdgm import NetbiosDatagram
from asepsis.protocols.nbns import Nbns
from asepsis.protocols.netbios_names import NetbiosName

# Suffixes (Microsoft knowledge base 163409): of names that a computer holds alone, and of groups.
_WORKSTATION, _FILE_SERVER, _DOMAIN_MASTER, _CONTROLLERS = 0x00, 0x20, 0x1B, 0x1C
_CLAIMS = ("REGISTRATION", "MULTI-HOMED REGISTRATION", "REFRESH")
_ADDRESSES_LIMIT = 4
# Bits of the server type -> role, weight: Windows computers share printers and files whether anybody uses them or not.
_SERVER_ROLES = (
    ("domain controller", Role.DIRECTORY_SERVER, STATED),
    ("backup domain controller", Role.DIRECTORY_SERVER, STATED),
    ("SQL server", Role.DATABASE_SERVER, REPORTED),
)


def _nbns(message: Nbns) -> Hashable:
    if message.held:
        return (message.held, message.mac)
    if not message.addresses:
        return None  # who asks for a name says nothing of itself
    return (message.kind, message.name, message.is_group, message.addresses)


def _explain_nbns(message: Nbns, say: Say) -> None:
    mac, ip = say.sender
    if message.held:
        for held in message.held:
            _explain_name(say, held.name, is_group=held.is_group, weight=STATED)
        if message.mac == mac:
            say.tied(mac, ip, Claim.SELF)
        elif message.mac:
            # RFC 1002 4.2.18: the unit id is the node's hardware address, seen from behind a router. Anybody can say
            # another's, so it tells the maker, and ties nothing.
            say.made_by(registered_vendor(message.mac), HINTED)
    elif message.kind in _CLAIMS:
        if ip in message.addresses:
            _explain_name(say, message.name, is_group=message.is_group, weight=ANNOUNCED)
            say.tied(mac, ip, Claim.SELF)
    elif message.kind == "QUERY RESPONSE" and not message.failure:
        if not message.is_group and message.addresses == (ip,):
            _explain_name(say, message.name, is_group=False, weight=ANNOUNCED)
            return
        for address in message.addresses[:_ADDRESSES_LIMIT]:
            if message.name.suffix in (_CONTROLLERS, _DOMAIN_MASTER):
                say.of("", address, Attribute.ROLE, Role.DIRECTORY_SERVER, SERVED)
            elif not message.is_group and message.name.suffix in (_WORKSTATION, _FILE_SERVER):
                say.of("", address, Attribute.NAME, message.name.name, HINTED)


def _explain_name(say: Say, name: NetbiosName, *, is_group: bool, weight: float) -> None:
    if is_group:
        if name.suffix == _CONTROLLERS:
            say.that(Attribute.ROLE, Role.DIRECTORY_SERVER, weight)
    elif name.suffix in (_WORKSTATION, _FILE_SERVER) and name.name != MASK:
        say.named(name.name, weight)
        if name.suffix == _FILE_SERVER:
            say.that(Attribute.ROLE, Role.FILE_SERVER, REPORTED)
    elif name.suffix == _DOMAIN_MASTER:
        say.that(Attribute.ROLE, Role.DIRECTORY_SERVER, REPORTED)


def _nbdgm(message: NetbiosDatagram) -> Hashable:
    if message.os_version:
        return (message.source_ip, message.computer, message.os_version, message.server_types)
    return (message.source_ip, message.source) if message.source else None


def _explain_nbdgm(message: NetbiosDatagram, say: Say) -> None:
    _, ip = say.sender
    if message.source_ip != ip:
        return  # a server that passes datagrams on (RFC 1002 5.3.3), or a forgery
    if not message.os_version:
        name, _, suffix = message.source.rpartition("<")
        if suffix in ("00>", "20>") and name != MASK:
            say.named(name, ANNOUNCED)
        return
    say.named(message.computer, ANNOUNCED)
    types = message.server_types
    system = "unix" if "Unix server" in types else "server" if "NT server" in types else "workstation"
    say.known("smb_systems", f"browser {system} {message.os_version}")
    for word, role, weight in _SERVER_ROLES:
        if word in types:
            say.that(Attribute.ROLE, role, weight)


READERS: dict[type, Reader] = {
    Nbns: Reader(_nbns, _explain_nbns, repeated=True),
    NetbiosDatagram: Reader(_nbdgm, _explain_nbdgm, repeated=True),
}
