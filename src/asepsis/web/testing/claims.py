"""What penetration tests found, as claims that findings and risk count: that something stands, never what shows it."""

from __future__ import annotations

import hashlib

from asepsis.exposure.reported.report import Claim, Severity, cves
from asepsis.exposure.reported.tying import ReportedFinding
from asepsis.kernel.time import SECOND_NS
from asepsis.web.testing.models import EngagementFinding

_GONE = (EngagementFinding.State.GONE,)


def tested() -> list[ReportedFinding]:
    """Findings of tests against devices, but for those that a retest saw gone; said to be fixed is not gone."""
    rows = EngagementFinding.objects.filter(device__isnull=False).exclude(state__in=_GONE).order_by("pk")
    return [_claimed(row) for row in rows]


def tests_said() -> str:
    """Names what tests say: another text after every change that counts."""
    rows = EngagementFinding.objects.filter(device__isnull=False).exclude(state__in=_GONE).order_by("pk")
    told = repr(list(rows.values_list("pk", "device_id", "severity", "title")))
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def _claimed(row: EngagementFinding) -> ReportedFinding:
    # Whoever sees findings need not see the test: its words, which may quote a secret, stay on the test's own page.
    return ReportedFinding(
        device=str(row.device_id),
        claim=Claim(
            number=f"penetration-test-{row.pk}",
            title=f"A penetration test found something: {row.get_severity_display().lower()}",
            severity=Severity(row.severity),
            base=None,
            port=0,
            transport="",
            vulnerabilities=cves(row.title),
            action="Look at the test, mend it, and let the testers see it again.",
        ),
        report=str(row.engagement_id),
        source="penetration test",
        at_ns=int(row.found.timestamp()) * SECOND_NS,
        believed=True,
        why=f"testers wrote it down on {row.found:%Y-%m-%d}; traffic has not shown it",
        contradictions=(),
    )
