"""Writes bench/WEAKNESSES.md: ``python -m bench.weaknesses``, part of ``make eval``.

Exit code 1 where a lie is missed, a true answer is accused or a promise of the plan is not kept.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from asepsis.devices.device import Device
from asepsis.exposure.mds2 import Standing, check, observe, read_form
from asepsis.exposure.plan import Subject, plan_of
from asepsis.exposure.plan.windows import LEAST_WEEKS, WRONG_AT_MOST, Answer, Idle
from asepsis.exposure.risk import Facts, advise, assess, stability
from asepsis.history import Selection
from asepsis.kernel.time import SECOND_NS
from asepsis.pipeline.analyze import analyze
from asepsis.pipeline.demo import recording
from asepsis.pipeline.exposure import examine
from asepsis.pipeline.plan import subjects_of, windows_of
from asepsis.pipeline.registry import Registry
from asepsis.pipeline.workspace import Workspace
from bench.exposure import figures
from bench.weaknesses import truth
from tests.eval import promises
from tests.eval.mds2_forms import as_csv, as_workbook, rows, true_answers, visible_lies

PAGE = Path(__file__).resolve().parent.parent / "WEAKNESSES.md"
# Support is judged for one day, so that the page says the same whenever it is made: 2026-11-15T00:00:00Z.
NOW_NS = 1_794_700_800 * 10**9

HEAD = """\
# Exposure: is what is said of weaknesses, forms, risk and the plan right?

Written by `make eval` (`python -m bench.weaknesses` makes this page alone), on the recorded hospital. The truth comes
from the list of programs that ran on each host with their arguments (`truth.json`), not from packets.

"""


def main() -> int:
    """Command line."""
    recorded = recording()
    hosts, done = truth.read(recorded.truth)
    with tempfile.TemporaryDirectory() as scratch:
        workspace = Workspace(Path(scratch) / "workspace").create()
        analyze([str(recorded.benign), str(recorded.attacks)], workspace=workspace, site="lab")
        with Registry.open(workspace.registry_path) as registry:
            windows = [windows_of(workspace, registry, device.id) for device in registry.devices()]
            with workspace.history().reader(registry.intervals()) as reader:
                posture = list(reader.ask("posture", Selection()).documents())
                served = list(reader.ask("served", Selection()).documents())
                use = list(reader.ask("in-use", Selection()).documents())
                begun_ns = min(row["first_ns"] for row in reader.ask("watched", Selection()).documents())
        examined = examine(workspace, now_ns=NOW_NS)
    devices, found, facts = examined.devices, examined.weaknesses, examined.facts
    of_mac = {mac: device for device in devices for mac in device.macs}
    of_host = {host["name"]: of_mac[host["mac"]] for host in hosts if host["mac"] in of_mac}
    text = HEAD
    kinds: dict[str, set[str]] = defaultdict(set)
    for one in found:
        kinds[one.device].add(one.kind.id)
    text += _weaknesses(of_host, done, kinds)
    forms, wrong = _forms(hosts, of_host, done, posture, served)
    text += forms
    text += _risk(facts)
    plan, plan_rows = _plan(subjects_of(examined), windows)
    idle, idle_row = _idle(of_host, done, use, begun_ns)
    text += plan + idle
    plan_rows.append(idle_row)
    PAGE.write_text(text, encoding="utf-8")
    figures.keep_rows("weaknesses", _rows(text, wrong, facts))
    figures.keep_rows("plan", plan_rows)
    print(text)
    return 1 if wrong or any(met is False for *_, met in plan_rows) else 0


def _rows(text: str, wrong: int, facts: Sequence[Facts]) -> list[list[object]]:
    """The figures of this page for the section of bench/RESULTS.md."""
    said = " ".join(text.split())
    weak = said[said.index("Precision ") :].partition(" over ")[0].rstrip(", ")
    forms = said[said.index(" forms; ") + len(" forms; ") :].partition(" accused.")[0] + " accused"
    advice = said[said.index("Advice that promises") :].partition(" are in that tier.")[0].rpartition(" ")[2]
    promised = said[said.index("Advice that promises a lower tier: ") :].split()[6].rstrip(";")
    steady = stability(facts)
    return [
        ["weaknesses of the recorded hospital", "", weak.lower(), None],
        ["lies in disclosure forms", "all found, no true answer accused", forms, wrong == 0],
        [
            "risk, rank correlation under 20 % noise",
            ">= 0.9",
            f"{steady.mean:.4f}, least {steady.least:.4f}",
            steady.least >= 0.9,
        ],
        ["advice that promises a lower tier, and keeps it", "all", f"{advice} of {promised}", advice == promised],
    ]


def _weaknesses(of_host: dict[str, Device], done: dict[str, list[truth.Document]], kinds: dict[str, set[str]]) -> str:
    lines = ["## Weaknesses", "", "| weakness | true and told | told, not true | true, not told |", "|---|---|---|---|"]
    sums: Counter[str] = Counter()
    for kind in truth.KINDS:
        expected = {name for name in of_host if kind in truth.weaknesses(name, done[name], done)}
        told = {name for name, device in of_host.items() if kind in kinds[device.id]}
        sums["right"] += len(expected & told)
        sums["told"] += len(told)
        sums["expected"] += len(expected)
        more, less = ", ".join(sorted(told - expected)), ", ".join(sorted(expected - told))
        lines.append(f"| `{kind}` | {len(expected & told)} | {more} | {less} |")
    precision, recall = sums["right"] / sums["told"], sums["right"] / sums["expected"]
    lines += ["", f"Precision {precision:.3f} ({sums['right']} of {sums['told']}), recall {recall:.3f}"]
    lines[-1] += f" ({sums['right']} of {sums['expected']}), over {len(of_host)} hosts."
    lines += ["", "`internet-contact` is a fact of conversations and hangs on the category; it is left out here.", ""]
    return "\n".join(lines) + "\n"


def _forms(
    hosts: list[truth.Document],
    of_host: dict[str, Device],
    done: dict[str, list[truth.Document]],
    posture: list[truth.Document],
    served: list[truth.Document],
) -> tuple[str, int]:
    counts: Counter[str] = Counter()
    faults = []
    for seed, host in enumerate(hosts):
        device = of_host.get(host["name"])
        if device is None:
            continue
        true = truth.form(host, done[host["name"]], done)
        behaviour = observe(posture, served, device, now_ns=NOW_NS)
        for edition_2019 in (True, False):
            honest = true_answers(true, edition_2019=edition_2019)
            lies = visible_lies(true, edition_2019=edition_2019)
            counts["forms"] += 1
            make = as_workbook if seed % 8 == 0 else as_csv
            for question in [None, *lies]:
                answers = honest if question is None else {**honest, question: lies[question]}
                made = rows(true, answers, seed=seed, edition_2019=edition_2019)
                claims = check(read_form(host["name"], make(made)), behaviour)
                accused = {claim.answer.id for claim in claims if claim.standing is Standing.CONTRADICTED}
                counts["true answers"] += len(answers) - (question is not None)
                counts["accused"] += len(accused - {question})
                faults += [f"{host['name']}: {name} is true and accused" for name in accused - {question}]
                if question is not None:
                    counts["lies"] += 1
                    counts["found"] += question in accused
                    faults += [f"{host['name']}: the lie {question} is not found"] if question not in accused else []
    planted, fair = f"{counts['found']} of {counts['lies']}", f"{counts['accused']} of {counts['true answers']}"
    text = f"""\
## Disclosure forms (MDS2)

A generator (`tests/eval/mds2_forms.py`) fills forms of both editions with true answers about each host, and plants one
lie at a time, each of those that traffic shows.

{counts["forms"]} forms; {planted} lies found; {fair} true answers accused.

"""
    text += "".join(f"* {fault}\n" for fault in faults) + ("\n" if faults else "")
    return text, len(faults)


def _risk(facts: Sequence[Facts]) -> str:
    steady = stability(facts)
    advised = [(one, advise(one)) for one in facts]
    promised = kept = 0
    for one, advice in advised:
        if advice is None or not advice.changes_tier:
            continue
        promised += 1
        after = one
        for action in advice.actions:
            after = action.change(after)
        kept += assess(after).tier == advice.tier != assess(one).tier
    tiers = Counter(str(assess(one).tier) for one in facts)
    words = ", ".join(f"{tiers[tier]} {tier}" for tier in ("critical", "high", "medium", "low"))
    return f"""\
## Risk

{len(facts)} devices: {words}.

Rank correlation with all weights moved by 20 % either way, 200 draws: {steady.mean:.4f} on average,
{steady.least:.4f} in the worst. Advice that promises a lower tier: {promised};
recomputed after it was followed, {kept} are in that tier.
"""


def _plan(fleet: Sequence[Subject], windows: Sequence[Idle]) -> tuple[str, list[list[object]]]:
    plan = plan_of(fleet)
    work = list(promises.done(fleet, plan))
    held = sum(one.is_kept for one in work)
    idle = sum(one.answer is Answer.IDLE for one in windows)
    longest = max(one.days for one in windows)
    proof = "proved" if plan.is_proved else "not proved"
    told = f"{held:,} of {len(work):,}"
    text = f"""
## The plan

{len(plan.items)} pieces of work, {float(plan.hours):,.0f} hours, take away {float(plan.removed):,.0f} of
{float(plan.risk):,.0f} points. Done one after the other and the scores computed anew: {told} promised scores
and tiers hold. Whoever stops after any bundle has removed at least {float(plan.share):.1%} of the most that any plan
could remove in the same hours ({proof}).

Idle windows need {LEAST_WEEKS} whole weeks of listening; the recording shows no device on more than {longest} whole
days, and {idle} of {len(windows)} devices are called idle at any hour.
"""
    rows: list[list[object]] = [
        ["plan, promised scores that hold when the work is done", "all", told, bool(work) and held == len(work)],
        [
            "plan, removed of the most that any plan could remove in the same hours, at the worst moment",
            "",
            f"{float(plan.share):.1%}, {proof}",
            None,
        ],
        [
            f"idle windows promised after less than {LEAST_WEEKS} weeks",
            "none",
            f"{idle} of {len(windows)} devices",
            idle == 0 and bool(windows),
        ],
    ]
    return text, rows


def _idle(
    of_host: dict[str, Device], done: dict[str, list[truth.Document]], use: list[truth.Document], begun_ns: int
) -> tuple[str, list[object]]:
    seen: dict[str, set[int]] = defaultdict(set)
    for minute in use:
        seen[minute["device"]].add(minute["minute"] // 60)
    hours = idle = hosts = 0
    for name, device in of_host.items():
        used = {int(begun_ns / (3600 * SECOND_NS) + at) for at in truth.hours_in_use(name, done)}
        hosts += bool(used)
        hours += len(used)
        idle += len(used - seen[device.id])
    different = len(set().union(*seen.values()))
    text = f"""
Of {hours} hours in which care used one of {hosts} hosts, by the programs that ran there, {idle} were taken for idle.
Care was seen in {different} different hours of the recording, so that this tells whether use is
recognised, and little of nights.
"""
    row: list[object] = [
        "hours in which care used a device, taken for idle",
        f"<= {WRONG_AT_MOST:.0%}",
        f"{idle} of {hours} hours",
        hours > 0 and idle <= WRONG_AT_MOST * hours,
    ]
    return text, row


if __name__ == "__main__":
    sys.exit(main())
