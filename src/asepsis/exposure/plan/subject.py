"""What the plan needs to know of a device."""

from __future__ import annotations

from typing import NamedTuple

from asepsis.exposure.risk.facts import Facts
from asepsis.kernel.value import value


@value
class Remedial:
    """What a publisher tells the owners of a product to do, in its own words."""

    advisory: str
    """Its number, as people cite it."""
    category: str
    """``vendor_fix``, ``mitigation``, ``workaround``, ``no_fix_planned``, ``none_available`` (CSAF 2.0, 3.2.3.12.1)."""
    words: str


class Product(NamedTuple):
    """Devices that one piece of work covers: of one site and of one product, as far as it is known."""

    site: str
    category: str
    vendor: str
    model: str


@value
class Subject:
    """One device."""

    id: str
    site: str
    facts: Facts
    vendor: str | None = None
    model: str | None = None
    remedies: tuple[Remedial, ...] = ()

    @property
    def product(self) -> Product:
        """Devices whose model is not known are one product by their maker and kind."""
        return Product(
            site=self.site, category=self.facts.category or "", vendor=self.vendor or "", model=self.model or ""
        )
