"""WS-Discovery and the metadata of DPWS: who is there, what it offers, which make and model it is.

In: a SOAP envelope, either a UDP payload (WS-Discovery 1.0 and 1.1, SOAP-over-UDP 1.1) or a body of HTTP (DPWS 1.1,
section 5). Out: one ``Wsd``; of ProbeMatches, one for each match. Scopes of persons are never kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.fields import facts_of
from asepsis.protocols.http_family import on_http
from asepsis.protocols.masking import masked_text, printable_text
from asepsis.protocols.message import Malformed, Result
from asepsis.protocols.soap import open_envelope
from asepsis.protocols.xml_reading import Element

# A proxy answers with everything that it knows; a device with itself.
MATCHES_LIMIT = 32
LIST_LIMIT = 32
# Announcements repeat but for their numbers. 2,048 of at most 4 KiB are 8 MiB.
REMEMBERED_MESSAGES = 2048
REMEMBERED_LENGTH_BYTES = 4096

# WS-Addressing's message numbers and WS-Discovery's sequence differ in every message and say nothing of a device.
_NUMBERS: Final = re.compile(
    rb"<([A-Za-z][\w.-]{0,31}:)?(MessageID|RelatesTo|InstanceId)(?:\s[^<>]{0,256})?>[^<>]{0,256}</\1?\2\s{0,8}>"
    rb"|<(?:[A-Za-z][\w.-]{0,31}:)?AppSequence\s[^<>]{0,256}/>"
)

# The names that people write for these namespaces.
_PREFIXES: Final = {
    "http://schemas.xmlsoap.org/ws/2006/02/devprof": "dpws",
    "http://docs.oasis-open.org/ws-dd/ns/dpws/2009/01": "dpws",
    "http://schemas.xmlsoap.org/ws/2005/04/discovery": "wsd",
    "http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01": "wsd",
    "http://schemas.microsoft.com/windows/pub/2005/07": "pub",
    "http://schemas.microsoft.com/windows/2006/08/wdp/print": "wprt",
    "http://schemas.microsoft.com/windows/2006/08/wdp/scan": "wscn",
    "http://standards.ieee.org/downloads/11073/11073-20702-2016": "mdpws",
    "http://standards.ieee.org/downloads/11073/11073-20701-2018": "sdc",
    "http://www.onvif.org/ver10/network/wsdl": "dn",
    "http://www.onvif.org/ver10/device/wsdl": "tds",
}
_ACTIONS: Final = frozenset(
    ("Hello", "Bye", "Probe", "ProbeMatches", "Resolve", "ResolveMatches", "Get", "GetResponse", "GetMetadata")
)
_FROM_CLIENTS: Final = frozenset(("Probe", "Resolve", "Get", "GetMetadata"))
_FROM_SERVERS: Final = frozenset(("ProbeMatches", "ResolveMatches", "GetResponse"))
# IEEE 11073-20701 9.4: contexts of SDC are scopes too. Those of a place name the device's; others may name persons.
_CONTEXT = "sdc.ctxt."
_PLACE = "sdc.ctxt.loc:"
# Scopes that whoever made or installed the device wrote; others are masked.
_OF_DEVICES = (_PLACE, "sdc.cdc.type:", "sdc.mds.pkp:", "onvif:")


@value
class Wsd:
    """One message. Texts are empty where an element is missing."""

    PROTOCOL: ClassVar[str] = "wsd"
    action: str
    """``Hello``, ``Bye``, ``Probe``, ``ProbeMatches``, ``Resolve``, ``ResolveMatches``; ``Get`` and ``GetResponse``."""
    endpoint: str = ""
    """The endpoint reference's address, a UUID for as long as the device lives: ``urn:uuid:...``."""
    types: tuple[str, ...] = ()
    """``dpws:Device``, ``mdpws:MedicalDevice``, ``pub:Computer``; the namespace itself where it has no usual prefix."""
    scopes: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    """XAddrs: where the device answers."""
    metadata_version: int = 0
    friendly_name: str = ""
    firmware: str = ""
    serial_number: str = ""
    manufacturer: str = ""
    manufacturer_url: str = ""
    model_name: str = ""
    model_number: str = ""
    model_url: str = ""
    presentation_url: str = ""
    computer: str = ""
    """What a computer publishes of itself: ``NAME/Workgroup:GROUP`` or ``NAME/Domain:NAME``."""
    hosted: tuple[str, ...] = ()
    """Types of the services that it hosts."""

    @property
    def kind(self) -> str:
        """The action."""
        return self.action

    @property
    def sender_is_server(self) -> bool | None:
        """Who probes is served, who matches serves; an announcement to the group proves nothing."""
        return False if self.action in _FROM_CLIENTS else True if self.action in _FROM_SERVERS else None

    def facts(self) -> dict[str, Any]:
        """All that is said, but the action, which is the kind."""
        return _facts(self)


_facts: Final = facts_of(Wsd, without=("action",))


def read(payload: bytes) -> Sequence[Result]:
    """Reads one datagram."""
    constant = _NUMBERS.sub(b"", payload)
    if len(constant) <= REMEMBERED_LENGTH_BYTES:
        return _remembered(constant)
    return _read(constant)


def _read(payload: bytes) -> tuple[Result, ...]:
    return open_envelope(payload) or (
        Malformed(protocol="wsd", where="Action", why="nothing of WS-Discovery or DPWS 1.1"),
    )


_remembered = lru_cache(maxsize=REMEMBERED_MESSAGES)(_read)


def read_exchange(action: str, content: Element | None, prefixes: Mapping[str, str]) -> tuple[Result, ...]:
    """Reads what an envelope holds.

    Args:
        action: WS-Addressing's action, a URI whose last part names it.
        content: The first element of the body, None for an empty one.
        prefixes: Namespaces by prefix.

    Returns:
        Messages; none for an action that is not of discovery or of DPWS.
    """
    name = action.rpartition("/")[2]
    if name == "Request" and action.endswith("GetMetadata/Request"):
        name = "GetMetadata"
    elif name == "Response" and action.endswith("GetMetadata/Response"):
        name = "GetResponse"
    if name not in _ACTIONS:
        # Without WS-Addressing's header the body's element has the same name.
        name = content.name if content is not None and _is_ours(content.namespace) else ""
        if name not in _ACTIONS:
            return ()
    elif not _is_ours(action):
        return ()
    if content is None:
        return (Wsd(action=name),)
    if name in ("ProbeMatches", "ResolveMatches"):
        matches = [one for one in content.children if one.name in ("ProbeMatch", "ResolveMatch")][:MATCHES_LIMIT]
        return tuple(_read_endpoint(name, match, prefixes) for match in matches) or (Wsd(action=name),)
    if name in ("GetResponse", "GetMetadata"):
        return (_read_metadata(name, content, prefixes),)
    return (_read_endpoint(name, content, prefixes),)


def _is_ours(uri: str) -> bool:
    return any(part in uri for part in ("/discovery", "devprof", "/dpws", "/ws/2004/09/", "/mex"))


def _read_endpoint(action: str, element: Element, prefixes: Mapping[str, str]) -> Wsd:
    version = element.said("MetadataVersion")
    return Wsd(
        action=action,
        endpoint=printable_text(element.said("EndpointReference", "Address")),
        types=_types(element.said("Types"), prefixes),
        scopes=tuple(filter(None, map(_scope, element.said("Scopes").split()[:LIST_LIMIT]))),
        addresses=tuple(map(printable_text, element.said("XAddrs").split()[:LIST_LIMIT])),
        metadata_version=int(version) if version.isdecimal() and len(version) < 10 else 0,
    )


def _read_metadata(action: str, content: Element, prefixes: Mapping[str, str]) -> Wsd:
    # DPWS 1.1 5.1 to 5.3: a section for the device, one for the model, one for what hosts and is hosted.
    def said(*path: str) -> str:
        for section in content.every(path[0]):
            return own_name(section.said(*path[1:]))
        return ""

    host = next(content.every("Host"), None)
    hosted: dict[str, None] = {}
    for element in content.every("Hosted"):
        hosted.update(dict.fromkeys(_types(element.said("Types"), prefixes)))
        if len(hosted) >= LIST_LIMIT:
            break
    return Wsd(
        action=action,
        endpoint="" if host is None else printable_text(host.said("EndpointReference", "Address")),
        types=() if host is None else _types(host.said("Types"), prefixes),
        friendly_name=said("ThisDevice", "FriendlyName"),
        firmware=said("ThisDevice", "FirmwareVersion"),
        serial_number=said("ThisDevice", "SerialNumber"),
        manufacturer=said("ThisModel", "Manufacturer"),
        manufacturer_url=said("ThisModel", "ManufacturerUrl"),
        model_name=said("ThisModel", "ModelName"),
        model_number=said("ThisModel", "ModelNumber"),
        model_url=said("ThisModel", "ModelUrl"),
        presentation_url=said("ThisModel", "PresentationUrl"),
        computer="" if host is None else own_name(host.said("Computer")),
        hosted=tuple(hosted)[:LIST_LIMIT],
    )


def own_name(text: str) -> str:
    """A device's own name, model or number, fit to keep; empty where it has the form of a person's (DICOM, HL7)."""
    return "" if "^" in text else printable_text(text)


def _types(text: str, prefixes: Mapping[str, str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for name in text.split()[:LIST_LIMIT]:
        prefix, _, local = name.rpartition(":")
        namespace = prefixes.get(prefix, "")
        known = _PREFIXES.get(namespace, namespace.rstrip("/") if prefix else "")
        found[printable_text(f"{known}:{local}" if known else local)] = None
    return tuple(found)


def _scope(scope: str) -> str:
    if scope.startswith(_PLACE) or not scope.startswith(_CONTEXT):
        return printable_text(scope) if scope.startswith(_OF_DEVICES) else masked_text(scope)
    return scope[: scope.find(":")] if ":" in scope else ""


DISSECTOR: Final = on_http("wsd", datagram=read)
