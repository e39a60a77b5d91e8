"""POCT1-A (CLSI POCT01-A2, annex B): point-of-care devices and their data manager, XML over TCP.

In: bytes of a conversation. Out: one ``Poct1a`` for each document: what the device is (``HEL.R01``), what it can do,
how many observations wait. Of patients and operators only that they were named.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar, Final
from xml.sax.saxutils import unescape

from asepsis.kernel.value import value
from asepsis.protocols.fields import facts_of, text
from asepsis.protocols.message import Dissector, Malformed, Result

# How much of a document is held and read. Devices send some kB; lists of operators and patients are longer, and what
# matters of them stands before.
DOCUMENT_LIMIT = 64 * 1024
# Topics and directives that are kept; the standard has about a dozen of each.
CODES_LIMIT = 32
# Between documents stand line ends and XML declarations; a document's beginning is looked for in so many bytes.
PROLOG_LIMIT = 1024

# B.2: a document type is three capitals and a revision, or the maker's own directive.
_BEGIN: Final = re.compile(rb"<([A-Z]{3}\.(?:R0[0-9]|[A-Z]{1,12}))[\s/>]")
_VALUE: Final = re.compile(rb"""\sV\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_ENTITIES: Final = {"&quot;": '"', "&apos;": "'"}

# Element -> member of ``Poct1a``; the first of its kind in a document holds.
_TEXTS: Final = {
    b"HDR.version_id": "version",
    b"DEV.device_id": "device_id",
    b"DEV.vendor_id": "vendor_id",
    b"DEV.model_id": "model_id",
    b"DEV.serial_id": "serial_id",
    b"DEV.manufacturer_name": "manufacturer_name",
    b"DEV.hw_version": "hw_version",
    b"DEV.sw_version": "sw_version",
    b"DEV.device_name": "device_name",
    # Some devices put the same of themselves into their capabilities.
    b"DCP.device_id": "device_id",
    b"DCP.vendor_id": "vendor_id",
    b"DCP.model_id": "model_id",
    b"DCP.serial_id": "serial_id",
    b"DCP.sw_version": "sw_version",
    b"DSC.connection_profile_cd": "connection_profile",
    b"DST.condition_cd": "condition",
    b"DTV.command_cd": "command",
    b"REQ.request_cd": "command",
    b"ACK.type_cd": "acknowledgment",
    b"EOT.topic_cd": "topic",
    b"TRM.reason_cd": "reason",
}
_CODES: Final = {b"DSC.topics_supported_cd": "topics", b"DSC.directives_supported_cd": "directives"}
_PATIENTS: Final = frozenset((b"PT.patient_id", b"PT.name", b"PT.birth_date"))
_OPERATORS: Final = frozenset((b"OPR.operator_id", b"OPR.name"))

# Those elements with their attributes; none of the standard's is longer than 512 bytes.
_READ: Final = sorted((*_TEXTS, *_CODES, *_PATIENTS, *_OPERATORS, b"OBS.observation_id"))
_ELEMENT: Final = re.compile(rb"<(" + b"|".join(map(re.escape, _READ)) + rb")(\s[^<>]{1,512})>")

# B.3: the device connects and says hello; the manager directs, asks and gives lists.
_FROM_MANAGER: Final = {"HEL": False, "DST": False, "OBS": False, "EVS": False, "DTV": True, "REQ": True, "OPL": True}


@value
class Poct1a:
    """One document."""

    PROTOCOL: ClassVar[str] = "poct1a"

    kind: str
    """``HEL.R01`` and so on."""
    version: str = ""
    device_id: str = ""
    """What the device calls itself: mostly an EUI-64 or a MAC address."""
    vendor_id: str = ""
    model_id: str = ""
    serial_id: str = ""
    manufacturer_name: str = ""
    hw_version: str = ""
    sw_version: str = ""
    device_name: str = ""
    connection_profile: str = ""
    """``CS`` continuous or ``SA`` intermittent, with what the maker adds."""
    topics: tuple[str, ...] = ()
    directives: tuple[str, ...] = ()
    condition: str = ""
    command: str = ""
    acknowledgment: str = ""
    topic: str = ""
    reason: str = ""
    observations: int = 0
    """How many observations the document holds."""
    patient_data_in_clear: bool = False
    operators_in_clear: bool = False
    incomplete: bool = False
    """Its end was not seen, or stood beyond the limit."""

    @property
    def sender_is_server(self) -> bool | None:
        """By the document's type; acknowledgments, ends and keep-alives come from both."""
        return _FROM_MANAGER.get(self.kind[:3])

    def facts(self) -> dict[str, Any]:
        """Everything but the kind."""
        return _facts(self)


_facts: Final = facts_of(Poct1a, without=("kind",))


def read_document(kind: str, document: bytes, *, complete: bool) -> Poct1a:
    """Reads one document.

    Args:
        kind: Name of its root.
        document: From its root on.
        complete: Its end was seen.
    """
    texts: dict[str, str] = {}
    codes: dict[str, dict[str, None]] = {"topics": {}, "directives": {}}
    observations = 0
    patients = operators = False
    for element in _ELEMENT.finditer(document):
        name = element[1]
        if name == b"OBS.observation_id":
            observations += 1
            continue
        member = _TEXTS.get(name)
        several = None if member else _CODES.get(name)
        patient, operator = name in _PATIENTS, name in _OPERATORS
        if not (member or several or patient or operator):
            continue
        found = _VALUE.search(element[2])
        said = b"" if found is None else found[1] or found[2] or b""
        if not said.strip():
            continue
        patients |= patient
        operators |= operator
        if member:
            if b"&" in said:
                said = unescape(said.decode("utf-8", "replace"), _ENTITIES).encode()
            texts.setdefault(member, text(said))
        elif several and len(codes[several]) < CODES_LIMIT:
            codes[several][text(said)] = None
    return Poct1a(
        kind=kind,
        **texts,
        topics=tuple(codes["topics"]),
        directives=tuple(codes["directives"]),
        observations=observations,
        patient_data_in_clear=patients,
        operators_in_clear=operators,
        incomplete=not complete,
    )


class _Side:
    __slots__ = ("end", "kind", "pending", "searched", "told")

    def __init__(self) -> None:
        self.pending = bytearray()
        self.begin()

    def begin(self) -> None:
        """Between documents."""
        self.kind = ""
        self.end = b""
        self.searched = 0
        self.told = False  # the document was over the limit and has been read; its rest passes by


class Poct1aStream:
    """A ``Stream`` of documents. Holds about ``DOCUMENT_LIMIT`` bytes of one document of each side."""

    __slots__ = ("_sides",)

    def __init__(self) -> None:
        self._sides = (_Side(), _Side())

    def feed(self, sender: int, data: bytes, *, gap: bool = False) -> Sequence[Result]:
        """Gives the documents that are complete now."""
        side = self._sides[sender]
        out: list[Result] = []
        if gap:
            self._lose(side, out)
        side.pending += data
        while self._next(side, out):
            pass
        return out

    def close(self) -> Sequence[Result]:
        """The documents whose end was not seen, as far as they came."""
        out: list[Result] = []
        for side in self._sides:
            self._lose(side, out)
        return out

    def _next(self, side: _Side, out: list[Result]) -> bool:
        """Takes one step; False when more bytes are needed."""
        pending = side.pending
        if not side.kind:
            begun = _BEGIN.search(pending)
            if begun is None:
                # A beginning may be cut by the boundary.
                del pending[: max(len(pending) - PROLOG_LIMIT, 0)]
                return False
            side.kind = begun[1].decode("ascii")
            side.end = b"</" + begun[1] + b">"
            del pending[: begun.start()]
        place = pending.find(side.end, side.searched)
        # Whether it is over the limit must not hang on the pieces in which it came.
        known = place if place >= 0 else len(pending) - len(side.end)
        if known > DOCUMENT_LIMIT and not side.told:
            out.append(read_document(side.kind, bytes(pending[:DOCUMENT_LIMIT]), complete=False))
            out.append(Malformed(protocol="poct1a", where=side.kind, why=f"longer than {DOCUMENT_LIMIT} bytes"))
            side.told = True
        if place >= 0:
            if not side.told:
                out.append(read_document(side.kind, bytes(pending[:place]), complete=True))
            del pending[: place + len(side.end)]
            side.begin()
            return True
        side.searched = max(len(pending) - len(side.end) + 1, 0)
        if side.told:
            del pending[: side.searched]
            side.searched = 0
        return False

    @staticmethod
    def _lose(side: _Side, out: list[Result]) -> None:
        if side.kind and not side.told and side.pending:
            out.append(read_document(side.kind, bytes(side.pending[:DOCUMENT_LIMIT]), complete=False))
        side.pending.clear()
        side.begin()


DISSECTOR = Dissector(protocol="poct1a", open=Poct1aStream)
