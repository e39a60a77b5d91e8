"""The checker of the tables finds faults and names the line."""

from __future__ import annotations

import pytest

from asepsis.knowledge.lint import lint, lint_folder, lint_texts

VENDORS = '{"vendor": "Acme", "aliases": ["acme medical"], "source": "made up"}\n'


def test_the_shipped_tables_are_sound() -> None:
    assert lint() == []


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("{", "not JSON"),
        ("[]", "not an object"),
        ('{"exact": "a", "os": "X"}', "names no source"),
        ('{"os": "X", "source": "s"}', "needs exactly one of"),
        ('{"exact": "a", "prefix": "a", "os": "X", "source": "s"}', "needs exactly one of"),
        ('{"contains": "ab", "os": "X", "source": "s"}', "too short"),
        ('{"exact": "a", "category": "toaster", "source": "s"}', "unknown category"),
        ('{"exact": "a", "role": "toaster", "source": "s"}', "unknown role"),
        ('{"exact": "a", "vendor": "Nobody", "source": "s"}', "has no row in vendors.jsonl"),
        ('{"exact": "a", "os": "X", "weight": 1.5, "source": "s"}', "weight"),
        ('{"exact": "a", "os": "X", "weight": true, "source": "s"}', "weight"),
        ('{"exact": "a", "version": "serial", "source": "s"}', "version names"),
        ('{"exact": "a", "colour": "red", "os": "X", "source": "s"}', "unknown member"),
        ('{"exact": "a", "source": "s"}', "says nothing"),
        ('{"exact": "a", "os": "", "source": "s"}', "os is not a text"),
    ],
)
def test_a_faulty_row_is_named_by_file_and_line(line: str, what: str) -> None:
    errors = lint_texts({"vendors.jsonl": VENDORS, "made.jsonl": f"# remark\n{line}\n"})
    assert any(error.startswith("made.jsonl:2:") and what in error for error in errors), errors


def test_all_errors_are_reported_not_only_the_first() -> None:
    errors = lint_texts({"vendors.jsonl": VENDORS, "made.jsonl": "{\n{\n"})
    assert [error.split(": ")[0] for error in errors] == ["made.jsonl:1", "made.jsonl:2"]


def test_two_rows_that_match_the_same_are_an_error() -> None:
    row = '{"exact": "a", "os": "X", "source": "s"}'
    errors = lint_texts({"vendors.jsonl": VENDORS, "made.jsonl": f"{row}\n{row}\n"})
    assert errors[0] == "made.jsonl:2: matches the same as line 1"


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        (['{"prefix": "abc", "os": "X", "source": "s"}'], "bears no example"),
        (['{"prefix": "abc", "example": "xabc", "os": "X", "source": "s"}'], "does not match its example"),
        (['{"contains": "abc", "example": "abcd", "os": "X", "source": "s"}'], "does not match its example"),
        (['{"prefix": "abc/", "example": "abc/", "version": "os", "source": "s"}'], "shows no version"),
        (
            [
                '{"prefix": "abc", "example": "abcd", "os": "X", "source": "s"}',
                '{"prefix": "abcd", "example": "abcde", "os": "Y", "source": "s"}',
            ],
            "is answered by made.jsonl:2",
        ),
    ],
)
def test_a_row_must_answer_its_own_example(rows: list[str], what: str) -> None:
    (error,) = lint_texts({"made.jsonl": "\n".join(rows)})
    assert error.startswith("made.jsonl:1: ")
    assert what in error


def test_a_site_s_own_tables_may_name_our_makers_and_must_be_of_our_tables() -> None:
    row = '{"prefix": "00:11:22", "example": "00:11:22:33:44:55", "vendor": "Philips", "source": "s"}'
    assert lint_folder({"mac_prefixes.jsonl": row}) == []
    assert lint_folder({"mac_prefix.jsonl": row}) == ["mac_prefix.jsonl:1: there is no table of this name"]


def test_two_makers_cannot_share_a_spelling() -> None:
    errors = lint_texts(
        {"vendors.jsonl": VENDORS + '{"vendor": "Other", "aliases": ["ACME Medical Inc"], "source": "s"}'}
    )
    assert errors == ["vendors.jsonl:2: matches the same as line 1"]


def test_a_vendor_row_is_checked_too() -> None:
    errors = lint_texts({"vendors.jsonl": '{"aliases": "x", "kind": "odd", "more": 1}'})
    assert len(errors) == 5
