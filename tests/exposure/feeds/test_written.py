from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asepsis.exposure.advisory import Advisory, Problem, Product, Provenance, Remedy, Score, Status, Vulnerability
from asepsis.exposure.demonstration import demonstration
from asepsis.exposure.feeds.written import read_written, written
from tests.exposure.documents import csaf, read

texts = st.text(max_size=8)
# One strategy for each type of a field, so that a field which is added is written and read as well.
OF_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "str": texts,
    "bool": st.booleans(),
    "float": st.floats(0, 10),
    "float | None": st.none() | st.floats(0, 10),
    "tuple[str, ...]": st.lists(texts, max_size=3).map(tuple),
    "tuple[tuple[str, str], ...]": st.lists(st.tuples(texts, texts), max_size=3).map(tuple),
    "tuple[tuple[str, Status], ...]": st.lists(st.tuples(texts, st.sampled_from(Status)), max_size=3).map(tuple),
}


def values(kind: type) -> st.SearchStrategy[Any]:
    return st.builds(kind, **{one.name: OF_TYPE[str(one.type)] for one in fields(kind)})


for part in (Problem, Product, Score, Remedy, Vulnerability):
    OF_TYPE[f"tuple[{part.__name__}, ...]"] = st.lists(values(part), max_size=2).map(tuple)
OF_TYPE["Provenance"] = values(Provenance)


@given(values(Advisory))
def test_what_is_written_is_read_as_it_was(advisory: Advisory) -> None:
    assert repr(read_written(written(advisory))) == repr(advisory)


def test_documents_are_read_as_they_were() -> None:
    for advisory in (*demonstration(), read(csaf([("Acme", "Fluxon", "< 4")]))):
        assert read_written(written(advisory)) == advisory


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", "[1]", json.dumps([1] * len(fields(Advisory)))])
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"short form|Expecting"):
        read_written(text)
