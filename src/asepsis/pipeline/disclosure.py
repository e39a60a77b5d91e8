"""The disclosure ledger of a workspace: every form that is held, beside what the devices that it speaks of did.

It is worked out in one pass over the history and kept in the store of papers, so that a page is a question of
milliseconds.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from asepsis.devices.device import Device
from asepsis.exposure.mds2 import Behaviour, Form, Mds2Error, Standing, check, observe
from asepsis.exposure.paper import PaperKind
from asepsis.history import Selection
from asepsis.kernel.value import value
from asepsis.pipeline.exposure import ROWS_LIMIT
from asepsis.pipeline.papers import Holding, Paper, Papers, changed_of
from asepsis.pipeline.papers_error import PapersError
from asepsis.pipeline.parts import Parts
from asepsis.pipeline.registry import Registry, revision_of
from asepsis.pipeline.workspace import Workspace

Row = Mapping[str, Any]

_ADDRESS: Final = re.compile(r'"address":"([0-9a-f:]{17})"')
"""Bluetooth's messages name devices in their facts."""


@value
class Tally:
    """How the forms of one maker stand."""

    maker: str
    forms: int
    devices: int
    counts: Mapping[str, int]
    """Standing -> answers, each once, however many devices show it."""

    @property
    def contradicted(self) -> int:
        """Answers that packets contradict."""
        return self.counts.get(Standing.CONTRADICTED, 0)


def stamp_of(workspace: Workspace) -> str:
    """What a ledger made now would be made from."""
    return f"{revision_of(workspace.registry_path)} {changed_of(workspace.papers_path)}"


def renew(workspace: Workspace, parts: Parts, *, now_ns: int) -> None:
    """Keeps what was worked out of papers, so that pages only read.

    Args:
        workspace: Whose papers, devices and history.
        parts: What advisories mean for the lists of components.
        now_ns: See ``disclose``.
    """
    if workspace.papers_path.exists():
        disclose(workspace, now_ns=now_ns)
        with Papers.open(workspace.papers_path) as papers:
            papers.keep_parts({paper: [one.document() for one in of] for paper, of in parts.items()})


def disclose(workspace: Workspace, *, now_ns: int) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Works out the ledger of the whole workspace and keeps it.

    Args:
        workspace: Whose papers, devices and history.
        now_ns: For the judgement of weaknesses; nothing here hangs on ends of support.

    Returns:
        (paper, device) -> documents of the claims that traffic can test.
    """
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    if not workspace.papers_path.exists():
        return found
    # Before the work, so that what changes meanwhile makes it stale.
    stamp = stamp_of(workspace)
    with Papers.open(workspace.papers_path) as papers:
        if workspace.registry_path.exists() and papers.papers(PaperKind.MDS2):
            with Registry.open(workspace.registry_path) as registry:
                found = _claims(workspace, registry, papers, now_ns)
        papers.keep_claims(found, stamp)
    return found


def _claims(
    workspace: Workspace, registry: Registry, papers: Papers, now_ns: int
) -> dict[tuple[str, str], list[dict[str, Any]]]:
    devices = {device.id: device for device in registry.devices()}
    forms: dict[str, Form] = {}
    by_site: dict[str, dict[str, list[Holding]]] = defaultdict(lambda: defaultdict(list))
    for holding in papers.holdings(devices.values(), PaperKind.MDS2, current=registry.current_id):
        by_site[devices[holding.device].site][holding.device].append(holding)
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for site, held in by_site.items():
        watched = [devices[device_id] for device_id in held]
        for behaviour in behaviours(workspace, registry, watched, site=site, now_ns=now_ns):
            for holding in held[behaviour.device]:
                form = forms.get(holding.paper.id) or form_of(papers, holding.paper)
                forms[holding.paper.id] = form
                found[holding.paper.id, behaviour.device] = [
                    claim.document() for claim in check(form, behaviour) if claim.standing is not Standing.NOT_TESTABLE
                ]
    return found


def form_of(papers: Papers, paper: Paper) -> Form:
    """The form of a paper.

    Raises:
        PapersError: The paper is none, or what was kept can no longer be read.
    """
    try:
        what = papers.read(paper).what
    except Mds2Error as error:
        raise PapersError(error.message, code="paper-unreadable", hint=error.hint) from error
    if not isinstance(what, Form):
        raise PapersError(f"{paper.name} is no disclosure form", code="paper-no-form", hint="asepsis papers")
    return what


def behaviours(
    workspace: Workspace, registry: Registry, devices: Iterable[Device], *, site: str, now_ns: int
) -> Iterator[Behaviour]:
    """What devices of one site were seen doing that a form speaks of, in one pass over the history."""
    wanted = {device.id: device for device in devices}
    by_mac = {mac: device.id for device in wanted.values() for mac in device.macs}
    said: dict[str, list[Row]] = defaultdict(list)
    talked: dict[str, list[Row]] = defaultdict(list)
    selection = Selection(site=site, limit=ROWS_LIMIT)
    with workspace.history().reader(registry.intervals(site)) as reader:
        for row in reader.ask("posture", selection).documents():
            for device_id in _speakers(row, by_mac) & wanted.keys():
                said[device_id].append(row)
        for row in reader.ask("served", selection).documents():
            for device_id in {row["client_device"], row["server_device"]} & wanted.keys():
                talked[device_id].append(row)
    for device_id, device in wanted.items():
        yield observe(said[device_id], talked[device_id], device, now_ns=now_ns)


def _speakers(row: Row, by_mac: Mapping[str, str]) -> set[str]:
    found = {row["source_device"], row["destination_device"]}
    found.update(by_mac.get(row[end], "") for end in ("source_mac", "destination_mac"))
    if row["protocol"] in ("ble", "hci"):
        found.update(by_mac.get(mac, "") for mac in _ADDRESS.findall(row["facts"]))
    return found


_WORST: Final = (Standing.CONTRADICTED, Standing.QUESTIONED, Standing.CONFIRMED, Standing.UNSEEN)


def standings(claims: Mapping[tuple[str, str], list[Any]]) -> dict[tuple[str, str], str]:
    """(paper, question) -> how the answer stands, the worst of all devices."""
    found: dict[tuple[str, str], str] = {}
    for (paper_id, _), of in claims.items():
        for claim in of:
            at = paper_id, claim["question"]
            if at not in found or _WORST.index(claim["standing"]) < _WORST.index(Standing(found[at])):
                found[at] = claim["standing"]
    return found


def tallies(papers: Iterable[Paper], claims: Mapping[tuple[str, str], list[Any]]) -> list[Tally]:
    """Whose forms are contradicted most: makers by contradicted answers, then by name."""
    makers = {paper.id: paper.subject.maker for paper in papers}
    forms: dict[str, set[str]] = defaultdict(set)
    devices: dict[str, set[str]] = defaultdict(set)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for paper_id, device in claims:
        if paper_id in makers:
            forms[makers[paper_id]].add(paper_id)
            devices[makers[paper_id]].add(device)
    for (paper_id, _), standing in standings(claims).items():
        if paper_id in makers:
            counts[makers[paper_id]][standing] += 1
    found = [
        Tally(maker=maker, forms=len(forms[maker]), devices=len(devices[maker]), counts=dict(counts[maker]))
        for maker in forms
    ]
    return sorted(found, key=lambda tally: (-tally.contradicted, tally.maker))


__all__ = ["Tally", "behaviours", "disclose", "form_of", "renew", "stamp_of", "standings", "tallies"]
