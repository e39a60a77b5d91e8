"""Joins the history and the registry with ``exposure``: what the workspace's devices show of themselves."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from asepsis.devices.device import Device
from asepsis.exposure.advisory import Advisory
from asepsis.exposure.demonstration import demonstration
from asepsis.exposure.feeds.exploitation import ExploitedCatalogue, LikelihoodTable
from asepsis.exposure.feeds.fda import ProductClass, ProductClasses
from asepsis.exposure.feeds.reading import Content, Document, Kind
from asepsis.exposure.feeds.telling import told_by
from asepsis.exposure.finding import Exposed, Finding
from asepsis.exposure.matching.match import Matcher
from asepsis.exposure.matching.shelf import Card
from asepsis.exposure.mds2 import Behaviour, Form, Mds2Error, observe, read_form
from asepsis.exposure.mds2.reading import FORM_LIMIT_BYTES
from asepsis.exposure.reported.tying import ReportedFinding
from asepsis.exposure.risk import Advice, Assessment, Control, Facts, Stability, Threat, advise, assess, stability
from asepsis.exposure.risk.classes import classified_of
from asepsis.exposure.risk.facts import Classified
from asepsis.exposure.risk.gather import Gathering
from asepsis.exposure.risk.reports import Claimed, claimed_of
from asepsis.exposure.risk.threats import threats_of
from asepsis.exposure.weaknesses import Weakness, judge
from asepsis.history import Selection
from asepsis.kernel.value import value
from asepsis.pipeline.feeds import Feeds, loaded_of
from asepsis.pipeline.feeds_folder import read_folder
from asepsis.pipeline.judged import judging
from asepsis.pipeline.papers import changed_of
from asepsis.pipeline.parts import Parts, component_findings
from asepsis.pipeline.registry import Registry, RegistryError, revision_of
from asepsis.pipeline.reported import reported_findings, taken_of
from asepsis.pipeline.workspace import Workspace

# Rows that are judged: each different thing that two devices said or did. A hospital of 100,000 devices has some ten
# each; beyond this the rest is left out, and memory stays under 2 GiB.
ROWS_LIMIT: Final = 2_000_000


def weaknesses(
    workspace: Workspace, registry: Registry, *, site: str | None = None, now_ns: int | None = None
) -> tuple[list[Device], tuple[Weakness, ...]]:
    """The devices of the workspace, or of one site, and their passive weaknesses.

    Args:
        workspace: Where the history is.
        registry: The devices.
        site: Only this site.
        now_ns: For which moment support is judged; now, when it is None.
    """
    devices = registry.devices(site)
    selection = Selection(site=site, limit=ROWS_LIMIT)
    with workspace.history().reader(registry.intervals(site)) as reader:
        found = judge(
            reader.ask("posture", selection).documents(),
            reader.ask("served", selection).documents(),
            devices,
            now_ns=time.time_ns() if now_ns is None else now_ns,
        )
    return devices, found


@value
class Threats:
    """What advisories mean for devices."""

    by_device: Mapping[str, tuple[Threat, ...]]
    advisories_read: bool
    """There were advisories beside those of the demonstration."""
    claimed: Mapping[str, Claimed]
    """What reports of others claim."""
    classified: Mapping[str, Classified]
    """What the FDA says of the product codes that recalls tie devices to."""


def risks(
    workspace: Workspace,
    registry: Registry,
    *,
    site: str | None = None,
    now_ns: int | None = None,
    threats: Threats | None = None,
    controls: Mapping[str, frozenset[Control]] | None = None,
) -> tuple[list[Device], list[Facts]]:
    """The devices of the workspace, or of one site, and the facts that their risk follows from.

    Args:
        workspace: Where the history is.
        registry: The devices.
        site: Only this site.
        now_ns: For which moment support is judged; now, when it is None.
        threats: What advisories mean for the devices; None where nobody looked.
        controls: What people have recorded, by device.
    """
    devices = registry.devices(site)
    _, facts = _facts(workspace, registry, devices, site=site, now_ns=now_ns, threats=threats, controls=controls)
    return devices, facts


def _facts(
    workspace: Workspace,
    registry: Registry,
    devices: Sequence[Device],
    *,
    site: str | None,
    now_ns: int | None,
    threats: Threats | None,
    controls: Mapping[str, frozenset[Control]] | None,
) -> tuple[tuple[Weakness, ...], list[Facts]]:
    gathering = Gathering(devices)
    selection = Selection(site=site, limit=ROWS_LIMIT)
    with workspace.history().reader(registry.intervals(site)) as reader:
        found = judge(
            gathering.posture(reader.ask("posture", selection).documents()),
            gathering.served(reader.ask("served", selection).documents()),
            devices,
            now_ns=time.time_ns() if now_ns is None else now_ns,
        )
    known = Threats(by_device={}, advisories_read=False, claimed={}, classified={}) if threats is None else threats
    facts = gathering.facts(
        found,
        known.by_device,
        controls or {},
        known.claimed,
        known.classified,
        advisories_read=known.advisories_read,
    )
    return found, facts


def load_form(path: Path) -> Form:
    """Reads an MDS2 form from a file.

    Raises:
        Mds2Error: It cannot be read, is too large, damaged, or no form.
    """
    try:
        with path.open("rb") as file:
            # One byte beyond the limit is enough to know that it is too large.
            content = file.read(FORM_LIMIT_BYTES + 1)
    except OSError as error:
        raise Mds2Error(f"cannot read {path}: {error.strerror or error}", code="mds2-unreadable") from error
    return read_form(str(path), content)


def behaviour_of(workspace: Workspace, registry: Registry, device_id: str) -> Behaviour:
    """What one device was seen doing that a form speaks of.

    Raises:
        RegistryError: There is no such device (code ``device-unknown``).
    """
    device = registry.device(device_id)
    if device is None:
        raise RegistryError(f"no device has the id {device_id}", code="device-unknown", hint="asepsis devices")
    # Frames of the air name devices by hardware address only, so messages are narrowed to the site.
    messages = Selection(site=device.site, limit=ROWS_LIMIT)
    with workspace.history().reader(registry.intervals(device.site)) as reader:
        return observe(
            reader.ask("posture", messages).documents(),
            reader.ask("served", Selection(site=device.site, device=device.id, limit=ROWS_LIMIT)).documents(),
            device,
            now_ns=time.time_ns(),
        )


@value
class Documents:
    """What publishers say: the documents that a workspace holds, sorted by what they are."""

    advisories: tuple[Advisory, ...]
    """With those of the demonstration first."""
    read: int
    """How many there are beside those of the demonstration."""
    exploited: frozenset[str]
    """CVE numbers of CISA's catalogue of known exploited vulnerabilities."""
    likelihood: Mapping[str, float]
    """CVE number to the probability of EPSS, 0 to 1."""
    classes: Mapping[str, ProductClass]
    """Product code to what the FDA says of it."""


def documents_in(workspace: Workspace, *, folder: Path | None = None) -> Documents:
    """The documents of the workspace, or those of a folder, of which nothing is kept."""
    if folder is not None:
        return _sorted([found.content for found in read_folder(folder) if isinstance(found, Document)])
    with judging(workspace) as (_, cards):
        return _told(workspace, cards)


def _told(workspace: Workspace, cards: Iterable[Card]) -> Documents:
    """The documents of the workspace, with the advisories in the short form in which they are kept."""
    advisories = [card.read() for card in cards][len(demonstration()) :]
    if not workspace.feeds_path.exists():
        return _sorted(advisories)
    with Feeds.open(workspace.feeds_path) as feeds:
        return _sorted(
            [*advisories, *(found.content for found in feeds.documents(Kind.KEV, Kind.EPSS, Kind.FDA_CLASSES))]
        )


def _sorted(documents: Sequence[Content]) -> Documents:
    advisories = told_by(documents)
    catalogues = [one for one in documents if isinstance(one, ExploitedCatalogue)]
    tables = [one for one in documents if isinstance(one, LikelihoodTable)]
    return Documents(
        advisories=(*demonstration(), *advisories),
        read=len(advisories),
        exploited=frozenset(entry.cve for catalogue in catalogues for entry in catalogue.entries),
        # The newest table wins where several give a score.
        likelihood={cve: one[0] for table in sorted(tables, key=_released) for cve, one in table.scores.items()},
        classes={one.code: one for table in documents if isinstance(table, ProductClasses) for one in table.classes},
    )


def threats_in(workspace: Workspace, *, site: str | None = None, folder: Path | None = None) -> Threats:
    """What the advisories that the workspace holds (or those of a folder) mean for its devices.

    Args:
        workspace: Whose devices and feeds.
        site: Only devices of this site.
        folder: Documents to look at in place of those that the workspace holds; nothing of them is kept.
    """
    with Registry.open(workspace.registry_path) as registry:
        devices = registry.devices(site)
        if folder is not None:
            told = documents_in(workspace, folder=folder)
            findings = list(Matcher(told.advisories).findings(devices))
        else:
            with judging(workspace) as (matcher, cards):
                told = _told(workspace, cards)
                findings = list(matcher.findings(devices))
        in_parts = component_findings(workspace, registry, devices, told.advisories)
        reported = reported_findings(workspace, registry, site=site, now_ns=time.time_ns())
    told = replace(told, advisories=(*told.advisories, *in_parts.own))
    return _threats([*findings, *in_parts.findings], told, reported)


def _threats(findings: Sequence[Finding], told: Documents, reported: Iterable[ReportedFinding]) -> Threats:
    by_device = threats_of(findings, told.advisories, exploited=told.exploited, likelihood=told.likelihood)
    claimed = claimed_of(reported, by_device, exploited=told.exploited, likelihood=told.likelihood)
    classified = classified_of(findings, told.advisories, told.classes)
    return Threats(by_device=by_device, advisories_read=told.read > 0, claimed=claimed, classified=classified)


@value
class Examination:
    """Everything that is known of how the devices of a workspace could hurt somebody, worked out in one go."""

    devices: Sequence[Device]
    findings: Sequence[Finding]
    """Affected and "cannot tell"; a device that is not affected has none."""
    weaknesses: Sequence[Weakness]
    facts: Sequence[Facts]
    """Of every device, in the order of ``devices``; so are the next."""
    assessments: Sequence[Assessment]
    advice: Sequence[Advice | None]
    stability: Stability
    documents: Documents
    parts: Parts
    """What advisories mean for the lists of components that are held."""
    reported: Sequence[ReportedFinding] = ()
    """What other scanners' reports and penetration tests claim; it counts as another's word."""


def examine(
    workspace: Workspace,
    *,
    site: str | None = None,
    now_ns: int | None = None,
    controls: Mapping[str, frozenset[Control]] | None = None,
    tested: Sequence[ReportedFinding] = (),
) -> Examination:
    """Findings, weaknesses, risk and advice for all devices of a workspace, or of one site.

    The same workspace gives the same answer.

    Args:
        workspace: Whose devices, history and feeds.
        site: Only this site.
        now_ns: For which moment support is judged; now, when it is None.
        controls: What people have recorded, by device.
        tested: What penetration tests found, beside the reports that the workspace holds.
    """
    moment_ns = time.time_ns() if now_ns is None else now_ns
    with Registry.open(workspace.registry_path) as registry:
        devices = registry.devices(site)
        reported = [*reported_findings(workspace, registry, site=site, now_ns=moment_ns), *tested]
        with judging(workspace) as (matcher, cards):
            told = _told(workspace, cards)
            found = [one for one in matcher.findings(devices) if one.verdict.answer is not Exposed.NOT_AFFECTED]
        in_parts = component_findings(workspace, registry, devices, told.advisories)
        found += [one for one in in_parts.findings if one.verdict.answer is not Exposed.NOT_AFFECTED]
        told = replace(told, advisories=(*told.advisories, *in_parts.own))
        threats = _threats(found, told, reported)
        weak, facts = _facts(
            workspace, registry, devices, site=site, now_ns=moment_ns, threats=threats, controls=controls
        )
    advised: dict[Facts, Advice | None] = {}
    advice = []
    for one in facts:
        # Advice follows from the facts alone, which many devices of one model share.
        shared = replace(one, device="")
        if shared not in advised:
            advised[shared] = advise(shared)
        advice.append(advised[shared])
    return Examination(
        devices=devices,
        findings=found,
        weaknesses=weak,
        facts=facts,
        assessments=[assess(one) for one in facts],
        advice=advice,
        stability=stability(facts),
        documents=told,
        parts=in_parts.parts,
        reported=reported,
    )


def inputs_of(workspace: Workspace) -> str:
    """Names what ``examine`` would read now: another text where it may answer otherwise. A question of microseconds."""
    return (
        f"registry {revision_of(workspace.registry_path)}, documents {loaded_of(workspace.feeds_path)},"
        f" papers {changed_of(workspace.papers_path)}, reports {taken_of(workspace)}"
    )


def _released(table: LikelihoodTable) -> str:
    return table.released
