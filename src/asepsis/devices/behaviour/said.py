"""Messages -> the words that they add to the behaviour of the device that sent them.

A word is what a program puts into its messages without knowing whose unit it runs on. Every message counts by its
protocol and kind; the protocols below say more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final

from asepsis.devices.behaviour.profile import without_identifiers
from asepsis.protocols.arp import Arp
from asepsis.protocols.dhcp import Dhcp
from asepsis.protocols.dns import Dns
from asepsis.protocols.http_head import HttpRequest, HttpResponse
from asepsis.protocols.mdns import Mdns
from asepsis.protocols.message import Message
from asepsis.protocols.ssdp import Ssdp
from asepsis.protocols.tls_hello import ClientHello

# Of one message; a longer list of records says the same again.
_LISTED = 8
REMEMBERED_MESSAGES = 1 << 13


def _dhcp(message: Dhcp) -> Iterator[tuple[str, str]]:
    if message.is_reply:
        return
    yield "dhcp type", message.message_type
    yield "dhcp parameters", ",".join(map(str, message.parameter_list))
    yield "dhcp options", ",".join(map(str, message.option_order))
    yield "dhcp name", message.host_name or message.fqdn
    yield "dhcp vendor", message.vendor_class
    yield "dhcp size", str(message.message_size_bytes or "")


def _dns(message: Dns) -> Iterator[tuple[str, str]]:
    if message.is_response:
        return
    for question in message.questions[:_LISTED]:
        # A reverse look-up asks for an address, and addresses belong to the network.
        name = "reverse" if question.name.lower().rstrip(".").endswith(".arpa") else question.name
        yield "dns asks", name
        yield "dns type", question.type
    yield "dns flags", f"{message.flags:04x}{' edns' if message.edns is not None else ''}"


def _mdns(message: Mdns) -> Iterator[tuple[str, str]]:
    for question in message.questions[:_LISTED]:
        name = question.name.lower().rstrip(".")
        yield "mdns asks", "reverse" if name.endswith(".arpa") else name
    for service in message.services[:_LISTED]:
        yield "mdns offers", service.service
        yield "mdns instance", service.instance
        for key, text in service.texts[:_LISTED]:
            yield "mdns text", f"{key}={text}"
    for service_type in message.service_types[:_LISTED]:
        yield "mdns offers", service_type
    for host in message.hosts[:_LISTED]:
        yield "mdns host", host.name
    yield "mdns model", message.model


def _ssdp(message: Ssdp) -> Iterator[tuple[str, str]]:
    yield "ssdp method", message.method
    yield "ssdp target", message.target
    yield "ssdp offers", message.device_type
    yield "ssdp server", message.server
    yield "ssdp agent", message.user_agent


def _request(message: HttpRequest) -> Iterator[tuple[str, str]]:
    yield "http asks", f"{message.method} {message.path.split('?', 1)[0]}"
    yield "http host", message.host
    yield "http agent", message.user_agent
    yield "http version", message.version
    yield "http content", message.content_type


def _response(message: HttpResponse) -> Iterator[tuple[str, str]]:
    yield "http server", message.server
    yield "http realm", message.realm


def _hello(message: ClientHello) -> Iterator[tuple[str, str]]:
    yield "tls name", message.server_name
    yield "tls ja4", message.ja4


def _arp(message: Arp) -> Iterator[tuple[str, str]]:
    if message.sender_ip == "0.0.0.0":  # noqa: S104  # RFC 5227 2.1.1: a probe
        yield "arp", "probe"
    elif message.sender_ip == message.target_ip:
        yield "arp", "announcement"  # RFC 5227 2.3
    else:
        yield "arp", message.operation


_SAID: Final[dict[type, Callable[[Any], Iterator[tuple[str, str]]]]] = {
    Dhcp: _dhcp,
    Dns: _dns,
    Mdns: _mdns,
    Ssdp: _ssdp,
    HttpRequest: _request,
    HttpResponse: _response,
    ClientHello: _hello,
    Arp: _arp,
}


def said(message: Message) -> tuple[str, ...]:
    """The words of one message, identifiers hidden; a word may stand in it more than once."""
    general = f"says {message.PROTOCOL} {message.kind}"
    known: Any = message
    return (general, *_words(known)) if message.__class__ in _SAID else (general,)


@lru_cache(maxsize=REMEMBERED_MESSAGES)
def _words(message: Any) -> tuple[str, ...]:
    words = []
    for kind, text in _SAID[message.__class__](message):
        shown = text if kind in _VERBATIM else without_identifiers(text)
        if shown:
            words.append(f"{kind} {shown}")
    return tuple(words)


# Lists of numbers and digests are what they are.
_VERBATIM: Final = frozenset(("dhcp parameters", "dhcp options", "dhcp size", "tls ja4", "dns flags"))
