"""Makes bench/ANSWERS.md of what the comparisons found."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench.accuracy.applications import Agreement
from bench.accuracy.conversations import Comparison
from bench.accuracy.fingerprints import Fingerprints
from bench.accuracy.medical import Fact
from bench.programs import our_version

ROOT = Path(__file__).resolve().parent.parent.parent
ANSWERS = ROOT / "bench" / "ANSWERS.md"
EXPLAINED = ROOT / "docs" / "reference" / "known-differences.md"
SHOWN_CONFUSIONS = 40
SHOWN_NAMES = 25

HOW = """\
Written by `make eval`. Nothing here was made for the purpose: the captures are those of the nDPI project's tests and
of medical devices, the judges are tshark and nDPI. They are not always right either; every kind of difference is
explained in [known differences](../docs/reference/known-differences.md)."""
CONVERSATIONS = """\
Each packet is put by tshark into its innermost conversation (both ends with ports, protocol), without joining
fragments or TCP segments; a conversation is the same when packets and bytes agree in both directions."""
APPLICATIONS = """\
A flow counts where both name an application. nDPI's name is brought to ours by a written table
(`bench/accuracy/applications.py`); its services and games have no name here, so that a name that we took from the port
counts as wrong where nDPI knows better."""
FINGERPRINTS = """\
The two hash parts of JA4 of every flow of TLS over TCP and of QUIC, against nDPI's result files."""
MEDICAL = """\
What tshark's dissectors print (`-d tcp.port==6661,hl7`) and what we read, through the whole packet engine. Abstract
syntaxes: how many of tshark's are among ours."""


@dataclass(slots=True)
class Answers:
    """All that was compared."""

    conversations: Comparison = field(default_factory=Comparison)
    clinic: Comparison = field(default_factory=Comparison)
    """Conversations of the medical captures."""
    applications: dict[str, Agreement] = field(default_factory=dict)
    fingerprints: Fingerprints = field(default_factory=Fingerprints)
    facts: list[Fact] = field(default_factory=list)


def unexplained(found: Answers) -> list[str]:
    """Kinds of difference that the page of known differences has no heading for."""
    text = EXPLAINED.read_text() if EXPLAINED.exists() else ""
    headings = set(re.findall(r"^### (.*)$", text, re.MULTILINE))
    return sorted((set(found.conversations.kinds) | set(found.clinic.kinds)) - headings)


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f} %" if whole else "-"


def _conversations(found: Answers) -> Iterator[str]:
    yield "| captures | packets | conversations | same | different | |"
    yield "|---|---|---|---|---|---|"
    for name, one in (("nDPI's", found.conversations), ("medical", found.clinic)):
        different = len(one.differences)
        verdict = "met" if different < one.conversations / 1000 or not different else "**SHORTFALL** (aim: under 0.1 %)"
        yield (
            f"| {one.captures} {name} | {one.packets:,} | {one.conversations:,} | {one.same:,}"
            f" | {different} ({100 * different / max(1, one.conversations):.3f} %) | {verdict} |"
        )
    yield ""
    if found.conversations.differences:
        yield "| kind of difference | conversations | capture |"
        yield "|---|---|---|"
        for kind, count in found.conversations.kinds.most_common():
            names = sorted({one.path.name for one in found.conversations.differences if one.kind == kind})
            yield f"| {kind} | {count} | {', '.join(names)} |"
        yield ""
    for line in found.conversations.unread + found.clinic.unread:
        yield f"- {line}"


def _applications(found: Answers) -> Iterator[str]:
    yield "| nDPI | told by | agree | of | rate |"
    yield "|---|---|---|---|---|"
    for source, agreement in found.applications.items():
        for label, told_by in (("content or port", None), ("content", "content"), ("port", "port")):
            agree, whole = agreement.rate(told_by=told_by)
            yield f"| {source} | our {label} | {agree:,} | {whole:,} | {_percent(agree, whole)} |"
        agree, whole = agreement.rate(told_by="content", certain=True)
        yield f"| {source} | our content, nDPI's content | {agree:,} | {whole:,} | {_percent(agree, whole)} |"
    chosen = next(iter(found.applications.values()), None)
    if chosen is None:
        return
    yield ""
    yield "Where the names differ (result files; the most frequent):"
    yield ""
    yield "| flows | nDPI | ours | ours told by | nDPI told by | for example |"
    yield "|---|---|---|---|---|---|"
    for confusion, count in sorted(chosen.confusions.items(), key=lambda item: (-item[1], item[0]))[:SHOWN_CONFUSIONS]:
        theirs, mine, told_by, theirs_by = confusion
        yield f"| {count} | {theirs} | {mine} | {told_by} | {theirs_by} | {chosen.examples[confusion]} |"
    yield ""
    names = ", ".join(f"{name} {count}" for name, count in chosen.only_ndpi.most_common(SHOWN_NAMES))
    yield f"Named by nDPI only ({sum(chosen.only_ndpi.values()):,} flows): {names} ..."
    yield ""
    names = ", ".join(f"{name} {count}" for name, count in chosen.only_ours.most_common(SHOWN_NAMES))
    yield f"Named by us only ({sum(chosen.only_ours.values()):,} flows): {names} ..."


def _fingerprints(found: Fingerprints) -> Iterator[str]:
    yield "| | same | of | rate |"
    yield "|---|---|---|---|"
    yield f"| flows | {found.same} | {found.flows} | {_percent(found.same, found.flows)} |"
    same, whole = len(found.distinct_same), len(found.distinct)
    yield f"| distinct values | {same} | {whole} | {_percent(same, whole)} |"
    yield ""
    yield f"Not compared: {found.other_transports} flows of DTLS."
    where = sorted({line.split(":")[0] for line in found.missing + found.different})
    if where:
        yield f"The rest is in {', '.join(where)}; see the known differences."


def _medical(facts: list[Fact]) -> Iterator[str]:
    same = sum(fact.same for fact in facts)
    yield f"{same} of {len(facts)} facts are the same."
    yield ""
    yield "| capture | fact | tshark | ours | |"
    yield "|---|---|---|---|---|"
    for fact in facts:
        theirs = fact.theirs.replace("|", "\\|")
        mine = "the same" if fact.same else fact.ours.replace("|", "\\|")
        yield f"| {fact.capture} | {fact.name} | {theirs} | {mine} | {'' if fact.same else '**different**'} |"


def _version(command: list[str], line: int = 0) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    lines = (done.stdout or done.stderr).splitlines()
    return lines[line].strip() if len(lines) > line else "unknown"


def write(found: Answers) -> None:
    """Writes the page."""
    versions = (
        f"Asepsis {our_version()},"
        f" {_version(['tshark', '--version'])},"
        f" {_version(['ndpiReader', '--version'])} (installed), result files of nDPI commit 3b1286ab;"
        f" {datetime.now(UTC).date()}"
    )
    page = [
        "# Are the answers right?",
        "",
        HOW,
        "",
        versions,
        "",
        "## Conversations, against tshark",
        "",
        CONVERSATIONS,
        "",
        *_conversations(found),
        "",
        "## Applications, against nDPI",
        "",
        APPLICATIONS,
        "",
        *_applications(found),
        "",
        "## JA4, against nDPI",
        "",
        FINGERPRINTS,
        "",
        *_fingerprints(found.fingerprints),
        "",
        "## DICOM and HL7, against tshark",
        "",
        MEDICAL,
        "",
        *_medical(found.facts),
    ]
    ANSWERS.write_text("\n".join(page).rstrip() + "\n")
