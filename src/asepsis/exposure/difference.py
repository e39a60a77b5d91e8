"""What changed for the devices between two sets of findings: the same two sets always give the same answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from asepsis.exposure.finding import Finding, Verdict

Key = tuple[str, str, str]
"""(device, advisory, vulnerability)"""


def changes(before: Iterable[Finding], after: Iterable[Finding]) -> list[dict[str, Any]]:
    """As ``changes_of``, of findings."""
    return changes_of(
        ((finding.device, finding.verdict) for finding in before),
        ((finding.device, finding.verdict) for finding in after),
    )


def changes_of(before: Iterable[tuple[str, Verdict]], after: Iterable[tuple[str, Verdict]]) -> list[dict[str, Any]]:
    """Verdicts on devices that came, went or answer differently, by device, advisory and answers.

    Vulnerabilities of one advisory that changed in the same way for a device stand in one row.

    Args:
        before: (device, verdict); what did not change may be left out on both sides.
        after: The same, of now.
    """
    earlier, later = _answers(before), _answers(after)
    rows: dict[tuple[str, str, str, str], list[str]] = {}
    for key in sorted(earlier.keys() | later.keys()):
        was, now = earlier.get(key, ""), later.get(key, "")
        if was != now:
            rows.setdefault((key[0], key[1], was, now), []).append(key[2])
    return [
        {
            "device": device,
            "advisory": advisory.rpartition("\n")[2].upper(),
            "before": was or None,
            "after": now or None,
            "vulnerabilities": vulnerabilities,
        }
        for (device, advisory, was, now), vulnerabilities in sorted(rows.items())
    ]


def _answers(verdicts: Iterable[tuple[str, Verdict]]) -> dict[Key, str]:
    found: dict[Key, str] = {}
    for device, verdict in verdicts:
        for vulnerability in verdict.vulnerabilities:
            found[device, verdict.advisory, vulnerability] = str(verdict.answer)
    return found
