"""What is sent is what the standards say, and whatever is answered is read without harm."""

from __future__ import annotations

import struct

import pytest

from asepsis.exposure.scanning import dicom_echo, snmp_question

# Made by hand from RFC 3416: version 2c, Response, request 1, sysDescr.0 = "Archive 7", sysName.0 = "arc".
SYSTEM_ANSWER = bytes.fromhex(
    "303c 020101 0406 7075626c6963 a233 020101 020100 020100 3028"
    " 3015 0608 2b06010201010100 0409 4172636869766520 37"
    " 300f 0608 2b06010201010500 0403 617263".replace(" ", "")
)
# RFC 3414 4: a Report with engine id 80001f8804 61626364.
ENGINE_ANSWER = bytes.fromhex(
    "303e 020103 300f 02020001 020300ffe3 040100 020103"
    " 0419 3017 0409 80001f880461626364 020105 020107 0400 0400 0400"
    " 300f 0400 0400 a809 020101 020100 020100".replace(" ", "")
)


def fitted(answer: bytes) -> bytes:
    """The vector with its outermost length set right, so that a slip of the hand there is none of the test's."""
    return bytes((answer[0], len(answer) - 2)) + answer[2:]


def test_the_system_question_is_a_get_of_three_names() -> None:
    question = snmp_question.system_question(b"CANARY", 7)
    assert question[0] == 0x30
    assert b"\x04\x06CANARY" in question
    assert question.count(b"\x06\x08\x2b\x06\x01\x02\x01\x01") == 3


def test_the_engine_question_names_no_user() -> None:
    question = snmp_question.engine_question(7)
    assert b"\x02\x01\x03" in question
    assert len(question) < 80


def test_an_engine_tells_who_it_is() -> None:
    assert snmp_question.read_answer(fitted(ENGINE_ANSWER)) == {"version": "3", "engine": "80001f880461626364"}


def test_a_system_tells_what_it_is() -> None:
    assert snmp_question.read_answer(fitted(SYSTEM_ANSWER)) == {
        "version": "2c",
        "description": "Archive 7",
        "name": "arc",
    }


@pytest.mark.parametrize("answer", [fitted(SYSTEM_ANSWER), fitted(ENGINE_ANSWER)])
def test_a_cut_or_altered_answer_harms_nobody(answer: bytes) -> None:
    for end in range(len(answer)):
        assert snmp_question.read_answer(answer[:end]) is None
    for place in range(len(answer)):
        for bit in (1, 0x80):
            flipped = bytearray(answer)
            flipped[place] ^= bit
            snmp_question.read_answer(bytes(flipped))


def test_nesting_without_end_is_not_followed() -> None:
    assert snmp_question.read_answer(b"\x30\x84\xff\xff\xff\xff" * 1000) is None


def test_the_association_is_for_verification_alone() -> None:
    request = dicom_echo.associate_request()
    assert request[:1] == b"\x01"
    assert struct.unpack(">I", request[2:6])[0] == len(request) - 6
    assert request.count(b"1.2.840.10008.1.1") == 1
    assert request.count(b"\x30\x00\x00\x11") == 1


def test_an_accepted_association_tells_the_implementation() -> None:
    # PS3.8 9.3.3: fixed part of 74 bytes, then a user information item with its implementation version.
    user = b"\x55\x00\x00\x05AB_1\x1b"
    answer = (
        b"\x02\x00" + struct.pack(">I", 68 + 4 + len(user)) + bytes(68) + b"\x50\x00" + struct.pack(">H", len(user))
    )
    found = dicom_echo.read_associate_answer(answer + user)
    assert found == {"association": "accepted", "implementation_version": "AB_1\\x1b"}


def test_answers_cut_anywhere_are_read_without_harm() -> None:
    request = dicom_echo.associate_request()
    answer = b"\x02" + request[1:]
    for end in range(len(answer)):
        dicom_echo.read_associate_answer(answer[:end])
        dicom_echo.pdu_size(answer[:end])
        assert not dicom_echo.is_echo_success(answer[:end])


def test_a_pdu_without_measure_is_not_read() -> None:
    assert dicom_echo.pdu_size(b"\x04\0\xff\xff\xff\xff") is None
    assert dicom_echo.pdu_size(b"HTTP/1") is None
    assert dicom_echo.pdu_size(b"\x02\0\0\0\0\x44") == 74


def test_the_echo_is_recognised_by_its_status() -> None:
    good = b"\x04\0\0\0\0\x20" + struct.pack("<HHI", 0, 0x0100, 2) + b"\x30\x80"
    assert dicom_echo.is_echo_success(good + struct.pack("<HHI", 0, 0x0900, 2) + b"\0\0")
    assert not dicom_echo.is_echo_success(good + struct.pack("<HHI", 0, 0x0900, 2) + b"\x12\x01")
