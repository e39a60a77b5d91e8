"""Findings and points of risk that follow a device through a merge."""

from __future__ import annotations

from asepsis.web.exposure.models import Finding, RiskPoint


def follow(old: str, new: str) -> None:
    """Moves the history of a device that was merged into another; of what both have, the earlier counts."""
    held = {(row.source, row.key): row for row in Finding.objects.filter(device=new)}
    for row in Finding.objects.filter(device=old):
        same = held.get((row.source, row.key))
        if same is None:
            Finding.objects.filter(pk=row.pk).update(device=new)
        elif row.first_found < same.first_found:
            Finding.objects.filter(pk=same.pk).update(first_found=row.first_found)
    days = RiskPoint.objects.filter(device=new).values_list("on", flat=True)
    RiskPoint.objects.filter(device=old).exclude(on__in=list(days)).update(device=new)
