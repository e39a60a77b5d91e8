"""Writes ``docs/reference/roles-and-actions.md`` from the policies themselves: ``make docs``.

Every cell is a decision of the engine. ``tests/test_docs.py`` fails when the page and the policies differ, and the test
of the routes takes its expectations from the page.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from asepsis.web.authorisation import schema
from asepsis.web.authorisation.actions import Action, Group, Kind, Purpose, Role
from asepsis.web.authorisation.engine import Engine
from asepsis.web.authorisation.facts import (
    HOSPITAL,
    BreakGlassFacts,
    Circumstances,
    DeviceFacts,
    Facts,
    Grant,
    PersonFacts,
    ProposalFacts,
    RecordFacts,
    RoleGrantFacts,
    Scope,
    ScopeFacts,
    Subject,
    System,
    VendorAccess,
)
from asepsis.web.authorisation.policies import Policy, shipped

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "reference" / "roles-and-actions.md"
NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
SITE: Final = Scope(site="1")
WARD: Final = Scope(site="1", department="11")
ELSEWHERE: Final = Scope(site="2")

MARKS: Final = (("¹", Group.STRONG), ("²", Group.FRESH), ("³", Group.SENSITIVE), ("⁴", Group.PATIENT_LINKED))

YES, WHOLE, OWN, NO = "yes", "whole hospital", "own", "-"

HEAD = """\
# Roles and actions

Written by `make docs` from the policies in `src/asepsis/knowledge/authorisation`; every cell is a decision of the
engine that decides in the product. `asepsis` shows the same, for one person and one device, under *Why may I?*.

* **yes**: where the role holds, that is in the hospital, the site or the department that it was given for
* **whole hospital**: only to whom the role was given for the whole hospital
* **own**: only what is of this person: the own account, an own proposal, own data
* **-**: refused

A vendor's cells hold for the devices of the one group that the access was made for, until it ends. Marks: ¹ needs a
passkey that cannot leave its device; ² needs a sign-in of the last ten minutes; ³ is recorded at every use; ⁴ may show
data of patients; ⁵ with a condition on what is shown. All but the own account needs a second factor.
"""


def things(kind: Kind, scope: Scope, *, mine: bool) -> list[Facts]:
    """Things of a kind that lie in a scope, of the person who asks or of somebody else."""
    who = "me" if mine else "you"
    match kind:
        case Kind.SYSTEM:
            return [System()]
        case Kind.SCOPE:
            return [ScopeFacts(scope=scope)]
        case Kind.DEVICE:
            return [DeviceFacts(id="d", scope=scope, groups=("g",))]
        case Kind.RECORD:
            return [RecordFacts(id="r", scope=scope, patient="p" if mine else "q")]
        case Kind.PERSON:
            other = Subject(id=who, grants=(Grant(role=Role.CLINICIAN, scope=scope),))
            return [PersonFacts(subject=other)]
        case Kind.CHANGE_PROPOSAL:
            return [ProposalFacts(id="c", scope=scope, proposer=who)]
        case Kind.BREAK_GLASS:
            return [BreakGlassFacts(id="b", scope=scope, person=who)]
        case Kind.ROLE_GRANT:
            roles = (Role.CLINICIAN, Role.ADMINISTRATOR)
            return [RoleGrantFacts(id="g", scope=scope, person=who, proposer=who, role=role) for role in roles]


def holder(role: Role, scope: Scope) -> Subject:
    """A person with one role."""
    if role is Role.VENDOR:
        return Subject(id="me", vendor=VendorAccess(group="g", until=NOW + timedelta(days=1)))
    if role is Role.PATIENT:
        return Subject(id="me", patient="p")
    return Subject(id="me", grants=(Grant(role=role, scope=scope),))


def cell(engine: Engine, role: Role, action: Action) -> str:
    """How the role stands to the action."""
    kinds = schema.actions()[action].kinds
    if Group.OWN in schema.actions()[action].groups or Group.ACCOUNT in schema.actions()[action].groups:
        return OWN if _allowed(engine, holder(role, WARD), action, [System()]) else NO
    inside = [thing for kind in kinds for thing in things(kind, WARD, mine=False)]
    if _allowed(engine, holder(role, SITE), action, inside):
        return YES
    if _allowed(engine, holder(role, HOSPITAL), action, inside):
        return WHOLE
    mine = [thing for kind in kinds for thing in things(kind, ELSEWHERE, mine=True)]
    return OWN if _allowed(engine, holder(role, SITE), action, mine) else NO


def _allowed(engine: Engine, subject: Subject, action: Action, on: list[Facts]) -> bool:
    return any(engine.decide(subject, action, thing, how).allowed for thing in on for how in _at_best())


def _at_best() -> list[Circumstances]:
    return [
        Circumstances(assurance_level=3, device_bound=True, signed_in_seconds_ago=1, now=NOW, purpose=purpose)
        for purpose in (Purpose.HEALTHCARE_OPERATIONS, Purpose.TREATMENT, Purpose.PATIENT_REQUESTED)
    ]


def marks(engine: Engine, role: Role, action: Action) -> str:
    """The marks of a cell that is no refusal."""
    owes = engine.obligations(holder(role, HOSPITAL), action, _at_best()[0])
    return "⁵" if owes else ""


def matrix(engine: Engine) -> str:
    """The table of actions and roles."""
    head = "| What | " + " | ".join(role.replace("_", " ") for role in Role) + " |\n"
    lines = [head, "|---|" + "---|" * len(Role) + "\n"]
    for action, facts in schema.actions().items():
        signs = "".join(sign for sign, group in MARKS if group in facts.groups)
        cells = []
        for role in Role:
            found = cell(engine, role, action)
            cells.append(found if found == NO else found + marks(engine, role, action))
        lines.append(f"| {facts.title}{signs} `{action}` | " + " | ".join(cells) + " |\n")
    return "".join(lines)


def policies(found: list[Policy]) -> str:
    """The policies in words, by file."""
    parts = []
    for file in sorted({policy.file for policy in found}):
        parts.append(f"\n### {file}\n\n")
        for policy in found:
            if policy.file == file:
                verb = "allows" if policy.permits else "**forbids**"
                parts.append(f"* {verb}: {policy.says} (`{policy.id}`)\n")
    return "".join(parts)


def page() -> str:
    """The whole page."""
    found = shipped()
    words = f"## The policies in words\n\nA prohibition wins over every permission.\n{policies(found)}"
    return f"{HEAD}\n{matrix(Engine(found))}\n{words}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
