"""Forms, their differences and the disclosure ledger in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from asepsis.cli.listing import device_name
from asepsis.cli.text import showable
from asepsis.exposure.mds2 import Answer, Change, Claim, Form, Standing
from asepsis.knowledge.vendors import vendor

Document = dict[str, Any]


def form_lines(form: Form) -> Iterator[str]:
    """The head of a form, its answers, and what could not be read."""
    head = " ".join(filter(None, (form.manufacturer, form.model))) or "maker and model are not named"
    yield showable(f"{form.edition}: {head}; {len(form.answers)} questions")
    for answer in form.answers:
        yield showable(f"  {answer.id:<12}{_words(answer)}")
    for problem in form.problems:
        yield showable(f"  {problem.where}: {problem.why}")


def change_lines(changes: Sequence[Change]) -> Iterator[str]:
    """``TXCF-2: no, now yes``."""
    for change in changes:
        before = "not asked" if change.before is None else _words(change.before)
        after = "no longer asked" if change.after is None else _words(change.after)
        yield showable(f"{change.id}: {before}, now {after}")
    if not changes:
        yield "no answer differs"


def claim_lines(form: Form, claims: Sequence[Claim], device: Document, *, in_full: bool) -> Iterator[str]:
    """Each answer that traffic can test, contradictions first, and the count of all."""
    maker = vendor(form.manufacturer)
    if maker is not None and device["vendor"] and maker.name.casefold() != device["vendor"].casefold():
        yield showable(f"the form names the maker {form.manufacturer}, and the device looks like {device['vendor']}")
    order = list(Standing)
    order.remove(Standing.CONTRADICTED)
    order.insert(0, Standing.CONTRADICTED)
    for claim in sorted(claims, key=lambda claim: order.index(claim.standing)):
        if claim.standing is Standing.NOT_TESTABLE and not in_full:
            continue
        about = f" ({claim.about})" if claim.about else ""
        yield showable(f"{claim.standing:<13} {claim.answer.id:<11} {_words(claim.answer)}{about}")
        if claim.evidence is not None:
            seen = claim.evidence
            yield showable(f"{'':26}{seen.what}, {seen.count:,} times; packet {seen.packet} of {seen.capture[:12]}")
    counts = Counter(claim.standing for claim in claims)
    words = ", ".join(f"{counts[standing]} {standing}" for standing in order if counts[standing])
    yield showable(f"{device_name(device)}: {words or 'no answers'}")


def _words(answer: Answer) -> str:
    note = f" [{answer.note}]" if answer.note else ""
    text = answer.text if answer.said == "text" else str(answer.said)
    return f"{text}{note}"
