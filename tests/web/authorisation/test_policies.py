"""Policy files: read with their sentences and places, and refused with file and line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cedarpy
import pytest

from asepsis.knowledge.authorisation import policy_texts, schema_text
from asepsis.pipeline.workspace import Workspace
from asepsis.web.authorisation import schema
from asepsis.web.authorisation.actions import Action, Group, Obligation, Purpose, Role
from asepsis.web.authorisation.engine import Engine
from asepsis.web.authorisation.policies import PolicyError, read, shipped, with_own

GOOD = """
@id("own-rule")
@says("Nobody exports devices.")
forbid (principal, action == Action::"device.export", resource);
"""


def faults(text: str) -> list[str]:
    with pytest.raises(PolicyError) as refused:
        read({"own.cedar": text}, own=True)
    return refused.value.faults


def test_the_shipped_policies_say_what_they_do_and_where_they_stand() -> None:
    policies = shipped()
    assert len({policy.id for policy in policies}) == len(policies) > 40
    texts = policy_texts()
    for policy in policies:
        assert texts[policy.file].splitlines()[policy.line - 1].startswith("@id")
        assert policy.says[0].isupper()
        assert policy.actions
    masks = next(policy for policy in policies if policy.id == "network-engineer-sees-headers")
    assert masks.obligations == {Obligation.MASK_PAYLOAD}


def test_an_own_policy_counts_beside_ours(tmp_path: Path) -> None:
    (tmp_path / "exports.cedar").write_text(GOOD, encoding="utf-8")
    (own,) = [policy for policy in with_own(tmp_path) if policy.own]
    assert (own.id, own.line, list(own.actions)) == ("own-rule", 2, [Action.DEVICE_EXPORT])
    assert with_own(tmp_path / "absent") == shipped()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("permit(principal action);", "own.cedar:1: cannot be read: unexpected token `action`"),
        ('\n\n@id("x") @says("A sentence here.")\nforbid (principal, action, resource)', "own.cedar:3: cannot be read"),
        ('@id("x") @says("A quote that never ends);', "own.cedar:1: cannot be read"),
        (GOOD.replace("device.export", "device.pump"), "own.cedar:2: unrecognized action"),
        (GOOD.replace(");", ') when { resource.colour == "red" };'), "attribute `colour`"),
        (GOOD.replace(");", ") when { context.network.isLoopback() };"), "network"),
        (GOOD.replace(");", ') when { context.purpose == Purpose::"TRAET" };'), "TRAET"),
        (GOOD.replace('@id("own-rule")', ""), "needs a name"),
        (GOOD.replace("own-rule", "Own Rule"), "needs a name"),
        (GOOD.replace("devices.", "devices"), "needs a sentence"),
        (GOOD.replace("@says", "@sayz"), "unknown annotation @sayz"),
        (GOOD.replace("forbid", '@obliges("mask_payload") forbid'), "a prohibition obliges to nothing"),
        (GOOD.replace("forbid", '@obliges("be_nice") permit'), "obliges to 'be_nice'"),
        (GOOD.replace("forbid", "permit"), "a permit has a condition"),
        (
            GOOD.replace("forbid", "permit").replace('action == Action::"device.export"', "action"),
            "a permit names the actions",
        ),
        (GOOD.replace("principal,", "principal == ?principal,"), "is a template"),
        (GOOD.replace(");", ') when { action in Action::"read" };'), "asks for the action in its condition"),
        (GOOD.replace(");", ") when { [resource].contains(resource) };"), "lists of devices cannot be filtered by it"),
        (GOOD + GOOD, "own.cedar:6: the name 'own-rule' is taken by own.cedar:2"),
    ],
)
def test_a_faulty_policy_is_refused_with_its_place(text: str, fault: str) -> None:
    assert any(fault in line for line in faults(text)), faults(text)
    assert all(line.startswith("own.cedar:") for line in faults(text))


def test_all_faults_of_all_files_are_reported(tmp_path: Path) -> None:
    (tmp_path / "a.cedar").write_text("permit(;\n\n// a remark; with a semicolon\nforbid(;", encoding="utf-8")
    (tmp_path / "b.cedar").write_text(GOOD.replace("own-rule", "second-factor"), encoding="utf-8")
    with pytest.raises(PolicyError) as refused:
        with_own(tmp_path)
    assert [line.split(": ")[0].rsplit("/", 1)[1] for line in refused.value.faults] == [
        "a.cedar:1",
        "a.cedar:4",
        "b.cedar:2",
    ]
    assert "taken by safeguards.cedar" in refused.value.faults[2]
    assert "2 more" in refused.value.message


def test_files_that_are_too_large_or_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "large.cedar").write_bytes(b"/" * 300_000)
    (tmp_path / "bytes.cedar").write_bytes(b"\xff\xfe\xfd")
    with pytest.raises(PolicyError) as refused:
        with_own(tmp_path)
    assert [fault.rsplit("/", 1)[1] for fault in refused.value.faults] == [
        "bytes.cedar:1: cannot be read: UnicodeDecodeError",
        "large.cedar:1: more than 262144 bytes",
    ]


def test_the_closed_lists_are_those_of_the_schema() -> None:
    facts = schema.actions()
    assert list(facts) == list(Action)
    assert all(fact.title for fact in facts.values())
    for fact in facts.values():
        assert len(fact.groups & {Group.READ, Group.CHANGE, Group.OWN, Group.ACCOUNT}) == 1, fact.action
    # Cedar itself refuses an action, a group or a kind that it does not know, and a kind that an action is not done on.
    for action, fact in facts.items():
        for kind in fact.kinds:
            assert _valid(f'forbid (principal, action == Action::"{action}", resource is {kind});')
        for group in Group:
            held = f'forbid (principal, action in Action::"{group}", resource) when {{ context.aal == 1 }};'
            assert _valid(held)
    declared = {line.split()[1].rstrip(";").strip('"') for line in _lines() if line.startswith("action ")}
    assert declared == {*map(str, Action), *map(str, Group)}


def test_roles_and_purposes_are_those_of_the_schema() -> None:
    text = " ".join(_lines())
    for name, words in (("Purpose", Purpose), ("Role", Role)):
        inside = text.split(f"entity {name} enum [")[1].split("]")[0]
        assert [word.strip().strip('"') for word in inside.split(",")] == [str(word) for word in words]


def test_two_policies_of_one_name_make_no_engine() -> None:
    with pytest.raises(ValueError, match="one name"):
        Engine([*shipped(), shipped()[0]])


def _lines() -> list[str]:
    return schema_text().splitlines()


def _valid(policy: str) -> bool:
    return cedarpy.validate_policies(policy, schema.handle()).validation_passed


def test_a_server_does_not_start_with_a_policy_at_fault(tmp_path: Path) -> None:
    workspace = Workspace.resolve(tmp_path / "hospital").create()
    folder = workspace.root / "policies"
    folder.mkdir()
    (folder / "ward.cedar").write_text("\n\npermit (principal, action, resource);", encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-m", "asepsis.cli", "serve"],
        env={**os.environ, "ASEPSIS_HOME": str(workspace.root), "DJANGO_SETTINGS_MODULE": "asepsis.web.settings"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode != 0
    assert "ward.cedar:3: needs a name" in " ".join(ended.stderr.split())
