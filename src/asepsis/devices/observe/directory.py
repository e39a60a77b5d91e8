"""Kerberos, LDAP and RDP: names of computers, who is a domain controller, who accepts remote desktops.

A controller's functional level tells its system at least: it is what the controller itself says that it can.
"""

from __future__ import annotations

from collections.abc import Hashable

from asepsis.devices.clue import Attribute
from asepsis.devices.observe.files import say_ntlm
from asepsis.devices.observe.say import REPORTED, STATED, Reader, Say, host_name
from asepsis.knowledge.vocabulary import Category, Role
from asepsis.protocols.kerberos import Kerberos
from asepsis.protocols.ldap import Ldap
from asepsis.protocols.rdp import RdpClient, RdpConnection

# MS-ADTS 3.1.1.3.2.25: a controller states its own level; 7 stands for 2016, 2019 and 2022, others for one version.
_SEVERAL = {"Windows Server 2016": "Windows Server 2016, 2019 or 2022"}

# Samba speaks as a controller too, and names itself where it is asked for its vendor.
_NOT_WINDOWS = "samba"

# Builds of RDP clients (clientBuild) that come with a Windows of the same build; a program that is not Windows may
# write any of them.
_RELEASES = ((10_240, "10.0"), (9_600, "6.3"), (9_200, "6.2"), (7_600, "6.1"), (6_000, "6.0"), (3_790, "5.2"))
_XP_BUILD = 2600


def _kerberos(message: Kerberos) -> Hashable:
    return (message.sender_is_server, message.client, message.workstation)


def _explain_kerberos(message: Kerberos, say: Say) -> None:
    if message.sender_is_server:
        say.that(Attribute.ROLE, Role.DIRECTORY_SERVER, 0.6)
        say.that(Attribute.CATEGORY, Category.SERVER, 0.4)
        # A reply goes to the machine that asked, and repeats its name.
        say.of_receiver(Attribute.NAME, _machine(message.client), REPORTED)
        return
    say.named(_machine(message.client), STATED)
    say.named(host_name(message.workstation), STATED)


def _machine(principal: str) -> str:
    """The short name of a machine out of ``CT-1$``, ``CT-1$@REALM`` or ``host/ct-1.ward.example``; else empty."""
    name = principal.partition("@")[0]
    if name.endswith("$"):
        return host_name(name[:-1])
    service, _, host = name.partition("/")
    return host_name(host.split(".", 1)[0]) if service.lower() == "host" else ""


def _ldap(message: Ldap) -> Hashable:
    said = (message.names, message.ntlm, message.ping)
    return (message.sender_is_server, *said) if message.sender_is_server or any(said) else None


def _explain_ldap(message: Ldap, say: Say) -> None:
    if message.ntlm is not None:
        say_ntlm(say, message.ntlm)
    names = dict(message.names)
    if not message.sender_is_server:
        say.named(host_name(names.get("workstation", "").split(".", 1)[0]), STATED)
        return
    say.that(Attribute.ROLE, Role.DIRECTORY_SERVER, 0.7 if message.ping or names else 0.6)
    say.that(Attribute.CATEGORY, Category.SERVER, 0.5 if message.ping else 0.4)
    for kind in ("dns_host", "netbios_computer", "server"):
        say.named(host_name(names.get(kind, "").split(".", 1)[0]), STATED)
    level = names.get("controller_level", "")
    if level.startswith("Windows") and _NOT_WINDOWS not in names.get("vendor", "").lower():
        say.that(Attribute.OS, _SEVERAL.get(level, level), REPORTED)


def _connection(message: RdpConnection) -> Hashable:
    return message.sender_is_server or None


def _explain_connection(_: RdpConnection, say: Say) -> None:
    say.that(Attribute.ROLE, Role.REMOTE_LOGIN_SERVER, 0.6)


def _client(message: RdpClient) -> Hashable:
    return (message.client_name, message.build)


def _explain_client(message: RdpClient, say: Say) -> None:
    say.named(host_name(message.client_name), STATED)
    release = "5.1" if message.build == _XP_BUILD else next((one for low, one in _RELEASES if message.build >= low), "")
    if release:
        say.known("smb_systems", f"{release}.{message.build}", 0.5)


READERS: dict[type, Reader] = {
    Kerberos: Reader(_kerberos, _explain_kerberos, partner=True),
    Ldap: Reader(_ldap, _explain_ldap),
    RdpConnection: Reader(_connection, _explain_connection),
    RdpClient: Reader(_client, _explain_client),
}
