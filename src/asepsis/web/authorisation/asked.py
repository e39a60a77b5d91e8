"""What policies ask of the circumstances: two questions that differ in nothing else have one answer.

Which second it is matters to few policies. What an action's policies do not ask is told to Cedar as the least that it
could be, so that the same question comes again and its answer is known; were something asked and not seen here, it
would be answered with the least, and refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, Final

from asepsis.kernel.value import value
from asepsis.web.authorisation.actions import Purpose
from asepsis.web.authorisation.facts import Circumstances, Json, Subject

NAMES: Final[dict[str, str]] = {
    "aal": "assurance_level",
    "device_bound": "device_bound",
    "signed_in_seconds_ago": "signed_in_seconds_ago",
    "purpose": "purpose",
    "now": "now",
    "network": "network_address",
}
"""As policies call an attribute of the context -> as ``Circumstances`` calls it."""

LEAST: Final = Circumstances(
    assurance_level=0,
    device_bound=False,
    signed_in_seconds_ago=10**9,
    now=datetime(9999, 12, 31, tzinfo=UTC),  # whatever has an end is over
    purpose=Purpose.HEALTHCARE_OPERATIONS,
    network_address=None,
)
"""Circumstances in which nothing was proved."""

ADDRESSES_KEPT: Final = 1_024
"""More than browsers that work at once."""

_EVERYTHING: Final = frozenset(NAMES.values())
_HAS_VENDOR: Final = {"has": {"left": {"Var": "principal"}, "attr": "vendor"}}


@value
class Asked:
    """Attributes of the circumstances that some policies ask, of everybody and of vendors alone."""

    always: frozenset[str]
    of_vendors: frozenset[str] = frozenset()

    def of(self, circumstances: Circumstances, subject: Subject) -> Circumstances:
        """The circumstances with what is not asked about this subject at its least."""
        asked = self.always if subject.vendor is None else self.always | self.of_vendors
        if asked == _EVERYTHING or not _possible(circumstances):
            return circumstances  # what cannot be is for Cedar to refuse
        told = {name.name: getattr(circumstances if name.name in asked else LEAST, name.name) for name in _FIELDS}
        return Circumstances(**told)


def _possible(circumstances: Circumstances) -> bool:
    return circumstances.now.tzinfo is not None and _is_address(circumstances.network_address)


@lru_cache(maxsize=ADDRESSES_KEPT)
def _is_address(text: str | None) -> bool:
    try:
        return text is None or bool(ip_address(text))
    except ValueError:
        return False


_FIELDS: Final = fields(Circumstances)


def asked_by(forms: Iterable[Json]) -> Asked:
    """What policies ask, by Cedar's JSON form of them."""
    always: set[str] = set()
    of_vendors: set[str] = set()
    for form in forms:
        for condition in form["conditions"]:
            _look(condition["body"], always, of_vendors)
    return Asked(always=frozenset(always), of_vendors=frozenset(of_vendors - always))


def _look(part: Any, always: set[str], of_vendors: set[str]) -> None:
    if isinstance(part, list):
        for one in part:
            _look(one, always, of_vendors)
        return
    if not isinstance(part, dict):
        return
    if part == {"Var": "context"}:
        always |= _EVERYTHING  # as a whole
        return
    for operator, operands in part.items():
        if operator in (".", "has") and operands["left"] == {"Var": "context"}:
            name = NAMES.get(operands["attr"])
            always |= _EVERYTHING if name is None else {name}
        elif operator == "&&" and _begins_with_vendor(operands["left"]):
            # Cedar looks at the right side only where the left is true.
            _look(operands["left"], of_vendors, of_vendors)
            _look(operands["right"], of_vendors, of_vendors)
        else:
            _look(operands, always, of_vendors)


def _begins_with_vendor(part: Any) -> bool:
    while isinstance(part, dict) and "&&" in part:
        part = part["&&"]["left"]
    return bool(part == _HAS_VENDOR)
