"""A second reader of IEEE 11073-20601 APDUs, for comparison: every byte of a file becomes a named field.

Written from the ASN.1 of annex A and the encoding rules of annex F, and shares nothing with ``asepsis.protocols``:
it knows no streams, no limits and no privacy, and stops with ``DamagedError`` where lengths and counts disagree.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass


class DamagedError(Exception):
    """The bytes contradict themselves."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an APDU."""

    name: str
    at: int
    raw: bytes

    @property
    def number(self) -> int:
        """The field as a big-endian integer."""
        return int.from_bytes(self.raw, "big")


class Walk:
    """Walks over a file; ``fields`` are in the order of their bytes."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.fields: list[Field] = []

    def take(self, size: int, name: str) -> int:
        """The next field, an integer of ``size`` bytes."""
        return int.from_bytes(self.raw(size, name), "big")

    def raw(self, size: int, name: str) -> bytes:
        """The next field, as bytes."""
        if self.at + size > len(self.data):
            raise DamagedError(f"{name}: {size} bytes at {self.at} of {len(self.data)}")
        found = Field(name, self.at, self.data[self.at : self.at + size])
        self.fields.append(found)
        self.at += size
        return found.raw

    def text(self, name: str) -> bytes:
        """An OCTET STRING."""
        return self.raw(self.take(2, f"{name}.length"), name)

    def inside(self, name: str, read: Callable[[], None]) -> None:
        """A length, and content that must fill it exactly."""
        size = self.take(2, f"{name}.length")
        end = self.at + size
        if end > len(self.data):
            raise DamagedError(f"{name}: {size} bytes at {self.at} of {len(self.data)}")
        read()
        if self.at != end:
            raise DamagedError(f"{name}: its length ends at {end}, its content at {self.at}")

    def several(self, name: str, read: Callable[[], None]) -> None:
        """SEQUENCE OF: count, length, elements."""
        count = self.take(2, f"{name}.count")

        def all_of_them() -> None:
            for _ in range(count):
                read()

        self.inside(name, all_of_them)

    def apdu(self) -> None:
        """ApduType: a choice and its length."""
        choice = self.take(2, "apdu")
        self.inside(
            "apdu",
            {
                0xE200: self.aarq,
                0xE300: self.aare,
                0xE400: lambda: self._reason("release"),
                0xE500: lambda: self._reason("release"),
                0xE600: lambda: self._reason("abort"),
                0xE700: self.prst,
            }[choice],
        )
        if self.at != len(self.data):
            raise DamagedError(f"{len(self.data) - self.at} bytes behind the APDU")

    def _reason(self, name: str) -> None:
        self.take(2, f"{name}.reason")

    def aarq(self) -> None:
        """AarqApdu."""
        self.take(4, "assoc-version")
        self.several("data-proto-list", self._protocol)

    def aare(self) -> None:
        """AareApdu."""
        self.take(2, "result")
        self._protocol()

    def _protocol(self) -> None:
        number = self.take(2, "data-proto-id")
        if number == 20601:
            self.inside("data-proto-info", self._information)
        else:
            self.text("data-proto-info")

    def _information(self) -> None:
        self.take(4, "protocol-version")
        self.take(2, "encoding-rules")
        self.take(4, "nomenclature-version")
        self.take(4, "functional-units")
        self.take(4, "system-type")
        self.text("system-id")
        self.take(2, "dev-config-id")
        self.take(2, "data-req-mode-flags")
        self.take(1, "data-req-init-agent-count")
        self.take(1, "data-req-init-manager-count")
        self.several("option-list", self.attribute)

    def prst(self) -> None:
        """PrstApdu: an OCTET STRING with a DataApdu."""
        self.inside("prst", self.data_apdu)

    def data_apdu(self) -> None:
        """DataApdu."""
        self.take(2, "invoke-id")
        choice = self.take(2, "message")
        self.inside("message", lambda: self._message(choice))

    def _message(self, choice: int) -> None:
        kind, operation = choice >> 8, choice & 0xFF
        if kind in (3, 4):
            self.take(2, "error")
            if kind == 3:
                self.text("error.parameter")
            return
        self.take(2, "obj-handle")
        if operation in (0, 1):
            self.take(4, "event-time")
            event = self.take(2, "event-type")
            self.inside("event-info", lambda: self._event(event, answered=kind == 2))
        elif operation == 3:
            if kind == 1:
                self.several("attribute-id-list", lambda: self._number("attribute-id"))
            else:
                self.several("attribute-list", self.attribute)
        elif operation in (4, 5):
            self.several("attribute-list" if kind == 2 else "modification-list", lambda: self._set(kind))
        else:
            action = self.take(2, "action-type")
            self.inside("action-info-args", lambda: self._action(action, answered=kind == 2))

    def _number(self, name: str) -> None:
        self.take(2, name)

    def _set(self, kind: int) -> None:
        if kind == 1:
            self.take(2, "modify-operator")
        self.attribute()

    def _event(self, event: int, *, answered: bool) -> None:
        if event == 3356:
            self.take(2, "config-report-id")
            if answered:
                self.take(2, "config-result")
            else:
                self.several("config-obj-list", self._object)
        elif not answered:
            self._report(event)

    def _object(self) -> None:
        self.take(2, "obj-class")
        self.take(2, "config-obj-handle")
        self.several("attributes", self.attribute)

    def _action(self, action: int, *, answered: bool) -> None:
        if action != 3099:
            raise DamagedError(f"action {action} is in no file")
        if answered:
            self.take(4, "rel-time-stamp")
            self.take(2, "data-req-result")
            event = self.take(2, "event-type")
            self.inside("event-info", lambda: self._report(event))
            return
        self.take(2, "data-req-id")
        self.take(2, "data-req-mode")
        self.take(4, "data-req-time")
        self.take(2, "data-req-person-id")
        self.take(2, "data-req-class")
        self.several("data-req-obj-handle-list", lambda: self._number("data-req-obj-handle"))

    def _report(self, event: int) -> None:
        self.take(2, "data-req-id")
        self.take(2, "scan-report-no")
        # 3357 FIXED, 3358 VAR, 3359 MP FIXED, 3360 MP VAR; 3362 to 3367 unbuffered and 3368 to 3373 buffered, each
        # VAR, FIXED, GROUPED, MP VAR, MP FIXED, MP GROUPED.
        if event <= 3360:
            form, by_person = ("fixed", "var")[(event - 3357) % 2], event >= 3359
        else:
            form, by_person = ("var", "fixed", "grouped")[(event - 3362) % 3], (event - 3362) % 6 >= 3
        if not by_person:
            self._observations(form)
        elif form == "grouped":
            self.several("scan-per-grouped", self._person_grouped)
        else:
            self.several(f"scan-per-{form}", lambda: self._person(form))

    def _person(self, form: str) -> None:
        self.take(2, "person-id")
        self._observations(form)

    def _person_grouped(self) -> None:
        self.take(2, "person-id")
        self.text("observation")

    def _observations(self, form: str) -> None:
        if form == "grouped":
            self.several("obs-scan-grouped", lambda: self._grouped())
        elif form == "fixed":
            self.several("obs-scan-fixed", self._fixed)
        else:
            self.several("obs-scan-var", self._var)

    def _grouped(self) -> None:
        self.text("observation")

    def _fixed(self) -> None:
        self.take(2, "observed-handle")
        self.text("observation")

    def _var(self) -> None:
        self.take(2, "observed-handle")
        self.several("attributes", self.attribute)

    def attribute(self) -> None:
        """AVA-Type, with the content of those that say what a device is."""
        number = self.take(2, "attribute-id")
        read = {
            2344: self._model,
            2349: lambda: self.several("production-specification", self._specification),
            2351: lambda: self._type("type"),
            2436: lambda: self._text("system-id"),
            2628: lambda: self._number("dev-config-id"),
            2650: lambda: self.several("system-type-spec-list", lambda: self._type("specialization")),
        }.get(number)
        if read is not None:
            self.inside("attribute-value", read)
        else:
            self.text("attribute-value")

    def _text(self, name: str) -> None:
        self.text(name)

    def _model(self) -> None:
        self.text("manufacturer")
        self.text("model-number")

    def _specification(self) -> None:
        self.take(2, "spec-type")
        self.take(2, "component-id")
        self.text("prod-spec")

    def _type(self, name: str) -> None:
        self.take(2, f"{name}.1")
        self.take(2, f"{name}.2")


def walk(data: bytes) -> tuple[dict[str, list[Field]], int, str]:
    """Reads one file: an APDU, or a bare DataApdu where its first bytes are no choice of an APDU.

    Returns:
        The fields by name, how many bytes they cover, and why the file is damaged ("" where it is whole).
    """
    walked = Walk(data)
    why = ""
    try:
        if data[:1] and 0xE2 <= data[0] <= 0xE7 and data[1] == 0:
            walked.apdu()
        else:
            walked.data_apdu()
            if walked.at != len(data):
                raise DamagedError(f"{len(data) - walked.at} bytes behind the DataApdu")
    except DamagedError as damage:
        why = str(damage)
    fields: dict[str, list[Field]] = defaultdict(list)
    for one in walked.fields:
        fields[one.name].append(one)
    return dict(fields), sum(len(one.raw) for one in walked.fields), why
