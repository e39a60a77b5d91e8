"""PJL: a printer's own words on TCP 9100, and what is asked of its file system."""

from __future__ import annotations

from asepsis.protocols.message import Malformed, Result
from asepsis.protocols.pjl import EXIT, LINE_LIMIT_BYTES, Pjl, PjlStream
from tests.protocols.conformance import CANARY, MALFORMED, Vector

K = CANARY.encode()
JOB = (
    EXIT + b'@PJL JOB NAME="' + K + b'"\r\n@PJL SET RESOLUTION=600\r\n@PJL SET USERNAME="' + K + b'"\r\n'
    b"@PJL ENTER LANGUAGE = PCL\r\n\x1bE" + K + b"\n@PJL INFO ID\n" + EXIT + b"@PJL EOJ\r\n" + EXIT
)
ASK = EXIT + b"@PJL INFO ID\r\n@PJL INFO STATUS\r\n@PJL INFO PRODINFO\r\n" + EXIT
ANSWER = (
    b'@PJL INFO ID\r\n"Example LaserFast 400:20240117"\r\n\x0c'
    b'@PJL INFO STATUS\r\nCODE=10001\r\nDISPLAY="' + K + b'"\r\nONLINE=TRUE\r\n\x0c'
    b'@PJL INFO PRODINFO\r\nProductName = "LaserFast"\r\n'
    b'SerialNumber = "PR0042"\r\nFirmwareDateCode = "20240117"\r\n\x0c'
)
FILES = EXIT + b'@PJL FSUPLOAD NAME="0:/../' + K + b'" OFFSET=0 SIZE=10\r\n' + EXIT

VECTORS = [
    Vector(
        name="a job",
        provenance="PJL Technical Reference Manual 2003, chapters 3 and 4",
        data=((0, JOB),),
        kinds=("JOB", "SET", "ENTER"),
    ),
    Vector(
        name="questions and answers",
        provenance="PJL Technical Reference Manual 2003, chapter 7",
        data=((0, ASK), (1, ANSWER)),
        kinds=("INFO ID", "INFO STATUS", "INFO PRODINFO") * 2,
    ),
    Vector(
        name="the file system",
        provenance="PJL Technical Reference Manual 2003, chapter 9",
        data=((0, FILES),),
        kinds=("FSUPLOAD",),
    ),
    Vector(
        name="a line without an end",
        provenance="PJL Technical Reference Manual 2003, chapter 2",
        data=((0, EXIT + b"@PJL " + b"x" * (LINE_LIMIT_BYTES + 1)),),
        kinds=(MALFORMED,),
    ),
]

HOSTILE = {
    "exit sequences": lambda size: ((0, EXIT * (size // len(EXIT))),),
    "escapes": lambda size: ((0, b"\x1b" * size),),
    "lines of an answer": lambda size: ((1, b"@PJL INFO STATUS\n" + b"CODE=1\n" * (size // 7)),),
    "commands": lambda size: ((0, b"@PJL RDYMSG\n" * (size // 12)),),
}


def read(*turns: tuple[int, bytes]) -> list[Result]:
    stream = PjlStream()
    results = [result for sender, data in turns for result in stream.feed(sender, data)]
    return [*results, *stream.close()]


def test_a_printer_says_model_serial_number_and_firmware() -> None:
    found = read((1, ANSWER))
    assert [result.facts() for result in found if not isinstance(result, Malformed)] == [
        {"answer": True, "model": "Example LaserFast 400:20240117"},
        {"answer": True, "status": "10001"},
        {"answer": True, "model": "LaserFast", "serial_number": "PR0042", "firmware": "20240117"},
    ]
    assert all(isinstance(result, Pjl) and result.sender_is_server for result in found)


def test_a_job_says_its_language_and_that_it_names_somebody() -> None:
    job, user, enter = read((0, JOB))
    assert isinstance(job, Pjl)
    assert isinstance(user, Pjl)
    assert isinstance(enter, Pjl)
    assert (job.names, user.names, enter.language) == (True, True, "PCL")


def test_a_document_is_not_read() -> None:
    assert [result.kind for result in read((0, JOB)) if isinstance(result, Pjl)] == ["JOB", "SET", "ENTER"]


def test_a_question_is_told_without_its_answer() -> None:
    first, *_ = read((0, ASK))
    assert isinstance(first, Pjl)
    assert (first.answer, first.sender_is_server) == (False, None)
