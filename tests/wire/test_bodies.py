"""Which bodies of HTTP are handed on, and how much of them; datagrams and jobs told by their first bytes."""

from __future__ import annotations

import pytest

from asepsis.pipeline.messages import MessageReader
from asepsis.protocols.message import Sighting
from asepsis.wire.applications import Application, application_name
from asepsis.wire.engine import Output
from asepsis.wire.kernels.emit import LIMIT_BODIES, LIMIT_BODY, LIMIT_HTTP
from tests.protocols import test_ipp, test_pjl, test_sdc, test_upnp, test_wsd
from tests.protocols.conformance import Turns
from tests.protocols.web_wire import answer, ask
from tests.wire import frames
from tests.wire.reading import Reading, read

SEGMENT = 1460
WANTED = ["text/xml", "TEXT/XML; charset=utf-8", "application/soap+xml", "application/xml", "application/ipp"]
WANTED += ["application/fhir+json", "application/fhir+xml", "application/json+fhir"]
OTHERS = ["text/html", "application/json", "image/png", "application/octet-stream", "application/x-xml", "text/x"]


def turned(turns: Turns) -> bytes:
    """A capture of a conversation, in segments."""
    at = [0, 0]
    segments = []
    for sender, data in turns:
        for start in range(0, len(data), SEGMENT):
            piece = data[start : start + SEGMENT]
            segments.append((sender, at[sender], piece))
            at[sender] += len(piece)
    return frames.pcap(frames.conversation_frames(segments))


def handed_on(*bodies: tuple[str, int]) -> Reading:
    """A kept-alive connection on which a server answers with bodies of a type and a length."""
    turns = tuple(turn for kind, size in bodies for turn in ((0, ask("/x")), (1, answer(b"x" * size, kind))))
    return read(turned(turns))


@pytest.mark.parametrize("kind", WANTED)
def test_a_body_that_a_protocol_reads_is_handed_on_to_its_limit(kind: str) -> None:
    size = len(handed_on((kind, 40_000)).bytes_of(1))
    assert size > 40_000
    assert LIMIT_BODY <= len(handed_on((kind, 400_000)).bytes_of(1)) < LIMIT_BODY + SEGMENT


@pytest.mark.parametrize("kind", OTHERS)
def test_other_bodies_stay_behind(kind: str) -> None:
    assert LIMIT_HTTP <= len(handed_on((kind, 400_000)).bytes_of(1)) < LIMIT_HTTP + SEGMENT


def test_the_limit_is_that_of_the_head_in_force() -> None:
    reading = handed_on(("image/png", 50_000), ("text/xml", 50_000), ("image/png", 50_000), ("text/xml", 50_000))
    size = len(reading.bytes_of(1))
    assert 100_000 < size < 100_000 + 2 * (LIMIT_HTTP + 2 * SEGMENT)


def test_the_bodies_of_one_direction_have_a_limit_together() -> None:
    reading = handed_on(*[("text/xml", 60_000)] * 20)
    assert LIMIT_BODIES <= len(reading.bytes_of(1)) < LIMIT_BODIES + LIMIT_BODY + 20 * (LIMIT_HTTP + SEGMENT)


def test_a_word_in_a_body_is_no_field() -> None:
    data = b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\nContent-Type: text/xml\r\n" + b"x" * 90_000
    assert len(read(turned(((0, ask("/")), (1, data)))).bytes_of(1)) < LIMIT_HTTP + SEGMENT


@pytest.mark.parametrize(
    ("payload", "ports", "application"),
    [
        (test_wsd.HELLO, (50000, 3702), Application.WSD),
        (test_wsd.MATCHES, (50000, 50001), Application.WSD),
        (b"\xef\xbb\xbf" + test_wsd.PROBE, (3702, 50001), Application.WSD),
        (b"<34>Oct 11 22:14:15 host su: /discovery" + b" " * 300, (50000, 50001), Application.UNKNOWN),
        (b"<a>" + b" " * 300, (50000, 50001), Application.UNKNOWN),
    ],
)
def test_discovery_is_told_by_what_it_says(payload: bytes, ports: tuple[int, int], application: Application) -> None:
    reading = read(frames.pcap([frames.ethernet(frames.ipv4(frames.udp(payload, *ports), protocol=17))]))
    assert reading.applications() == ({application} if application else set())


@pytest.mark.parametrize("data", [test_pjl.JOB, test_pjl.ANSWER])
def test_printer_jobs_are_told_by_their_first_bytes(data: bytes) -> None:
    assert read(turned(((0, data),))).applications() == {Application.PJL}


@pytest.mark.parametrize(
    ("turns", "application", "kinds"),
    [
        (((0, test_upnp.FETCH), (1, answer(test_upnp.DESCRIPTION, "text/xml"))), "upnp", ["description"]),
        (((0, ask("/", test_sdc.ASK, test_sdc.SOAP)), (1, answer(test_sdc.MDIB, test_sdc.SOAP))), "sdc", None),
        (((0, ask("/", test_ipp.PRINT, test_ipp.IPP)), (1, answer(test_ipp.ATTRIBUTES, test_ipp.IPP))), "ipp", None),
        (((0, ask("/fhir/Patient/1")), (1, answer())), "fhir", ["read"]),
        (((0, ask("/")), (1, answer())), "http", ["request", "response"]),
    ],
)
def test_a_conversation_is_called_by_what_rode_on_it(turns: Turns, application: str, kinds: list[str] | None) -> None:
    found: list[Sighting] = []
    reading = read(turned(turns))
    reader = MessageReader(capture="x", sighted=found.append)
    reader.take(Output(reading.pieces, reading.conversations, reading.repeats, forget=False))
    reader.finished(reading.conversations)
    assert application_name(int(reading.conversations["application"][0])) == application
    told = [one.message.kind for one in found if application == one.message.PROTOCOL]
    assert told == kinds or (kinds is None and len(told) == 2)
    assert reader.counts["http"] == 2
