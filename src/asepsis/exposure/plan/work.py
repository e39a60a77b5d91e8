"""A piece of work: one action on all devices of one product that it helps, with what it promises for each."""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction
from hashlib import sha256
from typing import Any

from asepsis.exposure.plan.subject import Product, Remedial
from asepsis.exposure.risk.score import Tier, tier_of
from asepsis.kernel.value import value


class Kind(StrEnum):
    """What sort of work it is."""

    PATCH = "patch"
    MITIGATE = "mitigate"
    SEGMENT = "segment"
    REPLACE = "replace"
    ACCEPT = "accept"


@value
class Promise:
    """What a piece of work does to one device, when the work before it in the plan is done."""

    device: str
    before: Fraction
    after: Fraction

    @property
    def tiers(self) -> tuple[Tier, Tier]:
        """Before and after."""
        return tier_of(self.before), tier_of(self.after)

    def document(self) -> dict[str, Any]:
        """JSON-ready."""
        before, after = self.tiers
        return {
            "device": self.device,
            "before": float(self.before),
            "after": float(self.after),
            "tier_before": str(before),
            "tier_after": str(after),
        }


@value
class Item:
    """One piece of work."""

    id: str
    """Stays the same while site, product and action do: people's states and tickets hang on it."""
    action: str
    kind: Kind
    product: Product
    title: str
    who: str
    """Whose work it is."""
    hours: Fraction
    bundle: int
    """From 1: pieces of work of one bundle are worth doing together; the order of bundles is the order of the plan."""
    per_hour: Fraction
    """Points of risk that its bundle removes for an hour; never more than that of the bundle before."""
    promises: tuple[Promise, ...]
    """By device."""
    words: tuple[str, ...]
    """Why, how and by whom, for a clinical engineer: a sentence each."""
    remedies: tuple[Remedial, ...] = ()
    """The publishers' own words that it rests on."""
    sustains_life: bool = False

    @property
    def removed(self) -> Fraction:
        """Points of risk that it takes away, of all its devices together."""
        return sum((one.before - one.after for one in self.promises), Fraction())

    @property
    def left(self) -> int:
        """How many devices come into a lower tier."""
        return sum(1 for one in self.promises if one.tiers[0] is not one.tiers[1])

    def document(self) -> dict[str, Any]:
        """The JSON member of ``asepsis plan --json``."""
        return {
            "id": self.id,
            "action": self.action,
            "kind": str(self.kind),
            "title": self.title,
            "who": self.who,
            "site": self.product.site,
            "category": self.product.category or None,
            "vendor": self.product.vendor or None,
            "model": self.product.model or None,
            "hours": float(self.hours),
            "removed": float(self.removed),
            "per_hour": float(self.per_hour),
            "bundle": self.bundle,
            "sustains_life": self.sustains_life,
            "lower_tier": self.left,
            "why": list(self.words),
            "remedies": [
                {"advisory": one.advisory, "category": one.category, "words": one.words} for one in self.remedies
            ],
            "devices": [one.document() for one in self.promises],
        }


def item_id(product: Product, action: str) -> str:
    """Twenty hex digits of the SHA-256 of what makes the work what it is."""
    return sha256("\n".join((*product, action)).encode("utf-8", "replace")).hexdigest()[:20]
