"""Lists of components that the workspace holds, against its advisories: what the parts mean for the devices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from asepsis.devices.device import Device
from asepsis.exposure.advisory import Advisory
from asepsis.exposure.feeds.reading import Document, read_document
from asepsis.exposure.feeds.sbom import Bill
from asepsis.exposure.finding import Exposed, Finding
from asepsis.exposure.identity import evidence_for
from asepsis.exposure.matching.parts import PartMatcher, PartVerdict
from asepsis.exposure.paper import PaperKind, Tie
from asepsis.kernel.value import value
from asepsis.pipeline.papers import Holding, Papers
from asepsis.pipeline.papers_error import PapersError
from asepsis.pipeline.registry import Registry
from asepsis.pipeline.workspace import Workspace

Parts = Mapping[str, tuple[PartVerdict, ...]]
"""Paper -> what the advisories mean for its product."""


@value
class InParts:
    """What the parts of devices mean for them."""

    findings: tuple[Finding, ...]
    """All three answers."""
    parts: Parts
    own: tuple[Advisory, ...]
    """The vulnerabilities that stand in the lists themselves, as documents that findings rest on."""


def parts_in(papers: Papers, advisories: Iterable[Advisory]) -> tuple[Parts, tuple[Advisory, ...]]:
    """What the advisories mean for every list of components that is held, and what the lists say themselves.

    A list whose kept bytes can no longer be read has no verdicts; ``asepsis papers`` still shows it.
    """
    lists = papers.papers(PaperKind.SBOM)
    matcher = PartMatcher(advisories) if lists else None
    found: dict[str, tuple[PartVerdict, ...]] = {}
    said: list[Advisory] = []
    for paper in lists:
        try:
            read = papers.read(paper)
        except PapersError:
            continue
        if matcher is not None and isinstance(read.what, Bill):
            own = _own(read.content, paper.name)
            said.extend([own] if own is not None else [])
            found[paper.id] = matcher.verdicts(paper.subject, read.what, own)
    return found, tuple(said)


def _own(content: bytes, name: str) -> Advisory | None:
    """The vulnerabilities that stand in a CycloneDX list beside its components."""
    if b'"vulnerabilities"' not in content:
        return None
    document = read_document(content, name)
    told = document.content if isinstance(document, Document) else None
    return told if isinstance(told, Advisory) else None


def component_findings(
    workspace: Workspace, registry: Registry, devices: Sequence[Device], advisories: Sequence[Advisory]
) -> InParts:
    """What the parts of devices mean for them, by the lists of components that the workspace holds.

    Args:
        workspace: Whose papers.
        registry: For ids of devices that were merged.
        devices: Of these.
        advisories: Every advisory.
    """
    if not workspace.papers_path.exists():
        return InParts(findings=(), parts={}, own=())
    with Papers.open(workspace.papers_path) as papers:
        parts, own = parts_in(papers, advisories)
        holdings = papers.holdings(devices, PaperKind.SBOM, current=registry.current_id) if parts else []
    by_id = {device.id: device for device in devices}
    found = (one for holding in nearest(holdings) for one in _findings(holding, by_id[holding.device], parts))
    return InParts(findings=tuple(found), parts=parts, own=own)


def nearest(holdings: Iterable[Holding]) -> Iterator[Holding]:
    """Of the papers of one kind that speak of a device those with the nearest tie: one of its version wins over others.

    Several that a person tied hold side by side: a device may have a list for each of its modules.
    """
    best: dict[tuple[str, PaperKind], Tie] = {}
    for holding in holdings:
        tie = best.setdefault((holding.device, holding.paper.kind), holding.tie)
        if holding.tie is tie:
            yield holding


def _findings(holding: Holding, device: Device, parts: Parts) -> Iterator[Finding]:
    model, version = evidence_for(device, "model"), evidence_for(device, "firmware")
    for one in parts.get(holding.paper.id, ()):
        verdict = one.verdict
        if holding.tie is Tie.UNSURE and verdict.answer is Exposed.AFFECTED:
            verdict = replace(
                verdict,
                answer=Exposed.CANNOT_TELL,
                why=f"{verdict.why}; the list of components is of version {holding.paper.subject.version}",
                tells="the version that the device runs",
            )
        yield Finding(
            device=device.id,
            site=device.site,
            verdict=verdict,
            model=model,
            version=version,
            component=one.component or holding.paper.subject.words,
            paper=holding.paper.id,
        )
