"""Devices that are planted for an advisory: under every spelling of maker and model, inside and outside of its ranges.

And devices that it does not speak of: the maker's other products, and a model whose number is another.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from asepsis.exposure.advisory import Advisory
from asepsis.exposure.identity import Identity
from asepsis.knowledge.vendors import vendor
from bench.exposure.truth import Truth

_FAMILY = re.compile(r"\b(products|family|series|not including|except)\b", re.I)


class Planted(NamedTuple):
    """A device and what is true of it."""

    identity: Identity
    advisory: str
    affected: bool | None
    """None where the advisory's words have no plain truth: the device may then be anything but safe."""
    kind: str
    """``inside``, ``outside``, ``unread`` or ``other``."""


def spellings_of_makers(text: str) -> Iterator[str]:
    """A maker's name as other systems write it."""
    plain = re.sub(r"\s*\([^)]*\)", "", text).strip()
    yield text
    yield plain.upper()
    yield f"{plain}, Inc."
    found = vendor(plain)
    if found is not None:
        yield found.name
    words = plain.split()
    if words:
        yield f"{words[0]} {plain}" if len(words) == 1 else plain.lower()
    # One slip in a long name.
    if len(plain) >= 8 and plain[3:5].isalpha() and plain[3] != plain[4] and len(words) == 1:
        yield f"{plain[:3]}{plain[4]}{plain[3]}{plain[5:]}"


def spellings_of_models(name: str, maker: str) -> Iterator[str]:
    """A product's name as devices and registers write it."""
    yield name
    yield name.upper()
    yield re.sub(r"(?<=[A-Za-z])[ -](?=\d)", "", name)
    yield re.sub(r"(?<=[A-Za-z])(?=\d)", "-", name)
    words = [word.strip(",") for word in maker.split()]
    yield f"{' '.join(words[: 1 if len(words[0]) > 2 else 2])} {name}"
    yield re.sub(r"^(\w+)", r"\1®", name)


def other_models(name: str) -> Iterator[str]:
    """Neighbours of a product: the number is another, or a second generation."""
    if _FAMILY.search(name):
        return
    number = re.search(r"\d{2,}(?!.*\d{2,})", name)
    if number:
        yield name[: number.start()] + str(int(number.group()) + 1).zfill(len(number.group())) + name[number.end() :]
    else:
        yield f"{name} 7"


def planted(advisories: list[Advisory]) -> Iterator[Planted]:
    """All devices for some advisories."""
    by_maker: dict[str, set[str]] = defaultdict(set)
    for advisory in advisories:
        for product in advisory.products:
            by_maker[product.vendor].add(product.name)
    for advisory in advisories:
        by_name: dict[tuple[str, str], list[Truth]] = defaultdict(list)
        # A product that stands in the tree and in no vulnerability's status is not spoken of.
        spoken = {product for one in advisory.vulnerabilities for product, _ in one.status}
        for product in advisory.products:
            if product.id not in spoken:
                continue
            by_name[product.vendor, product.name].append(Truth(product.version))
        for (maker, name), truths in by_name.items():
            yield from _of_product(advisory, maker, name, truths)
            yield from _others(advisory, maker, name, by_maker[maker])


def _of_product(advisory: Advisory, maker: str, name: str, truths: list[Truth]) -> Iterator[Planted]:
    versions = list(dict.fromkeys(text for truth in truths for text in truth.planted()))
    makers = list(dict.fromkeys(spellings_of_makers(maker)))
    models = list(dict.fromkeys(spellings_of_models(name, maker)))
    for place, text in enumerate(versions or ["1.0"]):
        said = [truth.holds(text) for truth in truths]
        affected = True if True in said else (None if None in said else False)
        kind = "unread" if affected is None else "inside" if affected else "outside"
        # Every spelling of the maker with the name as it is, and every spelling of the name with the maker as it is.
        pairs = [(one, name) for one in makers] + [(maker, one) for one in models[1:]]
        for one, model in pairs if place < 6 else pairs[:1]:
            identity = Identity(vendor=one, model=model, version=text)
            yield Planted(identity=identity, advisory=advisory.key, affected=affected, kind=kind)


def _others(advisory: Advisory, maker: str, name: str, siblings: set[str]) -> Iterator[Planted]:
    listed = {_plain(product.name) for product in advisory.products} | {
        _plain(f"{product.name} {product.version}") for product in advisory.products
    }
    named = [other for other in sorted(siblings) if not _FAMILY.search(other)][:20]
    for model in (*other_models(name), *named):
        here = _plain(model)
        # A name that holds another, or bears the same number, may well be the same product under another name.
        if any(here in one or one in here for one in listed) or any(
            _alike(model, one.name) for one in advisory.products
        ):
            continue
        identity = Identity(vendor=maker, model=model, version="1.0")
        yield Planted(identity=identity, advisory=advisory.key, affected=False, kind="other")


def _alike(one: str, other: str) -> bool:
    words = [set(re.findall(r"[a-z]+|[0-9]+", text.lower())) for text in (one, other)]
    numbers = {word for word in words[0] & words[1] if word.isdigit() and len(word) > 2}
    return bool(numbers) or words[0] <= words[1] or words[1] <= words[0]


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())
