"""Reports of other scanners: read as their formats say, hostile ones refused, tied to devices and not believed."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable

import pytest

from asepsis.exposure.reported import report, sarif
from asepsis.exposure.reported.nessus import read_nessus
from asepsis.exposure.reported.nmap import read_nmap
from asepsis.exposure.reported.report import Report, ReportError, Service, Severity
from asepsis.exposure.reported.sarif import read_sarif
from asepsis.exposure.reported.tying import ReportedFinding, Ties, findings_of, managed, newest
from asepsis.exposure.risk.facts import Threat
from asepsis.exposure.risk.reports import claimed_of
from asepsis.exposure.risk.threats import impact_of
from asepsis.kernel.time import SECOND_NS
from tests.exposure.scanning.planned import NOW_NS, device

AT = NOW_NS // SECOND_NS - 3600

# Made by hand from nmap.dtd and nselib/vulns.lua.
NMAP = f"""<?xml version="1.0"?>
<!DOCTYPE nmaprun>
<nmaprun scanner="nmap" args="nmap -sV 10.77.0.0/24" start="{AT}" version="7.93">
<host starttime="{AT}" endtime="{AT + 9}"><status state="up"/>
<address addr="10.77.0.2" addrtype="ipv4"/><address addr="02:00:00:00:00:02" addrtype="mac" vendor="x"/>
<hostnames><hostname name="archive.example" type="PTR"/></hostnames>
<ports><port protocol="tcp" portid="445"><state state="open"/>
<service name="microsoft-ds" product="Samba" version="3.6"/>
<script id="smb-vuln-ms17-010" output="CANARY"><table key="CVE-2017-0143"><elem key="title">Remote code in SMBv1</elem>
<elem key="state">VULNERABLE</elem><table key="ids"><elem>CVE:CVE-2017-0143</elem></table></table></script></port>
<port protocol="tcp" portid="80"><state state="closed"/></port></ports>
<os><osmatch name="Linux 3.2" accuracy="95"/><osmatch name="Windows 7" accuracy="80"/></os></host>
<host><status state="down"/><address addr="10.77.0.9" addrtype="ipv4"/></host>
</nmaprun>""".encode()

# Made by hand from Tenable's description of NessusClientData_v2.
NESSUS = f"""<NessusClientData_v2><Policy><policyName>CANARY</policyName></Policy><Report name="audit">
<ReportHost name="10.77.0.2"><HostProperties><tag name="host-ip">10.77.0.2</tag>
<tag name="mac-address">02:00:00:00:00:02</tag><tag name="HOST_END_TIMESTAMP">{AT}</tag>
<tag name="operating-system">Microsoft Windows 7</tag></HostProperties>
<ReportItem port="445" svc_name="cifs" protocol="tcp" severity="4" pluginID="97833" pluginName="MS17-010">
<cve>CVE-2017-0143</cve><cvss3_base_score>8.1</cvss3_base_score><solution>Apply the update.</solution>
<plugin_output>CANARY patient Doe</plugin_output></ReportItem>
<ReportItem port="0" protocol="tcp" severity="0" pluginID="19506" pluginName="Scan information"/>
</ReportHost></Report></NessusClientData_v2>""".encode()

SARIF = json.dumps(
    {
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "Web scanner",
                        "version": "2",
                        "rules": [
                            {
                                "id": "R1",
                                "shortDescription": {"text": "SQL injection"},
                                "properties": {"security-severity": "9.8"},
                            }
                        ],
                    }
                },
                "results": [
                    {
                        "ruleId": "R1",
                        "message": {"text": "CANARY"},
                        "locations": [
                            {"physicalLocation": {"artifactLocation": {"uri": "https://10.77.0.2/login?name=CANARY"}}}
                        ],
                    },
                    {"ruleId": "R1", "locations": [{"physicalLocation": {"artifactLocation": {"uri": "src/main.c"}}}]},
                ],
            }
        ],
    }
).encode()

EACH = [(read_nmap, NMAP), (read_nessus, NESSUS), (read_sarif, SARIF)]


def test_nmap_names_ports_systems_and_vulnerabilities() -> None:
    report = read_nmap(NMAP)
    (host,) = report.hosts
    assert (report.program, host.ips, host.macs) == ("nmap 7.93", ("10.77.0.2",), ("02:00:00:00:00:02",))
    assert (host.os, host.at_ns) == ("Linux 3.2", (AT + 9) * SECOND_NS)
    assert [(one.port, one.product) for one in host.services] == [(445, "Samba 3.6")]
    assert [(one.title, one.vulnerabilities) for one in host.claims] == [("Remote code in SMBv1", ("CVE-2017-0143",))]


def test_nessus_names_plugins_with_score_and_advice() -> None:
    (host,) = read_nessus(NESSUS).hosts
    (claim,) = host.claims
    assert (claim.number, claim.severity, claim.base) == ("97833", Severity.CRITICAL, 8.1)
    assert (claim.port, claim.vulnerabilities, claim.action) == (445, ("CVE-2017-0143",), "Apply the update.")


def test_nessus_says_what_an_attacker_gets_and_whether_programs_for_it_are_published() -> None:
    told = NESSUS.replace(
        b"<solution>",
        b"<cvss3_vector>CVSS:3.0/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H</cvss3_vector>"
        b"<exploit_available>true</exploit_available><solution>",
    )
    (claim,) = read_nessus(told).hosts[0].claims
    assert (impact_of(claim.vector), claim.is_public) == ((1.0, 1.0, 1.0), True)
    (silent,) = read_nessus(NESSUS).hosts[0].claims
    assert (silent.vector, silent.is_public) == ("", False)


def test_open_ports_of_management_are_claims_and_others_are_not() -> None:
    names = ["telnet", "ftp", "https", "snmp", "vnc"]
    services = [Service(port=number, transport="tcp", name=name, product="") for number, name in enumerate(names, 1)]
    found = {claim.number: (claim.weakness, claim.port) for claim in managed(services)}
    # SNMP is answered by datagrams; by TCP it is something else.
    assert found == {"open-telnet": ("telnet", 1), "open-ftp": ("ftp", 2), "open-vnc": ("", 5)}


def test_what_an_advisory_says_for_sure_is_not_counted_again_and_what_traffic_contradicts_is_doubted() -> None:
    claim = read_nessus(NESSUS).hosts[0].claims[0]
    told = ReportedFinding(
        device="archive",
        claim=claim,
        report="",
        source="Nessus",
        at_ns=NOW_NS,
        believed=True,
        why="",
        contradictions=(),
    )
    by_advisory = {"archive": (Threat(id="CVE-2017-0143", is_certain=True),)}
    assert claimed_of([told], by_advisory) == {}
    (unsure,) = claimed_of([told], {}, likelihood={"CVE-2017-0143": 0.9})["archive"].threats
    assert (unsure.base, unsure.epss, unsure.is_certain, unsure.is_doubted) == (8.1, 0.9, False, False)
    (doubted,) = claimed_of([dataclasses.replace(told, believed=False)], {})["archive"].threats
    assert doubted.is_doubted


def test_sarif_names_the_device_that_a_result_is_at() -> None:
    report = read_sarif(SARIF)
    (host,) = report.hosts
    (claim,) = host.claims
    assert (host.ips, claim.title, claim.severity, claim.port) == (
        ("10.77.0.2",),
        "SQL injection",
        Severity.CRITICAL,
        443,
    )
    assert report.problems == ("1 results name no address of a device",)


@pytest.mark.parametrize(("read", "content"), EACH)
def test_what_a_scanner_quotes_is_not_kept(read: Callable[[bytes], Report], content: bytes) -> None:
    assert b"CANARY" in content
    assert "CANARY" not in repr(read(content))


@pytest.mark.parametrize(("read", "content"), EACH)
def test_a_report_cut_anywhere_gives_what_was_whole_or_is_refused(
    read: Callable[[bytes], Report], content: bytes
) -> None:
    whole = read(content)
    for end in range(0, len(content) - 1, 13):
        try:
            part = read(content[:end])
        except ReportError:
            continue
        assert len(part.hosts) <= len(whole.hosts)
        assert part.problems


@pytest.mark.parametrize(("read", "content"), EACH)
def test_a_flipped_bit_is_no_crash(read: Callable[[bytes], Report], content: bytes) -> None:
    for place in range(0, len(content), 7):
        altered = bytearray(content)
        altered[place] ^= 1 << place % 8
        try:
            read(bytes(altered))
        except ReportError as error:
            assert error.code.startswith("report")  # noqa: PT017 - many alterations are no faults at all


BOMB = b"""<!DOCTYPE nmaprun [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><nmaprun><host>&b;</host></nmaprun>"""
OUTSIDE = b"""<!DOCTYPE nmaprun [<!ENTITY a SYSTEM "/etc/hostname">]><nmaprun><host>&a;</host></nmaprun>"""


@pytest.mark.parametrize(
    ("read", "content", "why"),
    [
        (read_nmap, BOMB, "declares entities"),
        (read_nmap, OUTSIDE, "declares entities"),
        (read_nmap, b"<nmaprun>" + b"<host>" * 100, "nested without end"),
        (read_nmap, b"<nmaprun><host>" + b"<a/>" * 200_001 + b"</host></nmaprun>", "more parts"),
        (read_nmap, NESSUS, "begins with <NessusClientData_v2>"),
        (read_nessus, NMAP, "begins with <nmaprun>"),
        (read_nmap, b"", "no XML"),
        (read_nmap, b"\x7fELF", "no XML"),
        (read_sarif, b"[" * 100_000, "no SARIF"),
        (read_sarif, b'{"version": "1.0.0"}', "no SARIF 2.1"),
        (read_sarif, b"[]", "no SARIF"),
        (read_sarif, b'{"version": 2}', "no SARIF"),
    ],
)
def test_what_is_no_report_is_refused(read: Callable[[bytes], Report], content: bytes, why: str) -> None:
    with pytest.raises(ReportError, match=why):
        read(content)


@pytest.mark.parametrize("wrong", [None, 7, "x", [], {"a": 1}])
def test_sarif_of_wrong_types_is_read_without_them(wrong: object) -> None:
    document = json.loads(SARIF)
    for member in ("tool", "results"):
        altered = {**document, "runs": [{**document["runs"][0], member: wrong}]}
        read_sarif(json.dumps(altered).encode())


def ties(**changes: object) -> Ties:
    known = device("server", **changes)
    held = {"10.77.0.2": known.id}
    return Ties([known], lambda ip, _: held.get(ip))


def test_a_host_is_tied_by_hardware_address_before_address() -> None:
    report = read_nmap(NMAP)
    assert ties().tie(report.hosts[0], report).by == "mac"
    moved = ties(macs=("02:00:00:00:00:88",)).tie(report.hosts[0], report)
    assert (moved.by, moved.device) == ("address", "archive")
    assert moved.contradictions == ("the report names another hardware address than traffic",)


def test_a_report_without_a_time_is_tied_by_no_address() -> None:
    report = read_sarif(SARIF)
    assert ties().tie(report.hosts[0], report).device == ""


def test_traffic_is_believed_where_a_report_contradicts_it() -> None:
    report = read_nessus(NESSUS)
    (agreed,) = findings_of(report, "aa", ties(os="Windows 7"), now_ns=NOW_NS)
    assert (agreed.believed, agreed.contradictions) == (True, ())
    assert "of 2026-01-30" in agreed.why
    (denied,) = findings_of(report, "aa", ties(os="Linux"), now_ns=NOW_NS)
    assert not denied.believed
    assert denied.contradictions == ("the report says Microsoft Windows 7, traffic says Linux",)


def test_an_old_report_says_nothing_of_today() -> None:
    (old,) = findings_of(read_nessus(NESSUS), "aa", ties(), now_ns=NOW_NS + 200 * 86_400 * SECOND_NS)
    assert not old.believed
    assert "much may have changed since" in old.why


def test_of_two_reports_the_newer_speaks() -> None:
    later = NESSUS.replace(str(AT).encode(), str(AT + 60).encode())
    found = [
        one
        for digest, content in (("bb", later), ("aa", NESSUS))
        for one in findings_of(read_nessus(content), digest, ties(), now_ns=NOW_NS)
    ]
    assert [one.report for one in newest(found)] == ["bb"]


def test_a_report_of_very_many_hosts_or_claims_is_cut_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (report, sarif):
        monkeypatch.setattr(module, "HOSTS_LIMIT", 4)
        monkeypatch.setattr(module, "CLAIMS_IN_ALL_LIMIT", 6)
    host = '<host><address addr="10.0.0.1" addrtype="ipv4"/></host>'
    many = read_nmap(f"<nmaprun>{host * 9}</nmaprun>".encode())
    assert len(many.hosts) == 4
    assert many.problems
    item = '<ReportItem severity="4" pluginID="1" port="0"/>'
    hosts = f"<ReportHost>{item * 4}</ReportHost>" * 9
    full = read_nessus(f"<NessusClientData_v2>{hosts}</NessusClientData_v2>".encode())
    assert full.claims == 8
    assert full.problems
    result = {"ruleId": "r", "message": {"text": ""}}
    results = [
        {**result, "locations": [{"physicalLocation": {"artifactLocation": {"uri": f"https://10.0.0.{place}/"}}}]}
        for place in range(9)
    ]
    document = {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": results}]}
    placed = read_sarif(json.dumps(document).encode())
    assert len(placed.hosts) == 4
    assert placed.problems
