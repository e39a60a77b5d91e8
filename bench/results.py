"""Makes bench/RESULTS.md from the sittings that were measured: the table with targets, and everything behind it."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.programs import CLUES, CLUES_COLD, FLOWS, FULL, OURS, ROOT, SCRATCH
from bench.sitting import EMPTY, LARGE, SITTINGS, SMALL, TENTH, kept

HOW = """\
Written by `make bench`; every figure is from a run. CPU time is user and system time of the whole process tree;
programs run in turn, one round after the other, on one CPU (nfstream on all, because it changes what it does when it
sees one), with the file in the page cache. The machine is shared: CPU time is robust against that, the processor's
caches are not, so the ranges are part of the result."""
AGAINST = """\
The peers do not all do the same work. nfstream and ndpiReader run nDPI's several hundred dissectors and tshark dissects
everything; ours read the protocols of a hospital's inventory. argus, nfpcapd and tcpdump look into no payload and are
therefore held against our flow stage alone. "First start" compiles the kernels, which happens once on a machine."""
MEMORY = """\
Largest resident set of a process, or of the whole tree in proportion (PSS, sampled) where that is more. It must not
exceed 400 MiB, nor grow with the file; it does grow with the devices, of which the tenth has fewer (each copy of real
captures brings addresses of its own, spread over the hour)."""
LINEAR = """\
CPU time less start-up (a capture without a packet) must grow with the packets, within 20 %. The tenth holds most of the
hospital's hosts already, and what a host says a second time costs less than the first time."""
LIVE = """\
A veth pair in a network namespace of its own; tcpreplay on one CPU, the capture on the other. Nothing may be lost, and
a ring that was held must be emptied at four million packets a second (of CPU time: the machine is shared)."""

PROTOCOLS = """\
CPU of the dissectors alone, the engine, clues and history left out. A message that says what was said before is known
by the engine and not read: it is counted, and costs the modules nothing. Together a message may cost 5 microseconds."""

WEB = """\
Four people open these pages at once, without pause, beside the load itself on the same machine; from the first byte of
the request to the last of the answer. What is served is what `asepsis serve` serves: the record of each access is
durable before its answer leaves. At most 200 ms for 95 of 100, and 400 MiB (PSS of all processes) when nobody asks."""

DECISIONS = """\
How often a second of CPU Cedar answers, with the policies that are shipped: each question evaluated anew, and as pages
ask, where a question whose answer is known is not evaluated again."""

RESULTS = ROOT / "bench" / "RESULTS.md"
MOST_MEMORY_MIB = 400
LINEAR_WITHIN = 0.20
MODULES_TARGET_US = 5.0  # of CPU a message, all protocols together
WEB_TARGET_MS = 200
WEB_TARGET_MIB = 400
DRAIN_TARGET = 4_000_000  # packets a second


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What ours may cost as a part of what the peer costs on the same file in the same sitting."""

    sitting: str
    file: str
    peer: str
    ours: str
    at_least: float
    """The peer's CPU time divided by ours."""


TARGETS = (
    Target(sitting="identification", file=LARGE, peer="nfstream", ours=CLUES, at_least=20),
    Target(sitting="identification", file=LARGE, peer="nfstream", ours=FULL, at_least=12),
    Target(sitting="identification of 100 MB", file=SMALL, peer="nfstream", ours=CLUES, at_least=8),
    Target(sitting="first start", file=SMALL, peer="nfstream", ours=CLUES_COLD, at_least=3),
    Target(sitting="identification of 100 MB", file=SMALL, peer="nfstream", ours=FULL, at_least=3),
    Target(sitting="identification", file=LARGE, peer="ndpiReader -q", ours=CLUES, at_least=4),
    Target(sitting="identification", file=LARGE, peer="ndpiReader -q", ours=FULL, at_least=2),
    Target(sitting="dissection", file=LARGE, peer="tshark -T fields", ours=CLUES, at_least=20),
    Target(sitting="dissection", file=LARGE, peer="tshark -T fields", ours=FULL, at_least=12),
    Target(sitting="flows", file=LARGE, peer="argus", ours=FLOWS, at_least=3),
    Target(sitting="flows", file=LARGE, peer="nfpcapd", ours=FLOWS, at_least=1.5),
    Target(sitting="flows", file=LARGE, peer="tcpdump -w /dev/null", ours=FLOWS, at_least=1),
)


def _values(
    sittings: dict[str, Any], sitting: str, file: str, program: str, column: str = "cpu_seconds"
) -> list[float]:
    found = sittings.get(sitting, {}).get("series", {}).get(f"{file}: {program}", {})
    values: list[float] = found.get(column, [])
    return values


def _spread(values: list[float], digits: int = 2) -> str:
    if not values:
        return "not measured"
    return f"{statistics.median(values):.{digits}f} [{min(values):.{digits}f}-{max(values):.{digits}f}]"


def _verdict(met: bool) -> str:
    return "met" if met else "**SHORTFALL**"


def _target_rows(sittings: dict[str, Any]) -> Iterator[str]:
    yield "| peer | file | ours | peer CPU s | our CPU s | runs | required: peer / ours | measured | |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for target in TARGETS:
        theirs = _values(sittings, target.sitting, target.file, target.peer)
        ours = _values(sittings, target.sitting, target.file, target.ours)
        if theirs and ours:
            ratio = statistics.median(theirs) / statistics.median(ours)
            outcome = f"{ratio:.1f} | {_verdict(ratio >= target.at_least)}"
            if ratio < target.at_least:
                outcome += f": {target.at_least / ratio:.2f} times the CPU time allowed"
        else:
            outcome = "not measured | "
        yield (
            f"| {target.peer} | {target.file} | {target.ours} | {_spread(theirs)} | {_spread(ours)}"
            f" | {len(theirs)}, {len(ours)} | at least {target.at_least:g} | {outcome} |"
        )


def _memory_rows(sittings: dict[str, Any]) -> Iterator[str]:
    yield "| ours | no packet | a tenth | the large file | at most 400 MiB | the large file / a tenth |"
    yield "|---|---|---|---|---|---|"
    for program in (FLOWS, CLUES, FULL):
        peaks = []
        for file in (EMPTY, TENTH, LARGE):
            processes = _values(sittings, "memory", file, program, "peak_bytes")
            trees = _values(sittings, "memory", file, program, "tree_peak_bytes")
            peaks.append(max([*processes, *trees], default=0) / (1 << 20))
        verdict = _verdict(peaks[-1] <= MOST_MEMORY_MIB) if peaks[-1] else "not measured"
        growth = f"{peaks[-1] / peaks[1]:.2f}" if peaks[1] else ""
        yield f"| {program} | " + " | ".join(f"{peak:.0f} MiB" for peak in peaks) + f" | {verdict} | {growth} |"


def _linear_rows(sittings: dict[str, Any], files: dict[str, Any]) -> Iterator[str]:
    size = files[LARGE]["packets"] / files[TENTH]["packets"]
    yield f"| ours | start-up CPU s | a tenth | the large file ({size:.2f} times the packets) | growth / {size:.2f} | |"
    yield "|---|---|---|---|---|---|"
    for program in (FLOWS, CLUES, FULL):
        columns = [_values(sittings, "linearity", file, program) for file in (EMPTY, TENTH, LARGE)]
        if not all(columns):
            yield f"| {program} | not measured | | | | |"
            continue
        start, tenth, large = (statistics.median(values) for values in columns)
        growth = (large - start) / (tenth - start) / size
        shown = " | ".join(_spread(values) for values in columns)
        verdict = _verdict(abs(growth - 1) <= LINEAR_WITHIN)
        if growth < 1 - LINEAR_WITHIN:
            verdict = "not in proportion: a packet of the large file costs less"
        yield f"| {program} | {shown} | {growth:.2f} | {verdict} |"


def _live_rows(live: dict[str, Any]) -> Iterator[str]:
    yield "| what | packets | offered | lost | emptied | CPU s of the capturing process | |"
    yield "|---|---|---|---|---|---|---|"
    names = {
        "flows": "conversations counted",
        "pieces": "conversations, and payload handed on",
        "watch": "`asepsis watch`, everything",
    }
    for run in live.get("replays", []):
        yield (
            f"| replay at top speed, 64 MiB ring; {names[run['work']]} | {run['arrived']:,}"
            f" | {run['offered_per_second'] / 1000:.0f} kpps | {run['lost']:,} | | {run['cpu_seconds']:.2f}"
            f" | {_verdict(run['lost'] == 0)}{': ' + run['said'] if run.get('said') else ''} |"
        )
    for run in live.get("drains", []):
        rate = run["packets"] / run["cpu_seconds"]
        yield (
            f"| ring held for {run['held_seconds']:.1f} s, then emptied; {names[run['work']]} | {run['arrived']:,}"
            f" | {run['offered_per_second'] / 1000:.0f} kpps | {run['lost']:,} | {rate / 1e6:.2f} Mpps"
            f" (wall {run['packets'] / run['seconds'] / 1e6:.2f}) | {run['cpu_seconds']:.2f}"
            f" | {_verdict(rate >= DRAIN_TARGET and run['lost'] == 0)} |"
        )
    if not live:
        yield "| not measured: needs root, tcpreplay and network namespaces | | | | | | |"


def _module_rows(modules: dict[str, Any]) -> Iterator[str]:
    if not modules:
        yield "Not measured."
        return
    yield "| protocol | messages | read | CPU s | us a message that is read |"
    yield "|---|---|---|---|---|"
    cost, read, named = modules["cpu_seconds"], modules["read"], modules["named"]
    for protocol in sorted(cost, key=lambda one: -cost[one]):
        count = read.get(protocol, 0)
        each = f"{cost[protocol] / count * 1e6:.1f}" if count else ""
        yield f"| {protocol} | {count + named.get(protocol, 0):,} | {count:,} | {cost[protocol]:.2f} | {each} |"
    total, messages = sum(cost.values()), sum(read.values()) + sum(named.values())
    each = total / messages * 1e6
    yield f"| **all** | {messages:,} | {sum(read.values()):,} | {total:.2f} | {total / sum(read.values()) * 1e6:.1f} |"
    yield ""
    outcome = _verdict(each <= MODULES_TARGET_US)
    yield f"All together: {each:.1f} us a message ({outcome}). {modules['when']}, Asepsis {modules['version']}."


def _web_rows(web: dict[str, Any]) -> Iterator[str]:
    if not web:
        yield "Not measured."
        return
    size = f"{web['devices']:,} devices, {web['conversations']:,} conversations, {web.get('findings', 0):,} findings"
    yield f"{size}, {web['ledger']:,} ledger entries, {web['people']} people. {web['when']}, Asepsis {web['version']}."
    yield f"{web.get('processes', 1)} processes answer."
    yield ""
    yield "| page | requests | median ms | p95 ms | most ms | CPU ms of one alone | |"
    yield "|---|---|---|---|---|---|---|"
    for name, found in web["milliseconds"].items():
        outcome = _verdict(found["p95"] <= WEB_TARGET_MS)
        yield (
            f"| {name} | {found['count']} | {found['median']} | {found['p95']} | {found['most']} | {found['cpu']} |"
            f" {outcome} |"
        )
    if "reading_milliseconds" in web:
        yield ""
        yield "The same people when they read for a second between two pages, half a second at least:"
        yield ""
        yield "| page | requests | median ms | p95 ms | most ms | |"
        yield "|---|---|---|---|---|---|"
        for name, found in web["reading_milliseconds"].items():
            outcome = _verdict(found["p95"] <= WEB_TARGET_MS)
            yield f"| {name} | {found['count']} | {found['median']} | {found['p95']} | {found['most']} | {outcome} |"
    yield ""
    idle = f"Idle {web['idle_mib']:.0f} MiB ({_verdict(web['idle_mib'] <= WEB_TARGET_MIB)})"
    yield f"{idle}, after the load {web['busy_mib']:.0f} MiB."
    if web["missing"]:
        yield f"Not there, so not measured: {', '.join(web['missing'])}."


def web_page(web: dict[str, Any]) -> list[str]:
    """The section of the web."""
    return [WEB, "", *_web_rows(web)]


def decisions_page(found: dict[str, Any]) -> list[str]:
    """The section of authorisation."""
    if not found:
        return [DECISIONS, "", "Not measured."]
    rows = [f"| {name} | {rate:,.0f} |" for name, rate in found["per_second"].items()]
    told = f"{found['policies']} policies, cedarpy {found['cedarpy']}. {found['when']}, Asepsis {found['version']}."
    return [DECISIONS, "", told, "", "| question | a second of CPU |", "|---|---|", *rows]


def write_section(title: str, lines: list[str]) -> None:
    """Writes one section of the page anew and leaves the others, which need a capture of their own."""
    page = RESULTS.read_text() if RESULTS.exists() else "# Measured\n"
    head = f"## {title}\n"
    before, found, after = page.partition(f"\n{head}")
    following = after.find("\n## ")
    rest = after[following:] if found and following >= 0 else ""
    RESULTS.write_text("\n".join([before.rstrip(), "", head, *lines]).rstrip() + "\n" + rest)


def _every_measurement(sittings: dict[str, Any], files: dict[str, Any]) -> Iterator[str]:
    for name in SITTINGS:
        sitting = sittings.get(name)
        if sitting is None:
            continue
        low, high = sitting["load"]
        yield f"### {name}\n"
        yield f"{sitting['when']}, load average {low} to {high}, Asepsis {_our_version(sitting)}.\n"
        yield "| program | file | runs | CPU s median [range] | wall s median | kpps of CPU | peak MiB |"
        yield "|---|---|---|---|---|---|---|"
        for key, series in sitting["series"].items():
            file, program = key.split(": ", 1)
            packets = files.get(file, {}).get("packets", 0)
            cpu = statistics.median(series["cpu_seconds"])
            rate = f"{packets / cpu / 1000:,.0f}" if packets else ""
            peak = max([*series["peak_bytes"], *series["tree_peak_bytes"]]) / (1 << 20)
            yield (
                f"| {program} | {file} | {len(series['cpu_seconds'])} | {_spread(series['cpu_seconds'])}"
                f" | {statistics.median(series['wall_seconds']):.2f} | {rate} | {peak:.0f} |"
            )
        if sitting["absent"]:
            yield f"\nNot installed, so not measured: {', '.join(sitting['absent'])}."
        yield ""


def machine() -> str:
    """The machine in one line."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    system = f"Linux {platform.release()}, Python {platform.python_version()}"
    return f"{model}, {os.cpu_count()} CPUs, {memory:.0f} GiB, {system}"


def _versions(sittings: dict[str, Any]) -> str:
    named = {name: version for one in sittings.values() for name, version in one.get("versions", {}).items()}
    return ", ".join(f"{name} {version}" for name, version in sorted(named.items()) if name not in OURS)


def _our_version(sitting: dict[str, Any]) -> str:
    return ", ".join(sorted({version for name, version in sitting["versions"].items() if name in OURS}))


def write() -> None:
    """Writes the page."""
    # It writes its section by this module.
    from bench.exposure import figures

    description = json.loads((SCRATCH / "hospital.json").read_text())
    files = description["files"]
    now = {name: file["sha256"] for name, file in files.items()}
    # What was measured on an earlier capture is not shown beside what was measured on this one.
    everything = kept()
    exposure = everything.pop("exposure", {})
    web = everything.pop("web", {})  # of a workspace of its own, not of the capture
    decisions = everything.pop("decisions", {})
    sittings = {name: sitting for name, sitting in everything.items() if sitting["digests"] == now}
    live = sittings.pop("live", {})
    modules = sittings.pop("modules", {})
    real = description["real"]
    mixed = (
        f"mixed with {real['copies']} copies of {real['packets']:,} packets from {real['files']} real captures"
        if real
        else "without real captures, which are not at hand"
    )
    page = [
        "# Measured",
        "",
        HOW,
        "",
        f"- Machine: {machine()}",
        f"- Versions: {_versions(sittings)}",
        f"- Capture: `bench/capture.py`, seed {description['seed']}, {mixed}",
    ]
    page += [
        f"  - `{name}`: {file['packets']:,} packets, {file['bytes']:,} bytes, SHA-256 {file['sha256'][:16]}"
        for name, file in files.items()
    ]
    page += [
        "- How right the answers are: [ANSWERS.md](ANSWERS.md)",
        "",
        "## Against the peers",
        "",
        AGAINST,
        "",
        *_target_rows(sittings),
        "",
        "## Memory",
        "",
        MEMORY,
        "",
        *_memory_rows(sittings),
        "",
        "## Linear",
        "",
        LINEAR,
        "",
        *_linear_rows(sittings, files),
        "",
        "## Live",
        "",
        LIVE,
        "",
        *_live_rows(live),
        "",
        "## Protocol modules",
        "",
        PROTOCOLS,
        "",
        *_module_rows(modules),
        "",
        "## The web",
        "",
        *web_page(web),
        "",
        "## Decisions",
        "",
        *decisions_page(decisions),
        "",
        "## Exposure",
        "",
        *figures.page(exposure),
        "",
        "## Every measurement",
        "",
        *_every_measurement(sittings, files),
    ]
    RESULTS.write_text("\n".join(page).rstrip() + "\n")
