"""Plans a scan from what a workspace knows: only services that were seen to answer are asked, and nothing is sent."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from asepsis.devices.device import Device
from asepsis.exposure.scanning.judging import Circumstances, Leave, Network, judge
from asepsis.exposure.scanning.plan import (
    LEFT_OUT_LIMIT,
    QUESTIONS_LIMIT,
    TARGETS_LIMIT,
    Asked,
    LeftOut,
    Plan,
    Question,
    ScanError,
    Target,
)
from asepsis.exposure.scanning.rules import Scanning
from asepsis.history import Selection
from asepsis.kernel.time import SECOND_NS, iso_from_ns
from asepsis.kernel.value import value
from asepsis.knowledge.probing import Probing
from asepsis.pipeline.presence import standings
from asepsis.pipeline.registry import Registry
from asepsis.pipeline.scanning.settings import networks_of
from asepsis.pipeline.workspace import Workspace

# Services that answered, each once: a hospital group of 100,000 devices has some five each.
SERVICES_LIMIT: Final = 1_000_000
TITLE_LIMIT: Final = 80
_TCP, _UDP = 6, 17
# Which question a service may get, by what it was seen to speak, else by the port that it has by convention (IANA).
_BY_APPLICATION: Final = {
    "dicom": Question.DICOM_ECHO,
    "tls": Question.TLS,
    "https": Question.TLS,
    "ssh": Question.BANNER,
    "ftp": Question.BANNER,
    "smtp": Question.BANNER,
    "telnet": Question.BANNER,
    "snmp": Question.SNMP,
}
_BY_PORT: Final = {
    (_TCP, 22): Question.BANNER,
    (_TCP, 104): Question.DICOM_ECHO,
    (_TCP, 443): Question.TLS,
    (_TCP, 8443): Question.TLS,
    (_TCP, 2762): Question.TLS,  # DICOM over TLS, PS3.15 B
    (_TCP, 11112): Question.DICOM_ECHO,
    (_UDP, 161): Question.SNMP,
}


@value
class Known:
    """Everything that judging needs, read once."""

    devices: tuple[Device, ...]
    circumstances: Mapping[str, Circumstances]
    services: Mapping[str, tuple[tuple[str, Asked], ...]]
    """Device to (address, question) of services that answered."""
    shared: frozenset[str]
    """Addresses that more than one device of the site has."""


def look(workspace: Workspace, site: str, *, life_sustaining: Collection[str] = (), only: str | None = None) -> Known:
    """What the workspace knows of a site now.

    Args:
        workspace: Whose history and registry.
        site: One site: an address means something in one site only.
        life_sustaining: Devices that people have recorded as sustaining life, by their ids or earlier ones.
        only: One device, by its id: the same that is known of it among all of them, in a hundredth of the time.
    """
    with Registry.open(workspace.registry_path) as registry:
        devices = registry.devices(site) if only is None else _one(registry, site, only)
        standing = standings(workspace, registry, devices)
        addresses = None if only is None else [ip for device in devices for ip in device.ips]
        # What people recorded of a device holds for the one that it was merged into.
        kept = {*life_sustaining, *(registry.current_id(one) for one in life_sustaining)}
        with workspace.history().reader(registry.intervals(site, addresses)) as reader:
            narrowed = Selection(site=site, device=only, limit=SERVICES_LIMIT)
            watched = max(
                (row["last_ns"] for row in reader.ask("watched", Selection(site=site)).documents()), default=0
            )
            patients: dict[str, int] = {}
            for row in reader.ask("patient-data", narrowed).documents():
                for device in (row["source_device"], row["destination_device"]):
                    if device is not None:
                        patients[device] = max(patients.get(device, 0), row["last_ns"])
            services = _services(reader.ask("served", narrowed).documents())
        beside = [] if only is None else _beside(registry, site, devices)
    holders = Counter(ip for device in (*devices, *beside) for ip in device.ips)
    return Known(
        devices=tuple(devices),
        circumstances={
            device.id: Circumstances(
                rhythm=standing[device.id].rhythm,
                patient_ns=patients.get(device.id),
                sustains_life=device.id in kept,
                watched_until_ns=watched,
            )
            for device in devices
        },
        services=services,
        shared=frozenset(ip for ip, count in holders.items() if count > 1),
    )


def _one(registry: Registry, site: str, device_id: str) -> list[Device]:
    device = registry.device(device_id)
    # An id that leads to another device by now is not the one that was approved.
    return [] if device is None or device.id != device_id or device.site != site else [device]


def _beside(registry: Registry, site: str, devices: Sequence[Device]) -> list[Device]:
    """The other devices that ever held an address of these."""
    ours = {device.id for device in devices}
    held = registry.intervals(site, [ip for device in devices for ip in device.ips])
    others = {interval.device for interval in held} - ours
    return [found for one in sorted(others) if (found := registry.device(one)) is not None]


def make_plan(
    known: Known,
    rules: Scanning,
    *,
    site: str,
    now_ns: int,
    questions: Collection[Question] = frozenset(Question),
    wanted: Collection[str] | None = None,
) -> Plan:
    """The plan: who is asked what, and who is left out.

    Args:
        known: From ``look``.
        rules: What the hospital has set.
        site: The same site.
        now_ns: The moment.
        questions: Which questions are asked at all.
        wanted: Ids of the devices that somebody wants asked; None for all. The others are left out as not wanted.

    Raises:
        ScanError: More devices would be asked than one plan may hold.
    """
    networks = networks_of(rules)
    targets: list[Target] = []
    left_out: list[LeftOut] = []
    for device in known.devices:
        judged = _judged(device, known, rules, networks, now_ns)
        if not isinstance(judged, Leave) and wanted is not None and device.id not in wanted:
            judged = Leave(code="not-wanted", why="nobody asked for it")
        if not isinstance(judged, Leave):
            found = _target(device, judged, known.services.get(device.id, ()), questions)
            if isinstance(found, Target):
                targets.append(found)
                continue
            judged = found
        left_out.append(_left(device, judged))
    if len(targets) > TARGETS_LIMIT:
        raise ScanError(
            f"{len(targets)} devices would be asked; one scan asks at most {TARGETS_LIMIT}",
            code="scan-large",
            hint="Name the devices: --device ID, several times.",
        )
    targets.sort(key=lambda one: one.device)
    left_out.sort(key=lambda one: one.device)
    return Plan(
        site=site,
        made=iso_from_ns(now_ns),
        targets=tuple(targets),
        left_out=tuple(left_out[:LEFT_OUT_LIMIT]),
        gateway_mac=rules.gateway_mac.lower(),
    )


def no_longer(plan: Plan, known: Known, rules: Scanning, *, now_ns: int) -> dict[str, str]:
    """Devices of an approved plan that may not be asked any more, with the reason: the same rules, applied again.

    Args:
        plan: The approved one.
        known: From ``look``, now.
        rules: What the hospital has set now.
        now_ns: Now.
    """
    networks = networks_of(rules)
    devices = {device.id: device for device in known.devices}
    gone: dict[str, str] = {}
    for target in plan.targets:
        device = devices.get(target.device)
        if device is None:
            gone[target.device] = "it is no longer known under this id"
            continue
        judged = _judged(device, known, rules, networks, now_ns)
        if isinstance(judged, Leave):
            gone[target.device] = judged.why
        elif target.ip not in device.ips or target.mac not in device.macs:
            gone[target.device] = "its address has changed since the plan was made"
        elif target.packets > judged.packets or target.bytes > judged.bytes:
            gone[target.device] = "the plan gives it more than devices of its kind bear"
    return gone


def _judged(device: Device, known: Known, rules: Scanning, networks: Sequence[Network], now_ns: int) -> Probing | Leave:
    return judge(
        device,
        known.circumstances[device.id],
        now_ns=now_ns,
        watched_ns=rules.watched_minutes * 60 * SECOND_NS,
        do_not_probe=networks,
        shared=known.shared,
    )


def _target(
    device: Device, bearing: Probing, services: Sequence[tuple[str, Asked]], questions: Collection[Question]
) -> Target | Leave:
    asked = [(ip, one) for ip, one in services if one.question in questions and ip in device.ips]
    if not asked:
        return Leave(code="no-service", why="no service of it was seen to answer that could be asked")
    # One address of a device is enough, and the one with the most services tells most.
    ip = Counter(address for address, _ in asked).most_common(1)[0][0]
    chosen = sorted({one for address, one in asked if address == ip}, key=lambda one: (one.question, one.port))
    if len(device.macs) != 1:
        return Leave(code="ambiguous", why="it has several hardware addresses: which one holds the address is not sure")
    return Target(
        device=device.id,
        title=title_of(device),
        category=device.category or "",
        ip=ip,
        mac=device.macs[0],
        questions=tuple(chosen[:QUESTIONS_LIMIT]),
        packets=bearing.packets,
        bytes=bearing.bytes,
    )


def _left(device: Device, leave: Leave) -> LeftOut:
    return LeftOut(
        device=device.id, title=title_of(device), ips=device.ips, macs=device.macs, code=leave.code, why=leave.why
    )


def title_of(device: Device) -> str:
    """How people call it: its first name, else what it is and where."""
    kind = (device.category or "device").replace("_", " ")
    address = next(iter((*device.ips, *device.macs)), "")
    return (next(iter(device.names), "") or f"{kind} {address}".strip())[:TITLE_LIMIT]


def _services(rows: Iterable[Mapping[str, Any]]) -> dict[str, tuple[tuple[str, Asked], ...]]:
    found: dict[str, dict[tuple[str, Asked], None]] = defaultdict(dict)
    for row in rows:
        question = _BY_APPLICATION.get(row["application"] or "")
        if question is None:
            question = _BY_PORT.get((row["ip_protocol"], row["server_port"]))
        if row["server_device"] is None or question is None:
            continue
        if row["ip_protocol"] != (_UDP if question is Question.SNMP else _TCP):
            continue
        found[row["server_device"]][(row["server_ip"], Asked(question=question, port=row["server_port"]))] = None
    return {device: tuple(services) for device, services in found.items()}
