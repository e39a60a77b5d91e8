"""DHCP and DHCPv6: how a client calls itself, what its program asks for, which address it gets, who gives it."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from asepsis.devices.clue import Attribute, Claim
from asepsis.devices.observe.say import ANNOUNCED, HINTED, SERVED, STATED, Reader, Say, clean, host_name
from asepsis.knowledge.hostnames import is_common
from asepsis.knowledge.vocabulary import Role
from asepsis.protocols.dhcp import Dhcp
from asepsis.protocols.dhcpv6 import Dhcpv6

# Only these confirm an address (RFC 2131 3.1); an OFFER may come to nothing.
_CONFIRMS = frozenset(("ACK", "BOOTREPLY", "LEASEACTIVE"))
_SERVED_LIMIT = 4


def _dhcp(message: Dhcp) -> Hashable:
    if message.is_reply:
        return (
            *(message.message_type, message.client_mac, message.your_ip, message.server_id, message.relay_ip),
            *(message.routers, message.dns_servers),
        )
    return (
        *(message.client_mac, message.host_name, message.fqdn, message.vendor_class, message.parameter_list),
        *(message.client_id, message.client_duid, message.machine_id, message.relay_ip, message.client_ip),
    )


def _explain_dhcp(message: Dhcp, say: Say) -> None:
    if message.is_reply:
        _explain_reply(message, say)
    elif message.client_mac:
        _explain_request(message, say)


def _explain_request(message: Dhcp, say: Say) -> None:
    mac = message.client_mac
    if not message.relay_ip and say.sender[0] not in ("", mac):
        # RFC 2131 2: without a relay the client itself sends. Another sender is a repeater, or lies.
        return

    def client(attribute: Attribute, value: str, weight: float) -> None:
        say.of(mac, "", attribute, value, weight)

    name = host_name(message.host_name or message.fqdn)
    for table, text, factor in (
        ("hostnames", name, 1.0),
        ("products", name, 0.6),
        ("dhcp_vendor_classes", message.vendor_class, 1.0),
        ("products", message.vendor_class, 1.0),
        ("dhcp_parameters", ",".join(map(str, message.parameter_list)), 1.0),
    ):
        say.known_of(mac, "", table, text, factor)
    if name:
        client(Attribute.NAME, name, ANNOUNCED)
    if message.client_ip:
        say.tied(mac, message.client_ip, Claim.SELF)
    _identify(message, name, client)
    sender_mac, sender_ip = say.sender
    if message.relay_ip and message.relay_ip == sender_ip and sender_mac != mac:
        say.that(Attribute.ROLE, Role.DHCP_RELAY, STATED)


def _identify(message: Dhcp, name: str, client: Callable[[Attribute, str, float], None]) -> None:
    """What ties this request to others of the same client from another interface or with another address."""
    identifier = message.client_id
    if message.client_duid:
        client(Attribute.IDENTIFIER, f"duid {message.client_duid}", STATED)
    elif identifier and identifier.lower() != message.client_mac and len(clean(identifier)) > 5:
        client(Attribute.IDENTIFIER, f"client-id {identifier}", ANNOUNCED)
    if message.machine_id:
        client(Attribute.IDENTIFIER, f"machine {message.machine_id}", STATED)
    if name and not is_common(name) and message.parameter_list:
        asked = ",".join(map(str, message.parameter_list))
        client(Attribute.IDENTIFIER, f"lease {name}|{message.vendor_class}|{asked}", HINTED)


def _explain_reply(message: Dhcp, say: Say) -> None:
    if message.message_type in _CONFIRMS:
        say.tied(message.client_mac, message.your_ip, Claim.LEASE)
    mac, ip = say.sender
    if message.server_id and ip == message.server_id:
        say.that(Attribute.ROLE, Role.DHCP_SERVER, STATED)
    elif message.relay_ip and ip == message.relay_ip:
        # RFC 2131 4.1: the relay's own interface in the client's network.
        say.tied(mac, ip, Claim.SELF)
        say.that(Attribute.ROLE, Role.DHCP_RELAY, STATED)
        say.of("", message.server_id, Attribute.ROLE, Role.DHCP_SERVER, SERVED)
    elif message.server_id:
        say.of("", message.server_id, Attribute.ROLE, Role.DHCP_SERVER, SERVED)
    if message.message_type == "ACK":
        for router in message.routers[:_SERVED_LIMIT]:
            say.of("", router, Attribute.ROLE, Role.ROUTER, SERVED)
        for server in message.dns_servers[:_SERVED_LIMIT]:
            say.of("", server, Attribute.ROLE, Role.DNS_SERVER, SERVED)


def _dhcpv6(message: Dhcpv6) -> Hashable:
    return (
        *(message.message_type, message.client_duid, message.addresses, message.fqdn, message.vendor_class),
        *(message.client_link_address, message.relay_peers),
    )


def _explain_dhcpv6(message: Dhcpv6, say: Say) -> None:
    mac, ip = say.sender
    if message.is_from_server:
        if not message.relay_peers:
            say.that(Attribute.ROLE, Role.DHCP_SERVER, STATED)
        if message.message_type == "REPLY" and message.client_link_address:
            for address in message.addresses[:_SERVED_LIMIT]:
                say.tied(message.client_link_address, address, Claim.LEASE)
        return
    # Behind a relay the frame is the relay's: the client is known by what the relay saw (RFC 6939).
    client_mac = message.client_link_address if message.relay_peers else mac
    client_ip = "" if message.relay_peers else ip
    if not client_mac and not client_ip:
        return
    name = host_name(message.fqdn.split(".", 1)[0])
    if name:
        say.of(client_mac, client_ip, Attribute.NAME, name, ANNOUNCED)
        say.known_of(client_mac, client_ip, "hostnames", name, 1.0)
    say.known_of(client_mac, client_ip, "dhcp_vendor_classes", message.vendor_class, 1.0)
    if message.client_duid:
        # RFC 8415 11: one DUID for all interfaces of a host.
        say.of(client_mac, client_ip, Attribute.IDENTIFIER, f"duid {message.client_duid}", STATED)


READERS: dict[type, Reader] = {
    Dhcp: Reader(_dhcp, _explain_dhcp, repeated=True),
    Dhcpv6: Reader(_dhcpv6, _explain_dhcpv6, repeated=True),
}
