"""A small hospital with pumps that speak Telnet, examined as the engine would."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from asepsis.devices.device import Device as Known
from asepsis.exposure.risk import Facts, Threat, stability
from asepsis.exposure.weaknesses import KINDS, Weakness
from asepsis.kernel.time import SECOND_NS
from asepsis.pipeline.exposure import Documents, Examination
from asepsis.web.devices.models import Device

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PUMPS = ("pump000001", "pump000002", "pump000003")


def ns(moment: datetime) -> int:
    return int(moment.timestamp()) * SECOND_NS


def examined(
    *,
    weaknesses: frozenset[str] = frozenset({"telnet"}),
    seen: datetime = NOW,
    heard: datetime = NOW,
    controls: frozenset[str] = frozenset(),
) -> Examination:
    """Three pumps of one product at each of the sites that they stand in.

    Args:
        weaknesses: What they show.
        seen: When they showed it last.
        heard: When they were heard last.
        controls: Further vulnerabilities, by id.
    """
    threat = Threat(id="CVE-2021-33885", is_certain=True, base=9.8, impact=(1.0, 1.0, 1.0), has_fix=True)
    more = tuple(Threat(id=name, is_certain=True, base=5.0, impact=(0.5, 0.5, 0.5)) for name in sorted(controls))
    devices, facts, found = [], [], []
    for row in Device.objects.select_related("site").order_by("pk"):
        first = ns(NOW - timedelta(days=30))
        devices.append(
            Known(
                id=row.pk,
                site=row.site.name,
                macs=(),
                ips=(),
                names=(),
                category="infusion_pump",
                vendor="B. Braun",
                model="Infusomat Space",
                os=None,
                firmware=None,
                serial=None,
                udi=None,
                role=None,
                first_seen_ns=first,
                last_seen_ns=ns(heard),
                confidence={},
                evidence=(),
            )
        )
        facts.append(
            Facts(
                device=row.pk,
                category="infusion_pump",
                partners=4,
                networks=2,
                weaknesses=weaknesses,
                threats=(threat, *more),
                advisories_read=True,
                patients=1,
            )
        )
        found += [
            Weakness(device=row.pk, kind=KINDS[name], evidence=(), count=1, first_ns=first, last_ns=ns(seen))
            for name in sorted(weaknesses)
        ]
    return Examination(
        devices=devices,
        findings=(),
        weaknesses=found,
        facts=facts,
        assessments=(),
        advice=(),
        stability=stability(facts),
        documents=Documents(advisories=(), read=0, exploited=frozenset(), likelihood={}, classes={}),
        parts={},
    )
