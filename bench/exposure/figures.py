"""Keeps what the evaluations of exposure measure, and writes the section "Exposure" of bench/RESULTS.md from it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from bench import results
from bench.programs import SCRATCH, our_version
from bench.sitting import KEPT, kept

CPU_SECONDS: Final = 20
MEMORY_MIB: Final = 1024
UPDATE_SECONDS: Final = 2

PARTS: Final = {
    "findings": "advisories",
    "statements": "sbom_vex",
    "recalls": "",
    "weaknesses": "",
    "plan": "",
}
"""What is measured, and the archive of other people's documents that it needs, which is not a part of the project."""

HEAD: Final = """\
Written by `make eval`. How right findings are is measured on advisories whose makers no rule was made for
([more](FINDINGS.md)); published statements (VEX), two real lists of the components of medical devices and recalls on
answers that were written down by hand from what they say (`tests/eval`), parts of the lists and devices just inside and
just outside; weaknesses, forms, risk and the plan on the recorded hospital ([more](WEAKNESSES.md))."""
SCALE: Final = """\
100,000 devices, 2,500 advisories and 300,000 scores. The advisories are the public medical ones and copies of them
under invented makers, products and CVE numbers. In the hospital a few models stand in every room and most devices are
of models that no advisory names; in the worst fleet no two devices are alike and all are of makers and models that
advisories name. Every program is a process of its own, and its CPU time holds its start and the reading of all
documents. The peers do a part of the work: SQL joins maker and model written alike, rapidfuzz compares their names with
all products (for 2,000 devices; its time is that of matching, times fifty); neither reads versions. Right and wrong are
counted on the advisory that a device was planted for."""


def keep_rows(part: str, rows: Sequence[Sequence[object]]) -> None:
    """Keeps rows of one of ``PARTS``: what, the goal, what was measured, and whether it is met (None: has no goal)."""
    when = datetime.now(UTC).date().isoformat()
    keep(part, {"rows": [list(row) for row in rows], "when": when, "version": our_version()})


def keep(part: str, found: dict[str, Any]) -> None:
    """Keeps the figures of one evaluation and writes the section anew."""
    everything = kept()
    everything.setdefault("exposure", {})[part] = found
    SCRATCH.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps(everything, indent=1) + "\n")
    results.write_section("Exposure", page(everything["exposure"]))


def page(found: dict[str, Any]) -> list[str]:
    """The section."""
    lines = [HEAD, "", *_right(found), ""]
    scale = found.get("scale")
    if scale:
        lines += [SCALE, "", *_scale(scale), "", f"{scale['when']}, Asepsis {scale['version']}."]
    else:
        lines.append("Scale: not measured.")
    return lines


def _right(found: dict[str, Any]) -> Iterator[str]:
    yield "| what | goal | measured | |"
    yield "|---|---|---|---|"
    for part in PARTS:
        rows = found.get(part, {}).get("rows", ())
        if not rows:
            yield f"| {part} | | {_why_not(part)} | |"
        for what, goal, measured, met in rows:
            yield f"| {what} | {goal} | {measured} | {'' if met is None else _verdict(met)} |"
    told: dict[str, list[str]] = {}
    for part in PARTS:
        one = found.get(part, {})
        if "when" in one:
            told.setdefault(f"{one['when']}, Asepsis {one['version']}", []).append(part)
    if told:
        yield ""
        yield "Measured: " + "; ".join(f"{', '.join(parts)} on {when}" for when, parts in told.items()) + "."


def _why_not(part: str) -> str:
    archive = PARTS[part]
    return f"not measured: needs the archive `{archive}`" if archive else "not measured"


def _scale(scale: dict[str, Any]) -> Iterator[str]:
    yield "| fleet | program | CPU s | peak MiB | goal | | found | missed | wrongly accused | ours / this |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for fleet, measured in scale["fleets"].items():
        name = f"{fleet} ({measured['identities']:,} different)"
        first = measured["runs"]["ours"]
        for program, run in measured["runs"].items():
            seconds = run["cpu_seconds"]
            ratio = ""
            if program == "rapidfuzz":
                seconds = run["match"] * measured["devices"] / run["devices"]
            if program in ("rapidfuzz", "SQL"):
                ratio = f"{first['cpu_seconds'] / seconds:.2g}"
            goal, verdict = "", ""
            if program == "ours":
                goal = f"{CPU_SECONDS} s, {MEMORY_MIB} MiB"
                verdict = _verdict(seconds < CPU_SECONDS and run["peak_mib"] < MEMORY_MIB)
            elif program.startswith("ours, ") and program != "ours, a second time":
                goal, verdict = f"{UPDATE_SECONDS} s", _verdict(seconds < UPDATE_SECONDS)
            counts = " | ".join(f"{run[key]:,}" if key in run else "" for key in ("found", "missed", "accused"))
            yield (
                f"| {name} | {program} | {seconds:.2f} | {run['peak_mib']} | {goal} | {verdict} | {counts} | {ratio} |"
            )
    for fleet, measured in scale["fleets"].items():
        run = measured["runs"]["ours"]
        yield (
            f"\nOf the first run in the {fleet} fleet: documents taken in {run['take']:.1f} s, short forms made"
            f" {run['read']:.1f} s, matched {run['match']:.1f} s, scores and threats {run['threats']:.1f} s;"
            f" {run['cannot tell']:,} cannot be told."
        )


def _verdict(met: bool) -> str:
    return "met" if met else "**SHORTFALL**"
