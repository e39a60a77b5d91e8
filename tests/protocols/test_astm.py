"""ASTM E1381 and E1394 (CLSI LIS01-A2, LIS02-A2): which analyser speaks, and what kind of records it sends."""

from __future__ import annotations

import pytest

from asepsis.protocols.astm import AstmStream, BioMerieuxMessage, LisMessage, PrintOut
from asepsis.protocols.astm.records import TESTS_LIMIT
from asepsis.protocols.astm.stream import RECORD_LIMIT
from asepsis.protocols.message import Malformed, Result
from tests.protocols.conformance import CANARY, MALFORMED, Vector

STX, ETX, EOT, ENQ, ACK, ETB, GS, RS = (bytes([n]) for n in (2, 3, 4, 5, 6, 0x17, 0x1D, 0x1E))


def frame(number: int, text: str, *, end: bytes = ETX) -> bytes:
    """LIS01-A2 6.3: the checksum is the sum from the number to the end, modulo 256, as two digits."""
    body = b"%d" % (number % 8) + text.encode() + end
    return STX + body + b"%02X\r\n" % (sum(body) & 0xFF)


HEADER = r"H|\^&|77|S3CRET-KANARI|Chem 9^3.1.4^SN0042|||||LIS||P|LIS2-A2|20240101120000"
PATIENT = f"P|1||{CANARY}77||{CANARY}^Jane||19700101|F"
ORDER = f"O|1|{CANARY}-1||^^^GLU\\^^^CREA|R"
RESULTS = (f"R|1|^^^GLU|{CANARY}5.1|mmol/L||N||F", f"R|2|^^^CREA|{CANARY}80|umol/L||N||F")
END = "L|1|N"
RECORDS = (HEADER, PATIENT, ORDER, *RESULTS, END)

UPLOAD = (
    (0, ENQ),
    (1, ACK),
    *((side, piece) for n, record in enumerate(RECORDS, 1) for side, piece in ((0, frame(n, record + "\r")), (1, ACK))),
    (0, EOT),
)
# One record over two frames, the first ended by ETB (6.3.2).
LONG = frame(1, HEADER[:20], end=ETB) + frame(2, HEADER[20:] + "\r") + frame(3, END + "\r")
QUERY = "\r".join((HEADER, f"Q|1|^{CANARY}-1||ALL", END, "")).encode()
ORDERS = "\r".join((r"H|\^&|||HOST", PATIENT, ORDER, END, "")).encode()
OTHERS = "\r".join(("H|@^\\|||Gene^Analyser^4.8", "O|1", "L|1", "")).encode()
MERIEUX = ENQ + STX + RS + RS.join(
    (b"mtrsl|", f"pi{CANARY}|".encode(), f"pn{CANARY}|".encode(), b"ci1|", b"rtHBCT|", b"qn0.05|")
) + GS + b"b0" + ETX + EOT  # fmt: skip

PRINTED = STX + f"24/10/29 13:08 ID# {CANARY}7   [B. Plasma] Na  131 mmol/L K  9.7 mmol/L Cl  96 mmol/L ".encode() + ETX

VECTORS = [
    Vector(
        name="a print-out in a frame",
        provenance="made by hand in the form of a SPOTCHEM EL's; there is no public standard",
        data=((0, PRINTED),),
        kinds=("print-out",),
    ),
    Vector(name="results in frames", provenance="CLSI LIS01-A2 6, LIS02-A2 6", data=UPLOAD, kinds=("results",)),
    Vector(name="a header over two frames", provenance="CLSI LIS01-A2 6.3.2", data=((0, LONG),), kinds=("header",)),
    Vector(
        name="a question and its answer without frames",
        provenance="CLSI LIS02-A2 6 and 11",
        data=((0, QUERY), (1, ORDERS)),
        kinds=("query", "orders"),
    ),
    Vector(name="other delimiters", provenance="CLSI LIS02-A2 5.4", data=((0, OTHERS),), kinds=("orders",)),
    Vector(
        name="bioMérieux's records", provenance="bioMérieux BCI, message mtrsl", data=((0, MERIEUX),), kinds=("mtrsl",)
    ),
    Vector(
        name="a header without delimiters",
        provenance="CLSI LIS02-A2 5.4, without H-2",
        data=((0, b"H|||x\rL|1\r"),),
        kinds=(MALFORMED,),
    ),
    Vector(
        name="a message without its end",
        provenance="CLSI LIS02-A2 6, without L",
        data=((0, f"{HEADER}\r{PATIENT}\r".encode()),),
        kinds=("header",),
    ),
]


def many_tests(size: int) -> tuple[tuple[int, bytes], ...]:
    """Results that name another test each."""
    lines = "".join(f"R|{n}|^^^T{n}|1\r" for n in range(size // 16))
    return ((0, f"{HEADER}\r{lines}".encode()),)


def frames_of_nothing(size: int) -> tuple[tuple[int, bytes], ...]:
    return ((0, (STX + b"1" + ETX) * (size // 3)),)


HOSTILE = {"thousands of tests": many_tests, "empty frames": frames_of_nothing}


def read(*turns: tuple[int, bytes]) -> list[Result]:
    stream = AstmStream()
    return [result for sender, piece in turns for result in stream.feed(sender, piece)] + list(stream.close())


def only(found: list[Result]) -> LisMessage:
    (message,) = found
    assert isinstance(message, LisMessage)
    return message


def test_a_header_says_who_sends_and_a_message_what_it_holds() -> None:
    assert only(read(*UPLOAD)).facts() == {
        "sender": ("Chem 9", "3.1.4", "SN0042"),
        "receiver": "LIS",
        "control_id": "77",
        "processing_id": "P",
        "version": "LIS2-A2",
        "delimiters": "|\\^&",
        "password": True,
        "records": {"H": 1, "P": 1, "O": 1, "R": 2, "L": 1},
        "results": 2,
        "orders": 1,
        "tests": 2,
        "patient_fields": (4, 6, 8, 9),
        "patient_data_in_clear": True,
    }


def test_a_frame_whose_checksum_is_wrong_is_counted() -> None:
    wrong = UPLOAD[2][1][:-4] + b"00\r\n"
    assert only(read((0, wrong), (0, frame(2, END + "\r")))).bad_checksums == 1
    assert only(read(*UPLOAD)).bad_checksums == 0


def test_the_delimiters_are_those_that_the_header_declares() -> None:
    assert only(read((0, OTHERS))).sender == ("Gene", "Analyser", "4.8")


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_records_may_end_with_a_line_feed(end: bytes) -> None:
    assert only(read((0, end.join(record.encode() for record in RECORDS) + end))).results == 2


def test_a_record_over_the_limit_passes_by_and_the_next_is_read() -> None:
    long = f"{HEADER}\rM|1|{'x' * 2 * RECORD_LIMIT}\r{RESULTS[0]}\r{END}\r"
    assert dict(only(read((0, long.encode()))).records) == {"H": 1, "M": 1, "R": 1, "L": 1}


def test_after_a_gap_the_records_of_the_next_message_are_read() -> None:
    stream = AstmStream()
    stream.feed(0, frame(1, HEADER + "\r"))
    (cut,) = stream.feed(0, b"\r" + frame(3, END + "\r"), gap=True)
    assert isinstance(cut, LisMessage)
    assert not cut.complete
    assert len([one for _, piece in UPLOAD for one in stream.feed(0, piece)]) == 1


def test_no_more_tests_are_told_apart_than_the_limit() -> None:
    assert only(read(*many_tests(16 * 4 * TESTS_LIMIT))).tests == TESTS_LIMIT


def test_a_message_of_biomerieux_says_that_a_patient_was_named_and_not_who() -> None:
    (found,) = read((0, MERIEUX))
    assert isinstance(found, BioMerieuxMessage)
    assert found.facts() == {"tests": 1, "patient_data_in_clear": True}


def test_of_a_print_out_only_the_number_of_tests_is_kept() -> None:
    assert read((0, PRINTED)) == [PrintOut(tests=3)]


def test_headers_that_make_no_sense_end_the_reading() -> None:
    found = read((0, b"H|||x\r" * 100), (0, QUERY))
    assert found
    assert all(isinstance(one, Malformed) for one in found)
