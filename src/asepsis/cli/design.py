"""The report of a design in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from asepsis.cli.text import showable
from asepsis.exposure.design.check import Outcome
from asepsis.exposure.design.report import Report
from asepsis.exposure.design.threats import Standing

# Of each check and of the threats; the page and the JSON document have all.
SHOWN: Final = 8


def report_lines(report: Report) -> Iterator[str]:
    """What was given, each check with what it found, and the open threats."""
    yield showable(report.name)
    for what, which in report.inputs:
        yield showable(f"  {what}: {which}")
    if report.function:
        yield showable(f"  it {report.function}; a fault can at worst be {report.severity} for a patient")
    for check in report.checks:
        if check.outcome is Outcome.NOT_LOOKED_AT:
            continue
        yield ""
        yield showable(f"{check.outcome:<14}{check.title} ({check.topic.source})")
        yield showable(f"{'':14}{check.says}")
        for item in check.found[:SHOWN]:
            where = f"; packet {item.seen.packet} of {item.seen.capture[:12]}" if item.seen is not None else ""
            source = f" [{item.source}]" if item.source else ""
            yield showable(f"{'':14}{item.severity}: {item.title}{source}{where}")
        if len(check.found) > SHOWN:
            yield f"{'':14}and {len(check.found) - SHOWN:,} more"
        for item in check.unsure[:SHOWN]:
            yield showable(f"{'':14}cannot tell: {item.title}")
        if len(check.unsure) > SHOWN:
            yield f"{'':14}and {len(check.unsure) - SHOWN:,} more that cannot be told"
    missing = [check.title.lower() for check in report.checks if check.outcome is Outcome.NOT_LOOKED_AT]
    if missing:
        yield ""
        yield showable(f"not looked at: {', '.join(missing)}")
    if report.threats:
        open_ones = [threat for threat in report.threats if threat.standing is Standing.OPEN]
        yield ""
        yield f"threats (STRIDE): {len(report.threats)}, {len(open_ones)} of them open by what was seen"
        for threat in open_ones[:SHOWN]:
            yield showable(f"  {threat.severity}: {threat.kind}, {threat.name}: {threat.what}")
    yield ""
    yield f"{report.found:,} things found; --html FILE or --pdf FILE writes all of it"
