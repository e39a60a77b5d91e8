"""The messages that an HL7 v2 conversation says.

They hold who talks to whom about what kind of thing, and which devices observed. Of patients they hold only
which fields of PID were filled; never the text of PID, PV1, NTE or an observation's value.
"""

from __future__ import annotations

from typing import Any, ClassVar

from asepsis.kernel.value import value
from asepsis.protocols.udi import Udi


@value
class Header:
    """MSH (HL7 v2.9 2.14.9), or FHS and BHS, whose fields 3 to 6 mean the same (2.14.6, 2.14.2)."""

    sending_application: str
    sending_facility: str
    receiving_application: str
    receiving_facility: str
    message_type: str = ""
    trigger_event: str = ""
    structure: str = ""
    processing_id: str = ""
    """``P`` production, ``T`` training, ``D`` debugging."""
    version: str = ""
    character_set: str = ""
    profiles: tuple[str, ...] = ()
    """Message profile identifiers (MSH-21), such as ``IHE_PCD_001``."""

    def facts(self) -> dict[str, Any]:
        """The fields that are filled."""
        facts: dict[str, Any] = {
            "sending_application": self.sending_application,
            "sending_facility": self.sending_facility,
            "receiving_application": self.receiving_application,
            "receiving_facility": self.receiving_facility,
            "message_type": self.message_type,
            "trigger_event": self.trigger_event,
            "structure": self.structure,
            "processing_id": self.processing_id,
            "version": self.version,
            "character_set": self.character_set,
            "profiles": list(self.profiles),
        }
        return {name: fact for name, fact in facts.items() if fact}


@value
class Acknowledgment:
    """MSA (2.14.8) with the codes of ERR (2.14.5); their texts for people are not kept."""

    code: str
    """``AA``, ``AE``, ``AR``, ``CA``, ``CE``, ``CR``."""
    control_id: str
    """Of the message that is answered."""
    errors: tuple[str, ...] = ()
    """``CODE SEVERITY`` of each ERR segment."""


@value
class Orders:
    """ORC and OBR (HL7 v2.9 4.5.1, 4.5.3): what was ordered, by codes."""

    controls: tuple[str, ...] = ()
    """Distinct order control codes: ``NW``, ``CA``, ``RE``."""
    services: tuple[str, ...] = ()
    """Distinct universal service identifiers, ``CODE^SYSTEM``."""


@value
class Observations:
    """OBX (HL7 v2.9 7.4.2): what was observed, by codes; never a value of a patient."""

    count: int
    value_types: tuple[tuple[str, int], ...]
    identifiers: tuple[str, ...]
    """Distinct observation identifiers, ``CODE^SYSTEM``: LOINC (LN) and IEEE 11073 (MDC) before local codes."""
    references: tuple[str, ...] = ()
    """Distinct reference identifiers of IEEE 11073 codes: ``MDC_ECG_HEART_RATE``."""


@value
class Equipment:
    """A device that a message names: an entity identifier and what stands beside it."""

    source: str
    """The field that names it: ``OBX-18``, ``PRT-10``, ``PRT-16``, ``EQU-1``, ``DEV-2``, or ``OBX-5`` for a device that
    says in observations of its own what it is; that one has no identifier."""
    identifier: str
    namespace: str = ""
    universal_id: str = ""
    universal_id_type: str = ""
    udi: Udi | None = None
    attributes: tuple[tuple[str, str], ...] = ()
    """Name and text: serial number, lot number, dates, model and so on, where the segment says them."""

    def facts(self) -> dict[str, Any]:
        """The identifier's parts, the UDI's under ``udi``, and the attributes by their names."""
        facts: dict[str, Any] = {
            "source": self.source,
            "identifier": self.identifier,
            "namespace": self.namespace,
            "universal_id": self.universal_id,
            "universal_id_type": self.universal_id_type,
            "udi": self.udi.facts() if self.udi is not None else None,
            **dict(self.attributes),
        }
        return {name: fact for name, fact in facts.items() if fact}


@value
class Software:
    """SFT (2.14.12): the program that sent the message."""

    vendor: str
    version: str
    product: str

    def facts(self) -> dict[str, str]:
        """The fields that are filled."""
        facts = {"vendor": self.vendor, "version": self.version, "product": self.product}
        return {name: fact for name, fact in facts.items() if fact}


@value
class Hl7Message:
    """One message."""

    PROTOCOL: ClassVar[str] = "hl7"

    header: Header
    control_id: str
    segments: tuple[tuple[str, int], ...]
    """Names and counts in the order of their first use; names that no version of the standard has are left out."""
    acknowledgment: Acknowledgment | None
    patient_fields: tuple[int, ...]
    """Numbers of the PID fields that held something in clear."""
    orders: Orders | None
    observations: Observations | None
    equipment: tuple[Equipment, ...]
    software: tuple[Software, ...]
    complete: bool
    """False when the end of the message was missing or over the limit."""

    @property
    def kind(self) -> str:
        """Type and trigger event, such as ``ORU^R01``."""
        header = self.header
        if header.trigger_event:
            return f"{header.message_type}^{header.trigger_event}"
        return header.message_type or "unknown"

    @property
    def sender_is_server(self) -> bool | None:
        """The listener answers with MSA; everything else comes from the side that connects (MLLP, appendix C)."""
        return self.acknowledgment is not None or self.header.message_type == "ACK"

    def facts(self) -> dict[str, Any]:
        """The header's facts, and beside them what the segments say."""
        facts = self.header.facts()
        if self.control_id:
            facts["control_id"] = self.control_id
        facts["segments"] = dict(self.segments)
        if self.acknowledgment is not None:
            if self.acknowledgment.code:
                facts["acknowledgment_code"] = self.acknowledgment.code
            if self.acknowledgment.control_id:
                facts["acknowledged_control_id"] = self.acknowledgment.control_id
            if self.acknowledgment.errors:
                facts["errors"] = list(self.acknowledgment.errors)
        if "PID" in facts["segments"]:
            facts["patient_data_in_clear"] = any(field > 1 for field in self.patient_fields)
            if self.patient_fields:
                facts["patient_fields"] = list(self.patient_fields)
        if self.orders is not None:
            if self.orders.controls:
                facts["order_controls"] = list(self.orders.controls)
            if self.orders.services:
                facts["services"] = list(self.orders.services)
        if self.observations is not None:
            facts["observations"] = self.observations.count
            if self.observations.value_types:
                facts["value_types"] = dict(self.observations.value_types)
            if self.observations.identifiers:
                facts["observation_identifiers"] = list(self.observations.identifiers)
        if self.equipment:
            facts["equipment"] = [one.facts() for one in self.equipment]
        if self.software:
            facts["software"] = [
                {"vendor": s.vendor, "version": s.version, "product": s.product} for s in self.software
            ]
        if not self.complete:
            facts["complete"] = False
        return facts


@value
class Batch:
    """A file or batch header; its messages follow one by one (2.10.3)."""

    PROTOCOL: ClassVar[str] = "hl7"

    kind: str
    """``FHS`` or ``BHS``."""
    header: Header
    sender_is_server: bool | None = False

    def facts(self) -> dict[str, Any]:
        """Who sends the batch to whom."""
        return self.header.facts()
