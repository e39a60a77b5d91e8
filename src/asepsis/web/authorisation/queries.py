"""Conditions on rows -> what the database is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from operator import and_, or_
from typing import Final

from django.db.models import Model, Q

from asepsis.kernel.value import value
from asepsis.web.authorisation.actions import Kind
from asepsis.web.authorisation.conditions import (
    AllOf,
    AnyOf,
    AttributeIs,
    Condition,
    InGroup,
    InScope,
    IsOneOf,
    Not,
    Unlistable,
)
from asepsis.web.authorisation.models import AdministratorProposal, BreakGlassUse
from asepsis.web.cmms.models import AssetImport
from asepsis.web.devices.models import Device
from asepsis.web.facilities.models import DeviceGroup
from asepsis.web.people.models import RoleGrant
from asepsis.web.plan.models import Acceptance
from asepsis.web.testing.models import Engagement, Scan
from asepsis.web.vendors.models import Assessment


@value
class Rows:
    """How rows of a table bear what policies ask: their kind, and the columns of place and attributes."""

    kind: Kind
    site: str
    department: str = ""
    grouped: bool = False
    attributes: tuple[tuple[str, str], ...] = ()
    constants: tuple[tuple[str, str], ...] = ()
    """Attributes that every row has with one value."""


ROWS: Final[Mapping[type[Model], Rows]] = {
    Device: Rows(kind=Kind.DEVICE, site="site_id", department="record__department_id", grouped=True),
    Acceptance: Rows(kind=Kind.CHANGE_PROPOSAL, site="site_id", attributes=(("proposer", "proposer_id"),)),
    AssetImport: Rows(kind=Kind.CHANGE_PROPOSAL, site="site_id", attributes=(("proposer", "proposer_id"),)),
    Scan: Rows(kind=Kind.CHANGE_PROPOSAL, site="site_id", attributes=(("proposer", "proposer_id"),)),
    Engagement: Rows(kind=Kind.CHANGE_PROPOSAL, site="site_id", attributes=(("proposer", "proposer_id"),)),
    Assessment: Rows(kind=Kind.CHANGE_PROPOSAL, site="site_id", attributes=(("proposer", "proposer_id"),)),
    RoleGrant: Rows(
        kind=Kind.ROLE_GRANT,
        site="site_id",
        department="department_id",
        attributes=(("person", "person_id"), ("proposer", "granted_by_id"), ("role", "role")),
    ),
    AdministratorProposal: Rows(
        kind=Kind.ROLE_GRANT,
        site="site_id",
        department="department_id",
        attributes=(("person", "person_id"), ("proposer", "proposer_id"), ("role", "role")),
    ),
    BreakGlassUse: Rows(kind=Kind.BREAK_GLASS, site="site_id", attributes=(("person", "person_id"),)),
}

# An empty Q would vanish from a disjunction, and say everything where it should say nothing.
EVERY: Final = Q(pk__isnull=False)
_NONE: Final = Q(pk__in=[])


def to_q(condition: Condition, rows: Rows) -> Q:
    """The condition as Django asks it.

    Raises:
        Unlistable: It asks for something that these rows do not bear.
    """
    match condition:
        case AllOf(parts=parts):
            asked = [to_q(part, rows) for part in parts]
            if _NONE in asked:
                return _NONE
            # What says everything is left out: the database would ask it of every row.
            return reduce(and_, [part for part in asked if part != EVERY] or [EVERY])
        case AnyOf(parts=parts):
            asked = [to_q(part, rows) for part in parts]
            if EVERY in asked:
                return EVERY
            return reduce(or_, [part for part in asked if part != _NONE] or [_NONE])
        case Not(part=part):
            return ~to_q(part, rows)
        case IsOneOf(ids=ids):
            return Q(pk__in=sorted(ids))
        case InScope(scopes=scopes):
            return _in_scope(scopes, rows)
        case InGroup(groups=groups):
            # A subquery and no join, so that a device of two groups is one row, and negation means "in none of them".
            if not rows.grouped:
                return _NONE
            members = DeviceGroup.devices.through.objects.filter(devicegroup_id__in=_numbers(groups))
            return Q(pk__in=members.values("device_id"))
        case AttributeIs(attribute=name, values=values):
            if (constant := dict(rows.constants).get(name)) is not None:
                return EVERY if constant in values else _NONE
            column = dict(rows.attributes).get(name)
            if column is None:
                raise Unlistable(f"rows bear no attribute {name!r}")
            return Q(**{f"{column}__in": sorted(values)})


def _in_scope(scopes: frozenset[str], rows: Rows) -> Q:
    if "hospital" in scopes:
        return EVERY
    found = Q(**{f"{rows.site}__in": _numbers(id_.removeprefix("site/") for id_ in scopes if id_.startswith("site/"))})
    if rows.department:
        inside = (id_.removeprefix("department/") for id_ in scopes if id_.startswith("department/"))
        found |= Q(**{f"{rows.department}__in": _numbers(inside)})
    return found


def _numbers(ids: Iterable[str]) -> list[int]:
    """The keys among ids; what a policy names that is no key names no row."""
    return sorted(int(id_) for id_ in ids if id_.isdecimal())
