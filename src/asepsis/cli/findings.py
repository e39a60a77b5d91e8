"""Lines about findings and feeds, for people."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from asepsis.exposure.finding import Exposed, Finding
from asepsis.kernel.text import showable, spreadsheet_cell
from asepsis.kernel.time import iso_from_ns
from asepsis.pipeline.feeds import Update
from asepsis.pipeline.feeds_standing import Standing

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
        f" {len(update.older)} older than what is held, {len(update.unread)} not taken"
    )
    yield from change_lines(changed)


def change_lines(changed: list[dict[str, Any]]) -> Iterator[str]:
    """What changed for the devices."""
    for row in changed:
        before, after = row["before"] or "nothing", row["after"] or "nothing"
        yield showable(f"{row['device']}: {row['advisory']} {', '.join(row['vulnerabilities'])}: {before} -> {after}")
    if not changed:
        yield "nothing changed for your devices"


def status_lines(found: Iterable[Standing], now: datetime) -> Iterator[str]:
    """One line for each feed, and below it what a person should look at."""
    for one in found:
        age = one.age_days(now)
        if one.documents == 0 or one.newest is None:
            said = "nothing is held"
        else:
            days = "today" if age == 0 else f"{age} {'day' if age == 1 else 'days'} old"
            count = f"{one.documents} {'document' if one.documents == 1 else 'documents'}"
            said = f"{one.kind}, {count}, newest {one.newest.date().isoformat()}, {days}"
        who = f" ({one.publisher})" if one.publisher else ""
        yield showable(f"{one.source}{who}: {said}")
        if one.stale_since is not None:
            yield showable(
                f"  stale since {one.stale_since.date().isoformat()}: something newer should be there by now"
            )
        if one.signatures:
            yield showable("  signatures: " + ", ".join(f"{count} {state}" for state, count in one.signatures.items()))
        if one.problems:
            yield f"  {len(one.problems)} places in documents could not be read: asepsis feeds problems"
        yield from _attempt_lines(one)


def _attempt_lines(one: Standing) -> Iterator[str]:
    attempt = one.attempt
    if attempt is None:
        return
    looked = iso_from_ns(attempt.at_ns)[:16].replace("T", " ")
    if attempt.failure:
        yield showable(f"  last look {looked} UTC failed: {attempt.failure}")
    for warning in attempt.warnings:
        yield showable(f"  look at this: {warning}")
    if attempt.waiting:
        yield f"  {attempt.waiting} documents wait for the next update"
    if attempt.unread_count:
        yield f"  {attempt.unread_count} files were not taken: asepsis feeds problems"
