"""What is left of a policy once the person is known -> a condition on rows.

Cedar's partial evaluation leaves of each policy an expression over the unknown resource. Only the few forms that our
queries can ask are understood (an allow-list); anything else is ``Unlistable``, and a list refuses rather than guess.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from asepsis.kernel.value import value
from asepsis.web.authorisation.actions import Kind

DEEPEST = 100
"""Cedar itself refuses expressions that are nested deeper."""


class Unlistable(Exception):  # noqa: N818 (a finding about a policy, which its reader words)
    """An expression over the resource that no query can ask."""


@value
class InScope:
    """The row lies in one of these scopes."""

    scopes: frozenset[str]


@value
class InGroup:
    """The row belongs to one of these device groups."""

    groups: frozenset[str]


@value
class IsOneOf:
    """The row is one of these."""

    ids: frozenset[str]


@value
class AttributeIs:
    """An attribute of the row has one of these values (ids, where it is a person)."""

    attribute: str
    values: frozenset[str]


@value
class AllOf:
    """Every part holds."""

    parts: tuple[Condition, ...]


@value
class AnyOf:
    """At least one part holds."""

    parts: tuple[Condition, ...]


@value
class Not:
    """The part does not hold."""

    part: Condition


Condition: TypeAlias = "InScope | InGroup | IsOneOf | AttributeIs | AllOf | AnyOf | Not"

EVERYTHING: Condition = AllOf(parts=())
NOTHING: Condition = AnyOf(parts=())


def all_of(*parts: Condition) -> Condition:
    """The conjunction, simplified."""
    kept = [part for part in parts if part != EVERYTHING]
    if NOTHING in kept:
        return NOTHING
    return kept[0] if len(kept) == 1 else AllOf(parts=tuple(kept))


def any_of(*parts: Condition) -> Condition:
    """The disjunction, simplified."""
    kept = [part for part in parts if part != NOTHING]
    if EVERYTHING in kept:
        return EVERYTHING
    return kept[0] if len(kept) == 1 else AnyOf(parts=tuple(kept))


def negated(part: Condition) -> Condition:
    """The negation, simplified."""
    if part == EVERYTHING:
        return NOTHING
    if part == NOTHING:
        return EVERYTHING
    return part.part if isinstance(part, Not) else Not(part=part)


def condition_of(form: dict[str, Any], kind: Kind) -> Condition:
    """The condition under which a residual policy, in Cedar's JSON form, applies to a row of ``kind``.

    Raises:
        Unlistable: It holds a form that is not on the list.
    """
    return _Reader(kind=kind).policy(form)


def check_listable(form: dict[str, Any]) -> None:
    """Reads a whole policy before any person is known; what asks nothing of the resource is taken as it is.

    Raises:
        Unlistable: What it asks of the resource cannot be asked of rows.
    """
    _Reader(kind=Kind.DEVICE, persons_unknown=True).policy(form)


class _Reader:
    """Reads one policy; ``persons_unknown`` says that parts without the resource are still expressions."""

    def __init__(self, *, kind: Kind, persons_unknown: bool = False) -> None:
        self.kind = kind
        self.persons_unknown = persons_unknown

    def policy(self, form: dict[str, Any]) -> Condition:
        parts = [self._head(form["resource"])]
        for clause in form["conditions"]:
            body = self._expression(clause["body"], DEEPEST)
            parts.append(body if clause["kind"] == "when" else negated(body))
        return all_of(*parts)

    def _head(self, head: dict[str, Any]) -> Condition:
        match head:
            case {"op": "All"}:
                return EVERYTHING
            case {"op": "is", "entity_type": str(kind), **more} if not more:
                return EVERYTHING if kind == self.kind else NOTHING
            case {"op": "is", "entity_type": str(kind), "in": {"entity": dict(entity)}} if kind == self.kind:
                return self._in({"Value": {"__entity": entity}})
            case {"op": "in", "entity": dict(entity)}:
                return self._in({"Value": {"__entity": entity}})
            case {"op": "==", "entity": {"type": str(type_), "id": str(id_)}}:
                return IsOneOf(ids=frozenset({id_})) if type_ == self.kind else NOTHING
        raise Unlistable(f"its head says of the resource `{head['op']}`")

    def _expression(self, form: Any, depth: int) -> Condition:
        if depth == 0:
            raise Unlistable("nested too deeply")
        if self.persons_unknown and not _mentions_resource(form):
            # A part that may be true or false; which of the two changes nothing in what the rest asks of rows.
            return AttributeIs(attribute="", values=frozenset())
        match form:
            case {"Value": True}:
                return EVERYTHING
            case {"Value": False}:
                return NOTHING
            case {"&&": {"left": left, "right": right}}:
                return all_of(self._expression(left, depth - 1), self._expression(right, depth - 1))
            case {"||": {"left": left, "right": right}}:
                return any_of(self._expression(left, depth - 1), self._expression(right, depth - 1))
            case {"!": {"arg": arg}}:
                return negated(self._expression(arg, depth - 1))
            case {"is": {"left": left, "entity_type": str(kind), **more}} if _is_resource(left) and not more:
                return EVERYTHING if kind == self.kind else NOTHING
            case {"in": {"left": left, "right": right}} if _is_resource(left):
                return self._in(right)
            case {"contains": {"left": left, "right": right}} if _is_resource(right):
                return self._is_one_of(left)
            case {"contains": {"left": left, "right": right}} if name := _attribute(right):
                return _attribute_is(name, self._texts(left))
            case {"==": {"left": left, "right": right}}:
                return self._equal(left, right)
        word = next(iter(form), "nothing") if isinstance(form, dict) else "a value"
        raise Unlistable(f"`{word}` is asked of the resource")

    def _equal(self, left: Any, right: Any) -> Condition:
        for known, asked in ((left, right), (right, left)):
            if _mentions_resource(known):
                continue
            if _is_resource(asked):
                return self._is_one_of({"Set": [known]})
            if name := _attribute(asked):
                return _attribute_is(name, self._texts({"Set": [known]}))
        raise Unlistable("`==` compares something other than the resource or one of its attributes with a fixed value")

    def _in(self, right: Any) -> Condition:
        scopes, groups, ids = set(), set(), set()
        for type_, id_ in self._entities(right):
            match type_:
                case "Scope":
                    scopes.add(id_)
                case "DeviceGroup":
                    groups.add(id_)
                case self.kind:
                    ids.add(id_)
                # Nothing else is above a resource of ours: the entity can enclose no row.
        parts: list[Condition] = []
        if scopes:
            parts.append(InScope(scopes=frozenset(scopes)))
        if groups:
            parts.append(InGroup(groups=frozenset(groups)))
        if ids:
            parts.append(IsOneOf(ids=frozenset(ids)))
        return any_of(*parts)

    def _is_one_of(self, known: Any) -> Condition:
        ids = frozenset(id_ for type_, id_ in self._entities(known) if type_ == self.kind)
        return IsOneOf(ids=ids) if ids or self.persons_unknown else NOTHING

    def _entities(self, form: Any) -> list[tuple[str, str]]:
        if self.persons_unknown and "Value" not in form and not _mentions_resource(form):
            return [(str(self.kind), "")]
        found = []
        for item in _items(form):
            match item:
                case {"__entity": {"type": str(type_), "id": str(id_)}}:
                    found.append((type_, id_))
                case _:
                    raise Unlistable("the resource is compared with something that is no entity")
        return found

    def _texts(self, form: Any) -> list[str]:
        if self.persons_unknown and not _mentions_resource(form):
            return [""]
        found = []
        for item in _items(form):
            match item:
                case {"__entity": {"id": str(id_)}}:
                    found.append(id_)
                case str(text):
                    found.append(text)
                case _:
                    raise Unlistable("an attribute is compared with something that is neither text nor entity")
        return found


def _attribute_is(name: str, values: list[str]) -> Condition:
    return AttributeIs(attribute=name, values=frozenset(values)) if values else NOTHING


def _items(form: Any) -> list[Any]:
    """The plain values of a set, or the one value."""
    match form:
        case {"Set": list(items)}:
            values = []
            for item in items:
                match item:
                    case {"Value": value_}:
                        values.append(value_)
                    case _:
                        raise Unlistable("a set holds something that is not known")
            return values
        case {"Value": list(items)}:
            return items
        case {"Value": value_}:
            return [value_]
    raise Unlistable("the resource is compared with something that is not known")


def _is_resource(form: Any) -> bool:
    return form in ({"unknown": [{"Value": "resource"}]}, {"Var": "resource"})


def _attribute(form: Any) -> str:
    """The name where the form is an attribute of the resource, else an empty text."""
    match form:
        case {".": {"left": left, "attr": str(name)}} if _is_resource(left):
            return name
    return ""


def _mentions_resource(form: Any) -> bool:
    if isinstance(form, dict):
        return _is_resource(form) or any(_mentions_resource(part) for part in form.values())
    return isinstance(form, list) and any(_mentions_resource(part) for part in form)
