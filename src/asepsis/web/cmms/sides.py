"""The list of the maintenance system beside what was seen: the sides of the reconciliation that a person may see."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Max, Q, QuerySet

from asepsis.kernel.value import value
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import visible
from asepsis.web.cmms.models import AssetImport, ListedAsset
from asepsis.web.devices.models import Device
from asepsis.web.facilities.models import Site
from asepsis.web.facilities.reach import sites_of
from asepsis.web.people.models import Person
from asepsis.web.remembered import counted, version


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
        """How many there are on each side; counted once until devices change or another list is applied."""
        of = f"{version()} {self.listed_at()}"
        sides = {side: counted(self.listed(side), of) for side in ("unseen", "contradicting", "tied")}
        return {**sides, "unlisted": counted(self.unlisted, of)}

    def listed_at(self) -> datetime | None:
        """When a list was last applied to one of the sites."""
        applied = AssetImport.objects.filter(state=AssetImport.State.APPLIED, site__in=self.sites)
        at: datetime | None = applied.aggregate(at=Max("decided"))["at"]
        return at


def sides_of(person: Person) -> Sides:
    """The sides that a person may see: of devices that may be listed, and of sites in the whole."""
    devices = visible(person, Action.DEVICE_LIST, Device.objects.select_related("site"))
    sites = sites_of(person, Action.DEVICE_LIST)
    rows = ListedAsset.objects.filter(Q(device__in=devices) | Q(device=None, site__in=sites))
    return Sides(rows=rows, devices=devices, sites=tuple(sites))
