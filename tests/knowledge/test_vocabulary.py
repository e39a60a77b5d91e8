"""The closed lists and the pages that describe them."""

from __future__ import annotations

from pathlib import Path

import pytest

from asepsis.knowledge.reference import categories_page, roles_page
from asepsis.knowledge.vocabulary import GENERAL_CATEGORIES, WIDER, Category, Role, category_agrees

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"


@pytest.mark.parametrize(("name", "page"), [("categories.md", categories_page()), ("roles.md", roles_page())])
def test_the_page_says_what_the_code_says(name: str, page: str) -> None:
    assert (REFERENCE / name).read_text(encoding="utf-8") == page, (
        "write it anew: python -m asepsis.knowledge.reference"
    )


def test_every_word_has_a_meaning() -> None:
    assert all(word.meaning for word in (*Category, *Role))


def test_a_wider_word_agrees_with_the_exact_one_and_not_the_reverse() -> None:
    assert category_agrees("imaging_modality", "ct")
    assert category_agrees("medical_device", "ct")
    assert not category_agrees("ct", "imaging_modality")
    assert not category_agrees("printer", "ct")
    assert not category_agrees("printer", "no such word")


def test_no_word_is_wider_than_itself_in_a_circle() -> None:
    for exact, words in WIDER.items():
        for wide in words:
            assert exact not in WIDER.get(wide, ())


def test_general_words_imply_nothing_wider() -> None:
    assert not GENERAL_CATEGORIES & WIDER.keys()
