"""Holds devices against advisories: affected, not affected, or cannot tell and what would tell.

The products of all advisories stand on shelves by maker (``shelf``); an identity meets those of its makers that share a
telling word with it. Equal identities get equal answers, so a thousand pumps of one version cost one look.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from asepsis.devices.device import Device
from asepsis.exposure.advisory import CLEARED, HARMED, Advisory, Status
from asepsis.exposure.finding import Exposed, Finding, Verdict
from asepsis.exposure.identity import Identity, evidence_for, identity_of
from asepsis.exposure.matching.names import LONGEST_NAME, Brands, Likeness, device_reading, likeness
from asepsis.exposure.matching.ranges import Answer, Placing, place
from asepsis.exposure.matching.shelf import Card, Leaf, Shelves, card_of
from asepsis.exposure.matching.units import by_unit
from asepsis.exposure.matching.version import Version, version
from asepsis.exposure.matching.vocabulary import atoms
from asepsis.kernel.value import value

# Identities whose verdicts are remembered: a hospital group has some thousand.
REMEMBERED: Final = 65536


Alike = tuple[Leaf, Likeness, bool]
"""A product, how its name stands to a model's, and whether the version is named thereby."""


@value
class _Held:
    """How one leaf stands to one identity."""

    leaf: Leaf
    placing: Placing
    tells: str


class Matcher:
    """All advisories, indexed. It is not changed once it is made."""

    def __init__(self, advisories: Iterable[Advisory | Card]) -> None:
        cards = [card_of(one) if isinstance(one, Advisory) else one for one in advisories]
        self.shelves = Shelves(cards)
        self._remembered: dict[Identity, tuple[Verdict, ...]] = {}
        self._named: dict[str, frozenset[str]] = {}
        self._models: dict[tuple[frozenset[str], str], tuple[tuple[Alike, ...], ...]] = {}

    def verdicts(self, identity: Identity) -> tuple[Verdict, ...]:
        """What the advisories say of an identity; nothing where none names it."""
        known = self._remembered.get(identity)
        if known is None:
            if len(self._remembered) >= REMEMBERED:
                self._remembered.clear()
            known = self._remembered[identity] = tuple(self._judge(identity))
        return known

    def findings(self, devices: Iterable[Device]) -> Iterator[Finding]:
        """The findings of devices, in the order of the devices and of the advisories' numbers."""
        for device in devices:
            yield from findings_about(device, self.verdicts(identity_of(device)))

    def makers(self, text: str) -> frozenset[str]:
        """The makers among those of the advisories that a device's text names."""
        known = self._named.get(text)
        if known is None:
            if len(self._named) >= REMEMBERED:
                self._named.clear()
            known = self._named[text] = self.shelves.named(text)
        return known

    def edition(self, vendor: str) -> str:
        """Tells what the advisories of a device's makers say; equal editions give equal verdicts.

        Empty where no advisory speaks of any of its makers. Those of advisories without a digest go by their keys.
        """
        return self.shelves.edition(self.makers(vendor))

    def _judge(self, identity: Identity) -> Iterator[Verdict]:
        if identity.is_empty or not identity.vendor:
            return
        shown = version(identity.version) if identity.version else None
        for alike in self._products(self.makers(identity.vendor), identity.model):
            held = [one for one in (_hold(identity, shown, *each) for each in alike) if one is not None]
            if held:
                yield from _verdicts(held)

    def _products(self, names: frozenset[str], model: str) -> tuple[tuple[Alike, ...], ...]:
        """The products that a model may be, by advisory: versions apart, and so for all devices of a model at once."""
        known = self._models.get((names, model))
        if known is not None:
            return known
        shelves = [shelf for shelf in map(self.shelves.shelf, sorted(names)) if shelf is not None]
        shared: Brands = frozenset().union(*(shelf.brands for shelf in shelves))
        spoken = tuple(dict.fromkeys(atoms(model[:LONGEST_NAME])))
        met = {id(entry): entry for shelf in shelves for entry in shelf.meeting(spoken)}
        found: dict[tuple[str, str], Alike] = {}
        for entry in met.values():
            like, named = likeness(device_reading(model, entry.noise), entry.name, shared)
            if like is not Likeness.OTHER:
                found.update({leaf.key: (leaf, like, named) for leaf in entry.leaves})
        by_advisory: dict[str, list[Alike]] = defaultdict(list)
        for key in sorted(found):
            by_advisory[key[0]].append(found[key])
        if len(self._models) >= REMEMBERED:
            self._models.clear()
        products = self._models[names, model] = tuple(tuple(_nearest(alike)) for alike in by_advisory.values())
        return products


def findings_about(device: Device, verdicts: Iterable[Verdict]) -> Iterator[Finding]:
    """The verdicts on a device's identity as findings on the device, with the evidence for what they rest on."""
    told = tuple(verdicts)
    if told:
        model, shown = evidence_for(device, "model"), evidence_for(device, "firmware")
        for verdict in told:
            verdict = by_unit(verdict, device.serial or "", device.udi or "")
            yield Finding(device=device.id, site=device.site, verdict=verdict, model=model, version=shown)


def _hold(identity: Identity, shown: Version | None, leaf: Leaf, found: Likeness, named: bool) -> _Held | None:
    """How a leaf stands to an identity; None where there is nothing to say of it."""
    sure = found in (Likeness.SAME, Likeness.EXACT, Likeness.VERBATIM)
    if sure and named:
        why = f"the model {identity.model} is the one that the advisory names"
        return _Held(leaf=leaf, placing=Placing(answer=Answer.YES, why=why), tells="")
    placing, tells = _place(identity, shown, leaf)
    if sure:
        return _Held(leaf=leaf, placing=placing, tells=tells)
    if placing.answer is Answer.NO:
        # Another product or a version outside: either way there is nothing to ask.
        return None
    than = "less than" if found is Likeness.LESS else "more than"
    why = f"the device calls itself {identity.model}, which says {than} {leaf.name.text}"
    placing = Placing(answer=Answer.CANNOT_TELL, why=why)
    return _Held(leaf=leaf, placing=placing, tells=f"whether the device is this product: {leaf.name.text}")


def _nearest(alike: list[Alike]) -> list[Alike]:
    """The products of one advisory that are likest: who is named word for word is not meant by a longer name too."""
    for likest in (Likeness.VERBATIM, Likeness.EXACT, Likeness.SAME):
        found = [each for each in alike if each[1] is likest]
        if found:
            return found
    return alike


def _place(identity: Identity, shown: Version | None, leaf: Leaf) -> tuple[Placing, str]:
    first = place(shown, leaf.first)
    if leaf.second is not None:
        second = place(shown, leaf.second)
        if second.answer is not first.answer:
            why = f"the advisory says {leaf.first.words or 'all versions'} and also {leaf.second.words}"
            return Placing(answer=Answer.CANNOT_TELL, why=why), "which of its two texts the publisher means"
    if first.answer is not Answer.CANNOT_TELL:
        return first, ""
    if leaf.first.unread:
        return first, f"whether this holds of the device: {leaf.first.words}"
    if not identity.version:
        return first, f"the version that the device runs (the advisory: {leaf.first.words})"
    return first, f"the version in the maker's own form, as in {leaf.first.words}"


def _verdicts(helds: list[_Held]) -> Iterator[Verdict]:
    """One verdict for the vulnerabilities of an advisory that share an answer and its reason."""
    spoken: dict[str, list[tuple[_Held, Status]]] = defaultdict(list)
    # Equal ones are one: what two products of a document say alike is said once.
    places = {id(held): next(place for place, one in enumerate(helds) if one == held) for held in helds}
    for held in helds:
        for vulnerability, status in held.leaf.status:
            spoken[vulnerability].append((held, status))
    groups: dict[tuple[Exposed, str, int], list[str]] = defaultdict(list)
    reasons: dict[tuple[Exposed, str, int], tuple[_Held, Status, str]] = {}
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


def _decide(said: list[tuple[_Held, Status]]) -> tuple[Exposed, _Held, Status, str] | None:
    """The answer for one vulnerability from all products that the device may be.

    What harms weighs first: "not affected" needs that no product that harms could be meant.
    """
    harmed = [(held, status) for held, status in said if status in HARMED]
    cleared = [(held, status) for held, status in said if status in CLEARED]
    inside = next(((held, status) for held, status in harmed if held.placing.answer is Answer.YES), None)
    fixed = next(((held, status) for held, status in cleared if held.placing.answer is Answer.YES), None)
    if inside is not None and fixed is not None:
        # A whole product that harms, and this version of it named as fixed: the nearer word counts.
        if inside[0].leaf.first.everything and not fixed[0].leaf.first.everything:
            return Exposed.NOT_AFFECTED, *fixed, fixed[0].placing.why
        return Exposed.CANNOT_TELL, *inside, "the advisory calls it affected and not affected"
    if inside is not None:
        return Exposed.AFFECTED, *inside, inside[0].placing.why
    doubt = next(((held, status) for held, status in harmed if held.placing.answer is Answer.CANNOT_TELL), None)
    if fixed is not None:
        return Exposed.NOT_AFFECTED, *fixed, fixed[0].placing.why
    if doubt is not None:
        return Exposed.CANNOT_TELL, *doubt, doubt[0].placing.why
    asked = next(((held, status) for held, status in said if status is Status.UNDER_INVESTIGATION), None)
    if asked is not None and asked[0].placing.answer is not Answer.NO:
        return Exposed.CANNOT_TELL, *asked, "the publisher is still looking into it"
    if harmed:
        ranges = list(dict.fromkeys(held.leaf.first.words for held, _ in harmed))
        why = harmed[0][0].placing.why if len(ranges) == 1 else f"the version is outside of all of: {'; '.join(ranges)}"
        return Exposed.NOT_AFFECTED, *harmed[0], why
    return None
