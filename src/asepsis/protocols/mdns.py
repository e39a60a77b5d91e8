"""Multicast DNS and DNS service discovery (RFC 6762, RFC 6763): what a device offers and how it describes itself.

In: one UDP payload of port 5353. Out: one ``Mdns``: the services of the message put together from their PTR, SRV
and TXT records, host names with their addresses, and what is asked for. Neighbours: ``dns`` reads the message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.dns import Dns, read_message
from asepsis.protocols.fields import text
from asepsis.protocols.message import Dissector, Malformed, Result
from asepsis.protocols.resource_records import Question, Record

# A device announces a handful of services; a gateway that reflects between networks announces more.
INSTANCES_LIMIT = 64
HOSTS_LIMIT = 64
ADDRESSES_LIMIT = 16
# Announcements repeat byte by byte. 2,048 messages of at most 1,500 bytes, with what was read from them, stay
# under 16 MiB.
REMEMBERED_MESSAGES = 2048
REMEMBERED_LENGTH_BYTES = 1500
# Names of services and keys of TXT records: 4,096 of at most 255 bytes stay under 4 MiB.
REMEMBERED_NAMES = 4096

KEPT_KEYS: Final = frozenset(
    (
        # Maker, model and product, as Bonjour printing (1.2.1), AirPlay, HomeKit, Google Cast and makers of cameras,
        # printers and scanners write them.
        *("md", "mdl", "mf", "mfg", "manufacturer", "vendor", "brand", "model", "modelname", "am", "product"),
        *("productname", "productid", "ty", "type", "usb_mfg", "usb_mdl", "usb_cmd", "description", "platform", "dev"),
        # Versions.
        *("fv", "fw", "fwv", "firmware", "firmwareversion", "fwversion", "ver", "vers", "version", "swver", "hwver"),
        *("sw", "hw", "srcvers", "osxvers", "os", "osvers", "system", "vs", "ve", "bs", "build", "rev", "revision"),
        # What identifies this one: serial numbers, hardware addresses, unique ids.
        *("sn", "serial", "serialnumber", "mac", "macaddress", "deviceid", "id", "uuid", "unitid", "device_id"),
        # What it is called, where it stands and where it is managed.
        *("fn", "name", "hostname", "note", "adminurl", "ci", "category", "role"),
    )
)
"""Keys of TXT records (RFC 6763 6.4, without regard to case) whose values say what a device is. Of all others only
the key is kept: values hold tokens, hashes and what people typed."""

KEYS_LIMIT = 64

# RFC 6763 4.1: instance, service ("_ipp._tcp", perhaps behind a subtype, 7.1), domain.
_SERVICE_NAME = re.compile(r"(?:(?P<instance>.*)\.)?(?P<service>_[^.]+\._(?:tcp|udp))\.[^.]+\.?\Z", re.IGNORECASE)
_REVERSE_IPV4 = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa\Z", re.IGNORECASE)


@value
class Service:
    """One instance of a service (RFC 6763 4)."""

    instance: str
    """As people read it: ``Printer of ward 3``."""
    service: str
    """``_ipp._tcp``."""
    host: str = ""
    """Target of the SRV record, without ``.local``."""
    port: int = 0
    texts: tuple[tuple[str, str], ...] = ()
    """Keys and values of the TXT record (RFC 6763 6), keys in lower case, only those of ``KEPT_KEYS``."""
    other_keys: tuple[str, ...] = ()
    """The other keys of the TXT record."""
    is_withdrawn: bool = False
    """A time to live of 0: the service goes away (RFC 6762 10.1)."""

    def facts(self) -> dict[str, Any]:
        """What is said."""
        facts: dict[str, Any] = {"instance": self.instance, "service": self.service}
        for name in ("host", "port", "other_keys", "is_withdrawn"):
            member = getattr(self, name)
            if member:
                facts[name] = member
        if self.texts:
            facts["texts"] = dict(self.texts)
        return facts


@value
class Host:
    """One host name with the addresses that it claims."""

    name: str
    """Without ``.local``."""
    addresses: tuple[str, ...]


@value
class Mdns:
    """One multicast DNS message."""

    PROTOCOL: ClassVar[str] = "mdns"
    is_response: bool
    is_probe: bool
    """A query with an authority section asks whether a name is free (RFC 6762 8.1)."""
    questions: tuple[Question, ...] = ()
    services: tuple[Service, ...] = ()
    service_types: tuple[str, ...] = ()
    """Types that the sender says it has (RFC 6763 9), or has instances of."""
    hosts: tuple[Host, ...] = ()
    model: str = ""
    """``model=`` of the ``_device-info._tcp`` record."""
    cpu: str = ""
    """First string of HINFO (RFC 1035 3.3.2)."""
    os: str = ""
    """Second string of HINFO, or ``osxvers=`` of the ``_device-info._tcp`` record as ``osxvers N``."""

    @property
    def kind(self) -> str:
        """``QUERY``, ``PROBE`` or ``RESPONSE``."""
        if self.is_response:
            return "RESPONSE"
        return "PROBE" if self.is_probe else "QUERY"

    @property
    def sender_is_server(self) -> bool | None:
        """Who asks is served. A response to the group proves nothing, one that repeats the question answers it."""
        if self.is_response:
            return True if self.questions else None  # RFC 6762 6.7: legacy unicast response
        return None if self.is_probe else False

    def facts(self) -> dict[str, Any]:
        """All that is said."""
        facts: dict[str, Any] = {}
        if self.questions:
            facts["questions"] = [f"{question.name} {question.type}" for question in self.questions]
        if self.services:
            facts["services"] = [service.facts() for service in self.services]
        if self.service_types:
            facts["service_types"] = list(self.service_types)
        if self.hosts:
            facts["hosts"] = {host.name: list(host.addresses) for host in self.hosts}
        for name in ("model", "cpu", "os"):
            if getattr(self, name):
                facts[name] = getattr(self, name)
        return facts


def read(payload: bytes) -> Sequence[Result]:
    """Reads one message; what is understood before a malformed record is kept."""
    if len(payload) <= REMEMBERED_LENGTH_BYTES:
        return _remembered(payload[2:])
    return _read(payload[2:])


def _read(behind_id: bytes) -> tuple[Result, ...]:
    message, malformed = read_message(b"\0\0" + behind_id)
    results: list[Result] = []
    if message is not None:
        results.append(_describe(message))
    if malformed is not None:
        results.append(Malformed(protocol="mdns", where=malformed.where, why=malformed.why))
    return tuple(results)


_remembered = lru_cache(maxsize=REMEMBERED_MESSAGES)(_read)


@lru_cache(maxsize=REMEMBERED_NAMES)
def _split(name: str) -> tuple[str, str] | None:
    """(instance, service) of a service's name (RFC 6763 4.1); None for another name."""
    found = _SERVICE_NAME.match(name)
    return (found["instance"] or "", found["service"]) if found else None


class _Description:
    """What the records of a message say, while they are put together."""

    __slots__ = ("cpu", "hosts", "model", "os", "services", "types")

    def __init__(self) -> None:
        self.services: dict[tuple[str, str], dict[str, Any]] = {}
        self.types: dict[str, None] = {}
        self.hosts: dict[str, dict[str, None]] = {}
        self.model = self.cpu = self.os = ""

    def add(self, record: Record) -> None:
        match record.type:
            case "A" | "AAAA":
                self.add_host(record.name, record.data)
            case "PTR":
                self.add_pointer(record)
            case "SRV":
                service = self.service(record)
                if service is not None:
                    service["host"] = _without_local(record.data)
                    service["port"] = record.port
            case "TXT":
                self.add_texts(record)
            case "HINFO" if len(record.strings) == 2:
                self.cpu, self.os = text(record.strings[0]), text(record.strings[1])

    def add_host(self, name: str, address: str) -> None:
        name = _without_local(name)
        if name and address and (name in self.hosts or len(self.hosts) < HOSTS_LIMIT):
            addresses = self.hosts.setdefault(name, {})
            if len(addresses) < ADDRESSES_LIMIT:
                addresses[address] = None

    def add_pointer(self, record: Record) -> None:
        offered = _split(record.data)
        if offered is None:
            reverse = _REVERSE_IPV4.match(record.name)
            if reverse:
                self.add_host(record.data, ".".join(reversed(reverse.groups())))
        # RFC 6763 9: the record of this name leads to types, any other to instances.
        elif record.name.casefold().startswith("_services._dns-sd._udp."):
            self.add_type(offered[1])
        else:
            self.service(record, offered)

    def add_type(self, service: str) -> None:
        if len(self.types) < INSTANCES_LIMIT:
            self.types[service] = None

    def service(self, record: Record, key: tuple[str, str] | None = None) -> dict[str, Any] | None:
        """The service that a record is about, made when it is new; None where there is none or too many."""
        key = key or _split(record.name)
        if key is None or not key[0]:
            return None
        service = self.services.get(key)
        if service is None:
            if len(self.services) == INSTANCES_LIMIT:
                return None
            service = self.services[key] = {"instance": key[0], "service": key[1]}
            self.add_type(key[1])
        if not record.ttl_seconds:
            service["is_withdrawn"] = True
        return service

    def add_texts(self, record: Record) -> None:
        service = self.service(record)
        if service is None:
            return
        kept, others = _texts(record.strings)
        if service["service"].casefold() == "_device-info._tcp":
            # No registered service but a record of its own: it has no SRV.
            self.model = kept.get("model", "") or self.model
            if "osxvers" in kept:
                self.os = self.os or f"osxvers {kept['osxvers']}"
        if kept:
            service["texts"] = tuple(kept.items())
        if others:
            service["other_keys"] = tuple(others)


def _describe(message: Dns) -> Mdns:
    description = _Description()
    for section in (message.answers, message.additional):
        for record in section:
            description.add(record)
    is_probe = not message.is_response and bool(message.authorities)
    if is_probe:
        for record in message.authorities:  # what the prober wants to claim
            description.add(record)
    return Mdns(
        is_response=message.is_response,
        is_probe=is_probe,
        questions=message.questions,
        services=tuple(Service(**service) for service in description.services.values()),
        service_types=tuple(description.types),
        hosts=tuple(Host(name=name, addresses=tuple(found)) for name, found in description.hosts.items()),
        model=description.model,
        cpu=description.cpu,
        os=description.os,
    )


def _without_local(name: str) -> str:
    return name[:-6] if name[-6:].casefold() == ".local" else name


@lru_cache(maxsize=REMEMBERED_NAMES)
def _key(octets: bytes) -> tuple[str, bool]:
    """The key of a TXT string in lower case, and whether its value is kept."""
    key = text(octets).casefold()
    return key, key in KEPT_KEYS


def _texts(strings: Iterable[bytes]) -> tuple[dict[str, str], list[str]]:
    """(kept keys with values, other keys) of a TXT record."""
    kept: dict[str, str] = {}
    others: list[str] = []
    for string in strings:
        key_octets, _, value_octets = string.partition(b"=")
        key, is_kept = _key(key_octets)
        if not key or key in kept:
            continue  # RFC 6763 6.4: of a key that comes twice, the first counts
        if is_kept:
            if value_octets:
                kept[key] = text(value_octets)
        elif len(others) < KEYS_LIMIT:
            others.append(key)
    return kept, others


DISSECTOR = Dissector(protocol="mdns", datagram=read)
