"""The list of the maintenance system beside what was seen: the sides of the reconciliation that a person may see."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from asepsis.kernel.value import value
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import visible
from asepsis.web.cmms.models import ListedAsset
from asepsis.web.devices.models import Device
from asepsis.web.facilities.models import Site
from asepsis.web.facilities.reach import sites_of
from asepsis.web.people.models import Person


@value
class Sides:
    """Rows of the list and devices, as one person may see them."""

    rows: QuerySet[ListedAsset]
    devices: QuerySet[Device]
    sites: tuple[Site, ...]

    @property
    def unlisted(self) -> QuerySet[Device]:
        """Seen, and on no list of a site that has one."""
        return self.devices.filter(listed=None, site__in=self.rows.values("site"))

    def listed(self, side: str) -> QuerySet[ListedAsset]:
        """``unseen``, ``contradicting`` or ``tied`` rows."""
        if side == "unseen":
            return self.rows.filter(device=None)
        if side == "contradicting":
            return self.rows.exclude(contradictions=[])
        return self.rows.exclude(device=None)

    def counts(self) -> dict[str, int]:
        """How many there are on each side."""
        sides = {side: self.listed(side).count() for side in ("unseen", "contradicting", "tied")}
        return {**sides, "unlisted": self.unlisted.count()}


def sides_of(person: Person) -> Sides:
    """The sides that a person may see: of devices that may be listed, and of sites in the whole."""
    devices = visible(person, Action.DEVICE_LIST, Device.objects.select_related("site"))
    sites = sites_of(person, Action.DEVICE_LIST)
    rows = ListedAsset.objects.filter(Q(device__in=devices) | Q(device=None, site__in=sites))
    return Sides(rows=rows, devices=devices, sites=tuple(sites))
