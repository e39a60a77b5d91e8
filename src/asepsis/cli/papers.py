"""Papers of makers in words: what is held, whom it speaks of, and whose forms packets contradict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from asepsis.cli.text import showable
from asepsis.exposure.mds2 import Standing
from asepsis.exposure.paper import PaperKind
from asepsis.kernel.time import iso_from_ns
from asepsis.pipeline.disclosure import Tally
from asepsis.pipeline.papers import Holding, Paper
from asepsis.pipeline.papers_intake import Intake

# Digits of an id that are shown; they are enough to name a paper.
ID_SHOWN: Final = 12
DEVICES_SHOWN: Final = 5
_ITEMS: Final = {PaperKind.MDS2: "question", PaperKind.SBOM: "component"}


def paper_line(paper: Paper) -> str:
    """``3f2a91b0c4d5 mds2 Acme Pump 3: HN 1-2019, 301 questions, received 2026-01-31``."""
    items = f"{paper.items} {_ITEMS[paper.kind]}{'' if paper.items == 1 else 's'}"
    return showable(
        f"{paper.id[:ID_SHOWN]}  {paper.kind}  {paper.subject.words}: {paper.edition}, {items},"
        f" received {iso_from_ns(paper.received_ns)[:10]}"
    )


def intake_lines(intake: Intake) -> Iterator[str]:
    """What was taken in, whom it speaks of, and each file that was not taken."""
    for _, message, hint in intake.refused:
        yield showable(f"{message}{f'. {hint}' if hint else ''}")
    for paper, is_new in intake.taken:
        yield paper_line(paper) + ("" if is_new else " (held already)")
        yield from holding_lines(paper, intake.holdings)
    yield f"{sum(is_new for _, is_new in intake.taken)} new, {len(intake.refused)} not taken"


def holding_lines(paper: Paper, holdings: Iterable[Holding]) -> Iterator[str]:
    """The devices that a paper speaks of, by the reason."""
    devices = [holding for holding in holdings if holding.paper.id == paper.id]
    for reason, count in Counter(holding.tie for holding in devices).items():
        named = [holding.device for holding in devices if holding.tie is reason]
        more = f" and {count - DEVICES_SHOWN} more" if count > DEVICES_SHOWN else ""
        yield showable(
            f"    {count} {'device' if count == 1 else 'devices'}, {reason}: {', '.join(named[:DEVICES_SHOWN])}{more}"
        )
    if not devices:
        lacks = "" if paper.subject.maker and paper.subject.model else "; it does not name maker and model"
        yield f"    of no device here{lacks}: asepsis papers tie {paper.id[:ID_SHOWN]} DEVICE"


def tally_lines(tallies: Iterable[Tally]) -> Iterator[str]:
    """Whose forms are contradicted, most first."""
    for tally in tallies:
        words = ", ".join(f"{tally.counts[standing]} {standing}" for standing in Standing if tally.counts.get(standing))
        yield showable(
            f"{tally.maker or 'no maker named'}: {words or 'no answer that traffic can test'}"
            f" ({tally.forms} forms, {tally.devices} devices)"
        )


def claim_lines(claims: Mapping[tuple[str, str], list[Any]], papers: Mapping[str, Paper]) -> Iterator[str]:
    """Each contradicted answer with its packet."""
    for (paper_id, device), of in claims.items():
        for claim in of:
            if claim["standing"] == Standing.CONTRADICTED and paper_id in papers:
                seen = claim["evidence"]
                yield showable(
                    f"{device}: {papers[paper_id].subject.words} answers {claim['question']} {claim['answer']}"
                )
                yield showable(
                    f"    {claim['about']}; {seen['what']}, packet {seen['packet']} of {seen['capture'][:12]}"
                )
