"""The messages that a DICOM conversation says: association control (PS3.8) and DIMSE (PS3.7).

They hold what identifies machines and what they do with each other. Of patients they hold only which
attributes were there in clear, never a value; of users only how they identified themselves.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any, ClassVar

from asepsis.kernel.value import value
from asepsis.protocols.dicom.sop_classes import class_name

# PS3.8 9.3.3.2, table 9-18.
CONTEXT_RESULTS = (
    "acceptance",
    "user rejection",
    "no reason (provider rejection)",
    "abstract syntax not supported",
    "transfer syntaxes not supported",
)
# PS3.7 D.3.3.7.1.
IDENTITY_TYPES = {
    1: "username",
    2: "username and passcode",
    3: "Kerberos ticket",
    4: "SAML assertion",
    5: "JSON Web Token",
}

# PS3.8 9.3.4, table 9-21: result, source, reason by source.
REJECT_RESULTS = {1: "rejected permanent", 2: "rejected transient"}
REJECT_SOURCES = {
    1: "service user",
    2: "service provider (ACSE)",
    3: "service provider (presentation)",
}
REJECT_REASONS = {
    (1, 1): "no reason given",
    (1, 2): "application context name not supported",
    (1, 3): "calling AE title not recognized",
    (1, 7): "called AE title not recognized",
    (2, 1): "no reason given",
    (2, 2): "protocol version not supported",
    (3, 1): "temporary congestion",
    (3, 2): "local limit exceeded",
}
# PS3.8 9.3.8, table 9-26.
ABORT_SOURCES = {0: "service user", 2: "service provider"}
ABORT_REASONS = {
    0: "reason not specified",
    1: "unrecognized PDU",
    2: "unexpected PDU",
    4: "unrecognized PDU parameter",
    5: "unexpected PDU parameter",
    6: "invalid PDU parameter value",
}


@value
class PresentationContext:
    """What may be talked about on one presentation context id (PS3.8 7.1.1.13)."""

    id: int
    abstract_syntax: str
    """SOP class UID; empty in an answer whose request was not seen."""
    transfer_syntaxes: tuple[str, ...]
    result: int | None
    """None in a request; else an index of ``CONTEXT_RESULTS``."""


@value
class RoleSelection:
    """SCP/SCU role selection (PS3.7 D.3.3.4)."""

    sop_class: str
    scu: bool
    scp: bool


@value
class UserInformation:
    """The user information item of an association (PS3.7 annex D)."""

    implementation_class_uid: str = ""
    implementation_version: str = ""
    max_pdu_bytes: int | None = None
    """The longest PDU that the sender wants to receive; 0 means no limit; None where not said."""
    operations_window: tuple[int, int] | None = None
    """Asynchronous operations: most invoked, most performed; 0 means no limit."""
    roles: tuple[RoleSelection, ...] = ()
    extended_negotiation: tuple[str, ...] = ()
    """SOP classes with extended negotiation, common extended included."""
    identity: int | None = None
    """A key of ``IDENTITY_TYPES``: the user was named in clear. Who it is, is not kept."""
    identity_answered: bool = False
    """The acceptor answered the user identity."""


@value
class Association:
    """A-ASSOCIATE-RQ or A-ASSOCIATE-AC (PS3.8 9.3.2, 9.3.3)."""

    PROTOCOL: ClassVar[str] = "dicom"

    kind: str
    called_ae: str
    calling_ae: str
    contexts: tuple[PresentationContext, ...]
    user: UserInformation
    complete: bool
    """False when bytes were missing or damaged and only what stood before is told."""

    @property
    def sender_is_server(self) -> bool | None:
        """The acceptor answers: it serves."""
        return self.kind == "A-ASSOCIATE-AC"

    def facts(self) -> dict[str, Any]:
        """Contexts that were proposed or answered alike stand together."""
        user = self.user
        facts: dict[str, Any] = {
            "called_ae": self.called_ae,
            "calling_ae": self.calling_ae,
            "implementation_class_uid": user.implementation_class_uid,
            "implementation_version": user.implementation_version,
            "services": _service_names(self.contexts),
            "contexts": _alike(self.contexts),
            "extended_negotiation": list(user.extended_negotiation),
            "roles": [{"sop_class": r.sop_class, "scu": r.scu, "scp": r.scp} for r in user.roles],
        }
        facts = {name: fact for name, fact in facts.items() if fact}
        if user.max_pdu_bytes is not None:
            facts["max_pdu_bytes"] = user.max_pdu_bytes
        if user.operations_window is not None:
            facts["operations_window"] = list(user.operations_window)
        if user.identity is not None:
            facts["user_identity"] = IDENTITY_TYPES.get(user.identity, f"type {user.identity}")
        if user.identity_answered:
            facts["user_identity_answered"] = True
        if not self.complete:
            facts["complete"] = False
        return facts


def _service_names(contexts: tuple[PresentationContext, ...]) -> list[str]:
    """Names of the SOP classes that are asked for, or that were accepted; each once, in order."""
    names = (class_name(c.abstract_syntax) for c in contexts if not c.result)
    return [name for name in dict.fromkeys(names) if name]


def _alike(contexts: tuple[PresentationContext, ...]) -> list[dict[str, Any]]:
    groups = []
    for (syntaxes, result), members in groupby(contexts, key=lambda c: (c.transfer_syntaxes, c.result)):
        group: dict[str, Any] = {}
        if abstract := [c.abstract_syntax for c in members if c.abstract_syntax]:
            group["abstract_syntaxes"] = abstract
        if syntaxes and any(syntaxes):
            group["transfer_syntaxes"] = list(syntaxes)
        if result is not None:
            group["result"] = CONTEXT_RESULTS[result] if result < len(CONTEXT_RESULTS) else f"result {result}"
        groups.append(group)
    return groups


@value
class Rejection:
    """A-ASSOCIATE-RJ (PS3.8 9.3.4)."""

    PROTOCOL: ClassVar[str] = "dicom"

    result: int
    source: int
    reason: int

    @property
    def kind(self) -> str:
        """Always ``A-ASSOCIATE-RJ``."""
        return "A-ASSOCIATE-RJ"

    @property
    def sender_is_server(self) -> bool | None:
        """Only an acceptor rejects."""
        return True

    def facts(self) -> dict[str, Any]:
        """Result, source and reason in the standard's words."""
        return {
            "result": REJECT_RESULTS.get(self.result, f"result {self.result}"),
            "source": REJECT_SOURCES.get(self.source, f"source {self.source}"),
            "reason": REJECT_REASONS.get((self.source, self.reason), f"reason {self.reason}"),
        }


@value
class Release:
    """A-RELEASE-RQ or A-RELEASE-RP (PS3.8 9.3.6, 9.3.7)."""

    PROTOCOL: ClassVar[str] = "dicom"

    kind: str
    sender_is_server: bool | None

    def facts(self) -> dict[str, Any]:
        """Nothing beyond that it was said."""
        return {}


@value
class Abort:
    """A-ABORT (PS3.8 9.3.8)."""

    PROTOCOL: ClassVar[str] = "dicom"

    source: int
    reason: int
    sender_is_server: bool | None

    @property
    def kind(self) -> str:
        """Always ``A-ABORT``."""
        return "A-ABORT"

    def facts(self) -> dict[str, Any]:
        """Who aborted; a reason is significant only from the service provider."""
        facts = {"source": ABORT_SOURCES.get(self.source, f"source {self.source}")}
        if self.source == 2:
            facts["reason"] = ABORT_REASONS.get(self.reason, f"reason {self.reason}")
        return facts


@value
class Command:
    """A DIMSE command set (PS3.7 9.3, 10.3, annex E), without instance UIDs and comments."""

    kind: str
    """``C-STORE-RQ``."""
    message_id: int | None = None
    responding_to: int | None = None
    """The message id that a response answers."""
    sop_class: str = ""
    has_data_set: bool = False
    status: int | None = None
    priority: int | None = None
    move_destination: str = ""
    """AE title that objects are to be sent to."""
    move_originator: str = ""
    """AE title that asked for the move which this store is part of."""
    sub_operations: tuple[int, int, int, int] | None = None
    """Remaining, completed, failed, warning."""
    type_id: int | None = None
    """Event type or action type."""


@value
class DataSet:
    """What the beginning of a data set says of the machine that made the object, and of whose data is in clear.

    The machine is the one that made the object: the sender of a C-STORE may only forward it. In a query it is
    the one that is asked about: a modality asks a worklist for its own station.
    """

    transfer_syntax: str
    """UID that the association agreed on; empty when it was not seen and the encoding was guessed."""
    encoding: str
    """How the attributes were read, in the words of PS3.5 annex A."""
    equipment: tuple[tuple[str, str], ...] = ()
    """Attribute's name and text, in the order of the data set."""
    patient: tuple[str, ...] = ()
    """Names of the attributes of group 0010 that had a value in clear."""
    query_level: str = ""
    matching_keys: tuple[str, ...] = ()
    """Names of the attributes that a query matches on."""
    return_keys: tuple[str, ...] = ()
    """Names of the attributes that a query asks for."""
    complete: bool = True
    """False when only the beginning was looked at."""

    def facts(self) -> dict[str, Any]:
        """``equipment`` is a mapping of attribute names to text."""
        facts: dict[str, Any] = {
            "transfer_syntax": self.transfer_syntax,
            "encoding": self.encoding,
            "equipment": dict(self.equipment),
            "patient_attributes": list(self.patient),
            "query_level": self.query_level,
            "matching_keys": list(self.matching_keys),
            "return_keys": list(self.return_keys),
        }
        return {name: fact for name, fact in facts.items() if fact}


PRIORITIES = ("medium", "high", "low")  # PS3.7 9.3.1.1


def status_class(status: int) -> str:
    """The class of a DIMSE status (PS3.7 annex C)."""
    if status == 0x0000:
        return "Success"
    if status in {0xFF00, 0xFF01}:
        return "Pending"
    if status == 0xFE00:
        return "Cancel"
    if status in {0x0001, 0x0107, 0x0116} or status >> 12 == 0xB:
        return "Warning"
    return "Failure"


@value
class DimseMessage:
    """A command set with the beginning of its data set (PS3.7 6.3.1).

    Pending responses of one operation are told as one: by the final response, or when the conversation ends.
    """

    PROTOCOL: ClassVar[str] = "dicom"

    command: Command
    data_set: DataSet | None
    pending_responses: int
    """How many pending responses came before this final one."""
    sender_is_server: bool | None

    @property
    def kind(self) -> str:
        """The command's name, such as ``C-FIND-RQ``."""
        return self.command.kind

    def facts(self) -> dict[str, Any]:
        """The command's facts, and those of the data set under ``data_set``."""
        command = self.command
        facts: dict[str, Any] = {
            "sop_class": command.sop_class,
            "sop_class_name": class_name(command.sop_class),
            "move_destination": command.move_destination,
            "move_originator": command.move_originator,
            "pending_responses": self.pending_responses,
        }
        facts = {name: fact for name, fact in facts.items() if fact}
        if command.status is not None:
            facts["status"] = command.status
            facts["status_class"] = status_class(command.status)
        if command.priority is not None:
            facts["priority"] = PRIORITIES[command.priority] if command.priority < 3 else f"priority {command.priority}"
        if command.type_id is not None:
            facts["type_id"] = command.type_id
        if command.sub_operations is not None:
            names = ("remaining", "completed", "failed", "warning")
            facts["sub_operations"] = dict(zip(names, command.sub_operations, strict=True))
        if self.data_set is not None:
            facts["data_set"] = self.data_set.facts()
            facts["patient_data_in_clear"] = bool(self.data_set.patient)
        return facts
