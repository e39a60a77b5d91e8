"""What a decision is told: who asks, in what circumstances, and on what; as values that know nothing of Django.

Every value says itself in Cedar's JSON form of entities. What has an end (a role, a use of break-glass) is dropped
here once it is over, so that no policy sees it.
"""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any, TypeAlias

from asepsis.kernel.value import value
from asepsis.web.authorisation.actions import Kind, Purpose, Role

Json: TypeAlias = dict[str, Any]

PLACED_ROLES = tuple(role for role in Role if role not in (Role.VENDOR, Role.PATIENT))
"""Roles that hold in a scope; a vendor holds for a device group, a patient for the own data."""

SYSTEM_ID = "asepsis"


@value
class Scope:
    """The whole hospital (neither is given), one site, or one department of one site."""

    site: str | None = None
    department: str | None = None

    @property
    def id(self) -> str:
        """The id of the scope as policies write it: ``hospital``, ``site/4``, ``department/17``."""
        if self.department is not None:
            return f"department/{self.department}"
        return "hospital" if self.site is None else f"site/{self.site}"

    def enclosing(self) -> list[str]:
        """The ids of this scope and of all that it lies in."""
        ids = ["hospital"]
        if self.site is not None:
            ids.append(f"site/{self.site}")
        if self.department is not None:
            ids.append(f"department/{self.department}")
        return ids

    def lies_in(self, other: Scope) -> bool:
        """True where all of this scope lies in ``other``."""
        return other.id in self.enclosing()


HOSPITAL = Scope()


@value
class Grant:
    """A role that a person holds in a scope, until it expires (None: until it is taken back)."""

    role: Role
    scope: Scope
    expires_at: datetime | None = None


@value
class VendorAccess:
    """A vendor's access: one device group, until a moment; there is none without an end."""

    group: str
    until: datetime


@value
class OpenBreakGlass:
    """A use of break-glass, for one device or for one patient."""

    until: datetime
    device: str | None = None
    patient: str | None = None
    concerns: str = ""
    """Whose data the device's are: the pseudonym that records under it bear. It opens nothing by itself."""


@value
class Subject:
    """A person who asks, with everything that could give a right; lists are tuples so that a subject can be a key."""

    id: str
    active: bool = True
    grants: tuple[Grant, ...] = ()
    vendor: VendorAccess | None = None
    patient: str | None = None
    break_glass: tuple[OpenBreakGlass, ...] = ()

    def at(self, now: datetime) -> Subject:
        """The subject with what is in force at ``now``: expired roles, vendor access and break-glass are gone."""
        grants = tuple(grant for grant in self.grants if grant.expires_at is None or now < grant.expires_at)
        opened = tuple(glass for glass in self.break_glass if now < glass.until)
        vendor = self.vendor if self.vendor is not None and now < self.vendor.until else None
        if len(grants) == len(self.grants) and len(opened) == len(self.break_glass) and vendor is self.vendor:
            return self
        return Subject(
            id=self.id, active=self.active, grants=grants, vendor=vendor, patient=self.patient, break_glass=opened
        )

    def entity(self) -> Json:
        """The person as policies see him; call it on what ``at`` returns."""
        scopes: dict[Role, set[str]] = {role: set() for role in PLACED_ROLES}
        within: set[str] = {HOSPITAL.id}
        for grant in self.grants:
            if grant.role in scopes:
                scopes[grant.role].add(grant.scope.id)
                within.update(grant.scope.enclosing())
        devices = {glass.device for glass in self.break_glass if glass.device is not None}
        attributes: Json = {
            "active": self.active,
            **{f"{role}_of": [_reference(Kind.SCOPE, id_) for id_ in sorted(ids)] for role, ids in scopes.items()},
            "break_glass_devices": [_reference(Kind.DEVICE, id_) for id_ in sorted(devices)],
            "break_glass_patients": sorted({glass.patient for glass in self.break_glass if glass.patient is not None}),
        }
        if self.vendor is not None:
            until = _moment(self.vendor.until)
            attributes["vendor"] = {"group": _reference("DeviceGroup", self.vendor.group), "until": until}
        if self.patient is not None:
            attributes["patient"] = self.patient
        return _entity(Kind.PERSON, self.id, attributes, [uid(Kind.SCOPE, id_) for id_ in sorted(within)])


@value
class Circumstances:
    """How a person is signed in, from where, what for, and when.

    ``assurance_level`` is the authenticator assurance level of NIST SP 800-63B-4 (1 to 3); ``network_address`` is an
    address in text, or None where it is not known.
    """

    assurance_level: int
    device_bound: bool
    signed_in_seconds_ago: int
    now: datetime
    purpose: Purpose = Purpose.HEALTHCARE_OPERATIONS
    network_address: str | None = None

    def for_purpose(self, purpose: Purpose) -> Circumstances:
        """The same with another purpose."""
        return self if purpose is self.purpose else dataclasses.replace(self, purpose=purpose)

    def context(self) -> Json:
        """The context of a request, as the schema's ``Circumstances``."""
        context: Json = {
            "aal": self.assurance_level,
            "device_bound": self.device_bound,
            "signed_in_seconds_ago": self.signed_in_seconds_ago,
            "purpose": _reference("Purpose", self.purpose),
            "now": _moment(self.now),
        }
        if self.network_address is not None:
            context["network"] = {"__extn": {"fn": "ip", "arg": self.network_address}}
        return context


@value
class System:
    """A part of the application that lies in no place."""

    def uid(self) -> Json:
        """Type and id."""
        return uid(Kind.SYSTEM, SYSTEM_ID)

    def entity(self) -> Json:
        """As policies see it."""
        return _entity(Kind.SYSTEM, SYSTEM_ID, {}, [])


@value
class ScopeFacts:
    """A scope that something is done in, such as the site that a capture is uploaded for."""

    scope: Scope

    def uid(self) -> Json:
        """Type and id."""
        return uid(Kind.SCOPE, self.scope.id)

    def entity(self) -> Json:
        """As policies see it."""
        around = [uid(Kind.SCOPE, id_) for id_ in self.scope.enclosing() if id_ != self.scope.id]
        return _entity(Kind.SCOPE, self.scope.id, {}, around)


@value
class DeviceFacts:
    """What policies may know of a device: where it is and which groups it belongs to."""

    id: str
    scope: Scope
    groups: tuple[str, ...] = ()

    def uid(self) -> Json:
        """Type and id."""
        return uid(Kind.DEVICE, self.id)

    def entity(self) -> Json:
        """As policies see it."""
        groups = [uid("DeviceGroup", group) for group in self.groups]
        return _entity(Kind.DEVICE, self.id, {}, _within(self.scope) + groups)


@value
class RecordFacts:
    """What policies may know of data of a patient: whose they are and where they arose."""

    id: str
    scope: Scope
    patient: str

    def uid(self) -> Json:
        """Type and id."""
        return uid(Kind.RECORD, self.id)

    def entity(self) -> Json:
        """As policies see it."""
        return _entity(Kind.RECORD, self.id, {"patient": self.patient}, _within(self.scope))


@value
class PersonFacts:
    """A person on whom something is done."""

    subject: Subject

    def uid(self) -> Json:
        """Type and id."""
        return uid(Kind.PERSON, self.subject.id)

    def entity(self) -> Json:
        """As policies see it."""
        return self.subject.entity()


@value
class ProposalFacts:
    """What policies may know of a proposed change."""

    id: str
    scope: Scope
    proposer: str

    def uid(self) -> Json:
        """Type and id."""
        return uid(Kind.CHANGE_PROPOSAL, self.id)

    def entity(self) -> Json:
        """As policies see it."""
        attributes = {"proposer": _reference(Kind.PERSON, self.proposer)}
        return _entity(Kind.CHANGE_PROPOSAL, self.id, attributes, _within(self.scope))


@value
class RoleGrantFacts:
    """A role that is to be given to, or taken from, a person."""

    id: str
    scope: Scope
    person: str
    proposer: str
    role: Role

    def uid(self) -> Json:
        """Type and id."""
        return uid(Kind.ROLE_GRANT, self.id)

    def entity(self) -> Json:
        """As policies see it."""
        attributes = {
            "person": _reference(Kind.PERSON, self.person),
            "proposer": _reference(Kind.PERSON, self.proposer),
            "role": _reference("Role", self.role),
        }
        return _entity(Kind.ROLE_GRANT, self.id, attributes, _within(self.scope))


@value
class BreakGlassFacts:
    """A use of break-glass that is looked at, ended or reviewed."""

    id: str
    scope: Scope
    person: str

    def uid(self) -> Json:
        """Type and id."""
        return uid(Kind.BREAK_GLASS, self.id)

    def entity(self) -> Json:
        """As policies see it."""
        attributes = {"person": _reference(Kind.PERSON, self.person)}
        return _entity(Kind.BREAK_GLASS, self.id, attributes, _within(self.scope))


Facts: TypeAlias = (
    System | ScopeFacts | DeviceFacts | RecordFacts | PersonFacts | ProposalFacts | RoleGrantFacts | BreakGlassFacts
)


def narrowed(subject: Subject, role: Role, scope: Scope, now: datetime) -> Subject:
    """The subject with one role in one scope at most: what a token with that role and scope may do.

    A token never has more than its person: the role is kept only where one of the person's grants in force
    covers the token's scope, and where a grant is the narrower one, the grant counts. Break-glass is of a person
    at a screen, never of a token.
    """
    kept = []
    for grant in subject.at(now).grants:
        if grant.role is not role:
            continue
        if scope.lies_in(grant.scope):
            kept.append(Grant(role=role, scope=scope, expires_at=grant.expires_at))
        elif grant.scope.lies_in(scope):
            kept.append(grant)
    return Subject(
        id=subject.id,
        active=subject.active,
        grants=tuple(kept),
        # The bounds of a vendor hold for a vendor's tokens too: they take away as well as give.
        vendor=subject.vendor,
        patient=subject.patient if role is Role.PATIENT else None,
    )


def uid(kind: str, id_: str) -> Json:
    """An entity's type and id, as requests name it."""
    return {"type": str(kind), "id": id_}


def _reference(kind: str, id_: str) -> Json:
    return {"__entity": uid(kind, str(id_))}


def _entity(kind: str, id_: str, attributes: Json, parents: list[Json]) -> Json:
    return {"uid": uid(kind, id_), "attrs": attributes, "parents": parents}


def _within(scope: Scope) -> list[Json]:
    return [uid(Kind.SCOPE, id_) for id_ in scope.enclosing()]


def _moment(moment: datetime) -> Json:
    """Cedar's datetime; moments are aware, so that no local time slips in."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone")
    text = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
    return {"__extn": {"fn": "datetime", "arg": text}}
