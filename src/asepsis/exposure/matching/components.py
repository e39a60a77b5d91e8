"""Components against advisories: by the digest of a file, by package URL, by CPE, by name and version.

What a document says of a part *within* a product (a CSAF relationship, a subcomponent of OpenVEX) is said of that
product alone: the same part within another may well be exploitable. Such statements are asked for with ``within``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from enum import StrEnum
from urllib.parse import unquote

from asepsis.exposure.advisory import CLEARED, HARMED, Advisory, Product, Status
from asepsis.exposure.feeds.sbom import Component, digests
from asepsis.exposure.finding import Exposed
from asepsis.exposure.matching.identifiers import cpe, purl
from asepsis.exposure.matching.names import plain
from asepsis.exposure.matching.packages import placed
from asepsis.exposure.matching.range_text import read_range
from asepsis.exposure.matching.ranges import Answer, Range, place
from asepsis.exposure.matching.version import version
from asepsis.kernel.value import value


class By(StrEnum):
    """What a component and a product have in common."""

    PURL = "purl"
    CPE = "cpe"
    NAME = "name"
    MAKER = "maker"
    """The statement is about every product of a maker."""
    LINK = "link"
    """The document refers to the list itself (CycloneDX, BOM-Link)."""
    DIGEST = "digest"
    """It is the very file: the advisory and the list name the same SHA-256 or longer."""


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
    is_statement: bool = False
    """The document names this version as not affected; without it, "not affected" follows from a range."""
    reason: str = ""
    """Why it is not affected, in the publisher's words or label."""


class ComponentMatcher:
    """Products of advisories by what names them."""

    def __init__(self, advisories: Iterable[Advisory]) -> None:
        self._index: dict[tuple[By, object], list[tuple[Advisory, Product]]] = defaultdict(list)
        self._within: dict[tuple[By, object], list[tuple[Advisory, Product]]] = defaultdict(list)
        self._status: dict[tuple[str, str], list[tuple[str, Status]]] = defaultdict(list)
        self._reasons: dict[tuple[str, str, str], str] = {}
        for advisory in advisories:
            for vulnerability in advisory.vulnerabilities:
                for number, status in vulnerability.status:
                    self._status[advisory.key, number].append((vulnerability.id, status))
                for number, reason in vulnerability.reasons:
                    self._reasons.setdefault((advisory.key, vulnerability.id, number), reason)
            for product in advisory.products:
                index = self._within if product.module else self._index
                for key in _product_keys(product):
                    index[key].append((advisory, product))

    def verdicts(self, component: Component, *, serial: str = "") -> Iterator[ComponentVerdict]:
        """One verdict for each advisory and vulnerability that speaks of the component; the worst word counts.

        Args:
            component: A part, or a whole product.
            serial: The serial number of the list that it stands in, by which documents may refer to it.
        """
        found: dict[tuple[str, str], ComponentVerdict] = {}
        for key in _all_keys(component, serial):
            for advisory, product in self._index.get(key, ()):
                if key[0] is By.NAME and not _same_maker(component, product):
                    continue
                _judge(found, self._judged(component, advisory, product, key[0]))
        for at in sorted(found):
            yield found[at]

    def within(self, whole: Component, part: Component, *, serial: str = "") -> Iterator[ComponentVerdict]:
        """As ``verdicts``, from what documents say of a part within this product and no other."""
        found: dict[tuple[str, str], ComponentVerdict] = {}
        for key in _all_keys(whole, serial):
            for advisory, product in self._within.get(key, ()):
                if key[0] is By.NAME and not _same_maker(whole, product):
                    continue
                if _is_part(part, product.module):
                    _judge(found, self._judged(part, advisory, product, key[0], versions_of=whole))
        for at in sorted(found):
            yield found[at]

    def _judged(
        self,
        component: Component,
        advisory: Advisory,
        product: Product,
        by: By,
        *,
        versions_of: Component | None = None,
    ) -> Iterator[ComponentVerdict]:
        if by is By.DIGEST:
            inside, why = Answer.YES, "its file has a digest that the document lists"
        else:
            inside, why = _inside(versions_of or component, product, is_linked=by is By.LINK)
        # A CVE record lists what it does not mean, to bound its ranges; that is nobody's word on a product.
        is_word = advisory.category != "cve"
        for vulnerability, status in self._status[advisory.key, product.id]:
            answer = _answer(status, inside)
            if answer is not None:
                yield ComponentVerdict(
                    component=component,
                    advisory=advisory.key,
                    vulnerability=vulnerability,
                    answer=answer,
                    by=by,
                    words=f"{product.words} ({status.value.replace('_', ' ')})",
                    why=why,
                    is_statement=is_word and status in CLEARED and answer is Exposed.NOT_AFFECTED,
                    reason=self._reasons.get((advisory.key, vulnerability, product.id), ""),
                )


def _judge(found: dict[tuple[str, str], ComponentVerdict], verdicts: Iterable[ComponentVerdict]) -> None:
    for one in verdicts:
        at = one.advisory, one.vulnerability
        if at not in found or _rank(one) > _rank(found[at]):
            found[at] = one


def _rank(one: ComponentVerdict) -> tuple[int, bool]:
    # A statement tells more than a range that a version lies outside of.
    return _WORSE[one.answer], one.is_statement


_WORSE = {Exposed.NOT_AFFECTED: 0, Exposed.CANNOT_TELL: 1, Exposed.AFFECTED: 2}


def _keys(purls: Iterable[str], cpes: Iterable[str], name: str, maker: str = "") -> Iterator[tuple[By, object]]:
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
    elif plain(maker):
        yield By.MAKER, plain(maker)


_LINK = "urn:cdx:"


def _all_keys(component: Component, serial: str) -> Iterator[tuple[By, object]]:
    for digest in component.digests:
        yield By.DIGEST, digest
    if serial and component.ref:
        yield By.LINK, (serial.lower().removeprefix("urn:uuid:"), component.ref)
    yield from _keys(component.purls, component.cpes, component.name)
    if plain(component.maker):
        yield By.MAKER, plain(component.maker)


def _product_keys(product: Product) -> Iterator[tuple[By, object]]:
    # Another file of the same product has another digest, so one that differs says nothing.
    for digest in digests(product.hashes):
        yield By.DIGEST, digest
    for uri in product.uris:
        if uri.startswith(_LINK):
            serial, _, ref = uri.removeprefix(_LINK).partition("#")
            yield By.LINK, (serial.partition("/")[0].lower(), unquote(ref))
    # CycloneDX, BOM-Link: urn:cdx:serial/version#bom-ref; behind it stand the words of the version.
    if product.id.startswith(_LINK):
        serial, _, ref = product.id.removeprefix(_LINK).partition("#")
        ref = ref.removesuffix(f" {product.version}") if product.version else ref
        yield By.LINK, (serial.partition("/")[0].lower(), unquote(ref))
        if product.name == ref:
            # The list that it points into is not at hand, and a reference is no name.
            return
    inner = purl(product.module) if product.module else None
    # OpenVEX names the part beside the product; the product's own name is what it is found by.
    urls = [one for one in product.purls if inner is None or purl(one) != inner]
    yield from _keys(urls, (product.cpe,), product.name, product.vendor)


def _is_part(part: Component, module: str) -> bool:
    """Whether the words or the identifier of a part are this component."""
    named = purl(module)
    if named is not None:
        ours = [one for one in map(purl, part.purls) if one is not None]
        return any(
            one.key == named.key and (not named.version or named.version == (one.version or part.version))
            for one in ours
        )
    words = plain(module)
    return words in (plain(part.name), plain(f"{part.name} {part.version}"), plain(f"{part.maker} {part.name}"))


def _same_maker(component: Component, product: Product) -> bool:
    """A name alone is enough only where neither side says another maker."""
    ours, theirs = plain(component.maker), plain(product.vendor)
    return not ours or not theirs or ours in theirs or theirs in ours


def _inside(component: Component, product: Product, *, is_linked: bool) -> tuple[Answer, str]:
    """Whether the component's version is the product's or in its range."""
    if is_linked and not product.version:
        return Answer.YES, "the document refers to this list of components"
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
    for package in filter(None, map(purl, component.purls)):
        ordered = placed(package.type, shown, wanted)
        if ordered is not None:
            return ordered.answer, ordered.why
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
