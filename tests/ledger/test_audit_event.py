"""Records become AuditEvents of the shape that IHE's Basic Audit Log Patterns ask for, compared with their own text."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asepsis.ledger import Action, Outcome
from asepsis.ledger.audit_event import audit_event
from tests.ledger.records import record

SERVER = "https://asepsis.example"

# Profile -> the file that defines it and its parent, and a record of that pattern.
PROFILES: dict[str, tuple[str, dict[str, object]]] = {
    "Create": ("PatientCreate.fsh", {"action": Action.CREATE, "kind": "device.create"}),
    "Read": ("PatientRead.fsh", {"action": Action.READ, "kind": "device.read"}),
    "Update": ("PatientUpdate.fsh", {"action": Action.UPDATE, "kind": "device.update"}),
    "Delete": ("PatientDelete.fsh", {"action": Action.DELETE, "kind": "device.delete"}),
    "Query": (
        "PatientQuery.fsh",
        {"action": Action.EXECUTE, "kind": "devices.search", "details": {"query": "name=ct"}},
    ),
}
ALIASES = {
    "DCM": "http://dicom.nema.org/resources/ontology/DCM",
    "BasicAuditEntityType": "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType",
}


def _rules(text: str, profile: str) -> list[tuple[str, str]]:
    """Path and rest of each rule of a profile in FHIR Shorthand, its parent's first."""
    block = re.search(
        rf"^Profile:\s+{profile}\nParent:\s+(\w+)\n(.*?)(?=^(?:Profile|ValueSet|Instance):|\Z)", text, re.S | re.M
    )
    assert block is not None, profile
    own = re.findall(r"^\* (\S+) (.*?)(?:\s+//.*)?$", re.sub(r'""".*?"""', "", block[2], flags=re.S), re.M)
    return (_rules(text, block[1]) if block[1] != "AuditEvent" else []) + own


def _values(text: str) -> dict[str, set[tuple[str, str]]]:
    """The codes of each value set in the text."""
    return {
        name: {(system, code) for system, code in re.findall(r"^\* (http\S+)#(\S+)", body, re.M)}
        for name, body in re.findall(
            r"^ValueSet: (\w+)\n(.*?)(?=^(?:Profile|ValueSet|Instance):|\Z)", text, re.S | re.M
        )
    }


def _codes(element: Any) -> set[tuple[str, str]]:
    """All codings of an element, which may be a code, a Coding, a CodeableConcept, or a list."""
    if isinstance(element, list):
        return {code for one in element for code in _codes(one)}
    if isinstance(element, dict):
        return {(element["system"], element["code"])} if "code" in element else _codes(element.get("coding", []))
    return {("", element)}


def _slices(event: dict[str, Any], rules: list[tuple[str, str]]) -> dict[str, list[dict[str, Any]]]:
    """The elements of each slice: those whose type is the one that the profile gives the slice."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path, rule in rules:
        match = re.fullmatch(r"(agent|entity)\[(\w+)\]\.type", path)
        if match and rule.startswith("= "):
            code = _code_of(rule)
            # Patients and data may share a type with others; the role that the profile fixes tells them apart.
            roles = [
                _code_of(more) for other, more in rules if other == f"{match[1]}[{match[2]}].role" and more[0] == "="
            ]
            found[f"{match[1]}[{match[2]}]"] = [
                one
                for one in event[match[1]]
                if code in _codes(one["type"]) and all(role in _codes(one.get("role", [])) for role in roles)
            ]
    return found


def _code_of(rule: str) -> tuple[str, str]:
    system, _, code = rule.removeprefix("= ").split(" ")[0].partition("#")
    return ALIASES.get(system, system), code


def _checked(event: dict[str, Any], text: str, values: dict[str, set[tuple[str, str]]], profile: str) -> int:
    """Holds an event against every cardinality and every fixed or bound code; gives how many rules were held."""
    rules = _rules(text, profile)
    slices = _slices(event, rules)
    held = 0
    for path, rule in rules:
        base = re.match(r"(?:agent|entity)\[\w+\]", path)
        if "^" in path or rule.startswith(("^", "contains", "MS", "only", "insert")):
            continue
        if base is None:
            name = path.split("[")[0]
            elements = [event[name]] if name in event and not isinstance(event.get(name), list) else event.get(name, [])
            rest: list[str] = []
        else:
            if base[0] not in slices:  # a slice whose type is bound to a value set: the user
                slices[base[0]] = [one for one in event["agent"] if one["requestor"]]
            elements = slices[base[0]]
            rest = path[base.end() :].strip(".").split(".")
        for step in rest:
            elements = [one[step] for one in elements if step in one]
        if count := re.match(r"(\d+)\.\.(\d*)", rule):
            per = len(slices[base[0]]) if base is not None and "transaction" not in base[0] else 1
            least = int(count[1]) * per
            if count[2] == "0":
                assert not elements, f"{profile}: {path} must not be there"
            assert len(elements) >= least, f"{profile}: {path} {rule}"
            held += 1
        elif rule.startswith("= ") and "#" in rule:
            system, code = _code_of(rule)
            wanted = {(system, code), ("", code)}
            assert elements, f"{profile}: {path} is missing"
            # Of an open slice (subtype) one element must have the code; elsewhere all have it.
            fits = [bool(wanted & _codes(one)) for one in elements]
            assert (any if base is None else all)(fits), f"{profile}: {path} {rule}"
            held += 1
        elif rule.startswith("= true"):
            assert elements == [True], f"{profile}: {path}"
            held += 1
        elif rule.startswith("from "):
            allowed = values[rule.split()[1]]
            assert any(allowed & _codes(one) for one in elements), f"{profile}: {path} {rule}"
            held += 1
    return held


@pytest.mark.parametrize("patient", ["", "5f6a"])
@pytest.mark.parametrize("profile", PROFILES)
def test_a_record_has_the_shape_that_its_profile_asks_for(
    archive: Callable[[str], Path], profile: str, patient: str
) -> None:
    folder = archive("clinical") / "ihe_basicaudit" / "input" / "fsh"
    file, changes = PROFILES[profile]
    text = (folder / file).read_text()
    values = _values("".join(path.read_text() for path in sorted(folder.glob("Patient*.fsh"))))
    event = audit_event(record(1, patient=patient, reason="a round", **changes), SERVER)
    name = f"Patient{profile}" if patient else profile
    assert event["meta"]["profile"] == [f"https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.{name}"]
    assert _checked(event, text, values, name) > 20


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (lambda event: event.update(action="X"), "action"),
        (lambda event: event.pop("recorded"), "recorded"),
        (lambda event: event["agent"].pop(0), "client"),
        (lambda event: event["entity"].clear(), "entity"),
        (lambda event: event["agent"][1].pop("network"), "network"),
    ],
)
def test_the_comparison_finds_what_is_wrong(
    archive: Callable[[str], Path], fault: Callable[[dict[str, Any]], object], says: str
) -> None:
    text = (archive("clinical") / "ihe_basicaudit" / "input" / "fsh" / "PatientRead.fsh").read_text()
    event = audit_event(record(1, **PROFILES["Read"][1]), SERVER)
    fault(event)
    with pytest.raises(AssertionError, match=says):
        _checked(event, text, _values(text), "Read")


def test_who_why_and_under_which_policy_stand_in_it() -> None:
    event = audit_event(record(1, purpose="BTG", reason="a round"), SERVER)
    (user,) = [agent for agent in event["agent"] if agent["requestor"]]
    assert user["who"]["identifier"]["value"] == "person:1"
    assert user["role"] == [{"text": "security-analyst"}]
    assert user["policy"] == ["urn:asepsis:policy:analyst-reads"]
    assert user["purposeOfUse"][0]["coding"][0]["code"] == "BTG"
    assert event["recorded"] == "2026-09-21T14:13:21.000000007Z"
    values = [entity["what"]["identifier"]["value"] for entity in event["entity"]]
    assert values == ["device:1", "request-1"]


def test_a_search_is_kept_exactly_as_it_was_asked() -> None:
    event = audit_event(record(1, action=Action.EXECUTE, details={"query": "name=<b>&ü"}), SERVER)
    assert b64decode(event["entity"][0]["query"]).decode() == "name=<b>&ü"


@pytest.mark.parametrize(
    ("changes", "outcome", "profiled"),
    [
        ({"outcome": Outcome.SUCCESS}, "0", True),
        ({"outcome": Outcome.REFUSED}, "4", False),
        ({"outcome": Outcome.FAILED}, "8", False),
    ],
)
def test_only_what_succeeded_claims_a_profile(changes: dict[str, object], outcome: str, profiled: bool) -> None:
    event = audit_event(record(1, **changes), SERVER)
    assert event["outcome"] == outcome
    assert ("meta" in event) == profiled


def test_signing_in_has_the_codes_of_dicom() -> None:
    event = audit_event(record(1, kind="person.sign-in", action=Action.EXECUTE), SERVER)
    assert (event["type"]["code"], event["subtype"][0]["code"]) == ("110114", "110122")
