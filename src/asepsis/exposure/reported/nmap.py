"""Nmap's XML (nmap.dtd 1.05): open ports, what answers there, and scripts that say "VULNERABLE"."""

from __future__ import annotations

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


def read_nmap(content: bytes) -> Report:
    """Reads a file of ``nmap -oX``.

    Raises:
        ReportError: It is none.
    """
    hosts = Hosts()

    def take(element: Element) -> None:
        if hosts.has_room and element.first("status").get("state") != "down":
            hosts.add(_host(element))

    root, wrong = read(content, root="nmaprun", whole=("host",), take=take)
    return Report(
        tool=Tool.NMAP,
        program=text(f"{root.get('scanner')} {root.get('version')}"),
        name=text(root.get("args")),
        began_ns=_seconds(root.get("start")),
        hosts=tuple(hosts.found),
        problems=hosts.problems(wrong),
    )


def _host(element: Element) -> Host:
    addresses = element.all("address")
    ports = [port for each in element.all("ports") for port in each.all("port")]
    opened = [port for port in ports if port.first("state").get("state") == "open"]
    systems = sorted(
        (match for each in element.all("os") for match in each.all("osmatch")),
        key=lambda match: -(number(match.get("accuracy"), 100) or 0),
    )
    claims = [claim for port in opened for claim in _claims(port, port.all("script"))]
    claims += [claim for each in element.all("hostscript") for claim in _claims(None, each.all("script"))]
    return Host(
        ips=tuple(text(one.get("addr"), 45) for one in addresses if one.get("addrtype") in ("ipv4", "ipv6")),
        macs=tuple(found for one in addresses if one.get("addrtype") == "mac" and (found := mac(one.get("addr")))),
        names=tuple(text(one.get("name"), 253) for each in element.all("hostnames") for one in each.all("hostname"))[
            :8
        ],
        os=text(systems[0].get("name"), 100) if systems else "",
        at_ns=_seconds(element.get("endtime") or element.get("starttime")),
        services=tuple(_service(port) for port in opened[:CLAIMS_LIMIT]),
        claims=tuple(claims[:CLAIMS_LIMIT]),
    )


def _service(port: Element) -> Service:
    service = port.first("service")
    product = text(f"{service.get('product')} {service.get('version')}".strip(), 120)
    name, transport = text(service.get("name"), 40), text(port.get("protocol"), 8)
    return Service(port=_port(port), transport=transport, name=name, product=product)


def _claims(port: Element | None, scripts: list[Element]) -> list[Claim]:
    found = []
    for script in scripts:
        # nselib/vulns.lua: a table for each vulnerability, with a title and a state.
        for table in script.all("table"):
            told = {each.get("key"): each.text.strip() for each in table.all("elem")}
            if not told.get("state", "").startswith(("VULNERABLE", "LIKELY VULNERABLE")):
                continue
            ids = " ".join(each.text for one in table.all("table") for each in one.all("elem"))
            found.append(
                Claim(
                    number=text(script.get("id"), 80),
                    title=text(told.get("title", script.get("id"))),
                    severity=Severity.HIGH,
                    base=None,
                    port=0 if port is None else _port(port),
                    transport="" if port is None else text(port.get("protocol"), 8),
                    vulnerabilities=cves(table.get("key"), ids),
                    action="",
                )
            )
    return found


def _port(port: Element) -> int:
    return int(number(port.get("portid"), 65535) or 0)


def _seconds(raw: str) -> int:
    # Beyond the year 2200 it is no time of a scan.
    return int(number(raw, 7_258_118_400) or 0) * SECOND_NS
