"""Forms are read from workbooks and CSV of both editions; bombs and damage are errors that name the file."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asepsis.exposure.mds2 import Edition, Form, Mds2Error, read_form
from asepsis.exposure.mds2.form import Said
from asepsis.exposure.mds2.reading import FORM_LIMIT_BYTES
from asepsis.exposure.mds2.workbook import MARKUP_LIMIT, MEMBERS_LIMIT, ROWS_LIMIT, UNPACKED_LIMIT_BYTES
from tests.eval.mds2_forms import Truth, as_csv, as_workbook, rows, true_answers
from tests.exposure.feeds.test_document import directory_of

TRUTH = Truth(
    name="pump",
    vendor="ICU Medical",
    model="LabPump A",
    handles_patients=True,
    sends_patients_clear=True,
    speaks_tls=True,
)


@pytest.mark.parametrize("edition_2019", [True, False])
@pytest.mark.parametrize("make", [as_csv, as_workbook])
def test_a_form_is_read_whatever_its_container_and_edition(make: object, edition_2019: bool) -> None:
    answers = true_answers(TRUTH, edition_2019=edition_2019)
    made = rows(TRUTH, answers, seed=1, edition_2019=edition_2019)
    form = read_form("pump", as_csv(made) if make is as_csv else as_workbook(made))
    assert form.edition is (Edition.OF_2019 if edition_2019 else Edition.OF_2013)
    assert (form.manufacturer, form.model) == ("ICU Medical", "LabPump A")
    found = form.by_id()
    assert {question: found[question].text for question in answers} == answers
    assert form.problems == ()


def csv_form(*lines: str) -> Form:
    padding = [f"ALOF-{number},x,No" for number in range(1, 9)]
    return read_form("form.csv", "\n".join([*lines, *padding]).encode())


@pytest.mark.parametrize(
    ("line", "said", "note"),
    [
        ("TXCF-2,is it,Yes,see 3", Said.YES, "see 3"),
        ("txcf – 2,is it,no", Said.NO, ""),
        ("TXCF-2.,is it,N/A,", Said.NOT_APPLICABLE, ""),
        ("TXCF-2,is it,See Note,12", Said.SEE_NOTES, "12"),
        ('TXCF-2,is it,"Yes, optional",', Said.YES, "optional"),
        ("TXCF-2,is it,AES-256", Said.TEXT, ""),
        ("TXCF-2,is it,,", Said.NOTHING, ""),
        (",,TXCF-2,is it,,Yes,4", Said.YES, "4"),
    ],
)
def test_ids_and_answers_are_found_as_makers_write_them(line: str, said: Said, note: str) -> None:
    answer = csv_form(line).by_id()["TXCF-2"]
    assert (answer.said, answer.note) == (said, note)
    assert answer.where == "line 1"


def test_what_is_not_answered_or_answered_twice_is_told() -> None:
    form = csv_form("TXCF-2,is it,Yes", "TXCF-3,is it,", "TXCF-2,is it,No")
    assert form.by_id()["TXCF-2"].said is Said.YES
    assert [problem.where for problem in form.problems] == ["line 3", "line 2"]


def test_a_document_that_only_names_some_questions_is_no_form() -> None:
    with pytest.raises(Mds2Error, match="no MDS2 form"):
        read_form("letter.csv", b"TXCF-2,we answered,yes\n")


def archive(**members: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as made:
        for name, body in members.items():
            made.writestr(name.replace("__", "/").replace("_xml", ".xml"), body)
    return content.getvalue()


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(Mds2Error, match="unpacks to more"):
        read_form("bomb.xlsx", archive(xl__workbook_xml=bytes(UNPACKED_LIMIT_BYTES + 1)))
    with pytest.raises(Mds2Error, match="parts"):
        read_form("many.xlsx", archive(**{f"p{number}": b"" for number in range(MEMBERS_LIMIT + 1)}))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused(encoding: str) -> None:
    lol = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'.encode(encoding)
    with pytest.raises(Mds2Error, match="document type"):
        read_form("lol.xlsx", archive(xl__workbook_xml=lol))


def test_too_large_files_and_other_kinds_are_refused() -> None:
    with pytest.raises(Mds2Error, match="larger"):
        read_form("big.csv", bytes(FORM_LIMIT_BYTES + 1))
    with pytest.raises(Mds2Error, match="neither a workbook"):
        read_form("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100))


def test_rows_beyond_the_limit_are_left_out() -> None:
    filler = "x,y\n" * ROWS_LIMIT
    form = read_form(
        "long.csv", ("".join(f"ALOF-{n},x,No\n" for n in range(1, 9)) + filler + "TXCF-2,x,Yes\n").encode()
    )
    assert "TXCF-2" not in form.by_id()


WORKBOOK = as_workbook(rows(TRUTH, true_answers(TRUTH), seed=2))


@given(st.integers(0, len(WORKBOOK) - 1), st.integers(0, 255))
def test_a_flipped_byte_gives_a_form_or_an_error_that_names_the_file(place: int, octet: int) -> None:
    damaged = bytearray(WORKBOOK)
    damaged[place] = octet
    message = ""
    try:
        read_form("pump.xlsx", bytes(damaged))
    except Mds2Error as error:
        message = error.message
    assert not message or message.startswith("pump.xlsx")


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_no_bytes_do_anything_else(content: bytes) -> None:
    with pytest.raises(Mds2Error, match=r"^any\.csv"):
        read_form("any.csv", content)


def test_every_truncation_of_a_workbook_is_an_error() -> None:
    for size in range(0, len(WORKBOOK) - 1, max(1, len(WORKBOOK) // 40)):
        with pytest.raises(Mds2Error):
            read_form("cut.xlsx", WORKBOOK[:size])


@pytest.mark.parametrize(
    ("member", "content"),
    [
        ("xl/workbook.xml", b"<?xml version='1.0'?><!--" + b" " * 5000 + b"--><!DOCTYPE a><a/>"),
        # Which parts are XML says another part of the archive, and no ending.
        ("xl/media/image1.png", b"<!DOCTYPE a><a/>"),
        ("xl/workbook.xml", b"<!--" + b" " * (65536 - 9) + b"--><!DOCTYPE a><a/>"),
        ("xl/workbook.xml", b"<?xml version='1.0' encoding='UTF-7'?>+ADwAIQ-DOCTYPE a><a/>"),
    ],
)
def test_a_document_type_is_found_wherever_it_hides(member: str, content: bytes) -> None:
    with pytest.raises(Mds2Error, match="document type"):
        read_form("a.xlsx", archive(**{member: content}))


def test_a_workbook_of_a_million_formats_is_refused_before_they_are_read() -> None:
    bomb = archive(**{"xl/styles.xml": b"<styleSheet><cellXfs>" + b"<xf/>" * MARKUP_LIMIT + b"</cellXfs></styleSheet>"})
    assert len(bomb) < 10_000
    with pytest.raises(Mds2Error, match="elements"):
        read_form("a.xlsx", bomb)


def test_a_workbook_whose_directory_is_the_bomb_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(zipfile, "ZipFile")
    with pytest.raises(Mds2Error, match="parts"):
        read_form("a.xlsx", directory_of(3000))
