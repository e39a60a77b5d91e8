"""The table that says what a group at the provider means here; nothing else gives a role."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from asepsis.kernel.value import value
from asepsis.web.authorisation.actions import Role

GIVEN_BY_GROUP: Final = tuple(role for role in Role if role not in (Role.VENDOR, Role.PATIENT))
"""A vendor's access needs a group of devices and an end, a patient's an approved tie: neither comes from a group."""


@value
class Given:
    """A role that a group gives: everywhere, or in one site by its name."""

    group: str
    role: Role
    site: str = ""


def read(line: str) -> Given | str:
    """One line of ``[oidc] groups``, ``group=role`` or ``group=role@site``; what is wrong with it where it is none.

    The last ``=`` counts, since a group may be named as a directory does: ``CN=Nurses,OU=Groups=clinician@north``.
    """
    group, equals, meant = line.rpartition("=")
    name, at, site = meant.partition("@")
    roles = ", ".join(GIVEN_BY_GROUP)
    if not equals or not group.strip():
        return f"{line!r} is not group=role or group=role@site"
    if name.strip() not in GIVEN_BY_GROUP:
        return f"{line!r} names no role that a group may give; those are {roles}"
    if at and not site.strip():
        return f"{line!r} names no site after @"
    return Given(group=group.strip(), role=Role(name.strip()), site=site.strip())


def table(lines: Iterable[str]) -> tuple[Given, ...]:
    """The whole table; its lines were checked when the settings were read."""
    return tuple(found for line in lines if isinstance(found := read(line), Given))


def given(rows: Sequence[Given], groups: Iterable[str]) -> tuple[Given, ...]:
    """What these groups give. Names are compared letter by letter: "Admins" is not "admins"."""
    held = frozenset(groups)
    return tuple(row for row in rows if row.group in held)
