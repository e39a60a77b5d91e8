"""Findings become threats with the scores, fixes and exploitation that the documents name."""

from __future__ import annotations

import pytest

from asepsis.exposure.advisory import Advisory, Remedy, Score, Status, Vulnerability
from asepsis.exposure.finding import Exposed, Finding, Verdict
from asepsis.exposure.risk.threats import impact_of, threats_of


def advisory(*vulnerabilities: Vulnerability) -> Advisory:
    return Advisory(
        id="X-1",
        title="",
        publisher="P",
        category="csaf_security_advisory",
        revision="",
        released="",
        updated="",
        products=(),
        vulnerabilities=vulnerabilities,
    )


def vulnerability(name: str, base: float, vector: str, *remedies: str) -> Vulnerability:
    return Vulnerability(
        id=name,
        title="",
        cwe="",
        status=(("p", Status.AFFECTED),),
        scores=(Score(version="3.1", vector=vector, base=base, products=("p",)),),
        remedies=tuple(Remedy(category=category, words="", products=("p",)) for category in remedies),
    )


def finding(answer: Exposed, *names: str, device: str = "d") -> Finding:
    verdict = Verdict(advisory="p\nx-1", answer=answer, vulnerabilities=names, product="", version="", words="", why="")
    return Finding(device=device, site="north", verdict=verdict, model=None, version=None)


VECTOR = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:H/A:N"
TOLD = advisory(vulnerability("CVE-1", 9.8, VECTOR, "vendor_fix"), vulnerability("CVE-2", 5.0, "", "mitigation"))


def test_scores_fixes_and_exploitation_come_from_the_documents() -> None:
    findings = [finding(Exposed.AFFECTED, "CVE-1"), finding(Exposed.CANNOT_TELL, "CVE-2")]
    found = threats_of(findings, [TOLD], exploited=frozenset({"CVE-2"}), likelihood={"CVE-1": 0.4})
    first, second = found["d"]
    assert (first.base, first.impact, first.epss, first.has_fix) == (9.8, (0.5, 1.0, 0.0), 0.4, True)
    assert (first.is_certain, first.is_exploited) == (True, False)
    assert (second.impact, second.epss, second.has_fix, second.is_certain, second.is_exploited) == (
        None,
        None,
        False,
        False,
        True,
    )


def test_not_affected_is_no_threat_and_certainty_wins() -> None:
    findings = [
        finding(Exposed.NOT_AFFECTED, "CVE-1", device="safe"),
        finding(Exposed.CANNOT_TELL, "CVE-1"),
        finding(Exposed.AFFECTED, "CVE-1"),
        finding(Exposed.CANNOT_TELL, "CVE-1"),
    ]
    found = threats_of(findings, [TOLD])
    assert set(found) == {"d"}
    assert [threat.is_certain for threat in found["d"]] == [True]


@pytest.mark.parametrize(
    ("vector", "impact"),
    [
        (VECTOR, (0.5, 1.0, 0.0)),
        ("AV:N/AC:L/Au:N/C:P/I:C/A:N", (0.5, 1.0, 0.0)),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:L/VA:N/SC:N/SI:N/SA:H", (1.0, 0.5, 0.0)),
        ("CVSS:3.1/AV:N/AC:L/C:H/I:H", None),
        ("", None),
    ],
)
def test_the_impact_is_read_from_every_version_of_a_vector(
    vector: str, impact: tuple[float, float, float] | None
) -> None:
    assert impact_of(vector) == impact
