"""Papers: what a maker publishes about one product, a disclosure form (MDS2) or a list of components (SBOM).

A paper speaks of a product; devices are of that product or are not. Whom it speaks of is told from maker, model and
version as advisories are matched, and people have the last word.
"""

from __future__ import annotations

from enum import StrEnum

from asepsis.exposure.identity import Identity
from asepsis.exposure.matching.makers import makers, words_of
from asepsis.exposure.matching.names import Likeness, device_reading, likeness, read_name
from asepsis.exposure.matching.range_text import read_range
from asepsis.exposure.matching.ranges import Answer, place
from asepsis.exposure.matching.version import version
from asepsis.exposure.matching.vocabulary import atoms
from asepsis.kernel.value import value


class PaperKind(StrEnum):
    """What a paper is."""

    MDS2 = "mds2"
    SBOM = "sbom"


@value
class Subject:
    """The product that a paper speaks of; what it leaves open is empty."""

    maker: str
    model: str
    version: str
    """A version, or a range in words; empty means every version."""

    @property
    def words(self) -> str:
        """As a person names it."""
        return " ".join(filter(None, (self.maker, self.model, self.version))) or "a product that it does not name"


class Tie(StrEnum):
    """Why a paper holds of a device."""

    PERSON = "tied by a person"
    VERSION = "same model and version"
    MODEL = "same model; the paper speaks of every version"
    UNSURE = "same model; whether of the same version is not known"


def tie(subject: Subject, identity: Identity) -> Tie | None:
    """Whether a product is the device's; None where it is another, or where maker or model are not known."""
    if not (subject.maker and subject.model and identity.vendor and identity.model):
        return None
    theirs = makers(subject.maker)
    if not theirs & makers(identity.vendor):
        return None
    noise = words_of(theirs).union(atoms(subject.maker))
    found, _ = likeness(device_reading(identity.model, noise), read_name(subject.model, "", noise), frozenset())
    if found not in (Likeness.SAME, Likeness.EXACT, Likeness.VERBATIM):
        return None
    if not subject.version:
        return Tie.MODEL
    shown = identity.version
    if subject.version == shown:
        return Tie.VERSION
    placed = place(version(shown) if shown else None, read_range(subject.version)).answer
    return {Answer.YES: Tie.VERSION, Answer.CANNOT_TELL: Tie.UNSURE, Answer.NO: None}[placed]
