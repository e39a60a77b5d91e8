"""What the engine found, as rows: an examination in, rows of one device at a time out; nothing is read or written."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from asepsis.devices.device import Device as Known
from asepsis.exposure.advisory import Advisory as Document
from asepsis.exposure.advisory import Status, Vulnerability
from asepsis.exposure.care import care_words
from asepsis.exposure.finding import Exposed
from asepsis.exposure.finding import Finding as Found
from asepsis.exposure.reported.tying import ReportedFinding
from asepsis.exposure.weaknesses import Weakness
from asepsis.kernel.time import SECOND_NS
from asepsis.pipeline.exposure import Documents, Examination
from asepsis.web.exposure.models import Advisory, Finding, Risk

TITLE_LIMIT: Final = 300
TEXT_LIMIT: Final = 4_000
"""Of what a publisher writes in one place; a page shows no more, and a database holds half a million of them."""
LISTED_LIMIT: Final = 300
"""Products, vulnerabilities and remedies of one advisory that a page shows; the largest has some two hundred."""
ADDRESS_LIMIT: Final = 500
ID_LIMIT: Final = 150
SEARCH_LIMIT: Final = 20_000
FIX: Final = "vendor_fix"


def advisory_id(key: str) -> str:
    """The row of an advisory by the engine's key."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def advisory_row(document: Document, told: Documents) -> Advisory:
    """One document as a row."""
    bases = [base for one in document.vulnerabilities if (base := one.base_score) is not None]
    epss = [told.likelihood[one.id] for one in document.vulnerabilities if one.id in told.likelihood]
    words = {product.id: product.words or product.name for product in document.products}
    spoken: dict[str, set[str]] = defaultdict(set)
    for vulnerability in document.vulnerabilities:
        for product, status in vulnerability.status:
            spoken[product].add(str(status))
    remedies = {
        (remedy.category, said(remedy.words, TEXT_LIMIT)): None
        for vulnerability in document.vulnerabilities
        for remedy in vulnerability.remedies
    }
    return Advisory(
        id=advisory_id(document.key),
        number=said(document.id, 200),
        title=said(document.title or document.id, TITLE_LIMIT),
        publisher=said(document.publisher, 200),
        category=said(document.category, 64),
        address=_address(document.address),
        released=moment_of(document.released),
        updated=moment_of(document.updated),
        base=max(bases, default=None),
        epss=max(epss, default=None),
        exploited=any(one.id in told.exploited for one in document.vulnerabilities),
        vulnerabilities=[said(one.id, ID_LIMIT) for one in document.vulnerabilities[:LISTED_LIMIT]],
        has_fix=any(category == FIX for category, _ in remedies),
        details=[_detail(one, told) for one in document.vulnerabilities[:LISTED_LIMIT]],
        products=[
            {"words": said(words[product], 500), "status": sorted(spoken[product])}
            for product in list(words)[:LISTED_LIMIT]
            if product in spoken
        ],
        search=said(
            " ".join(
                [
                    *(document.id, document.title, document.publisher),
                    *(one.id for one in document.vulnerabilities[:LISTED_LIMIT]),
                    *(words[product] for product in list(words)[:LISTED_LIMIT]),
                ]
            ).lower(),
            SEARCH_LIMIT,
        ),
        remedies=[{"category": category, "words": text} for category, text in list(remedies)[:LISTED_LIMIT]],
    )


def _detail(one: Vulnerability, told: Documents) -> dict[str, Any]:
    best = max(one.scores, key=lambda score: (score.version, score.base), default=None)
    return {
        "id": said(one.id, ID_LIMIT),
        "title": said(one.title, TITLE_LIMIT),
        "cwe": said(one.cwe, 200),
        "base": one.base_score,
        "vector": "" if best is None else said(best.vector, TITLE_LIMIT),
        "epss": told.likelihood.get(one.id),
        "exploited": one.id in told.exploited,
    }


def finding_rows(examined: Examination, devices: Iterable[str], now: datetime) -> Iterator[tuple[str, list[Finding]]]:
    """The findings of each of the devices that have a row, those without any too, in the order of ``devices``.

    Args:
        examined: What the engine found.
        devices: Ids of the devices that rows may refer to.
        now: The moment of the examination.
    """
    of_device: dict[str, list[Found]] = defaultdict(list)
    for found in examined.findings:
        of_device[found.device].append(found)
    weak: dict[str, list[Weakness]] = defaultdict(list)
    for weakness in examined.weaknesses:
        weak[weakness.device].append(weakness)
    claims: dict[str, list[ReportedFinding]] = defaultdict(list)
    for reported in examined.reported:
        claims[reported.device].append(reported)
    told = {document.key: document for document in examined.documents.advisories}
    scores = {one.device: round(float(one.score), 3) for one in examined.assessments}
    known = {device.id: device for device in examined.devices}
    for device_id in devices:
        device = known.get(device_id)
        rows: dict[tuple[str, str], Finding] = {}
        if device is not None:
            for found in of_device[device_id]:
                row = _told_finding(found, device, told[found.verdict.advisory], examined.documents)
                # Two of one key: the surer answer stands.
                earlier = rows.get((row.source, row.key))
                if earlier is None or row.answer < earlier.answer:
                    rows[row.source, row.key] = row
            for weakness in weak[device_id]:
                row = _weakness_finding(weakness)
                rows[row.source, row.key] = row
            for claimed in claims[device_id]:
                row = _reported_finding(claimed)
                rows[row.source, row.key] = row
        for row in rows.values():
            row.device_id = device_id
            row.score = scores.get(device_id, 0.0)
            row.first_found = now
            if row.source != Finding.Source.WEAKNESS:
                row.last_found = now
            row.digest = _digest(row)
        yield device_id, list(rows.values())


_DIGESTED: Final = (
    *("source", "key", "advisory_id", "weakness", "component", "paper", "answer", "title", "care", "action", "why"),
    *("words", "tells", "note", "product", "versions", "vulnerabilities", "evidence"),
    *("base", "epss", "exploited", "has_fix", "score"),
)


def _digest(row: Finding) -> str:
    text = json.dumps([getattr(row, name) for name in _DIGESTED], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _told_finding(found: Found, device: Known, document: Document, told: Documents) -> Finding:
    verdict = found.verdict
    named = set(verdict.vulnerabilities)
    about = [one for one in document.vulnerabilities if one.id in named]
    bases = [base for one in about if (base := one.base_score) is not None]
    epss = [told.likelihood[name] for name in named if name in told.likelihood]
    remedies = list(dict.fromkeys((remedy.category != FIX, remedy.words) for one in about for remedy in one.remedies))
    identity = advisory_id(document.key)
    part = f"{hashlib.sha256(found.component.encode()).hexdigest()[:12]} " if found.component else ""
    title = f"{found.component}: {document.title or document.id}" if found.component else document.title or document.id
    return Finding(
        source=Finding.Source.COMPONENT if found.component else Finding.Source.ADVISORY,
        # One advisory may answer differently for different vulnerabilities; each of these is in one answer only.
        key=f"{identity} {part}{said(min(verdict.vulnerabilities, default=''), ID_LIMIT)}",
        advisory_id=identity,
        answer=Finding.Answer.AFFECTED if verdict.answer is Exposed.AFFECTED else Finding.Answer.CANNOT_TELL,
        title=said(title, TITLE_LIMIT),
        care=care_words(device.category, [score.vector for one in about for score in one.scores]),
        action=said("\n".join(words for _, words in sorted(remedies)[:4]), TEXT_LIMIT),
        why=said(verdict.why, TEXT_LIMIT),
        words=said(verdict.words, TEXT_LIMIT),
        tells=said(verdict.tells, TEXT_LIMIT),
        note=said(verdict.note, TEXT_LIMIT),
        component=said(found.component, TITLE_LIMIT),
        paper=found.paper[:64],
        product=said(verdict.product, 500),
        versions=said(verdict.version, 500),
        vulnerabilities=[said(name, ID_LIMIT) for name in verdict.vulnerabilities[:LISTED_LIMIT]],
        evidence=[one.document() for one in (found.model, found.version) if one is not None],
        base=max(bases, default=None),
        epss=max(epss, default=None),
        exploited=any(name in told.exploited for name in named),
        has_fix=any(remedy.category == FIX for one in about for remedy in one.remedies),
    )


def _weakness_finding(weakness: Weakness) -> Finding:
    kind = weakness.kind
    return Finding(
        source=Finding.Source.WEAKNESS,
        key=kind.id,
        weakness=kind.id,
        answer=Finding.Answer.AFFECTED,
        title=kind.title,
        care=kind.care,
        action=kind.action,
        why=f"{kind.term}; seen {weakness.count:,} time{'s' if weakness.count != 1 else ''}",
        evidence=[seen.document() for seen in weakness.evidence],
        last_found=datetime.fromtimestamp(weakness.last_ns // SECOND_NS, UTC),
    )


def _reported_finding(one: ReportedFinding) -> Finding:
    """What another scanner claims: affected by its word, or "cannot tell" where traffic contradicts it or it is old."""
    claim = one.claim
    port = f", {claim.transport} port {claim.port}" if claim.port else ""
    return Finding(
        source=Finding.Source.REPORT,
        key=said(one.key, 200),
        answer=Finding.Answer.AFFECTED if one.believed else Finding.Answer.CANNOT_TELL,
        title=said(claim.title or claim.number, TITLE_LIMIT),
        action=said(claim.action, TEXT_LIMIT),
        why=said(one.why, TEXT_LIMIT),
        words=said(f"{one.source}, {claim.number}{port}: {claim.title}", TEXT_LIMIT),
        tells="" if one.believed else "A scan of today, or the traffic of the service itself.",
        note=said("; ".join(one.contradictions), TEXT_LIMIT),
        vulnerabilities=[said(number, ID_LIMIT) for number in claim.vulnerabilities[:LISTED_LIMIT]],
        base=claim.base,
    )


def risk_rows(examined: Examination, now: datetime) -> Iterator[Risk]:
    """The risk of every device, the riskiest first."""
    pairs = zip(examined.assessments, examined.advice, strict=True)
    ordered = sorted(pairs, key=lambda pair: (-round(float(pair[0].score), 3), pair[0].device))
    for rank, (one, advice) in enumerate(ordered, start=1):
        best, worst = examined.stability.ranks.get(one.device, (rank, rank))
        yield Risk(
            device_id=one.device,
            score=round(float(one.score), 3),
            low=round(float(one.low), 3),
            high=round(float(one.high), 3),
            tier=str(one.tier),
            rank=rank,
            rank_low=min(best, rank),
            rank_high=max(worst, rank),
            likelihood=round(float(one.likelihood), 6),
            harm=round(float(one.harm), 6),
            factors=[share.document() for share in one.shares],
            advice=None if advice is None else advice.document(),
            at=now,
        )


def cleared(document: Mapping[str, Any]) -> bool:
    """Whether an advisory says of one of its products (an object of ``products``) that nothing has to be done."""
    harmless = {str(Status.NOT_AFFECTED), str(Status.FIXED), str(Status.FIRST_FIXED), str(Status.RECOMMENDED)}
    return set(document["status"]) <= harmless


def _address(text: str) -> str:
    """An address that a browser may be led to: a publisher's document is not believed to hold no script."""
    return text if len(text) <= ADDRESS_LIMIT and text.startswith(("https://", "http://")) else ""


def said(text: str, limit: int) -> str:
    """A publisher's text as every database takes it: no NUL, no half of a pair of surrogates, not too long."""
    return text[:limit].replace("\0", "").encode("utf-8", "replace").decode()


def moment_of(text: str) -> datetime | None:
    """A publisher's date and time in UTC; None for what is none."""
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
