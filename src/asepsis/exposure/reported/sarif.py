"""SARIF 2.1.0 (OASIS): results whose place is the address of a device, as web and firmware scanners write them."""

from __future__ import annotations

import contextlib
import dataclasses
from collections import defaultdict
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from asepsis.exposure.advisory import Problem
from asepsis.exposure.feeds.document import Field, Notes, read_json
from asepsis.exposure.reported.report import (
    CLAIMS_IN_ALL_LIMIT,
    CLAIMS_LIMIT,
    HOSTS_LIMIT,
    Claim,
    Host,
    Report,
    ReportError,
    Severity,
    Tool,
    cves,
    number,
    severity_of,
    text,
)

# SARIF 2.1.0 3.27.10
_LEVELS: Final = {"error": Severity.HIGH, "warning": Severity.MEDIUM, "note": Severity.LOW, "none": Severity.NOTE}
RUNS_LIMIT: Final = 100
RULES_LIMIT: Final = 50_000


def read_sarif(content: bytes) -> Report:
    """Reads a file of SARIF 2.1.0.

    Raises:
        ReportError: It is none.
    """
    notes = Notes()
    root = read_json(content, notes)
    if isinstance(root, Problem):
        raise ReportError(f"it is no SARIF: {root.why}", code="report-unreadable")
    version = root.text("version")
    if not version.startswith("2.1"):
        raise ReportError(f"it is no SARIF 2.1: version {version[:20]!r}", code="report-unreadable")
    claims: dict[str, list[Claim]] = defaultdict(list)
    placeless = left_out = taken = 0
    program = ""
    for place, run in enumerate(root.items("runs")):
        if place >= RUNS_LIMIT:
            break
        driver = run.get("tool").get("driver")
        program = program or text(f"{driver.text('name')} {driver.text('version')}".strip())
        rules = {rule.text("id"): rule for count, rule in enumerate(driver.items("rules")) if count < RULES_LIMIT}
        for result in run.items("results"):
            found = _places(result)
            placeless += not found
            claim = _claim(result, rules.get(result.text("ruleId")))
            for host, port in found:
                if taken >= CLAIMS_IN_ALL_LIMIT or (host not in claims and len(claims) >= HOSTS_LIMIT):
                    left_out += 1
                elif len(claims[host]) < CLAIMS_LIMIT:
                    claims[host].append(_at(claim, port))
                    taken += 1
    problems = [f"{one.where}: {one.why}" for one in notes.problems[:20]]
    if placeless:
        problems.append(f"{placeless} results name no address of a device")
    if left_out:
        problems.append(f"it holds more than is read: {left_out} results were left out")
    return Report(
        tool=Tool.SARIF,
        program=program,
        name="",
        began_ns=0,
        hosts=tuple(_host(address, found) for address, found in claims.items()),
        problems=tuple(problems),
    )


def _claim(result: Field, rule: Field | None) -> Claim:
    message = result.get("message").text("text")
    title, base, advice = "", None, ""
    if rule is not None:
        title = rule.get("shortDescription").text("text") or rule.text("name")
        # What GitHub's and others' scanners agree on: the base score as a text among the rule's properties.
        base = number(rule.get("properties").get("security-severity").content, 10)
        advice = rule.get("help").text("text")
    level = result.text("level") or (rule.get("defaultConfiguration").text("level") if rule is not None else "")
    # 3.27.10: where nothing is said, the level is "warning".
    return Claim(
        number=text(result.text("ruleId"), 80),
        # A message may quote what was found, and that may be of a patient: the rule's own words stand for it.
        title=text(title or result.text("ruleId")),
        severity=severity_of(base) if base else _LEVELS.get(level, Severity.MEDIUM),
        base=base,
        port=0,
        transport="",
        vulnerabilities=cves(result.text("ruleId"), message),
        action=text(advice),
    )


def _places(result: Field) -> list[tuple[str, int]]:
    """Hosts that a result is about: addresses and names in the URIs of its locations (3.28, 3.4.3)."""
    found: dict[tuple[str, int], None] = {}
    for location in result.items("locations"):
        uri = location.get("physicalLocation").get("artifactLocation").text("uri")
        try:
            parts = urlsplit(uri[:2000])
            host, port = parts.hostname, parts.port
        except ValueError:
            continue
        if host and parts.scheme in ("http", "https", "tcp", "udp", "ftp", "ssh"):
            found[text(host, 253), port or {"https": 443, "http": 80}.get(parts.scheme, 0)] = None
    return list(found)


def _at(claim: Claim, port: int) -> Claim:
    return dataclasses.replace(claim, port=port, transport="tcp")


def _host(address: str, claims: list[Claim]) -> Host:
    ips: tuple[str, ...] = ()
    with contextlib.suppress(ValueError):
        ips = (str(ip_address(address)),)
    names = () if ips else (address,)
    return Host(ips=ips, names=names, macs=(), os="", at_ns=0, services=(), claims=tuple(claims))
