"""The report of a design: what was given, what was found by topic, the threat model; as JSON and as a page to print.

The page is one HTML file with its drawing inside and no outer parts: it opens anywhere and prints as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Any, Final

from asepsis.exposure.design.check import Check, Item, Outcome
from asepsis.exposure.design.flow import Flow
from asepsis.exposure.design.threats import Standing, Store, Threat
from asepsis.exposure.design.topics import OUTSIDE, TOPICS
from asepsis.exposure.weaknesses.weakness import Seen
from asepsis.kernel.value import value

# Rows of one table on paper; the JSON document has all.
ROWS_LIMIT: Final = 60


@value
class Report:
    """Everything that is known of a design."""

    name: str
    """Of the device."""
    made: str
    """ISO 8601, when the report was made."""
    inputs: tuple[tuple[str, str], ...]
    """(what, which): ``SBOM``, ``monitor.cdx.json, 214 components``."""
    severity: str
    function: str
    """What the device does for patients, as far as it is known."""
    checks: tuple[Check, ...]
    threats: tuple[Threat, ...]
    flows: tuple[Flow, ...]
    stores: tuple[Store, ...]
    drawing: str
    """SVG; empty where there was no capture."""

    @property
    def found(self) -> int:
        """How many things the checks found."""
        return sum(len(check.found) for check in self.checks)

    def document(self) -> dict[str, Any]:
        """The JSON document of ``asepsis design check --json``."""
        return {
            "device": self.name,
            "made": self.made,
            "inputs": [{"what": what, "which": which} for what, which in self.inputs],
            "severity": self.severity,
            "function": self.function or None,
            "found": self.found,
            "checks": [check.document() for check in self.checks],
            "not_judged": [{"topic": topic, "why": why} for topic, why in OUTSIDE.items()],
            "threats": [threat.document() for threat in self.threats],
            "flows": [flow.document() for flow in self.flows],
            "stores": [
                {"name": store.name, "why": store.why, "patient_data": store.has_patient_data} for store in self.stores
            ],
        }

    def page(self) -> str:
        """The report as one HTML file."""
        return "".join(_page(self))


_STYLE: Final = """
@page { size: A4; margin: 18mm 15mm; @bottom-right { content: counter(page) " / " counter(pages); font-size: 9pt } }
body { font: 10.5pt/1.45 sans-serif; color: #0f172a; max-width: 62rem; margin: 1.5rem auto; padding: 0 1rem }
h1 { font-size: 20pt; margin: 0 0 .2em } h2 { font-size: 14pt; margin: 1.6em 0 .4em; break-after: avoid }
h3 { font-size: 11.5pt; margin: 1.2em 0 .2em; break-after: avoid }
table { border-collapse: collapse; width: 100%; margin: .4em 0 } tr { break-inside: avoid }
th, td { text-align: left; vertical-align: top; padding: .25em .5em; border-bottom: 1px solid #cbd5e1 }
th { color: #334155; font-weight: 600 } .source { color: #475569; font-size: 9pt }
.word { display: inline-block; padding: 0 .5em; border-radius: 3px; font-weight: 600; white-space: nowrap }
.found, .open { background: #fee2e2; color: #7f1d1d } .tell { background: #fef3c7; color: #713f12 }
.nothing, .covered { background: #dcfce7; color: #14532d } .not { background: #e2e8f0; color: #1e293b }
svg { width: 100%; height: auto; border: 1px solid #cbd5e1 } code { overflow-wrap: anywhere }
"""
_CLASSES: Final = {
    Outcome.FOUND: "found",
    Outcome.CANNOT_TELL: "tell",
    Outcome.NOTHING: "nothing",
    Outcome.NOT_LOOKED_AT: "not",
    Standing.OPEN: "open",
    Standing.COVERED: "covered",
    Standing.CANNOT_TELL: "tell",
}


def _page(report: Report) -> Iterator[str]:
    yield f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Design check: {escape(report.name)}</title>'
    yield f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
    yield f"<h1>Design check: {escape(report.name)}</h1><p>{escape(_summary(report))}</p>"
    yield _table(("Given", "Which"), ((what, escape(which)) for what, which in report.inputs))
    yield "<h2>By topic of section 524B</h2>"
    yield _table(("Topic", "Outcome", "Found", "Where it is asked for"), _topics(report))
    if report.drawing:
        yield f"<h2>Data flows and trust boundaries</h2>{report.drawing}"
    yield "<h2>What was found</h2>"
    for check in report.checks:
        yield from _check(check)
    if report.threats:
        yield from _threats(report.threats)
    yield "<h2>What this report does not judge</h2><ul>"
    for topic, why in OUTSIDE.items():
        yield f"<li><strong>{escape(TOPICS[topic].title)}</strong>: {escape(why)}</li>"
    yield "</ul><p class='source'>Sections: FDA, Cybersecurity in Medical Devices: Quality System Considerations and "
    yield "Content of Premarket Submissions. Clauses: IEC 81001-5-1:2021. Severities: ISO/TR 24971:2020 5.5.3. "
    yield f"Made {escape(report.made[:16].replace('T', ' '))} UTC. A report helps to prepare a submission; it is none."
    yield "</p></html>"


def _summary(report: Report) -> str:
    outcomes = Counter(check.outcome for check in report.checks)
    does = f"It {report.function}; a fault can at worst be {report.severity} for a patient. " if report.function else ""
    open_ones = sum(threat.standing is Standing.OPEN for threat in report.threats)
    threats = f" Of {len(report.threats)} threats {open_ones} are open by what was seen." if report.threats else ""
    return (
        f"{does}{report.found} things were found by {outcomes[Outcome.FOUND]} of {len(report.checks)} checks; "
        f"{outcomes[Outcome.CANNOT_TELL]} checks cannot tell, {outcomes[Outcome.NOT_LOOKED_AT]} lack their input."
        f"{threats}"
    )


def _topics(report: Report) -> Iterator[tuple[str, ...]]:
    open_ones = sum(threat.standing is Standing.OPEN for threat in report.threats)
    order = (Outcome.FOUND, Outcome.CANNOT_TELL, Outcome.NOTHING, Outcome.NOT_LOOKED_AT)
    for topic in TOPICS.values():
        own = [check for check in report.checks if check.topic is topic]
        outcome = next((one for one in order if any(check.outcome is one for check in own)), Outcome.NOT_LOOKED_AT)
        count = sum(len(check.found) for check in own)
        if topic.id == "threat-model" and report.threats:
            outcome, count = (Outcome.FOUND if open_ones else Outcome.CANNOT_TELL), open_ones
        lacking = sum(check.outcome is Outcome.NOT_LOOKED_AT for check in own)
        told = [str(count)] if count else []
        if 0 < lacking < len(own):
            told.append(f"{lacking} of {len(own)} checks lack their input")
        word = f'<span class="word {_CLASSES[outcome]}">{outcome}</span>'
        yield escape(topic.title), word, ", ".join(told), f'<span class="source">{escape(topic.source)}</span>'


def _check(check: Check) -> Iterator[str]:
    yield f'<h3>{escape(check.title)} <span class="word {_CLASSES[check.outcome]}">{check.outcome}</span></h3>'
    yield f'<p>{escape(check.says)} <span class="source">{escape(check.topic.source)}</span></p>'
    items = [*((item, "found") for item in check.found), *((item, "cannot tell") for item in check.unsure)]
    if items:
        yield _table(("", "What", "Why it matters", "What to do"), (_row(*one) for one in items[:ROWS_LIMIT]))
    if len(items) > ROWS_LIMIT:
        yield f"<p>{len(items) - ROWS_LIMIT} more are in the JSON document.</p>"


def _row(item: Item, word: str) -> tuple[str, ...]:
    where = " ".join(filter(None, (escape(item.source), _packet(item.seen))))
    style, shown = ("found", escape(item.severity)) if word == "found" else ("tell", word)
    return (
        f'<span class="word {style}">{shown}</span>',
        f'{escape(item.title)}<br><span class="source">{where}</span>',
        escape(item.why),
        escape(item.action),
    )


def _threats(threats: Sequence[Threat]) -> Iterator[str]:
    yield "<h2>Threat model (STRIDE)</h2>"
    yield "<p>Open: something was seen that lets it happen. Covered: something was seen that stands against it.</p>"
    rows = (
        (
            f'<span class="word {_CLASSES[threat.standing]}">{threat.standing}</span><br>{escape(threat.severity)}',
            f"<strong>{threat.kind}</strong>, {threat.element}<br>{escape(threat.name)}",
            f'{escape(threat.what)}. {escape(threat.why)}<br><span class="source">{_packet(threat.evidence)}</span>',
            f'{escape(threat.mitigation)}<br><span class="source">{escape(threat.topic.source)}</span>',
        )
        for threat in threats[: 2 * ROWS_LIMIT]
    )
    yield _table(("Standing", "Threat to", "What can happen", "What stands against it"), rows)
    if len(threats) > 2 * ROWS_LIMIT:
        yield f"<p>{len(threats) - 2 * ROWS_LIMIT} more are in the JSON document.</p>"


def _packet(seen: Seen | None) -> str:
    return "" if seen is None else f"packet {seen.packet} of {escape(seen.capture[:12])}"


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th scope='col'>{title or '<span>Worst</span>'}</th>" for title in titles)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
