"""Holds devices against advisories: affected, not affected, or cannot tell and what would tell.

The products of all advisories stand on shelves by maker (``shelf``); an identity meets those of its makers that share a
telling word with it. Equal identities get equal answers, so a thousand pumps of one version cost one look.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Final, TypeVar

from asepsis.devices.device import Device
from asepsis.exposure.advisory import CLEARED, HARMED, Advisory, Status
from asepsis.exposure.finding import Exposed, Finding, Verdict
from asepsis.exposure.identity import Identity, evidence_for, identity_of
from asepsis.exposure.matching.held import SURE, Held, hold
from asepsis.exposure.matching.names import Brands, Likeness, device_reading, likeness
from asepsis.exposure.matching.numbers import Fit
from asepsis.exposure.matching.ranges import Answer
from asepsis.exposure.matching.shelf import NONE, Card, Leaf, Shelf, Shelves, card_of
from asepsis.exposure.matching.units import by_unit
from asepsis.exposure.matching.version import version
from asepsis.exposure.udi import device_identifier
from asepsis.kernel.value import value

K = TypeVar("K")
V = TypeVar("V")

# Identities whose verdicts are remembered: a hospital group has some thousand.
REMEMBERED: Final = 65536
# Reasons that one answer gives; an advisory may list a thousand products of one name.
WHYS_LIMIT: Final = 5
# Ranges that it names: a real advisory has up to 40 of one product.
RANGES_LIMIT: Final = 50

Alike = tuple[Leaf, Likeness, bool]
"""A product, how its name stands to a model's, and whether the version is named thereby."""
# However the device spells its name: the answer follows from its version alone.
_NAMED: Final = frozenset((Likeness.SAME, Likeness.EXACT, Likeness.VERBATIM))


@value
class Meant:
    """The products of one advisory that a device may be."""

    alike: tuple[Alike, ...]
    number: int | None
    """One number for the same products, where a device's version alone decides; None where more of it counts."""


@value
class _Makers:
    """The shelves of makers that belong together."""

    shelves: tuple[Shelf, ...]
    brands: Brands
    lists_numbers: bool


class Matcher:
    """All advisories, indexed. It is not changed once it is made."""

    def __init__(self, advisories: Iterable[Advisory | Card]) -> None:
        cards = [card_of(one) if isinstance(one, Advisory) else one for one in advisories]
        self.shelves = Shelves(cards)
        self._remembered: dict[Identity, tuple[Verdict, ...]] = {}
        self._named: dict[str, frozenset[str]] = {}
        self._makers: dict[frozenset[str], _Makers] = {}
        self._models: dict[tuple[frozenset[str], str], tuple[Meant, ...]] = {}
        self._spelled: dict[tuple[frozenset[str], frozenset[str], frozenset[str]], tuple[Meant, ...]] = {}
        self._numbers: dict[tuple[int, ...], int] = {}
        self._counter = count()
        self._by_version: dict[tuple[int, str], tuple[Verdict, ...]] = {}

    def verdicts(self, identity: Identity) -> tuple[Verdict, ...]:
        """What the advisories say of an identity; nothing where none names it."""
        identity = self.narrowed(identity)
        known = self._remembered.get(identity)
        if known is None:
            known = _remember(self._remembered, identity, tuple(self._judge(identity)))
        return known

    def findings(self, devices: Iterable[Device]) -> Iterator[Finding]:
        """The findings of devices, in the order of the devices and of the advisories' numbers."""
        for device in devices:
            yield from findings_about(device, self.verdicts(identity_of(device)))

    def makers(self, text: str) -> frozenset[str]:
        """The makers among those of the advisories that a device's text names."""
        known = self._named.get(text)
        if known is None:
            known = _remember(self._named, text, self.shelves.named(text))
        return known

    def narrowed(self, identity: Identity) -> Identity:
        """The identity without the numbers that no advisory of its makers asks for: devices of a model stay alike."""
        if not identity.serial and not identity.udi:
            return identity
        names = self.makers(identity.vendor) if identity.vendor else frozenset[str]()
        udi = device_identifier(identity.udi) if self.shelves.names_udis else ""
        of_udi = self.shelves.makers_of_udi(udi) if udi else frozenset[str]()
        asked = self.shelves.asks_for_serials(names | of_udi if of_udi else names)
        return Identity(
            vendor=identity.vendor,
            model=identity.model,
            version=identity.version,
            os=identity.os,
            serial=identity.serial if asked else "",
            udi=udi if of_udi else "",
        )

    def edition(self, identity: Identity) -> str:
        """Tells what the advisories that may speak of a device say; equal editions give equal verdicts.

        Empty where no advisory speaks of any of its makers or of its UDI. Those of advisories without a digest go by
        their keys.
        """
        names = self.makers(identity.vendor) if identity.vendor and identity.model else frozenset[str]()
        if identity.udi and self.shelves.names_udis:
            names |= self.shelves.makers_of_udi(device_identifier(identity.udi))
        return self.shelves.edition(names) if names else ""

    def _judge(self, identity: Identity) -> Iterator[Verdict]:
        for meant in self._meant(identity):
            if meant.number is None:
                yield from _weighed(identity, meant.alike)
                continue
            key = (meant.number, identity.version)
            known = self._by_version.get(key)
            if known is None:
                known = _remember(self._by_version, key, tuple(_weighed(identity, meant.alike)))
            yield from known

    def _meant(self, identity: Identity) -> Iterable[Meant]:
        """The products that a device may be, by advisory."""
        known = identity.vendor and identity.model
        found = self._products(self.makers(identity.vendor), identity.model) if known else ()
        if not identity.udi:
            return found
        by_key = {meant.alike[0][0].key[0]: meant for meant in found}
        named: dict[str, list[Leaf]] = defaultdict(list)
        for leaf in self.shelves.of_udi(identity.udi):
            named[leaf.key[0]].append(leaf)
        for key, leaves in named.items():
            # A recall speaks of many models in one sentence; the likest by name stands for the device.
            like = by_key[key].alike if key in by_key else ()
            nearest = [leaf for leaf, _, _ in like if identity.udi in leaf.product.udis] or leaves[:1]
            by_key[key] = Meant(alike=tuple((leaf, Likeness.UDI, False) for leaf in nearest), number=None)
        return [by_key[key] for key in sorted(by_key)]

    def _products(self, names: frozenset[str], model: str) -> tuple[Meant, ...]:
        """The products that a model may be, by advisory: versions apart, and so for all devices of a model at once."""
        known = self._models.get((names, model))
        if known is None:
            makers = self._shelves_of(names)
            if makers.lists_numbers:
                known = self._look(makers, model)
            else:
                # One model is spelled in many ways; capitals, spaces and the order of words tell nothing.
                spoken = device_reading(model, NONE)
                spelled = (names, spoken.everything, spoken.lettered)
                known = self._spelled.get(spelled)
                if known is None:
                    known = _remember(self._spelled, spelled, self._look(makers, model))
            _remember(self._models, (names, model), known)
        return known

    def _shelves_of(self, names: frozenset[str]) -> _Makers:
        known = self._makers.get(names)
        if known is None:
            shelves = self.shelves.of(names)
            makers = _Makers(
                shelves=shelves,
                brands=frozenset().union(*(shelf.brands for shelf in shelves)),
                lists_numbers=any(shelf.lists_numbers for shelf in shelves),
            )
            known = _remember(self._makers, names, makers)
        return known

    def _look(self, makers: _Makers, model: str) -> tuple[Meant, ...]:
        everything = device_reading(model, NONE).everything
        found: dict[tuple[str, str], Alike] = {}
        for shelf in makers.shelves:
            for entry in shelf.meeting(model):
                like, named = likeness(device_reading(model, entry.noise & everything), entry.name, makers.brands)
                if like is not Likeness.OTHER:
                    found.update({leaf.key: (leaf, like, named) for leaf in entry.leaves})
        for shelf in makers.shelves:
            for leaf, fit in shelf.numbered(model):
                if fit is Fit.YES:
                    found[leaf.key] = (leaf, Likeness.NUMBER, False)
                else:
                    found.setdefault(leaf.key, (leaf, Likeness.START, False))
        by_advisory: dict[str, list[Alike]] = defaultdict(list)
        for key in sorted(found):
            by_advisory[key[0]].append(found[key])
        return tuple(self._numbered(tuple(_nearest(alike, model))) for alike in by_advisory.values())

    def _numbered(self, alike: tuple[Alike, ...]) -> Meant:
        for leaf, like, named in alike:
            if like not in _NAMED or named or leaf.models is not None or leaf.serials is not None:
                return Meant(alike=alike, number=None)
        # Shelves keep their leaves, so that no other takes the place of one in memory.
        same = tuple(id(leaf) for leaf, _, _ in alike)
        number = self._numbers.get(same)
        if number is None:
            number = _remember(self._numbers, same, next(self._counter))
        return Meant(alike=alike, number=number)


def _remember(known: dict[K, V], key: K, found: V) -> V:
    """Keeps what was worked out; all is forgotten when it is too much."""
    if len(known) >= REMEMBERED:
        known.clear()
    known[key] = found
    return found


def _weighed(identity: Identity, alike: Iterable[Alike]) -> Iterator[Verdict]:
    shown = version(identity.version) if identity.version else None
    held = [one for one in (hold(identity, shown, *each) for each in alike) if one is not None]
    if held:
        yield from _verdicts(held)


def findings_about(device: Device, verdicts: Iterable[Verdict]) -> Iterator[Finding]:
    """The verdicts on a device's identity as findings on the device, with the evidence for what they rest on."""
    told = tuple(verdicts)
    if told:
        model, shown = evidence_for(device, "model"), evidence_for(device, "firmware")
        for verdict in told:
            verdict = by_unit(verdict, device.serial or "")
            yield Finding(device=device.id, site=device.site, verdict=verdict, model=model, version=shown)


def _nearest(alike: list[Alike], model: str) -> list[Alike]:
    """The products of one advisory that are likest: who is named word for word is not meant by a longer name too.

    Whose number is listed is none of those that surely bear other numbers.
    """
    numbered = [each for each in alike if each[1] is Likeness.NUMBER]
    if numbered:
        others = [each for each in alike if each[1] is not Likeness.NUMBER]
        short = [each for each in others if each[0].models is not None and each[0].models.model(model) is Fit.MAYBE]
        plain = [each for each in others if each[0].models is None]
        return [*numbered, *short, *(each for each in _nearest(plain, model) if each[1] in SURE)]
    for likest in (Likeness.VERBATIM, Likeness.EXACT, Likeness.SAME):
        found = [each for each in alike if each[1] is likest]
        if found:
            return found
    return alike


def _verdicts(helds: list[Held]) -> Iterator[Verdict]:
    """One verdict for the vulnerabilities of an advisory that share an answer and its reason."""
    spoken: dict[str, list[tuple[Held, Status]]] = defaultdict(list)
    # Equal ones are one: what two products of a document say alike is said once.
    firsts: dict[tuple[object, ...], int] = {}
    places = {id(held): firsts.setdefault(_said_of(held), place) for place, held in enumerate(helds)}
    for held in helds:
        for vulnerability, status in held.leaf.status:
            spoken[vulnerability].append((held, status))
    groups: dict[tuple[Exposed, str, int], list[str]] = defaultdict(list)
    reasons: dict[tuple[Exposed, str, int], tuple[Held, Status, str]] = {}
    for vulnerability, said in spoken.items():
        decided = _decide(said)
        if decided is not None:
            answer, held, status, why = decided
            key = (answer, why, places[id(held)])
            groups[key].append(vulnerability)
            reasons[key] = (held, status, why)
    for key, vulnerabilities in groups.items():
        held, status, why = reasons[key]
        leaf = held.leaf
        tells = held.tells if key[0] is Exposed.CANNOT_TELL else ""
        if key[0] is Exposed.CANNOT_TELL and not tells:
            tells = "the publisher's word on this version"
        yield Verdict(
            advisory=leaf.advisory.key,
            answer=key[0],
            vulnerabilities=tuple(vulnerabilities),
            product=leaf.name.text,
            version=leaf.first.words,
            words=f"{leaf.product.words} ({status.value.replace('_', ' ')})",
            why=why,
            tells=tells,
            note=leaf.first.note,
        )


def _said_of(held: Held) -> tuple[object, ...]:
    """What tells one word of an advisory from another: by its hash, for an advisory may list 100,000 products."""
    return held.leaf.product, held.placing, held.tells, held.by_unit, held.in_doubt


def _decide(said: list[tuple[Held, Status]]) -> tuple[Exposed, Held, Status, str] | None:
    """The answer for one vulnerability from all products that the device may be.

    What harms weighs first: "not affected" needs that no product that harms could be meant.
    """
    harmed = [(held, status) for held, status in said if status in HARMED]
    cleared = [(held, status) for held, status in said if status in CLEARED]
    inside = next(((held, status) for held, status in harmed if held.placing.answer is Answer.YES), None)
    fixed = next(((held, status) for held, status in cleared if held.placing.answer is Answer.YES), None)
    if inside is not None and fixed is not None:
        # A word on this very unit is nearer than one on all of them.
        if inside[0].by_unit is not fixed[0].by_unit:
            return (
                (Exposed.AFFECTED, *inside, inside[0].placing.why)
                if inside[0].by_unit
                else (Exposed.NOT_AFFECTED, *fixed, fixed[0].placing.why)
            )
        # A whole product that harms, and this version of it named as fixed: the nearer word counts.
        if inside[0].leaf.first.everything and not fixed[0].leaf.first.everything:
            return Exposed.NOT_AFFECTED, *fixed, fixed[0].placing.why
        return Exposed.CANNOT_TELL, *inside, "the advisory calls it affected and not affected"
    if inside is not None:
        return Exposed.AFFECTED, *inside, inside[0].placing.why
    doubt = next(((held, status) for held, status in harmed if held.placing.answer is Answer.CANNOT_TELL), None)
    other = next((one for one in harmed if one[0].in_doubt and one[0].placing.answer is Answer.CANNOT_TELL), None)
    if fixed is not None and other is not None and not fixed[0].by_unit:
        # "All others are not affected" says nothing of a device that may be one of the some.
        return Exposed.CANNOT_TELL, *other, other[0].placing.why
    if fixed is not None:
        return Exposed.NOT_AFFECTED, *fixed, fixed[0].placing.why
    if doubt is not None:
        return Exposed.CANNOT_TELL, *doubt, doubt[0].placing.why
    asked = next(((held, status) for held, status in said if status is Status.UNDER_INVESTIGATION), None)
    if asked is not None and asked[0].placing.answer is not Answer.NO:
        return Exposed.CANNOT_TELL, *asked, "the publisher is still looking into it"
    if harmed:
        if any(held.by_unit for held, _ in harmed):
            whys = dict.fromkeys(held.placing.why for held, _ in harmed)
            return Exposed.NOT_AFFECTED, *harmed[0], "; ".join(list(whys)[:WHYS_LIMIT])
        ranges = list(dict.fromkeys(held.leaf.first.words for held, _ in harmed))
        more = f"; and {len(ranges) - RANGES_LIMIT} more" if len(ranges) > RANGES_LIMIT else ""
        every = "; ".join(ranges[:RANGES_LIMIT]) + more
        why = harmed[0][0].placing.why if len(ranges) == 1 else f"the version is outside of all of: {every}"
        return Exposed.NOT_AFFECTED, *harmed[0], why
    return None
