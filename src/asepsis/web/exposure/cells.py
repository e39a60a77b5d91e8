"""The cells of the list of findings, as markup: a template for each of some hundred cells is too slow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Final

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from asepsis.web.exposure.models import Finding
from asepsis.web.overview.templatetags.icons import icon
from asepsis.web.overview.templatetags.words import percent, words

TIER_TONES: Final = {"critical": "bad", "high": "warn", "medium": "", "low": "good"}
ANSWER_TONES: Final = {"affected": "bad", "cannot tell": "warn"}
CARE_SHOWN: Final = 220
"""Letters; the device's page has the rest."""

Cell = Callable[[Finding], str]


def tier_badge(tier: str, score: float | None = None) -> str:
    """A tier as a word in its colour, with its score."""
    shown = "" if score is None else f" {score:.0f}"
    return f'<span class="badge {TIER_TONES.get(tier, "")}">{escape(words(tier))}{shown}</span>'


def _device(finding: Finding) -> str:
    device = finding.device
    address = reverse("device-exposure", args=[device.pk])
    kind = words(device.category) if device.category else "Unknown kind"
    heart = f"{icon('heart')} " if device.medical else ""
    risk = getattr(device, "risk", None)
    badge = f" {tier_badge(risk.tier, risk.score)}" if risk is not None else ""
    return (
        f'<a href="{address}">{escape(device.title)}</a>{badge}'
        f'<br><span class="muted small">{heart}{escape(kind)} · {escape(device.address)}</span>'
    )


def _where(finding: Finding) -> str:
    record = getattr(finding.device, "record", None)
    told = [str(finding.site)]
    if record is not None:
        told += [str(part) for part in (record.department, record.place) if part]
    owner = "" if record is None or record.owner is None else escape(str(record.owner))
    shown = owner or '<span class="muted">nobody named</span>'
    return f'<div>{shown}<br><span class="muted small">{escape(" · ".join(told))}</span></div>'


def _title(finding: Finding) -> str:
    care = finding.care if len(finding.care) <= CARE_SHOWN else f"{finding.care[:CARE_SHOWN]}…"
    if finding.advisory_id:
        link = f'<a href="{reverse("advisory", args=[finding.advisory_id])}">{escape(finding.title)}</a>'
        number = (
            f' <span class="muted small nowrap">{escape(finding.advisory.number)}</span>' if finding.advisory else ""
        )
    else:
        link, number = escape(finding.title), ""
    return f'<div>{link}{number}<br><span class="muted small">{escape(care)}</span></div>'


def _answer(finding: Finding) -> str:
    tone = ANSWER_TONES.get(finding.answer, "")
    badge = f'<span class="badge {tone}">{escape(finding.get_answer_display())}</span>'
    return f"<div>{badge}{_tells(finding)}</div>"


def _tells(finding: Finding) -> str:
    return f'<br><span class="muted small">{escape(finding.tells)} would tell</span>' if finding.tells else ""


def _likely(finding: Finding) -> str:
    parts = []
    if finding.exploited:
        parts.append(f'<span class="badge bad">{icon("alert")} used by attackers</span>')
    if finding.epss is not None:
        parts.append(f'<span class="nowrap">EPSS {percent(finding.epss)}</span>')
    if finding.base is not None:
        parts.append(f'<span class="nowrap">CVSS {finding.base:.1f}</span>')
    return "<div>" + "<br>".join(parts) + "</div>" if parts else ""


def _fix(finding: Finding) -> str:
    if finding.has_fix:
        return f'<span class="badge good">{icon("check")} fix</span>'
    return '<span class="muted small">settings</span>' if finding.source == Finding.Source.WEAKNESS else ""


def _found(finding: Finding) -> str:
    moment = finding.first_found
    again = '<br><span class="muted small">came back</span>' if finding.reopened else ""
    return f'<div><time class="nowrap" datetime="{moment.isoformat()}">{moment:%Y-%m-%d}</time>{again}</div>'


COLUMNS: Final[dict[str, tuple[str, Cell]]] = {
    "device": ("Device", _device),
    "where": ("Owner and place", _where),
    "title": ("What was found", _title),
    "answer": ("Answer", _answer),
    "epss": ("How likely", _likely),
    "fix": ("Fix", _fix),
    "first_found": ("Since", _found),
}
"""Name to heading and cell."""


def _same_device(finding: Finding) -> str:
    address = reverse("device-exposure", args=[finding.device_id])
    return f'<a class="muted small" href="{address}">{escape(finding.device.title)}</a>'


_AGAIN: Final[dict[str, Cell]] = {"device": _same_device, "where": lambda finding: ""}


def rows(findings: Iterable[Finding], columns: Sequence[str]) -> SafeString:
    """The rows of a table, one a finding, with device, site, record and advisory at hand."""
    cells = [COLUMNS[name][1] for name in columns]
    again = [_AGAIN.get(name, cell) for name, cell in zip(columns, cells, strict=True)]
    row = "<tr>" + "".join([f'<td data-title="{escape(COLUMNS[name][0])}">%s</td>' for name in columns]) + "</tr>"
    lines = []
    before = ""
    for one in findings:
        # What stands in the row above already is not said again, so that the eye finds where the next device begins.
        lines.append(row % tuple([cell(one) for cell in (again if one.device_id == before else cells)]))
        before = one.device_id
    return mark_safe("\n".join(lines))  # noqa: S308 - every cell escapes what it was given
