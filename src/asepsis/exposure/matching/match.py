"""Holds devices against advisories: affected, not affected, or cannot tell and what would tell.

The products of all advisories are indexed once by maker and by the atoms of their names; an identity then meets only
those that share one. Equal identities get equal answers, so a thousand pumps of one version cost one look.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from asepsis.devices.device import Device
from asepsis.exposure.advisory import CLEARED, HARMED, Advisory, Product, Status
from asepsis.exposure.finding import Exposed, Finding, Verdict
from asepsis.exposure.identity import Identity, evidence_for, identity_of
from asepsis.exposure.matching.makers import makers, words_of
from asepsis.exposure.matching.names import (
    LONGEST_NAME,
    Brands,
    Likeness,
    Name,
    brands,
    device_reading,
    likeness,
    read_name,
)
from asepsis.exposure.matching.range_text import said_twice
from asepsis.exposure.matching.ranges import Answer, Part, Placing, Range, place
from asepsis.exposure.matching.version import Version, version
from asepsis.exposure.matching.vocabulary import atoms, near
from asepsis.kernel.value import value

# Identities whose verdicts are remembered: a hospital group has some thousand.
REMEMBERED: Final = 65536


@value
class Leaf:
    """A product of an advisory, made ready to be compared."""

    advisory: Advisory
    product: Product
    key: tuple[str, str]
    """(the advisory's key, the product's id)"""
    name: Name
    first: Range
    second: Range | None
    """What the full name says of versions, where it says something else."""
    makers: frozenset[str]
    noise: frozenset[str]
    """The words of the makers' names."""
    status: tuple[tuple[str, Status], ...]
    """(vulnerability, status)"""


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

    def __init__(self, advisories: Iterable[Advisory]) -> None:
        self._by_atom: dict[tuple[str, str], list[Leaf]] = defaultdict(list)
        self._atoms: dict[str, set[str]] = defaultdict(set)
        self._remembered: dict[Identity, tuple[Verdict, ...]] = {}
        self._named: dict[str, frozenset[str]] = {}
        self._models: dict[tuple[str, str], tuple[tuple[Alike, ...], ...]] = {}
        self.advisories: dict[str, Advisory] = {}
        for advisory in advisories:
            self.advisories[advisory.key] = advisory
            for leaf in leaves(advisory):
                self._add(leaf)
        by_maker: dict[str, list[Name]] = defaultdict(list)
        for (maker, _), found in self._by_atom.items():
            by_maker[maker].extend(leaf.name for leaf in found)
        self._brands: dict[str, Brands] = {maker: brands(dict.fromkeys(names)) for maker, names in by_maker.items()}

    def _add(self, leaf: Leaf) -> None:
        atoms = {atom for reading in leaf.name.readings for atom in reading.everything}
        for maker in leaf.makers:
            self._atoms[maker].update(atoms)
            for atom in atoms:
                self._by_atom[maker, atom].append(leaf)

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
            found = self.verdicts(identity_of(device))
            if found:
                model, shown = evidence_for(device, "model"), evidence_for(device, "firmware")
                for verdict in found:
                    yield Finding(device=device.id, site=device.site, verdict=verdict, model=model, version=shown)

    def _judge(self, identity: Identity) -> Iterator[Verdict]:
        if identity.is_empty or not identity.vendor:
            return
        shown = version(identity.version) if identity.version else None
        for alike in self._products(identity.vendor, identity.model):
            held = [one for one in (_hold(identity, shown, *each) for each in alike) if one is not None]
            if held:
                yield from _verdicts(held)

    def _products(self, vendor: str, model: str) -> tuple[tuple[Alike, ...], ...]:
        """The products that a model may be, by advisory: versions apart, and so for all devices of a model at once."""
        known = self._models.get((vendor, model))
        if known is not None:
            return known
        shared: Brands = frozenset().union(*(self._brands.get(maker, frozenset()) for maker in self._makers(vendor)))
        by_advisory: dict[str, list[Alike]] = defaultdict(list)
        for leaf in self._candidates(vendor, model):
            found, named = likeness(device_reading(model, leaf.noise), leaf.name, shared)
            if found is not Likeness.OTHER:
                by_advisory[leaf.key[0]].append((leaf, found, named))
        if len(self._models) >= REMEMBERED:
            self._models.clear()
        products = tuple(tuple(_nearest(by_advisory[key])) for key in sorted(by_advisory))
        self._models[vendor, model] = products
        return products

    def _makers(self, text: str) -> frozenset[str]:
        """The makers that a device's text names; one that nobody knows may be one of the advisories', with a slip."""
        known = self._named.get(text)
        if known is None:
            known = makers(text)
            if not any(name in self._atoms for name in known):
                known = frozenset(one for name in known for one in _slips(name, self._atoms)) or known
            if len(self._named) >= REMEMBERED:
                self._named.clear()
            self._named[text] = known
        return known

    def _candidates(self, vendor: str, model: str) -> list[Leaf]:
        found: dict[tuple[str, str], Leaf] = {}
        for maker in sorted(self._makers(vendor)):
            words = self._atoms.get(maker)
            if words is None:
                continue
            for atom in atoms(model[:LONGEST_NAME]):
                # A slip of the pen in a long word is looked for among this maker's words only.
                for word in (atom,) if atom in words else _slips(atom, words):
                    for leaf in self._by_atom[maker, word]:
                        found[leaf.key] = leaf
        return [found[key] for key in sorted(found)]


def _slips(atom: str, words: Iterable[str]) -> list[str]:
    """Words that differ from this one by a slip; only those with its first sign are looked at closely."""
    if len(atom) < 6:
        return []
    first = atom[0]
    return [word for word in words if word[:1] == first and near(atom, word)]


def leaves(advisory: Advisory) -> Iterator[Leaf]:
    """The products of an advisory that any vulnerability speaks of, ready to be compared."""
    status: dict[str, list[tuple[str, Status]]] = defaultdict(list)
    for vulnerability in advisory.vulnerabilities:
        for spoken_of, said in vulnerability.status:
            status[spoken_of].append((vulnerability.id, said))
    advisory_key = advisory.key
    for product in advisory.products:
        if product.id not in status or not (product.name or product.words):
            continue
        who = makers(product.vendor) if product.vendor else frozenset[str]()
        name = product.name or product.words
        noise = words_of(who).union(atoms(product.vendor))
        first, second = said_twice(product.version, product.words, name)
        yield Leaf(
            advisory=advisory,
            product=product,
            key=(advisory_key, product.id),
            name=read_name(name, _model_numbers(product.version, first), noise),
            first=first,
            second=second,
            makers=who,
            noise=noise,
            status=tuple(status[product.id]),
        )


def _model_numbers(words: str, read: Range) -> str:
    """The version branch where it holds model numbers: ``MMT-1711 | MMT-1712``, ``CR-IR 357``, ``3120``."""
    if read.everything:
        return ""
    if read.unread:
        return words if any(sign.isdigit() for sign in words) and len(words) <= 80 else ""
    alone = all(part.low is not None and part.low == part.high for part in read.parts)
    if alone and all(_is_model(part) for part in read.parts):
        return words.replace("|", "/")
    return ""


def _is_model(part: Part) -> bool:
    at = part.low.at if part.low is not None else None
    if at is None or len(at.segments) != 1:
        return False
    number = at.segments[0][0][1]
    return (len(at.lead) >= 2 and number >= 100) or number >= 1000


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
    for held in helds:
        for vulnerability, status in held.leaf.status:
            spoken[vulnerability].append((held, status))
    groups: dict[tuple[Exposed, str, int], list[str]] = defaultdict(list)
    reasons: dict[tuple[Exposed, str, int], tuple[_Held, Status, str]] = {}
    for vulnerability, said in spoken.items():
        decided = _decide(said)
        if decided is not None:
            answer, held, status, why = decided
            key = (answer, why, helds.index(held))
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
