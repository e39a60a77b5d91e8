"""What changed for the devices between two sets of findings: the same two sets always give the same answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from asepsis.exposure.finding import Finding

Key = tuple[str, str, str]
"""(device, advisory, vulnerability)"""


def changes(before: Iterable[Finding], after: Iterable[Finding]) -> list[dict[str, Any]]:
    """Findings that came, went or answer differently, by device, advisory and answers.

    Vulnerabilities of one advisory that changed in the same way for a device stand in one row.
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


def _answers(findings: Iterable[Finding]) -> dict[Key, str]:
    found: dict[Key, str] = {}
    for finding in findings:
        for vulnerability in finding.verdict.vulnerabilities:
            found[finding.device, finding.verdict.advisory, vulnerability] = str(finding.verdict.answer)
    return found
