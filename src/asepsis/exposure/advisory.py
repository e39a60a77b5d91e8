"""Advisories as values: what a publisher says of which product, whatever the format that it was said in.

CSAF 2.0 is the widest of the formats, so its words are used: a product has a status for each vulnerability.
"""

from __future__ import annotations

from enum import StrEnum

from asepsis.kernel.value import value


class Status(StrEnum):
    """What a document says of one product and one vulnerability (CSAF 2.0, 3.2.3.9 product_status)."""

    AFFECTED = "known_affected"
    FIRST_AFFECTED = "first_affected"
    LAST_AFFECTED = "last_affected"
    NOT_AFFECTED = "known_not_affected"
    FIXED = "fixed"
    FIRST_FIXED = "first_fixed"
    RECOMMENDED = "recommended"
    UNDER_INVESTIGATION = "under_investigation"


HARMED = frozenset((Status.AFFECTED, Status.FIRST_AFFECTED, Status.LAST_AFFECTED))
"""Statuses that say: this product has the weakness."""
CLEARED = frozenset((Status.NOT_AFFECTED, Status.FIXED, Status.FIRST_FIXED))
"""Statuses that say: this product does not have it, or no longer."""


@value
class Problem:
    """Something in a document that could not be read; the rest of it was."""

    where: str
    """The field, such as ``/product_tree/branches/0/name``; empty for the whole document."""
    why: str


@value
class Product:
    """One product of a document: a leaf of its tree, or two that stand in a relationship."""

    id: str
    """The document's own id; it means nothing outside it."""
    vendor: str
    name: str
    version: str
    """The words of the version or range branch; empty where the tree names none."""
    words: str
    """The full product name, as a person reads it."""
    family: str = ""
    module: str = ""
    """The product that this one is a part of or is installed on."""
    cpe: str = ""
    purls: tuple[str, ...] = ()
    hashes: tuple[str, ...] = ()
    """Digests of its files, of any kind (3.1.3.3.2)."""
    uris: tuple[str, ...] = ()
    """Addresses of its lists of components, and of itself by somebody's scheme (3.1.3.3.4 and 3.1.3.3.8)."""
    models: tuple[str, ...] = ()
    """Model numbers of a product identification helper; ``*`` and ``?`` stand for signs (CSAF 2.0, 3.1.3.3.5)."""
    serials: tuple[str, ...] = ()
    """Serial numbers of the helper, written in the same way (3.1.3.3.6); no other unit is meant."""
    skus: tuple[str, ...] = ()
    """Order numbers of the helper, which many makers print as the model (3.1.3.3.7)."""
    udis: tuple[str, ...] = ()
    """Device identifiers (UDI-DI) that a recall names."""
    is_range: bool = False
    """The branch says that it holds a range of versions, not a version."""


@value
class Score:
    """A CVSS score of a vulnerability for some products."""

    version: str
    vector: str
    base: float
    products: tuple[str, ...]


@value
class Remedy:
    """What the publisher tells the owners of some products to do."""

    category: str
    """``vendor_fix``, ``mitigation``, ``workaround``, ``no_fix_planned``, ``none_available``."""
    words: str
    products: tuple[str, ...]


@value
class Vulnerability:
    """One weakness and the products that have it or do not."""

    id: str
    """The CVE number, or the publisher's own id."""
    title: str
    cwe: str
    status: tuple[tuple[str, Status], ...]
    """(product id, status), in the document's order; a product may stand in several."""
    scores: tuple[Score, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    reasons: tuple[tuple[str, str], ...] = ()
    """(product id, why it is not affected), the words or the label of the publisher."""
    recall_class: str = ""
    """``I``, ``II`` or ``III`` where this is a recall and no vulnerability (21 CFR 7.3(m)); empty elsewhere."""
    product_code: str = ""
    """The FDA's three letters for the kind of device that a recall is about; empty where it does not say."""

    @property
    def base_score(self) -> float | None:
        """The highest CVSS base score, the newest kind of CVSS first; None where there is none."""
        best = max(self.scores, key=lambda score: (score.version, score.base), default=None)
        return None if best is None else best.base


@value
class Provenance:
    """Where a document came from."""

    path: str
    sha256: str
    signature: str = ""
    """``good``, ``unknown key``, ``expired key``, ``missing`` where the publisher says that it signs everything and did
    not, or empty where there was none to check."""


@value
class Advisory:
    """One document of one publisher."""

    id: str
    title: str
    publisher: str
    category: str
    """``csaf_security_advisory``, ``csaf_vex``, ``openvex``, ``cyclonedx_vex``, ``cve`` ..."""
    revision: str
    released: str
    """ISO 8601 in UTC, as the document gives it; empty where it does not."""
    updated: str
    products: tuple[Product, ...]
    vulnerabilities: tuple[Vulnerability, ...]
    address: str = ""
    """Where a person reads it."""
    provenance: Provenance = Provenance(path="", sha256="")
    problems: tuple[Problem, ...] = ()

    @property
    def key(self) -> str:
        """Tells a document from every other: publishers number theirs alone."""
        return f"{self.publisher}\n{self.id}".casefold()
