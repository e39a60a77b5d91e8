"""Messages of ``asepsis.protocols`` out of what a log tells of them, for Zeek's logs and Suricata's alike.

Wherever text could name a person it goes through the same masks as text from the wire; HTTP heads and SSH
identifications even go through the dissectors themselves. User names, passwords and contents are never taken
over, only that they were there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import ip_address

from asepsis.protocols.arp import Arp
from asepsis.protocols.dns import Dns
from asepsis.protocols.http_head import HttpRequest, HttpResponse, read_request, read_response
from asepsis.protocols.masking import masked_text, printable_text
from asepsis.protocols.mdns import Host, Mdns
from asepsis.protocols.message import Message
from asepsis.protocols.mqtt import MqttConnect, MqttSubscribe
from asepsis.protocols.ntlm import Ntlm
from asepsis.protocols.resource_records import RECORDS_LIMIT, Question, Record
from asepsis.protocols.snmp import DEFAULT_COMMUNITIES, OTHER_COMMUNITY
from asepsis.protocols.ssh import SshIdentification, SshOffer, SshStream
from asepsis.protocols.tls_hello import ClientHello, ServerHello

DNS_PORT = 53
MDNS_PORT = 5353

# RFC 1035 4.1.1.
_RESPONSE, _AUTHORITATIVE, _TRUNCATED, _RECURSION_DESIRED, _RECURSION_AVAILABLE = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080

_CONTROL = re.compile(r"[\r\n]+")


def dns_flags(
    *, response: bool, rcode: int, authoritative: bool, truncated: bool, desired: bool, available: bool
) -> int:
    """The second 16 bits of the header of a standard query or its response."""
    return (
        response * _RESPONSE
        | authoritative * _AUTHORITATIVE
        | truncated * _TRUNCATED
        | desired * _RECURSION_DESIRED
        | available * _RECURSION_AVAILABLE
        | rcode & 15
    )


def question(name: str, kind: str) -> Question:
    """One question."""
    return Question(name=printable_text(name.rstrip(".")), type=printable_text(kind.upper())[:16])


def record(name: str, kind: str, ttl_seconds: int, data: str) -> Record:
    """One resource record; strings of TXT are kept as the dissector keeps them."""
    strings: tuple[bytes, ...] = ()
    if kind == "TXT":
        strings = (data.encode("utf-8", "replace")[:256],)
    return Record(
        name=printable_text(name.rstrip(".")),
        type=kind,
        ttl_seconds=ttl_seconds,
        data=printable_text(data if kind in ("A", "AAAA", "TXT") else data.rstrip(".")),
        strings=strings,
    )


def dns(
    flags: int, questions: Iterable[Question], answers: Sequence[Record] = (), others: Sequence[Record] = ()
) -> Dns:
    """One DNS message."""
    return Dns(
        flags=flags,
        questions=tuple(questions)[:RECORDS_LIMIT],
        answers=tuple(answers[:RECORDS_LIMIT]),
        authorities=tuple(others[:RECORDS_LIMIT]),
        records_counted=len(answers) + len(others),
    )


def mdns(message: Dns) -> Mdns:
    """What a DNS message says as multicast DNS: questions, and hosts with their addresses."""
    addresses: dict[str, list[str]] = {}
    for answer in message.answers:
        if answer.type in ("A", "AAAA"):
            name = answer.name.removesuffix(".local")
            addresses.setdefault(name, []).append(answer.data)
    return Mdns(
        is_response=message.is_response,
        is_probe=False,
        # RFC 6762 6: a response of multicast DNS repeats no question.
        questions=() if message.is_response else message.questions,
        hosts=tuple(Host(name=name, addresses=tuple(found)) for name, found in addresses.items()),
    )


def kind_of_address(data: str) -> str:
    """``A`` or ``AAAA`` for the text of an address, else an empty text."""
    try:
        return "A" if ip_address(data).version == 4 else "AAAA"
    except ValueError:
        return ""


def http_request(method: str, target: str, version: str, fields: Iterable[tuple[str, str]]) -> HttpRequest:
    """A request, read by the dissector as if it had come over the wire."""
    start = (_version(version), printable_text(method)[:32], _octets(target), 0)
    return read_request(start, _head(fields))[0]


def http_response(status: int, version: str, fields: Iterable[tuple[str, str]]) -> HttpResponse:
    """A response, read by the dissector as if it had come over the wire."""
    return read_response((_version(version), "", b"", status), _head(fields))[0]


def _version(version: str) -> str:
    # Both sensors write "1.1" or "HTTP/1.1"; nothing at all where the line was not whole.
    return printable_text(version.removeprefix("HTTP/"))[:8]


def _head(fields: Iterable[tuple[str, str]]) -> bytes:
    return b"\n".join(_octets(f"{name}: {content}") for name, content in fields if content)


def _octets(text: str) -> bytes:
    """Text of a log as it would come in one line of a head: a line break in it must not begin another field."""
    return _CONTROL.sub(" ", text).encode("utf-8", "replace")


def ssh_identification(line: str) -> list[Message]:
    """``SSH-2.0-OpenSSH_9.2`` -> what the dissector makes of such a line; nothing where it is none."""
    results = SshStream().feed(0, _octets(line) + b"\r\n")
    return [result for result in results if isinstance(result, SshIdentification)]


def ssh_offer(*, is_server: bool, hassh: str, algorithms: str) -> SshOffer:
    """What a side offers, out of its HASSH and the algorithms that it was made of: four lists, separated by ``;``.

    HASSH is made of the key exchange, and of encryption, MAC and compression of one direction; the rest of
    RFC 4253 7.1 is unknown and stays empty.
    """
    lists = [tuple(printable_text(name) for name in part.split(",") if name)[:64] for part in algorithms.split(";")]
    key_exchange, encryption, mac, compression, *_ = [*lists, (), (), (), ()]
    return SshOffer(
        sender_is_server=is_server,
        algorithms=(key_exchange, (), encryption, encryption, mac, mac, compression, compression, (), ()),
        hassh="" if is_server else printable_text(hassh),
        hassh_server=printable_text(hassh) if is_server else "",
    )


# What both sensors call the versions -> ``tls_hello.version_name``.
_TLS_VERSIONS = {
    "SSLV2": "SSL 2.0",
    "SSLV3": "SSL 3.0",
    "TLSV1": "TLS 1.0",
    "TLSV10": "TLS 1.0",
    "TLSV11": "TLS 1.1",
    "TLSV12": "TLS 1.2",
    "TLSV13": "TLS 1.3",
}


def tls_version(text: str) -> str:
    """``TLSv12`` or ``TLSv1.2`` or ``TLS 1.2`` -> ``TLS 1.2``; empty where it was not seen."""
    word = text.upper().replace(".", "").replace(" ", "V" if text.upper().startswith(("TLS ", "SSL ")) else "")
    if word in ("", "UNDETERMINED", "UNKNOWN"):
        return ""
    return _TLS_VERSIONS.get(word, printable_text(text))


def client_hello(*, server_name: str, ja4: str, alpn: Iterable[str] = ()) -> ClientHello:
    """What a log tells of a ClientHello. Which versions the client offered, no log says."""
    return ClientHello(
        server_name=printable_text(server_name),
        versions=(),
        alpn=tuple(printable_text(protocol) for protocol in alpn)[:32],
        ja4=printable_text(ja4),
        encrypted_client_hello=False,
    )


def server_hello(*, version: str, cipher_suite: str, alpn: str, ja3s: str) -> ServerHello:
    """What a log tells of a ServerHello."""
    return ServerHello(
        retry=False,
        version=version,
        cipher_suite=printable_text(cipher_suite),
        alpn=printable_text(alpn),
        ja3s=printable_text(ja3s),
    )


def arp(*, is_reply: bool, sender_mac: str, sender_ip: str, target_mac: str, target_ip: str) -> Arp:
    """An ARP packet, its kind told apart as the dissector does."""
    if is_reply:
        operation = "GRATUITOUS REPLY" if sender_ip and sender_ip == target_ip else "REPLY"
    elif not sender_ip:
        operation = "PROBE"  # RFC 5227 1.1
    else:
        operation = "ANNOUNCEMENT" if sender_ip == target_ip else "REQUEST"
    return Arp(
        operation=operation, sender_mac=sender_mac, sender_ip=sender_ip, target_mac=target_mac, target_ip=target_ip
    )


def mqtt_connect(
    *, client_id: str, level: int, will_topic: str, clean: bool = False, user_name: bool = False, password: bool = False
) -> MqttConnect:
    """A CONNECT; no log tells the keep-alive."""
    return MqttConnect(
        client_id=printable_text(client_id),
        level=level,
        keep_alive_seconds=None,
        clean=clean,
        user_name=user_name,
        password=password,
        will_topic=masked_text(will_topic),
    )


def mqtt_subscribe(filters: Iterable[str]) -> MqttSubscribe:
    """A SUBSCRIBE."""
    return MqttSubscribe(filters=tuple(dict.fromkeys(masked_text(wanted) for wanted in filters)))


def ntlm(kind: str, names: Iterable[tuple[str, str]], *, user: bool) -> Ntlm:
    """An NTLM message: names of machines and domains, and whether a user was named."""
    kept = tuple((word, printable_text(name)) for word, name in names if name)
    return Ntlm(kind=kind, names=kept, os_version="", user=user, version_1=False)


def community(text: str) -> str:
    """As ``snmp`` keeps it: a community is a password, but for those that every attacker knows."""
    if not text:
        return ""
    return text if text.encode("utf-8", "replace") in DEFAULT_COMMUNITIES else OTHER_COMMUNITY
