"""HL7 FHIR over HTTP: which interaction with which type of resource, which software answers, which device is described.

In: the path of a request, and bodies in JSON or XML. Out: ``Fhir``. Identifiers, search values and contents of
resources are never kept; of a Device its make, model, serial number and UDI, of a CapabilityStatement the software.

FHIR R4 (4.0.1) and R5: http.html (RESTful API), device.html, capabilitystatement.html.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.fhir_types import OF_PATIENTS, OPERATIONS, RESOURCE_TYPES
from asepsis.protocols.fields import facts_of
from asepsis.protocols.http_body import REMEMBERED_BODIES, REMEMBERED_LENGTH_BYTES, REMEMBERED_PATHS
from asepsis.protocols.http_family import on_http
from asepsis.protocols.masking import printable_text
from asepsis.protocols.message import Malformed, Result
from asepsis.protocols.xml_reading import Element

# Entries of a bundle that are looked at for their type and for devices; servers page by 20 to 1,000.
ENTRIES_LIMIT = 256
DEVICES_LIMIT = 16
# Segments of a path: a base of up to ten, then type, identifier, _history, version.
SEGMENTS_LIMIT = 16

_ANY_RESOURCE: Final = re.compile(r'"resourceType"\s{0,8}:\s{0,8}"([A-Za-z]{3,48})"')
_SPACES: Final = re.compile(r"[ \t\r\n]*")

_INTERACTIONS: Final = {
    # (method, what the path names): FHIR R4 http.html, table in 3.1.0.1.
    ("GET", "type"): "search-type",
    ("GET", "instance"): "read",
    ("HEAD", "instance"): "read",
    ("POST", "type"): "create",
    ("PUT", "instance"): "update",
    ("PUT", "type"): "update",
    ("PATCH", "instance"): "patch",
    ("PATCH", "type"): "patch",
    ("DELETE", "instance"): "delete",
    ("DELETE", "type"): "delete",
}


@value
class Fhir:
    """One interaction, or one resource that says something of a device or a server."""

    PROTOCOL: ClassVar[str] = "fhir"
    kind: str
    """``read``, ``search-type``, ``create`` ... for a request's path; the type of the resource for a body."""
    from_server: bool | None = None
    """Whether the body came in a response; None where both ways are the same to say."""
    resource: str = ""
    """The type that the path names."""
    compartment: str = ""
    """``Patient`` in ``Patient/.../Observation``."""
    operation: str = ""
    """An operation of the standard without its ``$``; ``other`` for an implementer's own."""
    authorization: str = ""
    """The scheme of the credentials, which travelled in clear."""
    contents: tuple[str, ...] = ()
    """Types of the resources in a body, in order, each once."""
    patient_data: bool = False
    """Something of one person's care is asked for or travels, in clear."""
    software: str = ""
    software_version: str = ""
    fhir_version: str = ""
    publisher: str = ""
    implementation: str = ""
    manufacturer: str = ""
    model: str = ""
    model_number: str = ""
    serial_number: str = ""
    udi: str = ""
    """Of a Device: the human-readable carrier, or the device identifier where there is none."""
    versions: tuple[str, ...] = ()

    @property
    def sender_is_server(self) -> bool | None:
        """Who asks is served; a body tells by the message that it came in."""
        return self.from_server

    def facts(self) -> dict[str, Any]:
        """All that is said, but the kind."""
        return _facts(self)


_facts: Final = facts_of(Fhir, without=("kind", "from_server"))


# --- requests ---


def read_interaction(method: str, path: bytes, authorization: str) -> Fhir | None:
    """The interaction of a request, None where the path is none of FHIR's.

    Args:
        method: As HTTP has it.
        path: As it came, without the query.
        authorization: The scheme of its credentials, empty without.
    """
    return _interaction(method, path, authorization)


@lru_cache(maxsize=REMEMBERED_PATHS)
def _interaction(method: str, path: bytes, authorization: str) -> Fhir | None:
    segments = [part for part in path.decode("utf-8", "replace").split("/")[-SEGMENTS_LIMIT:] if part]
    at = next((place for place, part in enumerate(segments) if part in RESOURCE_TYPES), -1)
    if at < 0:
        return _of_whole_system(method, segments, authorization)
    resource, rest = segments[at], segments[at + 1 :]
    compartment = operation = ""
    if len(rest) >= 2 and rest[1] in RESOURCE_TYPES:
        compartment, resource = resource, rest[1]
        kind = "search-compartment"
    elif rest and rest[-1].startswith("$"):
        kind, operation = "operation", _operation(rest[-1])
    elif "_history" in rest:
        kind = "vread" if rest.index("_history") + 1 < len(rest) else "history"
    elif rest == ["_search"]:
        kind = "search-type"
    else:
        kind = _INTERACTIONS.get((method, "instance" if rest else "type"), "")
        if not kind:
            return None
    return Fhir(
        kind=kind,
        from_server=False,
        resource=resource,
        compartment=compartment,
        operation=operation,
        authorization=authorization,
        patient_data=resource in OF_PATIENTS or compartment in OF_PATIENTS,
    )


def _of_whole_system(method: str, segments: Sequence[str], authorization: str) -> Fhir | None:
    last = segments[-1] if segments else ""
    operation = ""
    patient_data = False
    if last == "metadata" and method in ("GET", "HEAD", "OPTIONS"):
        kind = "capabilities"
    elif last.startswith("$") and method in ("GET", "POST"):
        kind, operation = "operation", _operation(last)
    elif method == "POST" and last == "_search":
        kind, patient_data = "search-system", True
    elif method == "GET" and last == "_history":
        kind, patient_data = "history", True
    elif method == "POST" and "fhir" in last.lower():
        # The base itself: a bundle that its body tells apart.
        kind, patient_data = "batch", True
    else:
        return None
    return Fhir(
        kind=kind, from_server=False, operation=operation, authorization=authorization, patient_data=patient_data
    )


def _operation(segment: str) -> str:
    return segment[1:] if segment[1:] in OPERATIONS else "other"


# --- bodies ---


def read_sent(data: bytes) -> Sequence[Result]:
    """Reads a request's body in JSON."""
    return _read(data, False)


def read_given(data: bytes) -> Sequence[Result]:
    """Reads a response's body in JSON."""
    return _read(data, True)


def _read(data: bytes, answer: bool) -> Sequence[Result]:  # a key of the memory below
    return _remembered(data, answer) if len(data) <= REMEMBERED_LENGTH_BYTES else _read_json(data, answer)


def _read_json(data: bytes, answer: bool) -> tuple[Result, ...]:
    text = data.decode("utf-8-sig", "replace")
    resource = dict(_members(text))
    kind = resource.get("resourceType")
    if not isinstance(kind, str) or kind not in RESOURCE_TYPES:
        # The members of a JSON object have no order: the type may stand behind what was cut off.
        found = _ANY_RESOURCE.search(text) if not isinstance(kind, str) else None
        if found is None or found[1] not in RESOURCE_TYPES:
            return (Malformed(protocol="fhir", where="resourceType", why="there is none that FHIR has"),)
        kind = found[1]
    return _tell(kind, resource, answer=answer, cut=text)


_remembered = lru_cache(maxsize=REMEMBERED_BODIES)(_read_json)


def _members(text: str) -> Iterator[tuple[str, Any]]:
    """The members of a JSON object up to where it ends, or is cut or damaged (RFC 8259 4)."""
    read = json.JSONDecoder(parse_float=_no_number, parse_int=_no_number, parse_constant=_no_number).raw_decode
    at = _SPACES.match(text).end()  # type: ignore[union-attr] # it matches nothing too
    if text[at : at + 1] != "{":
        return
    try:
        while True:
            name, at = read(text, _SPACES.match(text, at + 1).end())  # type: ignore[union-attr] # as above
            at = _SPACES.match(text, at).end()  # type: ignore[union-attr] # as above
            if text[at : at + 1] != ":" or not isinstance(name, str):
                return
            member, at = read(text, _SPACES.match(text, at + 1).end())  # type: ignore[union-attr] # as above
            yield name, member
            at = _SPACES.match(text, at).end()  # type: ignore[union-attr] # as above
            if text[at : at + 1] != ",":
                return
    except (ValueError, RecursionError):
        return


def _no_number(_: str) -> None:
    """No number of a resource is of interest, and a long one would take long."""


def read_document(root: Element, *, answer: bool) -> tuple[Result, ...]:
    """Reads a resource in XML (FHIR R4 xml.html): elements with ``value`` attributes."""
    if root.name not in RESOURCE_TYPES:
        return (Malformed(protocol="fhir", where="resource", why="there is none that FHIR has"),)
    return _tell(root.name, _as_json(root), answer=answer, cut="")


# Members that come more than once, or may, among those that are read.
_LISTS: Final = frozenset(("udiCarrier", "deviceName", "version", "entry"))


def _as_json(element: Element) -> dict[str, Any]:
    """A resource's elements as the JSON form of it has them, as far as ``_tell`` reads them."""
    found: dict[str, Any] = {}
    for child in element.children:
        content: Any
        if child.name == "resource" and child.children:
            inner = child.children[0]
            content = _as_json(inner) | {"resourceType": inner.name}
        elif child.children:
            content = _as_json(child)
        else:
            content = child.attributes.get("value", "")
        # A CapabilityStatement's version is one text, a Device's is a list.
        if child.name in _LISTS and isinstance(content, dict):
            found.setdefault(child.name, []).append(content)
        else:
            found.setdefault(child.name, content)
    return found


def _tell(kind: str, resource: Mapping[str, Any], *, answer: bool, cut: str) -> tuple[Result, ...]:
    if kind == "Bundle":
        return _bundle(resource, answer=answer, cut=cut)
    if kind in ("CapabilityStatement", "Conformance"):
        software = _mapping(resource.get("software"))
        return (
            Fhir(
                kind=kind,
                from_server=answer,
                software=_text(software.get("name")),
                software_version=_text(software.get("version")),
                fhir_version=_text(resource.get("fhirVersion")),
                publisher=_text(resource.get("publisher")),
                implementation=_text(_mapping(resource.get("implementation")).get("description")),
            ),
        )
    if kind == "Device":
        return (_device(resource, answer=answer),)
    return (Fhir(kind=kind, from_server=answer, contents=(kind,), patient_data=kind in OF_PATIENTS),)


def _bundle(bundle: Mapping[str, Any], *, answer: bool, cut: str) -> tuple[Result, ...]:
    types: dict[str, None] = {}
    devices: list[Result] = []
    entries = bundle.get("entry")
    for entry in entries[:ENTRIES_LIMIT] if isinstance(entries, list) else ():
        resource = _mapping(_mapping(entry).get("resource"))
        kind = resource.get("resourceType")
        if isinstance(kind, str) and kind in RESOURCE_TYPES:
            types[kind] = None
            if kind == "Device" and len(devices) < DEVICES_LIMIT:
                devices.append(_device(resource, answer=answer))
    if not isinstance(entries, list):
        # A bundle that was cut inside its entries: what types it holds is told all the same.
        for found in _ANY_RESOURCE.finditer(cut):
            if found[1] in RESOURCE_TYPES and found[1] != "Bundle":
                types[found[1]] = None
    whole = Fhir(
        kind="Bundle",
        from_server=answer,
        contents=tuple(types),
        patient_data=any(kind in OF_PATIENTS for kind in types),
    )
    return (whole, *devices)


def _device(device: Mapping[str, Any], *, answer: bool) -> Fhir:
    carriers = device.get("udiCarrier")
    carrier = _mapping(carriers[0] if isinstance(carriers, list) and carriers else carriers)
    versions = device.get("version")
    return Fhir(
        kind="Device",
        from_server=answer,
        contents=("Device",),
        manufacturer=_text(device.get("manufacturer")),
        model=_device_name(device.get("deviceName")) or _text(device.get("model")),
        model_number=_text(device.get("modelNumber")),
        serial_number=_text(device.get("serialNumber")),
        udi=_text(carrier.get("carrierHRF")) or _text(carrier.get("deviceIdentifier")),
        versions=tuple(
            text
            for one in (versions[:DEVICES_LIMIT] if isinstance(versions, list) else ())
            if (text := _text(_mapping(one).get("value")))
        ),
        # R4 and before: a Device names the patient that it is on.
        patient_data="patient" in device,
    )


def _device_name(names: object) -> str:
    # FHIR R4 device.html: a name is the maker's, the model's, the registry's; or one that a person gave it.
    for name in map(_mapping, names[:DEVICES_LIMIT] if isinstance(names, list) else ()):
        if name.get("type") in ("model-name", "manufacturer-name", "registered-name", "udi-label-name"):
            return _text(name.get("name")) or _text(name.get("value"))
    return ""


def _mapping(thing: object) -> Mapping[str, Any]:
    return thing if isinstance(thing, dict) else {}


def _text(thing: object) -> str:
    return printable_text(thing) if isinstance(thing, str) and "^" not in thing else ""


DISSECTOR: Final = on_http("fhir")
