"""What personal health devices and their managers say: associations, configurations, reports; never a value.

Of a person there is nothing here but whether reports are kept apart by person (``by_person``).
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.fields import facts_of


@value
class Association:
    """AARQ or AARE (IEEE 11073-20601 8.7, annex A.8) with the information of the protocol 20601."""

    PROTOCOL: ClassVar[str] = "phd"

    kind: str
    result: str = ""
    """Of an AARE: ``accepted``, ``accepted-unknown-config``, ``rejected-...``."""
    association_version: int = 0
    """The highest that is proposed, from 1."""
    protocols: tuple[int, ...] = ()
    """Identifiers of the data protocols: 20601, or 65535 for a maker's own."""
    protocol_version: int = 0
    """The highest of 20601 that is proposed or was chosen, from 1."""
    encodings: tuple[str, ...] = ()
    nomenclature_version: int = 0
    functional_units: tuple[str, ...] = ()
    """``test-association`` says that what is measured is nobody's."""
    system_type: str = ""
    """``agent`` or ``manager``."""
    system_id: str = ""
    """EUI-64 in hexadecimal digits."""
    config_id: int = 0
    specialization: str = ""
    """By the configuration, where it is a standard one: ``DEV_SPEC_PROFILE_PULS_OXIM``."""
    data_request_modes: int = 0
    agent_initiated: int = 0
    manager_initiated: int = 0
    """How many data requests of each kind are supported at once."""
    options: tuple[int, ...] = ()
    """Identifiers of the attributes in the option list."""

    @property
    def sender_is_server(self) -> bool | None:
        """The agent asks for the association, the manager answers."""
        return self.kind == "AARE"

    def facts(self) -> dict[str, Any]:
        """Everything but the kind."""
        return _association_facts(self)


@value
class Ending:
    """RLRQ, RLRE or ABRT (20601 8.10, 8.11)."""

    PROTOCOL: ClassVar[str] = "phd"

    kind: str
    reason: str
    sender_is_server: bool | None = None

    def facts(self) -> dict[str, Any]:
        """The reason."""
        return {"reason": self.reason}


@value
class Specification:
    """One entry of the production specification (20601 A.11.5)."""

    kind: str
    """``serial_number``, ``firmware_revision`` ..."""
    component: int
    text: str


@value
class Identity:
    """What the attributes of the medical device system (MDS) say of the device (20601 6.3.2)."""

    system_id: str = ""
    manufacturer: str = ""
    model: str = ""
    specifications: tuple[Specification, ...] = ()
    specializations: tuple[str, ...] = ()
    config_id: int = 0
    clock: str = ""
    """What the time information claims: capabilities in hexadecimal digits and how time is synchronised, as a code."""
    power: str = ""
    """Where the power comes from: ``mains``, ``battery`` or nothing."""

    def facts(self) -> dict[str, Any]:
        """The members that say something; specifications by their names."""
        facts = _identity_facts(self)
        for one in self.specifications:
            facts.setdefault(one.kind, one.text)
        if self.specializations:
            facts["specializations"] = list(self.specializations)
        return facts


@value
class MeasuredObject:
    """One object of a configuration."""

    object_class: str
    handle: int
    type: str = ""
    """What is measured: ``PULS_OXIM_SAT_O2``, or the partition and code as numbers."""


@value
class DataMessage:
    """A PRST: a report, a request, an answer or an error (20601 8.9)."""

    PROTOCOL: ClassVar[str] = "phd"

    kind: str
    """``roiv-cmip-confirmed-event-report`` and so on."""
    sender_is_server: bool | None = None
    invoke_id: int = 0
    handle: int = 0
    """The object that the message is about; 0 is the device itself."""
    event: str = ""
    action: str = ""
    config_id: int = 0
    specialization: str = ""
    config_result: str = ""
    objects: tuple[MeasuredObject, ...] = ()
    """Of a configuration report."""
    observations: int = 0
    """How many observations a report holds."""
    handles: tuple[int, ...] = ()
    """Distinct objects that a report is about."""
    measured: tuple[str, ...] = ()
    """What those objects measure, as far as their configuration was seen."""
    by_person: bool = False
    identity: Identity | None = None
    error: str = ""

    def facts(self) -> dict[str, Any]:
        """Everything but the kind."""
        facts = _data_facts(self)
        if self.objects:
            facts["objects"] = [_object_facts(one) for one in self.objects]
        if self.identity is not None:
            facts |= {name: fact for name, fact in self.identity.facts().items() if name not in facts}
        return facts


_association_facts: Final = facts_of(Association, without=("kind",))
_identity_facts: Final = facts_of(Identity, without=("specifications", "specializations"))
_data_facts: Final = facts_of(DataMessage, without=("kind", "sender_is_server", "objects", "identity"))
_object_facts: Final = facts_of(MeasuredObject)
