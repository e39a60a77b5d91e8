"""Policy files -> policies with their names, sentences and places; faults with file and line.

Ours come from ``asepsis.knowledge.authorisation``, a hospital's own from the folder ``policies`` of the workspace. All
go through the same checks, and all faults are reported, not only the first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cedarpy

from asepsis.kernel.errors import AsepsisError
from asepsis.kernel.value import value
from asepsis.knowledge.authorisation import policy_texts
from asepsis.web.authorisation import schema
from asepsis.web.authorisation.actions import Action, Kind, Obligation
from asepsis.web.authorisation.conditions import Unlistable, check_listable

MOST_BYTES_OF_A_FILE = 256 * 1024
"""A hospital's policies are written by hand; a larger file is a mistake."""

MOST_OWN_POLICIES = 500
"""Every decision weighs the policies of its action; five hundred keep it well under a millisecond."""

_PIECE = re.compile(r'//[^\n]*|"(?:\\.|[^"\\])*"|;|\s+|[^\s;"/]+|/')
_NAME = re.compile(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")
_ANNOTATIONS = {"id", "says", "obliges"}


class PolicyError(AsepsisError):
    """Policies that cannot be used; ``faults`` holds one line for each fault, ``file:line: what``."""

    def __init__(self, faults: list[str]) -> None:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        super().__init__(
            f"{faults[0]}{more}",
            code="policies-refused",
            hint="correct the file, or move it out of the folder `policies` of the workspace",
        )
        self.faults = faults


@value
class Policy:
    """One policy: its name, its sentence for people, what it is about, and where it stands.

    ``actions`` are the actions that it can apply to, ``form`` is Cedar's JSON form of it, and ``own`` says that the
    hospital wrote it.
    """

    id: str
    says: str
    permits: bool
    obligations: frozenset[Obligation]
    actions: frozenset[Action]
    file: str
    line: int
    own: bool
    text: str
    form: str


def shipped() -> list[Policy]:
    """The policies that come with Asepsis."""
    return read(policy_texts())


def with_own(folder: Path) -> list[Policy]:
    """The shipped policies and those of a hospital's own in ``folder`` (``*.cedar``), which may be absent.

    Raises:
        PolicyError: A file of the folder is at fault.
    """
    texts: dict[str, str] = {}
    faults = []
    for path in sorted(folder.glob("*.cedar")):
        try:
            if path.stat().st_size > MOST_BYTES_OF_A_FILE:
                faults.append(f"{path}:1: more than {MOST_BYTES_OF_A_FILE} bytes")
                continue
            texts[str(path)] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as fault:
            faults.append(f"{path}:1: cannot be read: {type(fault).__name__}")
    if faults:
        raise PolicyError(faults)
    ours = shipped()
    return ours + read(texts, taken={policy.id: f"{policy.file}:{policy.line}" for policy in ours}, own=True)


def read(texts: dict[str, str], *, taken: dict[str, str] | None = None, own: bool = False) -> list[Policy]:
    """The policies of texts by file name; ``taken`` are names that stand elsewhere, with their places.

    Raises:
        PolicyError: With every fault of every file.
    """
    places = dict(taken or {})
    policies: list[Policy] = []
    faults: list[str] = []
    for file, text in texts.items():
        for line, statement in _statements(text):
            where = f"{file}:{line}"
            wrong = list(_faults(statement))
            if wrong:
                faults.extend(f"{where}: {what}" for what in wrong)
                continue
            policy = _policy(statement, file, line, own=own)
            if policy.id in places:
                faults.append(f"{where}: the name {policy.id!r} is taken by {places[policy.id]}")
            places[policy.id] = where
            policies.append(policy)
    if own and len(policies) > MOST_OWN_POLICIES:
        faults.append(f"{policies[MOST_OWN_POLICIES].file}:1: more than {MOST_OWN_POLICIES} policies")
    if faults:
        raise PolicyError(faults)
    return policies


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Each statement, up to its semicolon, with the line on which it begins; remarks belong to none."""
    parts: list[str] = []
    line = begin = 1
    position = 0
    while position < len(text):
        match = _PIECE.match(text, position)
        # What is no piece (a quote that never ends) goes to Cedar with the rest, which refuses it.
        piece = match[0] if match else text[position:]
        position += len(piece)
        if not parts and (piece.isspace() or piece.startswith("//")):
            line += piece.count("\n")
            continue
        if not parts:
            begin = line
        parts.append(piece)
        line += piece.count("\n")
        if piece == ";":
            yield begin, "".join(parts)
            parts = []
    if "".join(parts).strip():
        yield begin, "".join(parts)


def _faults(statement: str) -> Iterator[str]:
    try:
        forms = json.loads(cedarpy.policies_to_json_str(statement))
    except ValueError as fault:
        yield f"cannot be read: {fault}"
        return
    if forms["templates"] or len(forms["staticPolicies"]) != 1:
        yield "is a template, or ends in no semicolon; one whole policy is expected"
        return
    (form,) = forms["staticPolicies"].values()
    yield from _faults_of_annotations(form)
    checked = cedarpy.validate_policies(statement, schema.handle())
    if not checked.validation_passed:
        for error in checked.errors:
            yield str(error).removeprefix("[policy0] ").removeprefix("for policy `policy0`, ")
        return
    if form["action"]["op"] == "All" and form["effect"] == "permit":
        yield "a permit names the actions that it allows"
    if form["effect"] == "permit" and not form["conditions"]:
        yield "a permit has a condition: what is allowed to everybody is allowed by mistake"
    if '{"Var": "action"}' in json.dumps(form["conditions"]):
        yield "asks for the action in its condition; a policy names its actions in its head"
    if any(Kind.DEVICE in schema.actions()[action].kinds for action in _actions(form)):
        try:
            check_listable(form)
        except Unlistable as fault:
            yield f"lists of devices cannot be filtered by it: {fault}"


def _faults_of_annotations(form: dict[str, Any]) -> Iterator[str]:
    annotations: dict[str, str | None] = form.get("annotations", {})
    if not _NAME.match(annotations.get("id") or ""):
        yield 'needs a name in small letters and hyphens: @id("pump-vendor-sees-pumps")'
    says = annotations.get("says") or ""
    if not says.endswith(".") or len(says) < len("Nobody may."):
        yield 'needs a sentence that says to people what it does: @says("A vendor changes nothing.")'
    for name in sorted(annotations.keys() - _ANNOTATIONS):
        yield f"has an unknown annotation @{name}"
    if "obliges" in annotations:
        if form["effect"] == "forbid":
            yield "a prohibition obliges to nothing"
        for word in (annotations["obliges"] or "").split(","):
            if word.strip() not in set(Obligation):
                yield f"obliges to {word.strip()!r}, which is not one of {', '.join(Obligation)}"


def _policy(statement: str, file: str, line: int, *, own: bool) -> Policy:
    (form,) = json.loads(cedarpy.policies_to_json_str(statement))["staticPolicies"].values()
    annotations = form["annotations"]
    return Policy(
        id=annotations["id"],
        says=annotations["says"],
        permits=form["effect"] == "permit",
        obligations=frozenset(Obligation(word.strip()) for word in annotations.get("obliges", "").split(",") if word),
        actions=_actions(form),
        file=file,
        line=line,
        own=own,
        text=statement,
        form=json.dumps(form),
    )


def _actions(form: dict[str, Any]) -> frozenset[Action]:
    """The actions that a policy's head and the kind of its resource leave, groups spelt out."""
    head = form["action"]
    named = {entity["id"] for entity in head.get("entities", [head["entity"]] if "entity" in head else [])}
    kind = form["resource"].get("entity_type") if form["resource"]["op"] == "is" else None
    chosen = set()
    for action, facts in schema.actions().items():
        fits = head["op"] == "All" or action in named or bool(named & {str(group) for group in facts.groups})
        # An action that is done on other things only is never reached by a policy for devices.
        if fits and (kind is None or kind in facts.kinds):
            chosen.add(action)
    return frozenset(chosen)
