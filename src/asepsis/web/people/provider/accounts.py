"""Whom the provider names: the person of a subject, the level that it vouches for, the roles of the groups.

The subject alone says who somebody is (OpenID Connect Core 1.0, 5.7). No account is found by a name or an e-mail
address, which a provider may give to somebody else, or let people choose.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils import timezone

from asepsis.kernel.value import value
from asepsis.web.configuration import Oidc
from asepsis.web.facilities.models import Site
from asepsis.web.people.forms import USERNAME
from asepsis.web.people.models import Person, ProviderIdentity, RoleGrant
from asepsis.web.people.provider import groups
from asepsis.web.people.provider.id_token import Claims

NAMES_TRIED: Final = 20


@value
class Renewed:
    """What a sign-in changed in somebody's roles, for the ledger."""

    given: tuple[str, ...]
    ended: tuple[str, ...]
    no_such_site: tuple[str, ...]


def level_of(settings: Oidc, claims: Claims) -> int:
    """The level that the provider vouches for: 1, 2 for two factors, 3 for a key bound to its device.

    Level 3 counts only with the moment of the provider's question, which grave acts ask for.
    """
    if claims.acr and claims.acr in settings.device_bound_acr and claims.authenticated_at is not None:
        return 3
    strong = claims.acr and claims.acr in (*settings.strong_acr, *settings.device_bound_acr)
    return 2 if strong or set(claims.amr) & set(settings.strong_amr) else 1


def find(settings: Oidc, claims: Claims) -> Person | None:
    """The person of this subject, if there is one."""
    found = ProviderIdentity.objects.filter(issuer=settings.issuer, subject=claims.subject).select_related("person")
    identity = found.first()
    return identity.person if identity is not None else None


def means_something(settings: Oidc, claims: Claims) -> bool:
    """Whether any of the groups gives a role here; without one nobody gets an account."""
    return bool(groups.given(groups.table(settings.groups), claims.groups))


def make(settings: Oidc, claims: Claims) -> Person:
    """A new account for this subject, with no way in but the provider; to be called in a transaction."""
    username = _username(settings, claims)
    person = Person(username=username, name=claims.name or claims.username or username)
    person.set_unusable_password()
    person.save()
    ProviderIdentity.objects.create(person=person, issuer=settings.issuer, subject=claims.subject)
    return person


def renew(settings: Oidc, claims: Claims, person: Person) -> Renewed:
    """Makes the roles from groups those that the groups of now give; roles given by hand stay as they are.

    To be called in a transaction.
    """
    now = timezone.now()
    until = now + timedelta(days=settings.roles_days)
    ProviderIdentity.objects.filter(issuer=settings.issuer, subject=claims.subject).update(used=now)
    wanted: dict[tuple[str, int | None], str] = {}
    no_such_site = []
    for row in groups.given(groups.table(settings.groups), claims.groups):
        site = Site.objects.filter(name=row.site).first() if row.site else None
        if row.site and site is None:
            # A site that is gone must not widen the role to everywhere.
            no_such_site.append(row.site)
            continue
        wanted.setdefault((row.role.value, site.pk if site else None), row.group)
    ended = []
    for grant in RoleGrant.objects.select_for_update().filter(person=person).exclude(provider_group=""):
        place = (grant.role, grant.site_id)
        if wanted.get(place) == grant.provider_group:
            grant.expires = until
            grant.save(update_fields=["expires"])
            del wanted[place]
        else:
            ended.append(grant.role)
            grant.delete()
    for (role, site_id), group in wanted.items():
        RoleGrant.objects.create(person=person, role=role, site_id=site_id, expires=until, provider_group=group[:500])
    return Renewed(
        given=tuple(sorted(role for role, _ in wanted)), ended=tuple(sorted(ended)), no_such_site=tuple(no_such_site)
    )


def as_recorded(claims: Claims, renewed: Renewed) -> dict[str, Any]:
    """The facts of a sign-in for the ledger: which roles changed and what the provider said of strength."""
    return {
        "roles_given": renewed.given,
        "roles_ended": renewed.ended,
        **({"no_such_site": renewed.no_such_site} if renewed.no_such_site else {}),
        **({"groups_left_out": True} if claims.groups_left_out else {}),
        "acr": claims.acr,
        "amr": claims.amr[:20],
    }


def _username(settings: Oidc, claims: Claims) -> str:
    """A name to show and to find; one that somebody bears already is never taken over."""
    wanted = claims.username.partition("@")[0].strip().lower()
    try:
        USERNAME(wanted)
    except ValidationError:
        wanted = ""
    for number in range(1, NAMES_TRIED + 1):
        candidate = wanted if number == 1 else f"{wanted[:56]}-{number}"
        if wanted and not Person.objects.filter(username__iexact=candidate).exists():
            return candidate
    return "p-" + hashlib.sha256(f"{settings.issuer} {claims.subject}".encode()).hexdigest()[:20]
