"""Components against advisories: by package URL, by CPE, by name and version, in this order of trust."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from enum import StrEnum

from asepsis.exposure.advisory import CLEARED, HARMED, Advisory, Product, Status
from asepsis.exposure.feeds.sbom import Component
from asepsis.exposure.finding import Exposed
from asepsis.exposure.matching.identifiers import cpe, purl
from asepsis.exposure.matching.names import plain
from asepsis.exposure.matching.range_text import read_range
from asepsis.exposure.matching.ranges import Answer, Range, place
from asepsis.exposure.matching.version import version
from asepsis.kernel.value import value


class By(StrEnum):
    """What a component and a product have in common."""

    PURL = "purl"
    CPE = "cpe"
    NAME = "name"


@value
class ComponentVerdict:
    """What an advisory says of a component and one vulnerability."""

    component: Component
    advisory: str
    vulnerability: str
    answer: Exposed
    by: By
    words: str
    why: str


class ComponentMatcher:
    """Products of advisories by what names them."""

    def __init__(self, advisories: Iterable[Advisory]) -> None:
        self._index: dict[tuple[By, object], list[tuple[Advisory, Product]]] = defaultdict(list)
        self._status: dict[tuple[str, str], list[tuple[str, Status]]] = defaultdict(list)
        for advisory in advisories:
            for vulnerability in advisory.vulnerabilities:
                for number, status in vulnerability.status:
                    self._status[advisory.key, number].append((vulnerability.id, status))
            for product in advisory.products:
                for key in _keys(product.purls, (product.cpe,), product.name):
                    self._index[key].append((advisory, product))

    def verdicts(self, component: Component) -> Iterator[ComponentVerdict]:
        """One verdict for each advisory and vulnerability that speaks of the component; the worst word counts."""
        found: dict[tuple[str, str], ComponentVerdict] = {}
        for key in _keys(component.purls, component.cpes, component.name):
            for advisory, product in self._index.get(key, ()):
                if key[0] is By.NAME and not _same_maker(component, product):
                    continue
                inside, why = _inside(component, product)
                for vulnerability, status in self._status[advisory.key, product.id]:
                    answer = _answer(status, inside)
                    at = advisory.key, vulnerability
                    if answer is None or (at in found and _WORSE[answer] <= _WORSE[found[at].answer]):
                        continue
                    found[at] = ComponentVerdict(
                        component=component,
                        advisory=advisory.key,
                        vulnerability=vulnerability,
                        answer=answer,
                        by=key[0],
                        words=f"{product.words} ({status.value.replace('_', ' ')})",
                        why=why,
                    )
        for at in sorted(found):
            yield found[at]


_WORSE = {Exposed.NOT_AFFECTED: 0, Exposed.CANNOT_TELL: 1, Exposed.AFFECTED: 2}


def _keys(purls: Iterable[str], cpes: Iterable[str], name: str) -> Iterator[tuple[By, object]]:
    for text in purls:
        package = purl(text)
        if package is not None:
            yield By.PURL, package.key
    for text in cpes:
        platform = cpe(text)
        if platform is not None:
            yield By.CPE, (platform.vendor, platform.product)
    if plain(name):
        yield By.NAME, plain(name)


def _same_maker(component: Component, product: Product) -> bool:
    """A name alone is enough only where neither side says another maker."""
    ours, theirs = plain(component.maker), plain(product.vendor)
    return not ours or not theirs or ours in theirs or theirs in ours


def _inside(component: Component, product: Product) -> tuple[Answer, str]:
    """Whether the component's version is the product's or in its range."""
    shown = component.version or next((one.version for one in map(purl, component.purls) if one and one.version), "")
    words = product.version
    if not words:
        words = next((one.version for one in map(purl, product.purls) if one and one.version), "")
    if not words and product.cpe:
        platform = cpe(product.cpe)
        words = platform.version if platform else ""
    wanted = read_range(words) if words else Range(words="", everything=True)
    if wanted.unread and words == shown:
        return Answer.YES, f"{shown} is named"
    placing = place(version(shown), wanted)
    return placing.answer, placing.why


def _answer(status: Status, inside: Answer) -> Exposed | None:
    """What a status means for a version; None where the statement is about other versions and says nothing here."""
    if inside is Answer.CANNOT_TELL:
        return Exposed.CANNOT_TELL
    if status in HARMED:
        return Exposed.AFFECTED if inside is Answer.YES else Exposed.NOT_AFFECTED
    if inside is Answer.NO:
        return None
    if status in CLEARED:
        return Exposed.NOT_AFFECTED
    return Exposed.CANNOT_TELL if status is Status.UNDER_INVESTIGATION else None
