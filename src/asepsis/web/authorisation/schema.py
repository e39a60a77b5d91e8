"""The schema of decisions: what each action is called, of which kinds it is, and on what it can be done.

Cedar's own reader checks the schema; its Python binding hands no parts of it out, so that the lines that declare
actions are read here, in the one form that our schema uses. A test asks Cedar whether both readings agree.
"""

from __future__ import annotations

import re
from functools import cache

import cedarpy

from asepsis.kernel.value import value
from asepsis.knowledge.authorisation import schema_text
from asepsis.web.authorisation.actions import Action, Group, Kind

_GROUP = re.compile(r"^action (?P<name>\w+)(?: in \[(?P<groups>[^\]]*)\])?;$")
_ACTION = re.compile(
    r'^action "(?P<name>[\w.]+)" in \[(?P<groups>[^\]]*)\] '
    r"appliesTo \{ principal: Person, resource: (?:\[(?P<kinds>[^\]]*)\]|(?P<kind>\w+)), context: Circumstances \};$"
)
_TITLE = re.compile(r'^@doc\("(?P<title>[^"]*)"\)$')


@value
class ActionFacts:
    """What the schema says of one action."""

    action: Action
    title: str
    groups: frozenset[Group]
    kinds: tuple[Kind, ...]


@cache
def handle() -> cedarpy.Schema:
    """The schema as Cedar holds it, parsed once."""
    return cedarpy.Schema.from_str(schema_text())


@cache
def actions() -> dict[Action, ActionFacts]:
    """Every action with its facts, in the order of the schema.

    Raises:
        ValueError: A line that begins with ``action`` is in another form, or names what the closed lists do not hold.
    """
    around: dict[Group, frozenset[Group]] = {}
    found: dict[Action, ActionFacts] = {}
    title = ""
    for line in schema_text().splitlines():
        if said := _TITLE.match(line):
            title = said["title"]
        elif group := _GROUP.match(line):
            above = [Group(name) for name in _names(group["groups"] or "")]
            around[Group(group["name"])] = frozenset(above).union(*(around[name] for name in above))
        elif told := _ACTION.match(line):
            direct = [Group(name) for name in _names(told["groups"])]
            groups = frozenset(direct).union(*(around[name] for name in direct))
            kinds = tuple(Kind(name) for name in _names(told["kinds"] or told["kind"]))
            action = Action(told["name"])
            found[action] = ActionFacts(action=action, title=title, groups=groups, kinds=kinds)
            title = ""
        elif line.startswith("action "):
            raise ValueError(f"a declaration of an action in a form that is not read: {line}")
    return found


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
