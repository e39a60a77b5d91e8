"""SMB and NTLM: names and operating systems of computers."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from asepsis.devices.clue import Attribute
from asepsis.devices.observe.say import HINTED, STATED, Reader, Say, host_name
from asepsis.knowledge.vocabulary import Category, Role
from asepsis.protocols.ntlm import Ntlm
from asepsis.protocols.smb_messages import NetbiosSession, SmbNegotiate, SmbSession, SmbTree

_COMPUTER_NAMES = ("netbios_computer", "dns_computer", "server")


def say_ntlm(say: Say, ntlm: Ntlm) -> None:
    """What an NTLM message says of the computer that sent it."""
    # MS-NLMP 2.2.2.10: a zero build number is written by programs that are not Windows.
    if ntlm.os_version and not ntlm.os_version.endswith(".0"):
        say.known("smb_systems", ntlm.os_version)
    if ntlm.sender_is_server:
        _say_names(say, ntlm.names)
    else:
        # A client names its workstation; in AUTHENTICATE the target's pairs come back too, so only its own counts.
        _say_names(say, ((kind, name) for kind, name in ntlm.names if kind == "workstation"))


def _say_names(say: Say, names: Iterable[tuple[str, str]]) -> None:
    for kind, name in names:
        if kind in _COMPUTER_NAMES or kind == "workstation":
            # The short name is the same in NetBIOS and DNS, but for case (MS-ADTS 3.1.1.1.4).
            say.named(host_name(name.split(".", 1)[0]), STATED)


def _negotiate(message: SmbNegotiate) -> Hashable:
    return (message.sender_is_server, message.guid if message.sender_is_server else "", message.names)


def _explain_negotiate(message: SmbNegotiate, say: Say) -> None:
    if message.sender_is_server:
        say.that(Attribute.ROLE, Role.FILE_SERVER, 0.5)
        _say_names(say, message.names)
        if message.guid:
            # MS-SMB2 2.2.4: one for a server, whichever interface answers.
            say.that(Attribute.IDENTIFIER, f"smb {message.guid}", STATED)


def _session(message: SmbSession) -> Hashable:
    return (message.sender_is_server, message.names, message.ntlm)


def _explain_session(message: SmbSession, say: Say) -> None:
    for kind, text in message.names:
        if kind == "os":
            say.known("smb_systems", text)
    if message.ntlm is not None:
        say_ntlm(say, message.ntlm)


def _tree(message: SmbTree) -> Hashable:
    return (message.service, message.sender_is_server)


def _explain_tree(message: SmbTree, say: Say) -> None:
    if message.sender_is_server and message.service.lower() in ("printer", "lpt1:"):
        say.that(Attribute.ROLE, Role.PRINT_SERVER, 0.5)
        say.that(Attribute.CATEGORY, Category.SERVER, 0.3)


def _netbios(message: NetbiosSession) -> Hashable:
    return (message.called, message.calling)


def _explain_netbios(message: NetbiosSession, say: Say) -> None:
    # RFC 1002 4.1: the suffix tells the service and is no part of the name; *SMBSERVER is anybody.
    calling, called = (name.partition("<")[0].strip() for name in (message.calling, message.called))
    say.named(calling, STATED)
    if called and not called.startswith("*"):
        say.of_receiver(Attribute.NAME, called, HINTED)  # a caller may be mistaken, or lie


READERS: dict[type, Reader] = {
    SmbNegotiate: Reader(_negotiate, _explain_negotiate),
    SmbSession: Reader(_session, _explain_session),
    SmbTree: Reader(_tree, _explain_tree),
    NetbiosSession: Reader(_netbios, _explain_netbios, partner=True),
}
