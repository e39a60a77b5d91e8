"""Work goes out as other systems take it, and their states come back; what they say verifies nothing."""

from __future__ import annotations

import csv
import io
import json
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asepsis.exposure.plan import Remedial, plan_of
from asepsis.exposure.plan.tickets import (
    JIRA_ISSUES,
    SHORT_LIMIT,
    STATES_LIMIT_BYTES,
    SUMMARY_LIMIT,
    Progress,
    Ticket,
    TicketsError,
    read_states,
    to_csv,
    to_jira,
    to_servicenow,
)
from tests.exposure.plan.test_plan import pump

TOLD = Remedial(advisory="ICSMA-21-294-01", category="vendor_fix", words="Update to the version that the maker names.")


def tickets(count: int = 3) -> list[Ticket]:
    fleet = [replace(pump(f"p{number}"), model=f"M{number}", remedies=(TOLD,)) for number in range(count)]
    return [Ticket(item=item, week=2) for item in plan_of(fleet).items]


def test_a_line_of_csv_says_what_whose_and_why() -> None:
    ours = tickets()
    rows = list(csv.DictReader(io.StringIO(to_csv(ours))))
    assert [row["id"] for row in rows] == [one.item.id for one in ours]
    patch = next(row for row in rows if row["kind"] == "patch")
    assert patch["who"] == "maker"
    assert patch["state"] == "open"
    assert "gives drugs into a vein" in patch["why"]


def test_a_name_that_a_spreadsheet_would_run_stays_a_text() -> None:
    item = plan_of([replace(pump("p0"), vendor="=HYPERLINK(0)", model="x")]).items[0]
    row = next(csv.DictReader(io.StringIO(to_csv([Ticket(item=item)]))))
    assert row["product"].startswith("'=")


def test_servicenow_gets_changes_that_bear_our_id() -> None:
    records = to_servicenow(tickets())["records"]
    ids = {record["correlation_id"] for record in records}
    assert len(ids) == len(records)
    assert all(len(record["short_description"]) <= SHORT_LIMIT for record in records)
    assert all(record["risk"] == "high" for record in records)
    assert any("ICSMA-21-294-01: Update to the version" in record["description"] for record in records)


def test_jira_gets_at_most_fifty_issues_at_once_with_labels_without_spaces() -> None:
    bulks = to_jira(tickets(30), project="MED")
    issues = [issue["fields"] for bulk in bulks for issue in bulk["issueUpdates"]]
    assert len(issues) == len(tickets(30))
    assert max(len(bulk["issueUpdates"]) for bulk in bulks) == JIRA_ISSUES
    assert all(issue["project"] == {"key": "MED"} and len(issue["summary"]) <= SUMMARY_LIMIT for issue in issues)
    assert not [label for issue in issues for label in issue["labels"] if " " in label]


def test_states_come_back_from_each_of_the_forms() -> None:
    forms = {
        "states.csv": "id,state,ticket\nabc,In Progress,CHG1\n",
        "states.json": json.dumps([{"id": "abc", "state": "in progress", "ticket": "CHG1"}]),
        "servicenow.json": json.dumps({"result": [{"correlation_id": "abc", "state": "-1", "number": "CHG1"}]}),
        "jira.json": json.dumps(
            {
                "issues": [
                    {
                        "key": "CHG1",
                        "fields": {
                            "labels": ["asepsis", "asepsis-abc"],
                            "status": {"name": "Being looked at", "statusCategory": {"key": "indeterminate"}},
                        },
                    }
                ]
            }
        ),
    }
    for name, text in forms.items():
        (said,) = read_states(name, text.encode())
        assert (said.id, said.state, said.ticket) == ("abc", Progress.IN_PROGRESS, "CHG1"), name


def test_what_goes_out_to_servicenow_comes_back_with_a_state() -> None:
    records = [{**record, "state": "3", "number": "CHG7"} for record in to_servicenow(tickets())["records"]]
    found = read_states("answer.json", json.dumps({"result": records}).encode())
    assert [one.id for one in found] == [one.item.id for one in tickets()]
    assert {one.state for one in found} == {Progress.DONE}


def test_tickets_of_others_are_passed_over() -> None:
    foreign = {"issues": [{"key": "A-1", "fields": {"labels": ["network"], "status": {"name": "Done"}}}]}
    assert read_states("jira.json", json.dumps(foreign).encode()) == ()


def test_no_other_system_verifies() -> None:
    with pytest.raises(TicketsError, match=r"states\.csv:2"):
        read_states("states.csv", b"id,state\nabc,verified\n")


@pytest.mark.parametrize(
    "content",
    [b"", b"a,b\n1,2\n", b"\xff\xfe", b"{}", b"[1, {", b"[" * 100_000, b'{"result": 3}', b"[" + b"9" * 5000 + b"]"],
)
def test_a_file_that_is_none_is_refused_by_name(content: bytes) -> None:
    with pytest.raises(TicketsError, match=r"^file"):
        read_states("file", content)


def test_a_file_that_is_too_large_is_refused_before_it_is_read() -> None:
    with pytest.raises(TicketsError, match="larger"):
        read_states("file", b" " * (STATES_LIMIT_BYTES + 1))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(("result", "issues", "fields", "labels", "status", "state", "id", "correlation_id")),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=60)
@given(_JSON.map(json.dumps).map(str.encode) | st.binary(max_size=60))
def test_whatever_another_system_writes_is_read_or_refused(content: bytes) -> None:
    with suppress(TicketsError):
        found = read_states("file", content)
        assert all(one.id and one.state in (Progress.OPEN, Progress.IN_PROGRESS, Progress.DONE) for one in found)
