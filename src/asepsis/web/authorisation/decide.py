"""May this person do this, and what may they see in a list."""

from __future__ import annotations

from typing import Final, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from asepsis.kernel.value import value
from asepsis.web.authorisation.actions import Action
from asepsis.web.facilities.models import Site
from asepsis.web.people.models import Person, Role, RoleGrant

Row = TypeVar("Row", bound=Model)

ALL_READ: Final = {Action.OVERVIEW, Action.DEVICE_LIST, Action.DEVICE_VIEW, Action.ACCOUNT, Action.EXPLAIN}
ENGINEERS: Final = ALL_READ | {
    Action.DEVICE_EVIDENCE,
    Action.DEVICE_EXPORT,
    Action.DEVICE_EDIT,
    Action.DEVICE_OVERRIDE,
    Action.CONVERSATION_VIEW,
    Action.MAP_VIEW,
    Action.CAPTURE_UPLOAD,
    Action.JOB_VIEW,
    Action.IMPORT_PROPOSE,
    Action.IMPORT_APPLY,
    Action.TOKEN_OWN,
    Action.HEALTH_VIEW,
}
ALLOWED: Final[dict[str, set[Action]]] = {
    Role.CLINICAL_ENGINEER: ENGINEERS,
    Role.SECURITY_ANALYST: ENGINEERS,
    Role.NETWORK_ENGINEER: ENGINEERS,
    Role.CLINICIAN: ALL_READ | {Action.BREAK_GLASS},
    Role.PRIVACY_OFFICER: ALL_READ | {Action.LEDGER_VIEW, Action.LEDGER_EXPORT, Action.BREAK_GLASS_REVIEW},
    Role.AUDITOR: ALL_READ
    | {
        Action.LEDGER_VIEW,
        Action.LEDGER_EXPORT,
        Action.PERSON_LIST,
        Action.JOB_VIEW,
        Action.MAP_VIEW,
        Action.HEALTH_VIEW,
    },
    Role.ADMINISTRATOR: set(Action) - {Action.BREAK_GLASS_REVIEW},
    Role.VENDOR: ALL_READ,
    Role.PATIENT: {Action.ACCOUNT, Action.EXPLAIN},
}


@value
class Decision:
    """Whether an act is allowed, and by what."""

    allowed: bool
    reasons: tuple[str, ...] = ()


def may(person: Person | AnonymousUser, action: Action, resource: Model | None = None) -> Decision:
    """Decides one act; what is not allowed expressly is refused."""
    if not isinstance(person, Person) or not person.is_active:
        return Decision(allowed=False, reasons=("not signed in",))
    for grant in _grants(person):
        if action not in ALLOWED[grant.role]:
            continue
        if isinstance(resource, Site):
            if grant.site_id in (None, resource.pk) and grant.department_id is None and grant.device_group_id is None:
                return Decision(allowed=True, reasons=(str(grant),))
        elif resource is None or type(resource)._default_manager.filter(_within(grant), pk=resource.pk).exists():
            return Decision(allowed=True, reasons=(str(grant),))
    return Decision(allowed=False, reasons=("no role allows it here",))


def visible(person: Person | AnonymousUser, action: Action, rows: QuerySet[Row]) -> QuerySet[Row]:
    """Those of ``rows`` (devices) on which the person may do it."""
    if not isinstance(person, Person) or not person.is_active:
        return rows.none()
    scope = Q(pk__in=[])
    for grant in _grants(person):
        if action in ALLOWED[grant.role]:
            scope |= _within(grant)
    return rows.filter(scope)


def _grants(person: Person) -> list[RoleGrant]:
    return list(person.grants.filter(Q(expires__isnull=True) | Q(expires__gt=timezone.now())))


def _within(grant: RoleGrant) -> Q:
    scope = Q(pk__isnull=False)  # an empty Q would vanish from a disjunction
    if grant.site_id is not None:
        scope &= Q(site=grant.site_id)
    if grant.department_id is not None:
        scope &= Q(record__department=grant.department_id)
    if grant.device_group_id is not None:
        scope &= Q(groups=grant.device_group_id)
    return scope
