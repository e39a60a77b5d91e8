"""Records as FHIR R4 AuditEvent, in the shape of IHE's Basic Audit Log Patterns (BALP 1.1).

Each restful act has a profile there: Create, Read, Update, Delete and Query, with and without a patient. BALP profiles
only what succeeded; what was refused or failed has the same shape and another outcome. Other acts (signing in, an
export) bear the codes that DICOM PS3.16 CID 401 gives them.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any, Final

from asepsis.kernel.value import value
from asepsis.ledger.record import Action, Outcome, Record, exact_time

_DCM: Final = "http://dicom.nema.org/resources/ontology/DCM"
_TERMINOLOGY: Final = "http://terminology.hl7.org/CodeSystem"
_REST: Final = "http://hl7.org/fhir/restful-interaction"
_BALP: Final = "https://profiles.ihe.net/ITI/BALP"


@value
class _Pattern:
    """What a profile fixes."""

    profile: str
    code: str
    """AuditEvent.action."""
    interaction: tuple[str, str]
    client: tuple[str, str, str]
    server: tuple[str, str, str]
    user: tuple[str, str, str]


_SOURCE: Final = (_DCM, "110153", "Source Role ID")
_DESTINATION: Final = (_DCM, "110152", "Destination Role ID")
_APPLICATION: Final = (_DCM, "110150", "Application")
_CUSTODIAN: Final = (f"{_TERMINOLOGY}/provenance-participant-type", "custodian", "Custodian")
_AUTHOR: Final = (f"{_TERMINOLOGY}/v3-ParticipationType", "AUT", "author (originator)")
_RECIPIENT: Final = (f"{_TERMINOLOGY}/v3-ParticipationType", "IRCP", "information recipient")

_PATTERNS: Final = {
    Action.CREATE: _Pattern(
        profile="Create", code="C", interaction=("create", "create"), client=_SOURCE, server=_DESTINATION, user=_AUTHOR
    ),
    Action.READ: _Pattern(
        profile="Read", code="R", interaction=("read", "read"), client=_DESTINATION, server=_SOURCE, user=_RECIPIENT
    ),
    Action.UPDATE: _Pattern(
        profile="Update", code="U", interaction=("update", "update"), client=_SOURCE, server=_DESTINATION, user=_AUTHOR
    ),
    Action.DELETE: _Pattern(
        profile="Delete",
        code="D",
        interaction=("delete", "delete"),
        client=_APPLICATION,
        server=_CUSTODIAN,
        user=_AUTHOR,
    ),
    Action.EXECUTE: _Pattern(
        profile="Query",
        code="E",
        interaction=("search", "search"),
        client=_SOURCE,
        server=_DESTINATION,
        user=_RECIPIENT,
    ),
}

# FHIR R4 audit-event-outcome: success, minor failure (the request was refused), serious failure.
_OUTCOMES: Final = {Outcome.SUCCESS: "0", Outcome.REFUSED: "4", Outcome.FAILED: "8"}

# DICOM PS3.16 CID 400 and 401: kinds of records that are no restful act.
_SECURITY: Final = {
    "person.sign-in": (("110114", "User Authentication"), ("110122", "Login")),
    "person.sign-out": (("110114", "User Authentication"), ("110123", "Logout")),
    "ledger.export": (("110101", "Audit Log Used"), None),
    "ledger.read": (("110101", "Audit Log Used"), None),
    "break-glass.start": (("110113", "Security Alert"), ("110127", "Emergency Override Started")),
    "break-glass.stop": (("110113", "Security Alert"), ("110138", "Emergency Override Stopped")),
}


def audit_event(record: Record, server: str) -> dict[str, Any]:
    """The AuditEvent of a record.

    Args:
        record: The record.
        server: The address of this installation, such as ``https://asepsis.example``.
    """
    # BALP Query is for acts that search; any other execution is told by its kind, without a profile.
    is_query = record.action is Action.EXECUTE and "query" in (record.details or {})
    pattern = _PATTERNS[record.action]
    security = _SECURITY.get(record.kind)
    event: dict[str, Any] = {"resourceType": "AuditEvent", "id": record.id}
    rest = security is None and (is_query or record.action is not Action.EXECUTE)
    if rest and record.outcome is Outcome.SUCCESS:
        patient = "Patient" if record.patient else ""
        event["meta"] = {"profile": [f"{_BALP}/StructureDefinition/IHE.BasicAudit.{patient}{pattern.profile}"]}
    if security is None:
        event["type"] = _coding(f"{_TERMINOLOGY}/audit-event-type", "rest", "Restful Operation")
        event["subtype"] = [_coding(_REST, *(pattern.interaction if rest else ("operation", "operation")))]
    else:
        event["type"] = _coding(_DCM, *security[0])
        event["subtype"] = [_coding(_DCM, *security[1])] if security[1] is not None else []
    event["subtype"].append(_coding(f"{server}/ledger/kinds", record.kind, record.kind))
    event["action"] = pattern.code
    # FHIR's instants have milliseconds at least; the ledger's nine digits are allowed.
    event["recorded"] = exact_time(record.time_ns)
    event["outcome"] = _OUTCOMES[record.outcome]
    if record.purpose:
        event["purposeOfEvent"] = [_concept(f"{_TERMINOLOGY}/v3-ActReason", record.purpose, record.purpose)]
    event["agent"] = _agents(record, pattern, server)
    event["source"] = {
        **({"site": record.site} if record.site else {}),
        "observer": {"display": server},
        "type": [_coding(f"{_TERMINOLOGY}/security-source-type", "4", "Application Server")],
    }
    event["entity"] = _entities(record, pattern, is_query=is_query)
    return event


def _agents(record: Record, pattern: _Pattern, server: str) -> list[dict[str, Any]]:
    user: dict[str, Any] = {
        "type": _concept(*pattern.user),
        "who": {"identifier": {"value": record.actor}, **({"display": record.actor_name} if record.actor_name else {})},
        "requestor": True,
    }
    if record.actor_name:
        user["name"] = record.actor_name
    if record.roles:
        user["role"] = [{"text": role} for role in record.roles]
    if record.policies:
        user["policy"] = [f"urn:asepsis:policy:{policy}" for policy in record.policies]
    if record.purpose:
        user["purposeOfUse"] = [_concept(f"{_TERMINOLOGY}/v3-ActReason", record.purpose, record.purpose)]
    client = record.client or "localhost"
    return [
        {
            "type": _concept(*pattern.client),
            "who": {"display": client},
            "requestor": False,
            # FHIR network-type: 2 is an IP address, 1 a name of a machine.
            "network": {"address": client, "type": "2" if record.client else "1"},
        },
        {
            "type": _concept(*pattern.server),
            "who": {"display": server},
            "requestor": False,
            "network": {"address": server, "type": "5"},
        },
        user,
    ]


def _entities(record: Record, pattern: _Pattern, *, is_query: bool) -> list[dict[str, Any]]:
    entities: list[dict[str, Any]] = []
    system_object = _coding(f"{_TERMINOLOGY}/audit-entity-type", "2", "System Object")
    details = record.details or {}
    if is_query:
        entities.append(
            {
                "type": system_object,
                "role": _coding(f"{_TERMINOLOGY}/object-role", "24", "Query"),
                "query": b64encode(str(details["query"]).encode("utf-8", "replace")).decode(),
            }
        )
    else:
        data: dict[str, Any] = {
            "what": {"identifier": {"value": record.subject or record.kind}},
            "type": system_object,
            "role": _coding(f"{_TERMINOLOGY}/object-role", "4", "Domain Resource"),
        }
        if record.reason:
            data["description"] = record.reason
        if details:
            data["detail"] = [{"type": name, "valueString": _text(details[name])} for name in sorted(details)]
        entities.append(data)
    if record.patient:
        entities.append(
            {
                "what": {"reference": f"Patient/{record.patient}"},
                "type": _coding(f"{_TERMINOLOGY}/audit-entity-type", "1", "Person"),
                "role": _coding(f"{_TERMINOLOGY}/object-role", "1", "Patient"),
            }
        )
    if record.request:
        entities.append(
            {
                "what": {"identifier": {"value": record.request}},
                "type": {"system": f"{_BALP}/CodeSystem/BasicAuditEntityType", "code": "XrequestId"},
            }
        )
    return entities


def _text(detail: object) -> str:
    return ", ".join(detail) if isinstance(detail, tuple) else str(detail)


def _coding(system: str, code: str, display: str) -> dict[str, str]:
    return {"system": system, "code": code, "display": display}


def _concept(system: str, code: str, display: str) -> dict[str, Any]:
    return {"coding": [_coding(system, code, display)]}
