"""IEEE 11073 SDC: what a networked medical device says it is and lets others do to it (BICEPS over DPWS).

In: a SOAP envelope's action and body (``soap``). Out: one ``Sdc``. Of an answer that describes the device: its types,
its production data, how many alert systems it has and which remote operations. Measurements and the context of the
patient are never kept, only that they were there.

IEEE 11073-10207 (BICEPS: the participant and message models), 11073-20701 (actions), 11073-10101 (codes).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.fields import facts_of
from asepsis.protocols.http_family import on_http
from asepsis.protocols.masking import printable_text
from asepsis.protocols.message import Malformed, Result
from asepsis.protocols.xml_reading import Element

# A device of several subsystems (a patient's bedside rack) has a handful.
TYPES_LIMIT = 16
UDIS_LIMIT = 8
# Names of actions are the standard's; a body invents one of another length at most.
ACTION_LIMIT = 48
REMEMBERED_REPORTS = 256

# IEEE 11073-10101, partition 8: kinds of production specification.
_HARDWARE, _SOFTWARE, _FIRMWARE = "531974", "531975", "531976"

# What a consumer asks of a device that changes something (11073-20701, SetService and ContextService).
_REMOTE_CONTROL: Final = frozenset(
    (
        *("SetValue", "SetString", "SetMetricState", "SetAlertState", "SetComponentState", "SetContextState"),
        "Activate",
    )
)
# What carries measurements, alerts or the patient's context.
_WITH_PATIENT_DATA: Final = ("MetricReport", "WaveformStream", "ContextReport", "AlertReport")


@value
class Sdc:
    """One message of the service-oriented device connectivity. Texts are empty where nothing is said."""

    PROTOCOL: ClassVar[str] = "sdc"
    action: str
    """``GetMdib``, ``GetMdibResponse``, ``SetValue``, ``EpisodicMetricReport`` ..."""
    types: tuple[str, ...] = ()
    """Codes of the device's MDSs (IEEE 11073-10101 where no other coding system is named)."""
    manufacturer: str = ""
    model_name: str = ""
    model_number: str = ""
    serial_number: str = ""
    lot_number: str = ""
    udis: tuple[str, ...] = ()
    """Human-readable carriers, or the device identifier where there is none."""
    hardware: str = ""
    software: str = ""
    firmware: str = ""
    location: str = ""
    """``Facility/Building/Floor/PointOfCare/Room/Bed``, as far as it is said."""
    alert_systems: int = 0
    operations: tuple[str, ...] = ()
    """Kinds of remote operations that the device offers: ``Activate``, ``SetValue`` ..."""
    patient_data: bool = False
    """Measurements, alerts or a patient's context travelled in clear."""

    @property
    def kind(self) -> str:
        """The action."""
        return self.action

    @property
    def sender_is_server(self) -> bool | None:
        """Responses come from the device; reports come over a connection that the device opened."""
        if self.action.endswith("Response"):
            return True
        return False if self.action.startswith(("Get", "Set", "Activate", "Subscribe")) else None

    @property
    def remote_control(self) -> bool:
        """Whether this asks the device to change something."""
        return self.action in _REMOTE_CONTROL

    def facts(self) -> dict[str, Any]:
        """All that is said, but the action, which is the kind."""
        facts = _facts(self)
        if self.remote_control:
            facts["remote_control"] = True
        return facts


_facts: Final = facts_of(Sdc, without=("action",))


@lru_cache(maxsize=REMEMBERED_REPORTS)
def report_of(action: bytes) -> tuple[Result, ...]:
    """A report, of which nothing but the action is read."""
    name = action[:ACTION_LIMIT].decode("ascii", "replace")
    return (Sdc(action=name, patient_data=name.endswith(_WITH_PATIENT_DATA)),)


def read_exchange(action: str, content: Element | None) -> tuple[Result, ...]:
    """Reads what an envelope holds.

    Args:
        action: WS-Addressing's action; its last part names the message.
        content: The first element of the body, None for an empty one.
    """
    name = action.rpartition("/")[2] or (content.name if content is not None else "")
    if not (name.isascii() and name.isalpha()) or len(name) > ACTION_LIMIT:
        return (Malformed(protocol="sdc", where="Action", why="it names no message"),)
    if content is None:
        return (Sdc(action=name),)
    description = content.child("Mdib", "MdDescription") or content.child("MdDescription")
    devices = [] if description is None else [one for one in description.children if one.name == "Mds"]
    device = devices[0] if devices else None
    patient = any(
        _kind_of(state) == "PatientContextState" for state in content.every("State", "ContextState")
    ) or name.endswith(_WITH_PATIENT_DATA)
    if device is None:
        return (Sdc(action=name, location=_location(content), patient_data=patient or _has_values(content)),)
    data = device.child("MetaData")
    versions = _versions(device)
    return (
        Sdc(
            action=name,
            types=tuple(code for one in devices[:TYPES_LIMIT] if (code := _code(one.child("Type")))),
            **{member: "" if data is None else _said(data, element) for member, element in _META_DATA.items()},
            udis=() if data is None else _udis(data),
            hardware=versions.get(_HARDWARE, ""),
            software=versions.get(_SOFTWARE, ""),
            firmware=versions.get(_FIRMWARE, ""),
            location=_location(content),
            alert_systems=sum(1 for _ in content.every("AlertSystem")),
            operations=_operations(content),
            patient_data=patient or _has_values(content),
        ),
    )


_META_DATA: Final = {
    "manufacturer": "Manufacturer",
    "model_name": "ModelName",
    "model_number": "ModelNumber",
    "serial_number": "SerialNumber",
    "lot_number": "LotNumber",
}


def _said(element: Element, name: str) -> str:
    text = element.said(name)
    # A caret parts the components of a person's name in DICOM and HL7.
    return "" if "^" in text else printable_text(text)


def _code(coded: Element | None) -> str:
    # 11073-10207 B.28: CodedValue; the coding system is IEEE 11073-10101 where none is named.
    if coded is None:
        return ""
    code = printable_text(coded.attributes.get("Code", ""))
    system = printable_text(coded.attributes.get("CodingSystem", ""))
    return code if not system or "11073:10101" in system or not code else f"{system}|{code}"


def _versions(device: Element) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in device.children:
        if one.name == "ProductionSpecification":
            code = _code(one.child("SpecType"))
            if code and code not in found:
                found[code] = _said(one, "ProductionSpec")
    return found


def _udis(data: Element) -> tuple[str, ...]:
    carriers = [one for one in data.children if one.name == "Udi"][:UDIS_LIMIT]
    texts = (_said(one, "HumanReadableForm") or _said(one, "DeviceIdentifier") for one in carriers)
    return tuple(text for text in texts if text)


def _kind_of(element: Element) -> str:
    return element.attributes.get("type", "").rpartition(":")[2]


def _operations(content: Element) -> tuple[str, ...]:
    kinds = {_kind_of(one).removesuffix("Descriptor").removesuffix("Operation") for one in content.every("Operation")}
    return tuple(sorted(kind for kind in kinds if kind in _REMOTE_CONTROL))


def _location(content: Element) -> str:
    # 11073-10207 B.184: LocationDetail. The device's own place, set by whoever installed it.
    for state in content.every("State", "ContextState"):
        if _kind_of(state) == "LocationContextState" and (detail := state.child("LocationDetail")) is not None:
            parts = [
                detail.attributes.get(name, "") for name in ("Facility", "Building", "Floor", "PoC", "Room", "Bed")
            ]
            return printable_text("/".join(parts)) if any(parts) else ""
    return ""


def _has_values(content: Element) -> bool:
    return next(content.every("MetricValue"), None) is not None


DISSECTOR: Final = on_http("sdc")
