"""IPP: which printer, which make and firmware; who prints is not kept."""

from __future__ import annotations

import struct

from asepsis.protocols.ipp import Ipp
from asepsis.protocols.message import Malformed
from tests.protocols.conformance import CANARY, MALFORMED, Data, Vector
from tests.protocols.web_wire import answer, ask, carried, chunked, converse

IPP = "application/ipp"
TEXT, NAME, URI, KEYWORD, ENUM, TEXT_WITH_LANGUAGE = 0x41, 0x42, 0x45, 0x44, 0x23, 0x35


def attribute(tag: int, name: str, *values: bytes | str) -> bytes:
    """RFC 8010 3.1.4, 3.1.5: a further value has no name."""
    parts = []
    for place, value in enumerate(values):
        octets = value.encode() if isinstance(value, str) else value
        named = b"" if place else name.encode()
        parts.append(struct.pack(">BH", tag, len(named)) + named + struct.pack(">H", len(octets)) + octets)
    return b"".join(parts)


def message(code: int, *groups: tuple[int, bytes], number: int = 7) -> bytes:
    """RFC 8010 3.1.1."""
    start = struct.pack(">BBHI", 2, 0, code, number)
    return start + b"".join(bytes((tag,)) + content for tag, content in groups) + b"\x03"


CHARSET = attribute(0x47, "attributes-charset", "utf-8")
PRINT = (
    message(
        0x02,
        (
            1,
            CHARSET
            + attribute(URI, "printer-uri", "ipp://10.0.0.9:631/ipp/print")
            + attribute(NAME, "requesting-user-name", CANARY)
            + attribute(NAME, "job-name", f"{CANARY} results"),
        ),
    )
    + b"%PDF "
    + CANARY.encode()
)
ATTRIBUTES = message(
    0,
    (1, CHARSET),
    (
        4,
        attribute(TEXT, "printer-make-and-model", "Example LaserFast 400")
        + attribute(TEXT_WITH_LANGUAGE, "printer-location", b"\0\2en\0\6Ward 3")
        + attribute(NAME, "printer-name", "ward3")
        + attribute(URI, "printer-uuid", "urn:uuid:4fac1234-31f8-11b4-a222-08002b34c003")
        + attribute(TEXT, "printer-device-id", "MFG:Example;MDL:LaserFast 400;SN:PR0042;")
        + attribute(TEXT, "printer-firmware-string-version", "20240117")
        + attribute(ENUM, "printer-state", struct.pack(">I", 3))
        + attribute(KEYWORD, "printer-state-reasons", "media-low", "toner-low")
        + attribute(KEYWORD, "uri-security-supported", "none", "tls"),
    ),
)

VECTORS = [
    Vector(
        name="a job and what the printer is",
        provenance="RFC 8010 A.1; RFC 8011 5.4; PWG 5100.13 5.6",
        data=(
            (0, ask("/ipp/print", PRINT, IPP)),
            (1, answer(message(0, (1, CHARSET)), IPP)),
            (0, ask("/ipp/print", message(0x0B, (1, CHARSET)), IPP)),
            (1, chunked(ATTRIBUTES, IPP)),
        ),
        kinds=(
            *("request", "Print-Job", "response", "response"),
            *("request", "Get-Printer-Attributes", "response", "response"),
        ),
    ),
    Vector(
        name="another version",
        provenance="RFC 8010 3.1.1",
        data=((1, answer(b"\x09\0\0\0\0\0\0\1\3", IPP)),),
        kinds=("response", MALFORMED),
    ),
    Vector(
        name="an attribute before the first group",
        provenance="RFC 8010 3.1",
        data=((1, answer(b"\x02\0\0\0\0\0\0\1" + attribute(TEXT, "printer-info", "x") + b"\3", IPP)),),
        kinds=("response", "response", MALFORMED),
    ),
]


def _answered(unit: bytes) -> object:
    def make(size: int) -> Data:
        return ((1, answer(message(0, (4, unit * (size // len(unit)))), IPP)),)

    return make


HOSTILE = {
    "many attributes": _answered(attribute(KEYWORD, "printer-state-reasons", "x")),
    "many groups": _answered(b"\4"),
    "empty values": _answered(attribute(TEXT, "a", "")),
}


def printer(body: bytes) -> Ipp:
    (found,) = carried(((1, answer(body, IPP)),), "ipp")
    assert isinstance(found, Ipp)
    return found


def test_a_printer_says_make_model_firmware_and_place() -> None:
    assert printer(ATTRIBUTES).facts() == {
        "version": "2.0",
        "make_and_model": "Example LaserFast 400",
        "location": "Ward 3",
        "name": "ward3",
        "uuid": "urn:uuid:4fac1234-31f8-11b4-a222-08002b34c003",
        "device_id": "MFG:Example;MDL:LaserFast 400;SN:PR0042;",
        "firmware": "20240117",
        "state": "idle",
        "state_reasons": ("media-low", "toner-low"),
        "security": ("none", "tls"),
    }


def test_a_job_says_that_it_names_somebody_and_not_whom() -> None:
    (found,) = carried(((0, ask("/ipp/print", PRINT, IPP)),), "ipp")
    assert found.facts() == {"version": "2.0", "printer": "ipp://10.0.0.9:631/ipp/print", "user": True, "job": True}


def test_an_answer_that_is_cut_says_what_came() -> None:
    cut = ATTRIBUTES[: ATTRIBUTES.index(b"printer-uuid") + 20]
    assert printer(cut).make_and_model == "Example LaserFast 400"
    assert printer(cut).uuid == ""


def test_messages_that_differ_in_their_number_are_one() -> None:
    first, second = (printer(message(0, (4, attribute(TEXT, "printer-info", "x")), number=n)) for n in (1, 2))
    assert first is second


def test_a_fault_does_not_hide_what_was_said_before() -> None:
    first, second = converse((1, answer(b"\x02\0\0\0\0\0\0\1" + attribute(TEXT, "a", "b"), IPP)))[1:]
    assert isinstance(first, Ipp)
    assert isinstance(second, Malformed)
