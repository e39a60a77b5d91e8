"""What a large hospital group meets: advisories of many makers, a table of scores, and its devices.

Publicly there are some 150 medical advisories in CSAF. The rest are their copies of invented makers and products: every
telling word of makers' and products' names is exchanged for an invented one, and every CVE number for another, so that
ranges, trees and wording stay those of real documents while no copy speaks of another's products.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

from asepsis.exposure.advisory import Advisory
from asepsis.exposure.feeds.reading import Document, read_document
from asepsis.exposure.identity import Identity
from asepsis.exposure.matching.vocabulary import generic
from bench.exposure.plant import Planted, planted

DEVICES, ADVISORIES, SCORES = 100_000, 2_500, 300_000
SEED: Final = 6
# A group of hospitals owns as many different (maker, model, version): inventories list some thousand models.
IDENTITIES: Final = 6_000
# Of the devices of a hospital's network, those that are of a maker for whom an advisory was ever published.
SPOKEN_OF: Final = 0.4
_WORD: Final = re.compile(r"[A-Za-z]{5,}")
_CVE: Final = re.compile(r"CVE-([0-9]{4})-([0-9]{4,7})")
_NAMES: Final = ("vendor", "product_name", "product_family")
# Words of ranges that stand in names of products too.
_GRAMMAR: Final = frozenset(
    (
        *("version", "versions", "prior", "below", "after", "before", "through", "between", "later", "earlier"),
        *("lower", "older", "newer", "higher", "above", "release", "releases", "build", "update", "firmware"),
        *("including", "except", "excluding", "other", "family", "series", "products"),
    )
)
_SYLLABLES: Final = tuple(first + vowel for first in "bdfgklmnprstvz" for vowel in "aeiou")


def contents(folder: Path, count: int = ADVISORIES) -> Iterator[bytes]:
    """Documents: the public ones, then copies of them."""
    originals = [path.read_bytes() for path in sorted(folder.glob("*.json"))]
    for place in range(count):
        yield _copied(originals[place % len(originals)], place // len(originals))


def read(documents: list[bytes]) -> list[Advisory]:
    """The advisories in documents."""
    found = (read_document(content, str(place)) for place, content in enumerate(documents))
    return [one.content for one in found if isinstance(one, Document) and isinstance(one.content, Advisory)]


def scores(advisories: list[Advisory], count: int = SCORES) -> bytes:
    """A table as FIRST publishes it: the advisories' vulnerabilities and as many others as are missing."""
    told = {one.id for advisory in advisories for one in advisory.vulnerabilities if one.id.startswith("CVE-")}
    names = sorted(told) + [f"CVE-2031-{number}" for number in range(100_000, 100_000 + count - len(told))]
    rows = "\n".join(f"{name},0.{int(_digest(name)[:4], 16):05d},0.5" for name in names)
    return f"#model_version:v2026,score_date:2026-11-01\ncve,epss,percentile\n{rows}\n".encode()


def worst(advisories: list[Advisory], count: int = DEVICES) -> list[Planted]:
    """Devices of which no two are alike and all are of makers and models that advisories speak of."""
    every = list({one.identity: one for one in planted(advisories)}.values())
    return random.Random(SEED).sample(every, count)


def hospital(advisories: list[Advisory], count: int = DEVICES) -> list[Planted]:
    """Devices as hospitals have them: many of few models, and most of models that no advisory names."""
    choose = random.Random(SEED)
    named = choose.sample(
        list({one.identity: one for one in planted(advisories)}.values()), int(IDENTITIES * SPOKEN_OF)
    )
    others = [
        Planted(
            identity=Identity(
                vendor=invented(f"maker {place % 400}", 0).title(),
                model=f"{invented(f'model {place}', 0).title()} {choose.randrange(10, 9000)}",
                version=f"{choose.randrange(1, 12)}.{choose.randrange(40)}",
            ),
            advisory="",
            affected=False,
            kind="unnamed",
        )
        for place in range(IDENTITIES - len(named))
    ]
    every = [*named, *others]
    choose.shuffle(every)
    # A few models stand in every room and most stand once: each place in the list half as often as twice that place.
    weights = [1 / (1 + place) for place in range(len(every))]
    return choose.choices(every, weights, k=count)


@cache
def invented(word: str, copy: int) -> str:
    """A word that is none; the same for the same word and copy."""
    digest = hashlib.sha256(f"{copy} {word}".encode()).digest()
    return "".join(_SYLLABLES[byte % len(_SYLLABLES)] for byte in digest[: 3 + digest[9] % 2])


def _copied(content: bytes, copy: int) -> bytes:
    if not copy:
        return content
    document = json.loads(content)
    document["document"]["tracking"]["id"] += f"-{copy}"
    words = {word for name in _names(document) for word in map(str.lower, _WORD.findall(name))} - _GRAMMAR - generic()

    def other(match: re.Match[str]) -> str:
        word = match.group()
        if word.lower() not in words:
            return word
        new = invented(word.lower(), copy)
        return new.upper() if word.isupper() else new.title() if word[0].isupper() else new

    for node in _nodes(document.get("product_tree")):
        if node.get("category") in _NAMES or "product_id" in node:
            node["name"] = _WORD.sub(other, str(node.get("name", "")))
    text = _CVE.sub(lambda match: f"CVE-{match[1]}-{match[2]}{copy:02d}", json.dumps(document))
    return text.encode()


def _names(document: Any) -> Iterator[str]:
    return (
        str(node.get("name", "")) for node in _nodes(document.get("product_tree")) if node.get("category") in _NAMES
    )


def _nodes(at: Any) -> Iterator[dict[str, Any]]:
    waiting = [at]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield one
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
