"""FHIR over HTTP: what is asked of which type, by which software it is answered, and nothing of a patient."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from asepsis.protocols.fhir import Fhir, read_given, read_interaction
from asepsis.protocols.fhir_types import OF_PATIENTS, RESOURCE_TYPES
from asepsis.protocols.message import Malformed, Result
from tests.protocols.conformance import CANARY, MALFORMED, Data, Vector
from tests.protocols.conformance import kinds as kinds_of
from tests.protocols.web_wire import answer, ask, carried, converse

JSON = "application/fhir+json"
ACCEPT = f"Accept: {JSON}\r\n"

PATIENT = json.dumps(
    {"resourceType": "Patient", "id": CANARY, "name": [{"family": CANARY}], "birthDate": "1970-01-01"}
).encode()
DEVICE = {
    "resourceType": "Device",
    "id": CANARY,
    "udiCarrier": [{"deviceIdentifier": "04012345678901", "carrierHRF": "(01)04012345678901(21)SN7"}],
    "manufacturer": "Example",
    "serialNumber": "SN7",
    "modelNumber": "900",
    "deviceName": [{"name": CANARY, "type": "user-friendly-name"}, {"name": "Breath", "type": "model-name"}],
    "version": [{"value": "3.4.1"}],
    "patient": {"reference": f"Patient/{CANARY}"},
}
CAPABILITIES = json.dumps(
    {
        "resourceType": "CapabilityStatement",
        "publisher": "Ward",
        "kind": "instance",
        "software": {"name": "HAPI FHIR Server", "version": "7.2.0"},
        "implementation": {"description": "Test ward", "url": "http://10.0.0.9/fhir"},
        "fhirVersion": "4.0.1",
        "rest": [{"mode": "server", "resource": [{"type": "Patient"}] * 3}],
    }
).encode()
BUNDLE = json.dumps(
    {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": 12345678901234567890,
        "entry": [
            {"resource": json.loads(PATIENT)},
            {"resource": {"resourceType": "Observation", "valueString": CANARY}},
            {"resource": DEVICE},
        ],
    }
).encode()
IN_XML = (
    f'<Device xmlns="http://hl7.org/fhir"><id value="{CANARY}"/><udiCarrier><deviceIdentifier value="04012345678901"/>'
    '</udiCarrier><manufacturer value="Example"/><serialNumber value="SN7"/><deviceName><name value="Breath"/>'
    '<type value="model-name"/></deviceName><version><value value="3.4.1"/></version></Device>'
).encode()

VECTORS = [
    Vector(
        name="capabilities",
        provenance="FHIR R4 capabilitystatement.html",
        data=((0, ask("/fhir/metadata", fields=ACCEPT)), (1, answer(CAPABILITIES, JSON))),
        kinds=("request", "capabilities", "response", "CapabilityStatement"),
    ),
    Vector(
        name="a read with its answer",
        provenance="FHIR R4 http.html 3.1.0.2",
        data=(
            (
                0,
                ask(
                    f"/baseR4/Patient/{CANARY}?_pretty={CANARY}",
                    fields=ACCEPT + "Authorization: Bearer " + CANARY + "\r\n",
                ),
            ),
            (1, answer(PATIENT, JSON)),
        ),
        kinds=("request", "read", "response", "Patient"),
    ),
    Vector(
        name="a search with a bundle, in plain JSON",
        provenance="FHIR R4 http.html 3.1.0.9, bundle.html",
        data=(
            (0, ask(f"/fhir/Observation?subject=Patient/{CANARY}")),
            (1, answer(BUNDLE, "application/json;charset=utf-8")),
        ),
        kinds=("request", "search-type", "response", "Bundle", "Device"),
    ),
    Vector(
        name="a device is created",
        provenance="FHIR R4 device.html",
        data=((0, ask("/fhir/Device", json.dumps(DEVICE).encode(), JSON)),),
        kinds=("request", "create", "Device"),
    ),
    Vector(
        name="a device in XML",
        provenance="FHIR R4 xml.html",
        data=((0, ask("/fhir/Device/1", fields=ACCEPT)), (1, answer(IN_XML, "application/fhir+xml"))),
        kinds=("request", "read", "response", "Device"),
    ),
    Vector(
        name="no resource",
        provenance="FHIR R4 json.html",
        data=((0, ask("/fhir/Device/1")), (1, answer(b'{"a": [1, 2', JSON))),
        kinds=("request", "read", "response", MALFORMED),
    ),
]


def _answered(start: bytes, unit: bytes) -> object:
    def make(size: int) -> Data:
        return ((0, ask("/fhir/Device/1")), (1, answer(start + unit * (size // len(unit)), JSON)))

    return make


HOSTILE = {
    "nested arrays": _answered(b'{"a": ', b"["),
    "many members": _answered(b"{", b'"a": "b", '),
    "a long number": _answered(b'{"a": ', b"9"),
    "types without an end": _answered(b'{"entry": [', b'"resourceType": "'),
    "many devices": _answered(b'{"resourceType": "Bundle", "entry": [', b'{"resource": {"resourceType": "Device"}}, '),
}


@pytest.mark.parametrize(
    ("method", "path", "kind", "resource", "compartment"),
    [
        ("GET", "/fhir/Patient/1", "read", "Patient", ""),
        ("GET", "/a/b/fhir/Patient/1/_history/2", "vread", "Patient", ""),
        ("GET", "/fhir/Patient/1/_history", "history", "Patient", ""),
        ("GET", "/fhir/Patient/1/Observation", "search-compartment", "Observation", "Patient"),
        ("GET", "/fhir/Encounter", "search-type", "Encounter", ""),
        ("POST", "/fhir/Encounter/_search", "search-type", "Encounter", ""),
        ("POST", "/fhir/Observation", "create", "Observation", ""),
        ("PUT", "/fhir/Observation/1", "update", "Observation", ""),
        ("PATCH", "/fhir/Observation/1", "patch", "Observation", ""),
        ("DELETE", "/fhir/Observation/1", "delete", "Observation", ""),
        ("GET", "/fhir/metadata", "capabilities", "", ""),
        ("POST", "/fhir", "batch", "", ""),
        ("GET", "/fhir/_history", "history", "", ""),
    ],
)
def test_interactions_are_told_by_method_and_path(
    method: str, path: str, kind: str, resource: str, compartment: str
) -> None:
    found = read_interaction(method, path.encode(), "Bearer")
    assert found is not None
    assert (found.kind, found.resource, found.compartment) == (kind, resource, compartment)
    assert found.authorization == "Bearer"
    assert found.sender_is_server is False


@pytest.mark.parametrize("path", ["/fhir/index.html", "/fhir", "/fhir/Unknown/1", "/fhirball", "/"])
def test_other_paths_are_not_of_fhir(path: str) -> None:
    assert read_interaction("GET", path.encode(), "") is None


def test_operations_of_the_standard_are_named_and_others_are_not() -> None:
    named, other = (read_interaction("GET", f"/fhir/Patient/1/${name}".encode(), "") for name in ("everything", CANARY))
    assert named is not None
    assert other is not None
    assert (named.operation, other.operation) == ("everything", "other")
    assert named.patient_data is True


def test_a_server_says_its_software() -> None:
    (_, said) = carried(((0, ask("/fhir/metadata")), (1, answer(CAPABILITIES, JSON))), "fhir")
    assert said.facts() == {
        "software": "HAPI FHIR Server",
        "software_version": "7.2.0",
        "fhir_version": "4.0.1",
        "publisher": "Ward",
        "implementation": "Test ward",
    }
    assert said.sender_is_server is True


def test_a_capability_statement_that_is_cut_says_what_came() -> None:
    (found,) = read_given(CAPABILITIES[: CAPABILITIES.index(b'"rest"') + 20])
    assert isinstance(found, Fhir)
    assert found.software_version == "7.2.0"


def test_a_device_says_make_model_and_udi_and_not_its_patient() -> None:
    (found,) = read_given(json.dumps(DEVICE).encode())
    assert found.facts() == {  # type: ignore[union-attr] # read_given gave a message
        "contents": ("Device",),
        "patient_data": True,
        "manufacturer": "Example",
        "model": "Breath",
        "model_number": "900",
        "serial_number": "SN7",
        "udi": "(01)04012345678901(21)SN7",
        "versions": ("3.4.1",),
    }


def test_a_device_in_xml_says_the_same() -> None:
    (_, found) = carried(((0, ask("/fhir/Device/1")), (1, answer(IN_XML, "application/fhir+xml"))), "fhir")
    assert isinstance(found, Fhir)
    assert (found.manufacturer, found.model, found.udi, found.versions) == (
        *("Example", "Breath", "04012345678901"),
        ("3.4.1",),
    )


def test_a_bundle_names_types_whole_or_cut() -> None:
    whole = read_given(BUNDLE)
    cut = read_given(BUNDLE[:-40])
    for found in (whole[0], cut[0]):
        assert isinstance(found, Fhir)
        assert found.contents == ("Patient", "Observation", "Device")
        assert found.patient_data is True


def test_plain_json_of_others_is_not_read() -> None:
    assert kinds_of(converse((0, ask("/api/v1/state")), (1, answer(BUNDLE, "application/json")))) == (
        "request",
        "response",
    )


def test_what_is_of_patients_is_a_resource_type() -> None:
    assert OF_PATIENTS <= RESOURCE_TYPES


def test_samples_of_others_are_read_without_a_word_of_their_patients(archive: Callable[[str], Path]) -> None:
    samples = sorted(archive("clinical").rglob("*.json"))[:40]
    read = 0
    for sample in samples:
        data = sample.read_bytes()[:65536]
        try:
            resource = json.loads(sample.read_bytes())
        except ValueError:
            continue
        if not isinstance(resource, dict) or resource.get("resourceType") not in RESOURCE_TYPES:
            continue
        found: list[Result] = list(read_given(data))
        assert not any(isinstance(result, Malformed) for result in found), sample.name
        shown = repr(found)
        for name in _names(resource):
            assert name not in shown, sample.name
        read += 1
    assert read


def _names(resource: object) -> set[str]:
    """Family and given names of the patients of a bundle."""
    names: set[str] = set()
    entries = resource.get("entry", []) if isinstance(resource, dict) else []
    for entry in entries:
        one = entry.get("resource", {})
        if one.get("resourceType") == "Patient":
            for name in one.get("name", []):
                names |= {name.get("family", ""), *name.get("given", [])}
    return {name for name in names if len(name) > 3}
