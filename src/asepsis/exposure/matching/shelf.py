"""The products of advisories by maker, indexed by the atoms that tell them apart.

A maker's shelf is made ready when a device of that maker is first met: what no device is of costs nothing. Products
that bear one name stand together, so that a name is compared once however many versions of it advisories list.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from asepsis.exposure.advisory import Advisory, Product, Status
from asepsis.exposure.feeds.recalls import CATEGORY
from asepsis.exposure.matching.makers import makers, words_of
from asepsis.exposure.matching.names import LONGEST_NAME, Brands, Name, brands, device_reading, read_name
from asepsis.exposure.matching.numbers import Fit, Numbers, numbers, numbers_in, starts_of
from asepsis.exposure.matching.range_text import said_twice
from asepsis.exposure.matching.ranges import Part, Range
from asepsis.exposure.matching.vocabulary import SLIP_LENGTH, atoms, near
from asepsis.kernel.value import value

NONE: Final = frozenset[str]()
# Words of devices whose slips are remembered, of each maker.
SLIPS_REMEMBERED: Final = 4096


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
    models: Numbers | None = None
    """Model numbers that the helper lists."""
    orders: Numbers | None = None
    """Order numbers that it lists, by which many makers call a model."""
    serials: Numbers | None = None
    """Serial numbers of the only units that are meant."""


@value
class Entry:
    """The products of one name."""

    name: Name
    noise: frozenset[str]
    """The words of the makers' names."""
    everything: frozenset[str]
    """The atoms of all readings of the name."""
    leaves: tuple[Leaf, ...]


@value
class Card:
    """What stands for an advisory until a device of one of its makers is met."""

    key: str
    digest: str
    """Of the document; empty where nothing may be remembered by it."""
    makers: frozenset[str]
    """Of the products that any vulnerability speaks of."""
    read: Callable[[], Advisory]
    names_serials: bool = False
    """It speaks of some units of a product by their serial numbers."""
    udis: frozenset[str] = frozenset()
    """The device identifiers that it names."""


def card_of(advisory: Advisory) -> Card:
    """The card of an advisory that is at hand."""
    return Card(
        key=advisory.key,
        digest=advisory.provenance.sha256,
        makers=makers_of(advisory),
        read=lambda: advisory,
        names_serials=names_serials(advisory),
        udis=udis_of(advisory),
    )


def names_serials(advisory: Advisory) -> bool:
    """True where an advisory speaks of some units of a product by their serial numbers."""
    return any(product.serials for product in advisory.products)


def udis_of(advisory: Advisory) -> frozenset[str]:
    """The device identifiers that an advisory names."""
    return frozenset(udi for product in advisory.products for udi in product.udis)


def makers_of(advisory: Advisory) -> frozenset[str]:
    """The makers of the products that any vulnerability of an advisory speaks of."""
    spoken = {product for vulnerability in advisory.vulnerabilities for product, _ in vulnerability.status}
    vendors = {one.vendor for one in advisory.products if one.id in spoken and one.vendor and (one.name or one.words)}
    return frozenset[str]().union(*map(makers, vendors))


class Shelf:
    """The products of one maker.

    A name is a device's only where one says no more than the other. So the product has all telling words of the device,
    or the device has all of a reading of the product's: among them the one that is rarest on the shelf.
    """

    def __init__(self, found: Iterable[Leaf]) -> None:
        together: dict[tuple[int, frozenset[str]], list[Leaf]] = defaultdict(list)
        for leaf in found:
            # Names are remembered where they are read, so that equal ones are nearly always one.
            together[id(leaf.name), leaf.noise].append(leaf)
        self._entries = tuple(
            Entry(
                name=same[0].name,
                noise=same[0].noise,
                everything=frozenset(atom for reading in same[0].name.readings for atom in reading.everything),
                leaves=tuple(same),
            )
            for same in together.values()
        )
        self._noises = tuple(dict.fromkeys(entry.noise for entry in self._entries))
        self._noise = frozenset[str]().union(*self._noises)
        self._slips: dict[str, tuple[str, ...]] = {}
        self._by_word: dict[str, set[int]] = defaultdict(set)
        for place, entry in enumerate(self._entries):
            for atom in entry.everything:
                self._by_word[atom].add(place)
        self._by_rarest: dict[str, list[tuple[frozenset[str], int]]] = defaultdict(list)
        for place, entry in enumerate(self._entries):
            for telling in dict.fromkeys(reading.telling for reading in entry.name.readings):
                rarest = min(telling, key=lambda atom: (len(self._by_word[atom]), atom))
                self._by_rarest[rarest].append((telling, place))
        self._by_sign = by_sign(self._by_word)
        self._by_number: dict[str, list[Leaf]] = defaultdict(list)
        for entry in self._entries:
            for leaf in entry.leaves:
                for start in {
                    start for some in (leaf.models, leaf.orders) if some is not None for start in some.starts
                }:
                    self._by_number[start].append(leaf)
        self.brands: Brands = brands(dict.fromkeys(entry.name for entry in self._entries))

    @property
    def lists_numbers(self) -> bool:
        """True where a helper lists numbers of models: then how a model is written counts, and not its atoms alone."""
        return bool(self._by_number)

    def meeting(self, model: str) -> Iterator[Entry]:
        """The names that a model may be, by the atoms that it is made of.

        A slip of the pen leads to a name only where the maker has no such word, or where the name shares another word.
        """
        nearly = {atom: self._near(atom) for atom in atoms(model[:LONGEST_NAME])}
        looked = {one for atom, slipped in nearly.items() for one in ((atom,) if atom in self._by_word else slipped)}
        if looked:
            for place in self._possible(model, nearly):
                entry = self._entries[place]
                if not looked.isdisjoint(entry.everything):
                    yield entry

    def numbered(self, model: str) -> Iterator[tuple[Leaf, Fit]]:
        """The products of which a helper lists the number in a model, or how it begins; some may be given twice."""
        if self._by_number:
            for start in {"", *(start for text in numbers_in(model) for start in starts_of(text))}:
                for leaf in self._by_number.get(start, ()):
                    answers = {some.model(model) for some in (leaf.models, leaf.orders) if some is not None}
                    if Fit.YES in answers or Fit.MAYBE in answers:
                        yield leaf, Fit.YES if Fit.YES in answers else Fit.MAYBE

    def _possible(self, model: str, nearly: Mapping[str, tuple[str, ...]]) -> Iterable[int]:
        """Where one says no more than the other, slips of the pen granted: likeness asks for that and for more."""
        said = {*nearly, *(one for slipped in nearly.values() for one in slipped)}
        found = {place for word in said for telling, place in self._by_rarest.get(word, ()) if telling <= said}
        # Which words tell something hangs on whose name is laid aside.
        aside = {noise.intersection(nearly) for noise in self._noises} if self._noise.intersection(nearly) else {NONE}
        for telling in {device_reading(model, noise).telling for noise in aside}:
            lists = sorted((self._bearing(atom, nearly[atom]) for atom in telling), key=len)
            if lists and lists[0]:
                found |= lists[0].intersection(*lists[1:])
        return found

    def _bearing(self, atom: str, slipped: Iterable[str]) -> frozenset[int] | set[int]:
        """The names with an atom, or with a slip of it."""
        nothing = frozenset[int]()
        same = self._by_word.get(atom, nothing)
        return same.union(*(self._by_word[one] for one in slipped)) if slipped else same

    def _near(self, atom: str) -> tuple[str, ...]:
        """The maker's words that differ from an atom by a slip."""
        if len(atom) < SLIP_LENGTH:
            return ()
        known = self._slips.get(atom)
        if known is None:
            if len(self._slips) >= SLIPS_REMEMBERED:
                self._slips.clear()
            known = self._slips[atom] = tuple(slips(atom, self._by_sign))
        return known


class Shelves:
    """The shelves of all makers."""

    def __init__(self, cards: Iterable[Card]) -> None:
        self._cards: dict[str, list[Card]] = defaultdict(list)
        self._leaves: dict[str, tuple[Leaf, ...]] = {}
        self._makers: dict[str, dict[int, Leaf]] = {}
        self._shelves: dict[str, Shelf] = {}
        self._editions: dict[frozenset[str], str] = {}
        self._by_udi: dict[str, list[Card]] = defaultdict(list)
        self._of_units: set[str] = set()
        for card in cards:
            for maker in card.makers:
                self._cards[maker].append(card)
            for udi in card.udis:
                self._by_udi[udi].append(card)
            if card.names_serials:
                self._of_units |= card.makers
        self._by_sign = by_sign(self._cards)

    def named(self, text: str) -> frozenset[str]:
        """The makers that a device's text names; one that nobody knows may be one of the advisories', with a slip."""
        known = makers(text)
        if any(name in self._cards for name in known):
            return known
        return frozenset(one for name in known for one in slips(name, self._by_sign)) or known

    def of(self, names: frozenset[str]) -> tuple[Shelf, ...]:
        """The products of makers; those of one who has all that another has stand for both."""
        # Makers that belong together have the same products but for a few.
        known = sorted(names & self._cards.keys(), key=lambda maker: (-len(self._of_maker(maker)), maker))
        widest: list[str] = []
        for maker in known:
            ours = self._of_maker(maker)
            if not any(ours.keys() <= self._of_maker(wider).keys() for wider in widest):
                widest.append(maker)
        return tuple(map(self._shelf, widest))

    def _of_maker(self, maker: str) -> dict[int, Leaf]:
        known = self._makers.get(maker)
        if known is None:
            found = (leaf for card in self._cards[maker] for leaf in self._of(card) if maker in leaf.makers)
            known = self._makers[maker] = {id(leaf): leaf for leaf in found}
        return known

    def _shelf(self, maker: str) -> Shelf:
        shelf = self._shelves.get(maker)
        if shelf is None:
            shelf = self._shelves[maker] = Shelf(self._of_maker(maker).values())
        return shelf

    def asks_for_serials(self, names: frozenset[str]) -> bool:
        """True where an advisory of one of these makers speaks of some units by their serial numbers."""
        return not self._of_units.isdisjoint(names)

    @property
    def names_udis(self) -> bool:
        """True where any advisory names a device identifier."""
        return bool(self._by_udi)

    def of_udi(self, udi: str) -> tuple[Leaf, ...]:
        """The products of the advisories that name a device identifier."""
        cards = self._by_udi.get(udi, ())
        return tuple(leaf for card in cards for leaf in self._of(card) if udi in leaf.product.udis)

    def makers_of_udi(self, udi: str) -> frozenset[str]:
        """The makers of the advisories that name a device identifier; none where none does."""
        return frozenset[str]().union(*(card.makers for card in self._by_udi.get(udi, ())))

    def edition(self, names: frozenset[str]) -> str:
        """Tells what all advisories of some makers say now from what they said before; empty where there are none."""
        known = self._editions.get(names)
        if known is None:
            told = hashlib.sha256()
            for maker in sorted(names & self._cards.keys()):
                told.update(f"{maker}\n".encode())
                for card in sorted(self._cards[maker], key=_key):
                    told.update(f"{card.key}\t{card.digest}\n".encode())
            known = self._editions[names] = told.hexdigest() if names & self._cards.keys() else ""
        return known

    def _of(self, card: Card) -> tuple[Leaf, ...]:
        known = self._leaves.get(card.key)
        if known is None:
            known = self._leaves[card.key] = tuple(leaves(card.read()))
        return known


def _key(card: Card) -> str:
    return card.key


def by_sign(words: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Words in which a slip can be told, by how they begin and by their first sign and how they end."""
    found: dict[str, list[str]] = defaultdict(list)
    for word in words:
        if len(word) >= SLIP_LENGTH and word.isalpha():
            for end in _ends(word):
                found[end].append(word)
    return {end: tuple(same) for end, same in found.items()}


def slips(atom: str, words: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Words that differ from this one by a slip."""
    if len(atom) < SLIP_LENGTH:
        return []
    found = {word for end in _ends(atom) for word in words.get(end, ()) if word != atom and near(atom, word)}
    return sorted(found)


def _ends(word: str) -> tuple[str, str]:
    """Two long words that differ by a slip share one of these: a slip is in the first four signs or after the third.

    The first sign is never the slip (``near``).
    """
    return word[:3], f"{word[0]} {word[-2:]}"


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
        # A recall describes its product in free words, in which numbers are anything.
        twice = name if advisory.category == CATEGORY else product.words
        first, second = said_twice(product.version, twice, name)
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
            models=numbers(product.models),
            orders=numbers(product.skus),
            serials=numbers(product.serials),
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
