"""Facts of messages that the history gives."""

from __future__ import annotations

import pytest

from asepsis.exposure.message import FACTS_LIMIT_CHARACTERS, facts_of


def test_the_facts_of_a_message_are_its_object() -> None:
    assert facts_of({"facts": '{"content_type": "application/x-firmware"}'}) == {
        "content_type": "application/x-firmware"
    }


@pytest.mark.parametrize(
    "text",
    ["", "[1, 2]", "null", "{", "[" * 60_000, '{"a": "' + "x" * FACTS_LIMIT_CHARACTERS + '"}'],
    ids=["empty", "a list", "null", "torn", "deep", "long"],
)
def test_what_is_no_object_of_facts_has_none(text: str) -> None:
    assert facts_of({"facts": text}) == {}
