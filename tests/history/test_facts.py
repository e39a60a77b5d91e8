"""Facts become JSON that every reader takes, made once for equal messages."""

from __future__ import annotations

import json
import math
from typing import Any, ClassVar

from hypothesis import given
from hypothesis import strategies as st

from asepsis.history.facts import (
    MAX_FACTS_CHARACTERS,
    REMEMBERED_MESSAGES,
    REMEMBERED_OBJECTS,
    FactsText,
    facts_text,
)
from asepsis.kernel.value import value
from tests.history.material import Greeting


@value
class Loose:
    """A message with whatever facts."""

    PROTOCOL: ClassVar[str] = "loose"
    content: Any
    kind: str = "ANY"
    sender_is_server: bool | None = None

    def facts(self) -> dict[str, Any]:
        return {"content": self.content}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(content=JSON)
def test_the_text_says_the_same_as_the_facts(content: Any) -> None:
    assert json.loads(facts_text(Loose(content=content))) == {"content": content}


@given(text=st.text(alphabet=st.characters(categories=("Cs", "Lu", "Nd"))))
def test_text_that_is_no_text_becomes_valid_utf8(text: str) -> None:
    facts_text(Loose(content=text)).encode("utf-8")


def test_what_json_has_no_number_for_is_unknown() -> None:
    loose = Loose(content=[1.5, math.nan, {"x": -math.inf, "y": (math.inf, 2)}])
    assert json.loads(facts_text(loose)) == {"content": [1.5, None, {"x": None, "y": [None, 2]}]}


def test_facts_beyond_the_limit_are_replaced_by_their_size() -> None:
    text = facts_text(Loose(content="x" * MAX_FACTS_CHARACTERS))
    assert json.loads(text) == {"too_large": MAX_FACTS_CHARACTERS + len('{"content":""}')}


def test_equal_messages_share_one_text_and_different_ones_do_not() -> None:
    texts = FactsText()
    first = texts.of(Greeting(words="a", numbers=(1,)))
    assert texts.of(Greeting(words="a", numbers=(1,))) is first
    assert texts.of(Greeting(words="a", numbers=(2,))) == '{"words":"a","numbers":[2]}'
    assert texts.of(Greeting(words="a", numbers=(1,))) is first


def test_a_message_that_cannot_be_hashed_is_written_all_the_same() -> None:
    texts = FactsText()
    for _ in range(2):
        assert texts.of(Loose(content=[1, 2])) == '{"content":[1,2]}'


def test_what_is_remembered_is_bounded_and_stays_right() -> None:
    texts = FactsText()
    for _ in range(2):
        for number in range(REMEMBERED_OBJECTS + 10):
            words = str(number % (REMEMBERED_MESSAGES // 2)) if number % 2 else str(number)
            assert texts.of(Greeting(words=words)) == f'{{"words":"{words}","numbers":[]}}'
    assert len(texts._same) <= REMEMBERED_OBJECTS
    assert all(len(remembered.texts) <= REMEMBERED_MESSAGES for remembered in texts._classes.values())


def test_a_class_whose_messages_never_repeat_is_no_longer_remembered_and_stays_right() -> None:
    texts = FactsText()
    for number in range(3 * REMEMBERED_MESSAGES):
        assert texts.of(Greeting(words=str(number))) == f'{{"words":"{number}","numbers":[]}}'
    assert texts._classes[Greeting].is_worthless
    assert texts._classes[Greeting].texts == {}
    assert texts.of(Loose(content="a")) is texts.of(Loose(content="a"))  # of another class
