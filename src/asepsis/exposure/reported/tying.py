"""Which device a host of a report is, by hardware address and address at that time, and what traffic says otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from asepsis.devices.device import Device
from asepsis.exposure.reported.report import Claim, Host, Report, Service, Severity
from asepsis.kernel.time import SECOND_NS, iso_from_ns
from asepsis.kernel.value import value

# After so long a network's addresses, systems and patches are others.
OLD_NS: Final = 90 * 86_400 * SECOND_NS
_MANAGEMENT: Final = {
    ("telnet", "tcp"): ("Telnet", Severity.MEDIUM, "telnet"),
    ("ftp", "tcp"): ("FTP", Severity.MEDIUM, "ftp"),
    ("login", "tcp"): ("Remote login in clear (rlogin)", Severity.MEDIUM, ""),
    ("shell", "tcp"): ("A remote shell in clear (rsh)", Severity.MEDIUM, ""),
    ("exec", "tcp"): ("Remote execution in clear (rexec)", Severity.MEDIUM, ""),
    ("vnc", "tcp"): ("Remote control of the screen (VNC)", Severity.MEDIUM, ""),
    ("x11", "tcp"): ("Remote control of the screen (X11)", Severity.MEDIUM, ""),
    ("ms-wbt-server", "tcp"): ("Remote desktop", Severity.LOW, ""),
    ("snmp", "udp"): ("Management by SNMP", Severity.LOW, ""),
    ("ssh", "tcp"): ("Management by SSH", Severity.LOW, ""),
}
"""Services by which a host is managed: what they are, how bad an open port is by itself, and the kind of passive
weakness that it would be. Those in clear let whoever listens take part; the others wait for a password to be guessed.
"""


@value
class Tied:
    """A host and what it is."""

    host: Host
    device: str
    """Empty where it is no device that is known."""
    by: str
    """``mac``, ``address`` or ``name``; empty where it is tied to none."""
    contradictions: tuple[str, ...]
    """What traffic says otherwise, each in one sentence. Traffic is believed."""


@value
class ReportedFinding:
    """A claim of a report against a device."""

    device: str
    claim: Claim
    report: str
    """SHA-256 of the file."""
    source: str
    """Program and name, for people."""
    at_ns: int
    """When the program looked; 0 where nobody knows."""
    believed: bool
    """False where traffic contradicts the report on this device, or where it is too old to say anything of today."""
    why: str
    contradictions: tuple[str, ...]

    @property
    def key(self) -> str:
        """The same in every refresh, whatever report says it."""
        return f"{self.claim.number}:{self.claim.transport}:{self.claim.port}"


class Ties:
    """Finds the devices of one site.

    Args:
        devices: Of the site.
        device_at: Who held an address at a moment; None for nobody.
    """

    def __init__(self, devices: Sequence[Device], device_at: Callable[[str, int], str | None]) -> None:
        self._devices = {device.id: device for device in devices}
        self._device_at = device_at
        self._by_mac = _only({mac: device.id for device in devices for mac in device.macs}, devices)
        self._by_name: dict[str, str | None] = {}
        for device in devices:
            for name in device.names:
                key = name.lower()
                self._by_name[key] = None if key in self._by_name else device.id

    def tie(self, host: Host, report: Report) -> Tied:
        """What one host is."""
        at_ns = host.at_ns or report.began_ns
        macs = {found for mac in host.macs if (found := self._by_mac.get(mac))}
        held = {found for ip in host.ips if at_ns and (found := self._device_at(ip, at_ns))}
        named = {found for name in host.names if (found := self._by_name.get(name.lower()))}
        for by, devices in (("mac", macs), ("address", held), ("name", named)):
            if len(devices) == 1:
                device = next(iter(devices))
                return Tied(host=host, device=device, by=by, contradictions=self._contradictions(host, device, held))
        return Tied(host=host, device="", by="", contradictions=())

    def _contradictions(self, host: Host, device_id: str, held: set[str]) -> tuple[str, ...]:
        device = self._devices.get(device_id)
        if device is None:
            return ()
        told = []
        if held and device_id not in held:
            told.append("at that time traffic saw another device at this address")
        if host.os and device.os and not _agree(host.os, device.os):
            told.append(f"the report says {host.os}, traffic says {device.os}")
        if host.macs and device.macs and not set(host.macs) & set(device.macs):
            told.append("the report names another hardware address than traffic")
        return tuple(told)


def findings_of(report: Report, digest: str, ties: Ties, *, now_ns: int) -> list[ReportedFinding]:
    """The claims of a report against devices that are known; notes are left out.

    Args:
        report: The report.
        digest: SHA-256 of its file.
        ties: Of its site.
        now_ns: The moment, for the report's age.
    """
    found = []
    source = report.program or str(report.tool)
    for host in report.hosts:
        tied = ties.tie(host, report)
        if not tied.device:
            continue
        at_ns = host.at_ns or report.began_ns
        when = f"of {iso_from_ns(at_ns)[:10]}" if at_ns else "without a date"
        old = not at_ns or now_ns - at_ns > OLD_NS
        believed = not tied.contradictions and not old
        why = f"a report by {source} {when} says so; traffic has not shown it"
        if tied.contradictions:
            why = f"a report by {source} {when} says so, but {tied.contradictions[0]}"
        elif old:
            why = f"a report by {source} {when} says so, and much may have changed since"
        found += [
            ReportedFinding(
                device=tied.device,
                claim=claim,
                report=digest,
                source=source,
                at_ns=at_ns,
                believed=believed,
                why=why,
                contradictions=tied.contradictions,
            )
            for claim in (*host.claims, *managed(host.services))
            if claim.severity is not Severity.NOTE
        ]
    return found


def managed(services: Iterable[Service]) -> list[Claim]:
    """Open ports by which a host can be managed or files be taken, as claims; what serves something else is none.

    Args:
        services: Of one host, by the names that IANA gives services (nmap and Nessus write those).
    """
    found = []
    for one in services:
        told = _MANAGEMENT.get((one.name.lower(), one.transport))
        if told is not None:
            words, severity, weakness = told
            found.append(
                Claim(
                    number=f"open-{one.name.lower()}",
                    title=f"{words} is open",
                    severity=severity,
                    base=None,
                    port=one.port,
                    transport=one.transport,
                    vulnerabilities=(),
                    action="Close it, or let only those reach it who manage the device.",
                    weakness=weakness,
                )
            )
    return found


def newest(findings: Sequence[ReportedFinding]) -> list[ReportedFinding]:
    """One for each device and claim: what the newest report says of it."""
    kept: dict[tuple[str, str], ReportedFinding] = {}
    for one in sorted(findings, key=lambda each: (each.at_ns, each.report)):
        kept[one.device, one.key] = one
    return sorted(kept.values(), key=lambda each: (each.device, each.key))


def _agree(one: str, other: str) -> bool:
    """Whether two names may be of one system: one of them holds the other's first word that is no maker's."""
    ours = {word for word in other.lower().replace("/", " ").split() if len(word) > 2 and word != "microsoft"}
    theirs = one.lower()
    return not ours or any(word in theirs for word in ours)


def _only(found: Mapping[str, str], devices: Sequence[Device]) -> dict[str, str]:
    counted: dict[str, int] = {}
    for device in devices:
        for mac in device.macs:
            counted[mac] = counted.get(mac, 0) + 1
    return {mac: device for mac, device in found.items() if counted[mac] == 1}
