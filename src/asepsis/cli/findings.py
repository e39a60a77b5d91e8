"""Lines about findings and feeds, for people."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from asepsis.exposure.feeds.edition import moment
from asepsis.exposure.finding import Exposed, Finding
from asepsis.kernel.text import showable, spreadsheet_cell
from asepsis.kernel.time import SECOND_NS, iso_from_ns
from asepsis.pipeline.feeds import Held, Update

_ORDER = {Exposed.AFFECTED: 0, Exposed.CANNOT_TELL: 1, Exposed.NOT_AFFECTED: 2}
COLUMNS = ("device", "site", "answer", "advisory", "vulnerabilities", "product", "versions", "why", "tells")


def finding_lines(findings: Iterable[Finding], names: dict[str, str]) -> Iterator[str]:
    """Findings by device: the answer, the advisory's words, how it follows, and the evidence."""
    shown = sorted(findings, key=lambda one: (names.get(one.device, ""), one.device, _ORDER[one.verdict.answer]))
    last = ""
    for one in shown:
        verdict = one.verdict
        if one.device != last:
            last = one.device
            yield showable(f"{names.get(one.device, one.device)} ({one.device}, {one.site})")
        number = verdict.advisory.rpartition("\n")[2].upper()
        yield showable(f"  {verdict.answer}: {number} {', '.join(verdict.vulnerabilities)}")
        if one.component:
            yield showable(f"    part:     {one.component}")
        yield showable(f"    advisory: {verdict.words}")
        yield showable(f"    because:  {verdict.why}")
        if one.version is not None:
            yield showable(f"    seen:     {_evidence(one)}")
        if verdict.tells:
            yield showable(f"    ask:      {verdict.tells}")
        if verdict.note:
            yield showable(f"    only if:  {verdict.note}")


def _evidence(one: Finding) -> str:
    said = one.version
    assert said is not None
    where = f"packet {said.packet} of {said.capture[:12]}" if said.packet else "said by a person"
    return f"version {said.value} in {said.protocol}, {where}"


def findings_csv(findings: Iterable[Finding], names: dict[str, str]) -> str:
    """One line a finding, for a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("name", *COLUMNS))
    for one in findings:
        document = {**one.document(), "vulnerabilities": " ".join(one.verdict.vulnerabilities)}
        cells = (names.get(one.device, ""), *(str(document[name] or "") for name in COLUMNS))
        writer.writerow([spreadsheet_cell(cell) for cell in cells])
    return text.getvalue()


def update_lines(update: Update, changed: list[dict[str, Any]]) -> Iterator[str]:
    """What an update did, every file that was not taken, and what it changes."""
    for unread in update.unread:
        place = f" at {unread.problem.where}" if unread.problem.where else ""
        yield showable(f"{unread.path}{place}: {unread.problem.why}")
    for path, problem in update.problems:
        yield showable(f"{path}: {problem.where or 'document'} {problem.why}; the rest was taken")
    for path, key in update.older:
        yield showable(f"{path}: older than what is held of {key.rpartition(chr(10))[2]}; not taken")
    yield (
        f"{len(update.added)} new, {len(update.replaced)} replaced, {update.unchanged} unchanged,"
        f" {len(update.older)} older, {len(update.unread)} not read"
    )
    yield from change_lines(changed)


def change_lines(changed: list[dict[str, Any]]) -> Iterator[str]:
    """What changed for the devices."""
    for row in changed:
        before, after = row["before"] or "nothing", row["after"] or "nothing"
        yield showable(f"{row['device']}: {row['advisory']} {', '.join(row['vulnerabilities'])}: {before} -> {after}")
    if not changed:
        yield "nothing changed for your devices"


def status_document(held: list[Held], now_ns: int) -> list[dict[str, Any]]:
    """What is held, by kind, and how old it is."""
    now = datetime.fromtimestamp(now_ns // SECOND_NS, UTC)
    found = []
    for kind in sorted({one.kind for one in held}):
        of = [one for one in held if one.kind == kind]
        dates = [date for date in (moment(one.updated) for one in of) if date is not None]
        newest = max(dates, default=None)
        found.append(
            {
                "kind": kind,
                "documents": len(of),
                "newest": None if newest is None else newest.date().isoformat(),
                "age_days": None if newest is None else max(0, (now - newest).days),
                "loaded": iso_from_ns(max(one.loaded_ns for one in of)),
                "problems": sum(len(one.problems) for one in of),
            }
        )
    return found
