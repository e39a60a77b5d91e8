from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asepsis.exposure.advisory import Advisory, Problem, Status
from asepsis.exposure.feeds.document import DEPTH_LIMIT, DOCUMENT_LIMIT_BYTES
from asepsis.exposure.feeds.reading import Document, read_document
from tests.exposure.documents import csaf, read

PRODUCTS = [("Acme", "Fluxon", "< 2"), ("Acme", "Vortan", "vers:all/*")]


def test_products_carry_their_branches_and_their_status() -> None:
    advisory = read(csaf(PRODUCTS))
    assert [(one.vendor, one.name, one.version) for one in advisory.products] == PRODUCTS
    assert advisory.vulnerabilities[0].status == (("P0", Status.AFFECTED), ("P1", Status.AFFECTED))
    assert advisory.vulnerabilities[0].base_score == 9.8
    assert advisory.problems == ()


def test_a_product_in_a_relationship_is_the_part_and_the_whole() -> None:
    document = csaf(PRODUCTS)
    document["product_tree"]["relationships"] = [
        {
            "category": "installed_on",
            "product_reference": "P0",
            "relates_to_product_reference": "P1",
            "full_product_name": {"product_id": "R", "name": "Fluxon on Vortan"},
        }
    ]
    found = read(document).products[-1]
    assert (found.id, found.name, found.module, found.words) == ("R", "Vortan", "Fluxon: < 2", "Fluxon on Vortan")


def test_relationships_in_a_circle_are_a_problem_and_no_loop() -> None:
    document = csaf(PRODUCTS)
    document["product_tree"]["relationships"] = [
        {
            "product_reference": one,
            "relates_to_product_reference": other,
            "full_product_name": {"product_id": one, "name": one},
        }
        for one, other in (("A", "B"), ("B", "A"))
    ]
    advisory = read(document)
    assert len(advisory.products) == 2
    assert any("circle" in problem.why for problem in advisory.problems)


def test_an_id_that_is_given_twice_keeps_its_first_product() -> None:
    document = csaf(PRODUCTS)
    document["product_tree"]["full_product_names"] = [{"product_id": "P0", "name": "Another"}]
    advisory = read(document)
    assert [one.name for one in advisory.products] == ["Fluxon", "Vortan"]
    assert any("P0 was given before" in problem.why for problem in advisory.problems)


def test_a_status_of_an_unknown_product_is_named_and_left_out() -> None:
    document = csaf(PRODUCTS)
    document["vulnerabilities"][0]["product_status"]["known_affected"].append("P9")
    advisory = read(document)
    assert len(advisory.vulnerabilities[0].status) == 2
    assert advisory.problems[0].where == "/vulnerabilities/0/product_status/known_affected"


def test_wrong_types_are_named_with_their_place_and_the_rest_is_read() -> None:
    document = csaf(PRODUCTS)
    document["vulnerabilities"][0]["scores"] = {"no": "list"}
    document["document"]["title"] = 7
    advisory = read(document)
    assert {problem.where for problem in advisory.problems} == {"/document/title", "/vulnerabilities/0/scores"}
    assert len(advisory.vulnerabilities[0].status) == 2


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe{}",
        b'{"document": ' + b"[" * 100_000,
        b'{"a":' * (DEPTH_LIMIT + 1) + b"1" + b"}" * (DEPTH_LIMIT + 1),
        b'{"document": {"csaf_version": "2.0"}}',
        gzip.compress(bytes(DOCUMENT_LIMIT_BYTES + 1), 1),
        gzip.compress(b"{}")[:-6],
        b'{"count": ' + b"9" * 10_000 + b"}",
        b"PK\x03\x04",
    ],
    ids=["empty", "cut", "list", "utf-16", "deep", "too-deep", "numberless", "bomb", "cut-gzip", "digits", "zip"],
)
def test_what_is_no_document_is_a_problem(content: bytes) -> None:
    assert isinstance(read_document(content, "x.json"), Problem)


def test_a_document_cut_at_any_byte_is_a_problem() -> None:
    whole = json.dumps(csaf(PRODUCTS)).encode()
    assert isinstance(read_document(whole, "x.json"), Document)
    assert all(isinstance(read_document(whole[:end], "x.json"), Problem) for end in range(0, len(whole), 7))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.just("P0"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(st.data())
def test_any_value_in_any_place_is_a_problem_at_most(data: st.DataObject) -> None:
    document = csaf(PRODUCTS)
    at: Any = document
    for _ in range(data.draw(st.integers(1, 9))):
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        if not keys:
            break
        key = data.draw(st.sampled_from(keys))
        if not isinstance(at[key], dict | list):
            break
        at = at[key]
    if at:
        key = data.draw(st.sampled_from(list(at) if isinstance(at, dict) else list(range(len(at)))))
        at[key] = data.draw(JSON)
    found = read_document(json.dumps(document).encode(), "x.json")
    assert isinstance(found, Problem) or isinstance(found.content, Advisory)
