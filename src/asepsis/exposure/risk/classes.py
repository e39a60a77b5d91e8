"""What the FDA says of a device's own product code, where a recall ties its model to one.

In: findings of recalls and the FDA's table of product codes. Out: for a device, its class and whether it sustains life.
A recall ties only where maker and model are the device's: it answers "affected", or leaves open nothing but the unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from asepsis.exposure.advisory import Advisory
from asepsis.exposure.feeds.fda import ProductClass
from asepsis.exposure.feeds.recalls import UNITS
from asepsis.exposure.finding import Exposed, Finding
from asepsis.exposure.risk.facts import Classified

_CLASSES: Final = {"1": 1, "2": 2, "3": 3}


def classified_of(
    findings: Iterable[Finding], advisories: Iterable[Advisory], classes: Mapping[str, ProductClass]
) -> dict[str, Classified]:
    """The FDA's word on each device that recalls tie to one product code, or to several of which it says the same.

    Args:
        findings: Of all devices.
        advisories: Those that the findings rest on.
        classes: Product code to what the FDA says of it.
    """
    if not classes:
        return {}
    codes = {
        advisory.key: code
        for advisory in advisories
        for vulnerability in advisory.vulnerabilities
        if (code := vulnerability.product_code) in classes
    }
    found: dict[str, dict[str, Classified]] = {}
    for one in findings:
        verdict = one.verdict
        if verdict.advisory not in codes or one.component:
            continue
        code = codes[verdict.advisory]
        if verdict.answer is Exposed.AFFECTED or (verdict.answer is Exposed.CANNOT_TELL and UNITS in verdict.tells):
            told = classes[code]
            found.setdefault(one.device, {})[code] = Classified(
                code=code,
                fda_class=_CLASSES.get(told.device_class),
                regulation=told.regulation,
                sustains_life=told.life_sustaining,
            )
    agreed = {}
    for device, said in found.items():
        if len({(one.fda_class, one.sustains_life) for one in said.values()}) == 1:
            agreed[device] = said[min(said)]
    return agreed
