"""A product's list of components against advisories and VEX: what its parts mean for the product.

A part with a known vulnerability does not make the product vulnerable: its maker may say that the code is not there or
cannot be reached. Such a word (VEX) silences the part's verdict when it comes from somebody who can know: the maker of
the product, the maker of the part, or a document that names nobody and that the hospital loaded itself. The word of
anybody else is not believed, and a maker's "affected" outweighs every "not affected".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

from asepsis.exposure.advisory import Advisory
from asepsis.exposure.feeds.sbom import Bill, Component
from asepsis.exposure.finding import Exposed, Verdict
from asepsis.exposure.matching.components import By, ComponentMatcher, ComponentVerdict
from asepsis.exposure.matching.makers import makers
from asepsis.exposure.paper import Subject
from asepsis.kernel.value import value

# Verdicts on one list that are kept: a list of 10,000 components against all CVE records has some thousand.
VERDICTS_LIMIT: Final = 20_000


@value
class PartVerdict:
    """What one advisory says of one part of a product, for vulnerabilities that share the answer."""

    component: str
    """Name and version as the list gives them; empty where the product as a whole is meant."""
    verdict: Verdict
    by: By
    silenced_by: str = ""
    """The key of the document whose word clears the product of what the advisory says of the part."""

    def document(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "component": self.component,
            "advisory": self.verdict.advisory,
            "answer": str(self.verdict.answer),
            "vulnerabilities": list(self.verdict.vulnerabilities),
            "product": self.verdict.product,
            "words": self.verdict.words,
            "why": self.verdict.why,
            "tells": self.verdict.tells,
            "by": str(self.by),
            "silenced_by": self.silenced_by,
        }


class PartMatcher:
    """All advisories, indexed for lists of components. It is not changed once it is made."""

    def __init__(self, advisories: Iterable[Advisory]) -> None:
        self._advisories = {advisory.key: advisory for advisory in advisories}
        self._matcher = ComponentMatcher(self._advisories.values())

    def verdicts(self, subject: Subject, bill: Bill, own: Advisory | None = None) -> tuple[PartVerdict, ...]:
        """What the advisories mean for a product, through its parts.

        Versions that lie outside of what an advisory names give no verdict; a word that clears does.

        Args:
            subject: The product.
            bill: Its list of components.
            own: The vulnerabilities that stand in the list itself (CycloneDX); they are said of this product alone.
        """
        known = self._advisories if own is None else {**self._advisories, own.key: own}
        matchers = [self._matcher] if own is None else [self._matcher, ComponentMatcher([own])]
        whole = _whole(subject, bill)
        of_product = [one for each in matchers for one in each.verdicts(whole, serial=bill.serial)]
        words = _Words(subject, known)
        found: list[PartVerdict] = []
        for one in of_product:
            if one.answer is not Exposed.NOT_AFFECTED and words.may_speak(one):
                found.append(_part(one, ""))
        for component in bill.components:
            said = [one for each in matchers for one in each.verdicts(component, serial=bill.serial)]
            nearer = [one for each in matchers for one in each.within(whole, component, serial=bill.serial)]
            found.extend(words.weigh(component, said, [*nearer, *of_product]))
            if len(found) >= VERDICTS_LIMIT:
                break
        return tuple(_joined(found[:VERDICTS_LIMIT]))


class _Words:
    """Whose word counts for one product."""

    def __init__(self, subject: Subject, advisories: dict[str, Advisory]) -> None:
        self._maker = subject.maker
        self._advisories = advisories

    def may_speak(self, one: ComponentVerdict) -> bool:
        """Whether the publisher can know: it made the product or what it speaks of, or names nobody."""
        publisher = self._advisories[one.advisory].publisher
        if not publisher:
            return True
        theirs = makers(publisher)
        return any(theirs & makers(maker) for maker in (self._maker, one.component.maker) if maker)

    def _is_own(self, one: ComponentVerdict) -> bool:
        """Whether the maker of the product says it, of whatever part."""
        publisher = self._advisories[one.advisory].publisher
        return bool(publisher and self._maker and makers(publisher) & makers(self._maker))

    def weigh(
        self, component: Component, said: list[ComponentVerdict], of_product: list[ComponentVerdict]
    ) -> Iterator[PartVerdict]:
        """The verdicts on one part, silenced where somebody who can know says so of the product or of the part."""
        accused = {
            one.vulnerability
            for one in (*of_product, *(each for each in said if self._is_own(each)))
            if one.answer is Exposed.AFFECTED and self.may_speak(one)
        }
        cleared: dict[str, ComponentVerdict] = {}
        for one in (*of_product, *said):
            if one.is_statement and one.vulnerability not in accused and self.may_speak(one):
                cleared.setdefault(one.vulnerability, one)
        spoken = {one.vulnerability for one in said if one.answer is not Exposed.NOT_AFFECTED}
        name = f"{component.name} {component.version}".strip()
        for one in said:
            clearing = cleared.get(one.vulnerability)
            if one.answer is not Exposed.NOT_AFFECTED:
                yield _part(one, name) if clearing is None else self._silenced(one, clearing, name)
            elif clearing is one and one.vulnerability not in spoken:
                yield self._silenced(one, one, name)
        for one in of_product:
            # What the maker says of this part within this product, where no advisory speaks of the part by itself.
            if one.component is component and one.vulnerability not in {each.vulnerability for each in said}:
                if one.is_statement and cleared.get(one.vulnerability) is one:
                    yield self._silenced(one, one, name)
                elif one.answer is not Exposed.NOT_AFFECTED and self.may_speak(one):
                    yield _part(one, name)

    def _silenced(self, one: ComponentVerdict, clearing: ComponentVerdict, name: str) -> PartVerdict:
        publisher = self._advisories[clearing.advisory].publisher or "a document that names no publisher"
        reason = clearing.reason.replace("_", " ") or clearing.words
        why = f"{publisher} says that it is not affected: {reason}"
        cleared = replace(_part(one, name).verdict, answer=Exposed.NOT_AFFECTED, why=why, tells="")
        return PartVerdict(component=name, verdict=cleared, by=one.by, silenced_by=clearing.advisory)


def _part(one: ComponentVerdict, name: str) -> PartVerdict:
    tells = ""
    if one.answer is Exposed.CANNOT_TELL:
        lacks = not one.component.version
        tells = f"the version of {one.component.name}" if lacks else "the publisher's word on this version"
    verdict = Verdict(
        advisory=one.advisory,
        answer=one.answer,
        vulnerabilities=(one.vulnerability,),
        product=one.component.name,
        version=one.component.version,
        words=one.words,
        why=one.why,
        tells=tells,
    )
    return PartVerdict(component=name, verdict=verdict, by=one.by)


def _joined(found: Iterable[PartVerdict]) -> Iterator[PartVerdict]:
    """One verdict for the vulnerabilities of an advisory that share everything else."""
    alike: dict[PartVerdict, list[str]] = defaultdict(list)
    for one in found:
        alike[replace(one, verdict=replace(one.verdict, vulnerabilities=()))].extend(one.verdict.vulnerabilities)
    for shared, vulnerabilities in alike.items():
        named = tuple(dict.fromkeys(vulnerabilities))
        yield replace(shared, verdict=replace(shared.verdict, vulnerabilities=named))


def _whole(subject: Subject, bill: Bill) -> Component:
    """The product as documents may name it: a person's word on maker and model goes before the list's own."""
    product = bill.product
    return replace(
        product,
        name=subject.model or product.name,
        version=product.version or subject.version,
        maker=subject.maker or product.maker,
    )
