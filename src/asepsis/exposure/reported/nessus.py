"""Nessus' own format, version 2 (``.nessus``): one element a host, one item a plugin that had something to say."""

from __future__ import annotations

from typing import Final

from asepsis.exposure.reported.elements import Element, read
from asepsis.exposure.reported.report import (
    CLAIMS_LIMIT,
    Claim,
    Host,
    Hosts,
    Report,
    Service,
    Severity,
    Tool,
    cves,
    mac,
    number,
    text,
)
from asepsis.kernel.time import SECOND_NS

_SEVERITIES: Final = {
    "4": Severity.CRITICAL,
    "3": Severity.HIGH,
    "2": Severity.MEDIUM,
    "1": Severity.LOW,
    "0": Severity.NOTE,
}
# What Nessus says of programs that use a vulnerability: any published one, one in malware, one in a kit of testers.
_PUBLISHED: Final = ("exploit_available", "exploited_by_malware", "exploit_framework_metasploit")


def read_nessus(content: bytes) -> Report:
    """Reads a file of Nessus or Tenable, version 2.

    Raises:
        ReportError: It is none.
    """
    hosts = Hosts()

    def take(element: Element) -> None:
        if hosts.has_room:
            hosts.add(_host(element))

    _, wrong = read(content, root="NessusClientData_v2", whole=("ReportHost",), take=take)
    return Report(
        tool=Tool.NESSUS,
        program="Nessus",
        name="",
        began_ns=min((host.at_ns for host in hosts.found if host.at_ns), default=0),
        hosts=tuple(hosts.found),
        problems=hosts.problems(wrong),
    )


def _host(element: Element) -> Host:
    told = {tag.get("name"): tag.text.strip() for each in element.all("HostProperties") for tag in each.all("tag")}
    items = element.all("ReportItem")[:CLAIMS_LIMIT]
    services: dict[tuple[int, str], Service] = {}
    for item in items:
        port = int(number(item.get("port"), 65535) or 0)
        transport = text(item.get("protocol"), 8)
        if port and transport in ("tcp", "udp"):
            name = text(item.get("svc_name"), 40).rstrip("?")
            services.setdefault((port, transport), Service(port=port, transport=transport, name=name, product=""))
    return Host(
        ips=tuple(dict.fromkeys(text(one, 45) for one in (told.get("host-ip", ""), _address(element)) if one)),
        macs=tuple(found for one in told.get("mac-address", "").split() if (found := mac(one))),
        names=tuple(text(told[name], 253) for name in ("host-fqdn", "netbios-name") if told.get(name)),
        os=text(told.get("operating-system", "").split("\n")[0], 100),
        at_ns=_moment(told.get("HOST_END_TIMESTAMP") or told.get("HOST_START_TIMESTAMP", "")),
        services=tuple(services[key] for key in sorted(services)),
        claims=tuple(_claim(item) for item in items if item.get("severity") != "0"),
    )


def _address(element: Element) -> str:
    name = element.get("name")
    return name if name.replace(".", "").isdigit() or ":" in name else ""


def _claim(item: Element) -> Claim:
    base = number(item.first("cvss3_base_score").text or item.first("cvss_base_score").text, 10)
    return Claim(
        number=text(item.get("pluginID"), 20),
        title=text(item.get("pluginName")),
        severity=_SEVERITIES.get(item.get("severity"), Severity.NOTE),
        base=base,
        port=int(number(item.get("port"), 65535) or 0),
        transport=text(item.get("protocol"), 8),
        vulnerabilities=cves(*(each.text for each in item.all("cve"))),
        action=text(item.first("solution").text),
        vector=text(item.first("cvss3_vector").text or item.first("cvss_vector").text),
        is_public=any(item.first(tag).text.strip() == "true" for tag in _PUBLISHED),
    )


def _moment(raw: str) -> int:
    """Seconds since 1970. Times in words bear no zone, and which machine's they are nobody knows."""
    return int(number(raw, 7_258_118_400) or 0) * SECOND_NS
