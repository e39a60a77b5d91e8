from __future__ import annotations

import pytest

from asepsis.exposure.mds2.form import Answer, Edition, Form
from asepsis.exposure.mds2.form import Said as FormSaid
from asepsis.exposure.vendors.questionnaire import QUESTIONS, Reply, Said, assess, from_form
from asepsis.exposure.weaknesses import KINDS


def form(answers: dict[str, FormSaid], edition: Edition = Edition.OF_2019) -> Form:
    every = tuple(Answer(id=name, said=said, text="", note="", where="1") for name, said in answers.items())
    return Form(edition=edition, manufacturer="Lab", model="One", answers=every)


def test_every_question_names_kinds_of_weaknesses_that_there_are() -> None:
    assert len(QUESTIONS) >= 20
    for question in QUESTIONS.values():
        assert set(question.weaknesses) <= set(KINDS), question.id
        assert question.words.endswith("?")
        assert question.weight in (1, 2, 3)


@pytest.mark.parametrize(
    ("answers", "wanted"),
    [
        ({"SAHD-3.1": FormSaid.YES, "SAHD-3.2": FormSaid.YES}, Said.YES),
        ({"SAHD-3.1": FormSaid.YES, "SAHD-3.2": FormSaid.NO}, Said.PARTLY),
        ({"SAHD-3.1": FormSaid.NO}, Said.NO),
        ({"SAHD-3.1": FormSaid.SEE_NOTES}, None),
    ],
)
def test_a_form_answers_what_it_says_yes_or_no_to(answers: dict[str, FormSaid], wanted: Said | None) -> None:
    found = from_form(form(answers)).get("signed-software")
    assert (None if found is None else found[0]) == wanted


def test_a_no_is_good_where_the_form_asks_the_other_way_round() -> None:
    assert from_form(form({"CONN-4": FormSaid.NO}))["no-hidden-contacts"][0] is Said.YES
    assert from_form(form({"CONN-4": FormSaid.YES}))["no-hidden-contacts"][0] is Said.NO


def test_a_form_of_the_older_edition_answers_nothing() -> None:
    assert from_form(form({"18-2": FormSaid.YES}, Edition.OF_2013)) == {}


def reply(question: str, said: Said, *, is_contradicted: bool = False) -> Reply:
    return Reply(question=question, said=said, is_contradicted=is_contradicted)


def test_all_good_answers_are_a_hundred_percent_without_conditions() -> None:
    found = assess(reply(name, Said.YES) for name in QUESTIONS)
    assert found.percent == pytest.approx(100)
    assert not found.conditions


def test_a_good_answer_that_traffic_contradicts_counts_nothing_and_becomes_a_condition() -> None:
    good = [reply(name, Said.YES) for name in QUESTIONS if name != "signed-software"]
    honest = assess([*good, reply("signed-software", Said.NO)])
    lying = assess([*good, reply("signed-software", Said.YES, is_contradicted=True)])
    assert lying.percent == pytest.approx(honest.percent)
    assert lying.contradicted == ("signed-software",)
    assert [name for name, _ in lying.conditions] == ["signed-software"]


def test_what_does_not_apply_is_left_out_and_what_is_open_counts_nothing() -> None:
    without = assess(
        reply(name, Said.NOT_APPLICABLE if name == "works-without-network" else Said.YES) for name in QUESTIONS
    )
    assert without.percent == pytest.approx(100)
    open_ones = assess([])
    assert open_ones.percent == 0
    assert open_ones.answered == 0
    assert len(open_ones.conditions) == len(QUESTIONS)
