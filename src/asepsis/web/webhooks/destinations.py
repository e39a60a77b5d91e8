"""Where webhooks may go: to the world, and inside only to the networks that the hospital listed.

A name is looked up once; what it means is checked, and the connection goes to the very address that was checked, so
that a name that means something else a moment later leads nowhere.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from asepsis.kernel.errors import AsepsisError
from asepsis.kernel.value import value

URL_LIMIT: Final = 500
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# RFC 6052 2.1: what is behind it is an IPv4 address, whatever the network in between says of it.
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


class DestinationError(AsepsisError):
    """An address that webhooks do not go to."""


@value
class Destination:
    """An address taken apart."""

    is_tls: bool
    host: str
    port: int
    path: str
    """With the query, as it is asked for."""


def read(url: str) -> Destination:
    """Takes an address apart.

    Raises:
        DestinationError: It is no ``https`` address of a host; ``http`` is only for this machine itself.
    """
    if len(url) > URL_LIMIT or not url.isascii() or not url.isprintable() or " " in url:
        raise _refused("the address is too long, or holds signs that an address has not")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise _refused("this is no address") from error
    if parts.scheme not in ("https", "http") or not host:
        raise _refused("an address begins with https:// and names a host")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise _refused("an address holds neither a name with a password nor a part after '#'")
    if parts.scheme == "http" and not _is_this_machine(host):
        raise _refused("without TLS everybody on the way reads along: use https://")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    is_tls = parts.scheme == "https"
    return Destination(is_tls=is_tls, host=host, port=port or (443 if is_tls else 80), path=path)


def addresses(destination: Destination, allowed: Iterable[str]) -> list[str]:
    """The addresses that the host has now, each one checked.

    Args:
        destination: Where to.
        allowed: Networks in CIDR notation that count although they are not of the open internet.

    Raises:
        DestinationError: It has none, or one of them may not be gone to: a name that means both is a trap.
    """
    try:
        found = socket.getaddrinfo(destination.host, destination.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise _refused("the host has no address") from error
    networks = [ipaddress.ip_network(one, strict=False) for one in allowed]
    checked = []
    for _, _, _, _, name in found:
        address = ipaddress.ip_address(str(name[0]).partition("%")[0])
        if not may_go(address, networks):
            raise _refused("the host lies inside, in a network that is not listed")
        checked.append(str(address))
    return checked


def may_go(address: Address, allowed: Iterable[Network]) -> bool:
    """Whether webhooks may go to an address: one of the open internet, or of a listed network."""
    address = _meant(address)
    if address.is_unspecified or address.is_multicast:
        return False
    if any(address.version == network.version and address in network for network in allowed):
        return True
    return address.is_global


def _meant(address: Address) -> Address:
    """The IPv4 address that is wrapped into an IPv6 one, since it is there that packets end."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.sixtofour is not None:
            return address.sixtofour
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refused(message: str) -> DestinationError:
    return DestinationError(
        message, code="webhook-destination", hint="Networks inside are listed in workspace.toml: [webhooks] networks."
    )
