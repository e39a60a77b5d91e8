"""A plan is read back as it was written, and a damaged one is refused."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from asepsis.crypto.signing import SigningKey
from asepsis.exposure.scanning.approval import approve, approved
from asepsis.exposure.scanning.envelope import APPROVAL, RECEIPT, seal, unseal
from asepsis.exposure.scanning.plan import TARGETS_LIMIT, ScanError, read_plan
from asepsis.exposure.scanning.ruleset import closed, opened, ruleset
from asepsis.kernel.time import SECOND_NS
from tests.exposure.scanning.planned import NOW_NS, plan

KEY = SigningKey.from_seed(bytes(range(32)))
HOUR_NS = 3600 * SECOND_NS
WHO: dict[str, Any] = {"scan": "scan0001", "proposer": "ada", "approver": "grace"}
WHEN: dict[str, Any] = {"from_ns": NOW_NS, "until_ns": NOW_NS + HOUR_NS}


def test_a_plan_is_read_back_whole() -> None:
    assert read_plan(plan().content()) == plan()


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (("format",), "another"),
        (("targets", 0, "ip"), "archive.example"),
        (("targets", 0, "ip"), "10.77.0.2; drop table"),
        (("targets", 0, "mac"), "02:00"),
        (("targets", 0, "questions", 0, "port"), 0),
        (("targets", 0, "questions", 0, "question"), "exploit"),
        (("targets", 0, "packets"), "many"),
        (("targets",), None),
        (("left_out",), [1]),
    ],
)
def test_a_plan_that_names_something_else_is_refused(path: tuple[Any, ...], wrong: object) -> None:
    document = json.loads(plan().content())
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = wrong
    with pytest.raises(ScanError):
        read_plan(json.dumps(document).encode())


def test_a_plan_cut_anywhere_is_refused() -> None:
    content = plan().content()
    for end in range(0, len(content), 17):
        with pytest.raises(ScanError):
            read_plan(content[:end])


def test_a_plan_of_too_many_devices_is_refused() -> None:
    many = dataclasses.replace(plan(), targets=plan().targets * (TARGETS_LIMIT + 1))
    with pytest.raises(ScanError, match="more than 256"):
        read_plan(many.content())


def test_an_approval_counts_for_its_plan_in_its_time() -> None:
    envelope = approve(plan(), **WHO, **WHEN).sealed(KEY)
    found = approved(envelope, plan(), KEY.public_bytes, scan="scan0001", now_ns=NOW_NS + 5)
    assert (found.proposer, found.approver) == ("ada", "grace")


@pytest.mark.parametrize(
    "changes",
    [
        {"now_ns": NOW_NS - 1},
        {"now_ns": NOW_NS + HOUR_NS},
        {"scan": "scan0002"},
        {"plan": plan(made="2026-02-01T00:00:00Z")},
        {"public_bytes": SigningKey.from_seed(bytes(32)).public_bytes},
    ],
)
def test_an_approval_counts_for_nothing_else(changes: dict[str, Any]) -> None:
    asked = {"plan": plan(), "public_bytes": KEY.public_bytes, "scan": "scan0001", "now_ns": NOW_NS, **changes}
    with pytest.raises(ScanError):
        approved(approve(plan(), **WHO, **WHEN).sealed(KEY), **asked)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"approver": "ada"}, "scan-own"),
        ({"approver": ""}, "scan-own"),
        ({"until_ns": NOW_NS + 73 * HOUR_NS}, "scan-time"),
        ({"until_ns": NOW_NS}, "scan-time"),
    ],
)
def test_these_approvals_are_not_given(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(ScanError) as refused:
        approve(plan(), **{**WHO, **WHEN, **changes})
    assert refused.value.code == code


def test_an_approval_by_one_person_does_not_count_even_when_it_is_signed() -> None:
    statement = {**approve(plan(), **WHO, **WHEN).document(), "approver": "ada"}
    with pytest.raises(ScanError, match="does not approve it"):
        approved(seal(APPROVAL, statement, KEY), plan(), KEY.public_bytes, scan="scan0001", now_ns=NOW_NS)


def test_one_kind_of_statement_never_passes_for_another() -> None:
    envelope = seal(RECEIPT, {"a": 1}, KEY)
    assert unseal(RECEIPT, envelope, KEY.public_bytes) == {"a": 1}
    with pytest.raises(ScanError, match="states something else"):
        unseal(APPROVAL, envelope, KEY.public_bytes)
    renamed = envelope.replace(RECEIPT.encode(), APPROVAL.encode())
    with pytest.raises(ScanError, match="signature is wrong"):
        unseal(APPROVAL, renamed, KEY.public_bytes)


def test_the_rules_let_out_what_the_plan_names_and_drop_the_rest() -> None:
    rules = ruleset(plan(), "scan0")
    # Of packets of IP, of those passed on, and of ARP: each chain ends by dropping.
    assert rules.count("policy drop;") == rules.count(" hook ") == 3
    # Nobody gets anything before it was checked once more.
    assert "chain target0 {\n  }" in rules
    budget = "limit rate 1/day burst 12 packets quota until 4096 bytes accept\n"
    assert opened(plan(), plan().targets[0]) == f"add rule inet asepsis_scan target0 {budget}"
    assert "ip daddr 10.77.0.2 tcp dport 104 jump target0" in rules
    assert "ip daddr 10.77.0.2 udp dport 161 jump target0" in rules
    assert "10.77.0.3" not in rules


def test_a_device_that_is_left_out_later_is_in_no_rule() -> None:
    assert "10.77.0.2" not in ruleset(plan(), "scan0", left_out=("archive",))
    assert "accept" not in closed().replace('oifname "lo" accept', "")


@pytest.mark.parametrize("interface", ["", "scan0 drop", 'scan0"', "a" * 16, "scan0\n"])
def test_a_name_that_is_none_gives_no_rules(interface: str) -> None:
    with pytest.raises(ValueError, match="no name of an interface"):
        ruleset(plan(), interface)
