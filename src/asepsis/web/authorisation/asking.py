"""Django's people and rows -> the facts that decisions are made of."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone
from django.utils.module_loading import import_string

from asepsis.kernel.value import value
from asepsis.web.authorisation import schema
from asepsis.web.authorisation.actions import Action, Kind, Role
from asepsis.web.authorisation.engine import Engine
from asepsis.web.authorisation.facts import (
    HOSPITAL,
    BreakGlassFacts,
    Circumstances,
    DeviceFacts,
    Facts,
    Grant,
    OpenBreakGlass,
    PersonFacts,
    ProposalFacts,
    RoleGrantFacts,
    Scope,
    ScopeFacts,
    Subject,
    VendorAccess,
    narrowed,
)
from asepsis.web.authorisation.models import AdministratorProposal, BreakGlassUse
from asepsis.web.authorisation.policies import Policy, with_own
from asepsis.web.authorisation.purposes import purpose_of
from asepsis.web.cmms.models import AssetImport
from asepsis.web.configuration import SignIn
from asepsis.web.devices.models import Device
from asepsis.web.facilities.models import Department, Site
from asepsis.web.people.models import Person, RoleGrant
from asepsis.web.people.strength import Strength
from asepsis.web.plan.models import Acceptance
from asepsis.web.settings import CONFIGURATION
from asepsis.web.testing.models import Engagement, Scan
from asepsis.web.vendors.models import Assessment

LONG_AGO_SECONDS: Final = 10**9
"""The age of a sign-in that never was."""

TOKEN_LEVEL: Final = 2
"""A token was made by somebody who had signed in with two factors; it never counts as fresh, or as a passkey."""

_KEPT: Final = "_asepsis_asker"


@value
class Asker:
    """Who asks, and in what circumstances, for the time of one request."""

    subject: Subject
    circumstances: Circumstances


@lru_cache(maxsize=1)
def engine() -> Engine:
    """The one engine of this process: our policies and the hospital's own.

    Raises:
        PolicyError: An own policy is at fault.
    """
    return Engine(in_force(with_own(own_policies()), CONFIGURATION.sign_in))


def in_force(policies: list[Policy], rules: SignIn) -> list[Policy]:
    """The policies without those of ours that the hospital's settings lift; its own stay whatever they are called."""
    lifted = set()
    if not rules.second_factor:
        lifted.add("second-factor")
    if not rules.administrators_device_bound:
        lifted.add("device-bound-passkey")
    return [policy for policy in policies if policy.own or policy.id not in lifted]


def own_policies() -> Path:
    """Where a hospital's own policies lie."""
    return settings.WORKSPACE.root / "policies"


def attach(request: HttpRequest) -> None:
    """Lets ``may`` and ``visible`` know how the person of a request is signed in."""
    if request.user.is_authenticated:
        who = Asker(subject=subject_of(request.user), circumstances=circumstances_of(request))
        keep(request.user, who)


def attach_token(person: Person, role: Role, scope: Scope, network_address: str | None = None) -> None:
    """Lets ``may`` and ``visible`` see the person as one of the person's tokens: one role, one scope, never fresh."""
    now = timezone.now()
    how = Circumstances(
        assurance_level=TOKEN_LEVEL,
        device_bound=False,
        signed_in_seconds_ago=LONG_AGO_SECONDS,
        now=now,
        network_address=_address(network_address),
    )
    keep(person, Asker(subject=narrowed(subject_of(person), role, scope, now), circumstances=how))


def asker(person: Person) -> Asker:
    """Who asks; a person of whom no sign-in is known has proved nothing."""
    # Through attributes: the person of a request is a lazy object, whose own __dict__ is not the person's.
    kept = getattr(person, _KEPT, None)
    if isinstance(kept, Asker):
        return kept
    unproved = Circumstances(
        assurance_level=0, device_bound=False, signed_in_seconds_ago=LONG_AGO_SECONDS, now=timezone.now()
    )
    return Asker(subject=subject_of(person), circumstances=unproved)


def asker_for(person: Person, action: Action, device: str = "") -> Asker:
    """Who asks, with the purpose that the act has by what it is and by the person's roles."""
    who = asker(person)
    subject = who.subject.at(who.circumstances.now)
    how = who.circumstances.for_purpose(purpose_of(action, subject, device))
    return Asker(subject=who.subject, circumstances=how)


def forget(person: Person) -> None:
    """Lets the next question read the person's roles again, after they changed."""
    setattr(person, _KEPT, None)


def circumstances_of(request: HttpRequest) -> Circumstances:
    """How the session of a request is signed in, and from where it comes."""
    now = timezone.now()
    measure: Callable[[HttpRequest], Strength] = import_string(settings.SIGN_IN_STRENGTH)
    proved = measure(request)
    return Circumstances(
        assurance_level=proved.aal,
        device_bound=proved.device_bound,
        signed_in_seconds_ago=int(max(0, min(proved.age_seconds(now), LONG_AGO_SECONDS))),
        now=now,
        network_address=_address(request.META.get("REMOTE_ADDR")),
    )


def subject_of(person: Person, now: datetime | None = None, *, only: RoleGrant | None = None) -> Subject:
    """A person with the roles, vendor access and open break-glass that the database holds; or with one role alone."""
    moment = now or timezone.now()
    grants = []
    vendor = None
    patient = None
    # Plain values: every request asks this, and rows with all that hangs on them cost twice as much.
    held = [_held(only)] if only is not None else person.grants.order_by("role", "pk").values_list(*_HELD)
    for role, site, department, site_of_department, group, of, expires in held:
        if role == Role.VENDOR:
            # The database holds one access a vendor, with group and end; without either there is none.
            if group is not None and expires is not None:
                vendor = VendorAccess(group=str(group), until=expires)
        elif role == Role.PATIENT:
            if of and (expires is None or moment < expires):
                patient = of
        elif group is None:
            scope = _scope(site, department, site_of_department)
            grants.append(Grant(role=Role(role), scope=scope, expires_at=expires))
    uses = BreakGlassUse.objects.filter(person=person, ended=None, until__gt=moment)
    open_now = () if only is not None else uses.values_list("until", "device_id", "patient")
    return Subject(
        id=str(person.pk),
        active=person.is_active,
        grants=tuple(grants),
        vendor=vendor,
        # Who works here sees data by the roles held here; a patient's account is one of its own.
        patient=patient if not grants and vendor is None else None,
        break_glass=tuple(
            OpenBreakGlass(until=until, device=device, concerns=concerns) for until, device, concerns in open_now
        ),
    )


def scope_of(row: RoleGrant | AdministratorProposal) -> Scope:
    """Where a role is given."""
    return _scope(row.site_id, row.department_id, None if row.department is None else row.department.site_id)


def _scope(site: int | None, department: int | None, site_of_department: int | None) -> Scope:
    if department is not None:
        return Scope(site=str(site_of_department), department=str(department))
    return Scope(site=str(site)) if site is not None else HOSPITAL


_HELD: Final = ("role", "site_id", "department_id", "department__site_id", "device_group_id", "patient", "expires")


def _held(row: RoleGrant) -> tuple[Any, ...]:
    """The values of ``_HELD`` of one row."""
    site_of_department = None if row.department is None else row.department.site_id
    return row.role, row.site_id, row.department_id, site_of_department, row.device_group_id, row.patient, row.expires


def place_of(device: Device) -> Scope:
    """Where a device is: its site, and the department that people say it stands in."""
    record = getattr(device, "record", None)
    department = record.department_id if record is not None else None
    return Scope(site=str(device.site_id), department=None if department is None else str(department))


def facts_of(row: Model, action: Action) -> Facts:
    """What policies may know of a row.

    A site stands for itself where the action is done in a place, and for a device that stands in it, in no department,
    where the action is done on devices.

    Raises:
        TypeError: Nobody said what policies know of such a row.
    """
    match row:
        case Device():
            groups = tuple(str(pk) for pk in row.groups.values_list("pk", flat=True))
            return DeviceFacts(id=row.pk, scope=place_of(row), groups=groups)
        case Site():
            return _place(Scope(site=str(row.pk)), action)
        case Department():
            return _place(Scope(site=str(row.site_id), department=str(row.pk)), action)
        case AssetImport() | Acceptance() | Scan() | Engagement():
            return ProposalFacts(id=str(row.pk), scope=Scope(site=str(row.site_id)), proposer=str(row.proposer_id))
        case Assessment():
            return ProposalFacts(id=str(row.pk), scope=Scope(site=str(row.site_id)), proposer=str(row.proposer_id))
        case Person():
            return PersonFacts(subject=subject_of(row))
        case RoleGrant():
            return RoleGrantFacts(
                id=str(row.pk),
                scope=scope_of(row),
                person=str(row.person_id),
                proposer=str(row.granted_by_id or ""),
                role=Role(row.role),
            )
        case AdministratorProposal():
            return RoleGrantFacts(
                id=str(row.pk),
                scope=scope_of(row),
                person=str(row.person_id),
                proposer=str(row.proposer_id),
                role=Role(row.role),
            )
        case BreakGlassUse():
            return BreakGlassFacts(id=str(row.pk), scope=Scope(site=str(row.site_id)), person=str(row.person_id))
    raise TypeError(f"policies know nothing of a {type(row).__name__}")


def _place(scope: Scope, action: Action) -> Facts:
    if schema.actions()[action].kinds == (Kind.DEVICE,):
        return DeviceFacts(id="", scope=scope)
    return ScopeFacts(scope=scope)


def keep(person: Person, who: Asker) -> None:
    """Lets every question about this person object be answered for this asker."""
    setattr(person, _KEPT, who)


def _address(text: Any) -> str | None:
    try:
        # A zone says by which interface an address is reached, and Cedar knows none.
        return str(ipaddress.ip_address(str(text).partition("%")[0]))
    except ValueError:
        return None
