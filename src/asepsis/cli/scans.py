"""Plans, scans and receipts in words and as documents."""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from asepsis.cli.columns import Column, table
from asepsis.cli.screen import screen
from asepsis.cli.text import showable
from asepsis.kernel.time import iso_from_ns

if TYPE_CHECKING:
    from asepsis.exposure.scanning.plan import Plan
    from asepsis.pipeline.scanning.approved import Prepared
    from asepsis.pipeline.scanning.folder import ScanFolder
    from asepsis.pipeline.scanning.running import Done
    from asepsis.verify.receipt import Verdict

Document = dict[str, Any]
_FAULTS_SHOWN: Final = 20


def print_plan(plan: Plan) -> None:
    """Who is asked, and how many are left out for which reason."""
    from rich.text import Text

    def cells(texts: list[str]) -> list[Text]:
        return [Text(showable(text)) for text in texts]

    if plan.targets:
        rows = plan.targets
        asked = [", ".join(f"{each.question} {each.port}" for each in one.questions) for one in rows]
        columns = [
            Column(title="Device", cells=cells([one.title for one in rows]), least=12),
            Column(title="Kind", cells=cells([one.category for one in rows]), least=8),
            Column(title="Address", cells=cells([one.ip for one in rows])),
            Column(title="Asked", cells=cells(asked), least=12),
            Column(title="Packets", cells=cells([str(one.packets) for one in rows]), justify="right"),
        ]
        with screen() as console:
            console.print(table(columns, width=console.width))
    counted = Counter(one.why for one in plan.left_out)
    lines = [f"{len(plan.targets)} devices would be asked, with at most {plan.packets} packets in all."]
    lines += [f"{len(plan.left_out)} are left out:"] if plan.left_out else []
    lines += [f"  {count:>5}  {why}" for why, count in counted.most_common()]
    sys.stdout.write("".join(f"{showable(line)}\n" for line in lines))


def standing(folder: ScanFolder) -> Document:
    """How one scan stands."""
    progress = folder.document(folder.progress_path) or {}
    state = progress.get("state") or ("approved" if folder.approval_path.exists() else "proposed")
    return {
        "scan": folder.scan,
        "state": state,
        "asked": progress.get("asked", progress.get("done", 0)),
        "of": progress.get("of", len(folder.plan().targets)),
        "packets": progress.get("packets"),
    }


def print_scans(found: list[Document]) -> None:
    """One line a scan."""
    for one in found:
        packets = "" if one["packets"] is None else f"  {one['packets']} packets left"
        sys.stdout.write(f"{one['scan']}  {one['state']:<9} {one['asked']} of {one['of']} devices{packets}\n")
    if not found:
        sys.stdout.write("no scans; propose one in the browser, under Scans and tests\n")


def print_check(prepared: Prepared, *, as_json: bool) -> None:
    """What a run would do."""
    ready = [target for target in prepared.plan.targets if target.device not in prepared.skip]
    if as_json:
        document = {
            "scan": prepared.folder.scan,
            "plan": prepared.plan.digest,
            "ready": [target.device for target in ready],
            "skipped": dict(prepared.skip),
            "until": iso_from_ns(prepared.approval.until_ns),
        }
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
        return
    lines = [
        f"Proposed by {prepared.approval.proposer}, approved by {prepared.approval.approver}.",
        f"The approval ends at {iso_from_ns(prepared.approval.until_ns)}.",
        f"{len(ready)} of {len(prepared.plan.targets)} devices would be asked; nothing was sent (--apply sends).",
    ]
    lines += [f"  {device}: {why}" for device, why in prepared.skip.items()]
    sys.stdout.write("".join(f"{showable(line)}\n" for line in lines))


def print_run(prepared: Prepared, done: Done, *, as_json: bool) -> None:
    """What a run did."""
    if as_json:
        document = {
            "scan": prepared.folder.scan,
            "asked": done.asked,
            "skipped": dict(done.skipped),
            "answers": list(done.answers),
            "receipt": verdict_document(done.verdict),
        }
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
        return
    for one in done.answers:
        said = ", ".join(f"{name} {text}" for name, text in one["answer"].items())
        sys.stdout.write(showable(f"{one['ip']}:{one['port']}  {one['question']:<10}  {said}") + "\n")
    print_verdict(done.verdict, key_given=True)


def verdict_document(verdict: Verdict) -> Document:
    """What the check of a receipt found."""
    return {
        "passed": verdict.passed,
        "plan": verdict.plan,
        "key": verdict.key,
        "began": iso_from_ns(verdict.began_ns),
        "ended": iso_from_ns(verdict.ended_ns),
        "packets": verdict.packets,
        "bytes": verdict.bytes,
        "devices": verdict.devices,
        "skipped": list(verdict.skipped),
        "faults": list(verdict.faults),
    }


def print_verdict(verdict: Verdict, *, key_given: bool) -> None:
    """In words."""
    sys.stdout.write(
        f"{verdict.packets} packets ({verdict.bytes} bytes) left for {verdict.devices} devices, from "
        f"{iso_from_ns(verdict.began_ns)} to {iso_from_ns(verdict.ended_ns)}.\n"
    )
    for one in verdict.skipped:
        sys.stdout.write(showable(f"Not asked: {one}") + "\n")
    if verdict.passed:
        sys.stdout.write("Every one of them belongs to the plan; budgets held; nobody who is left out got any.\n")
    for fault in verdict.faults[:_FAULTS_SHOWN]:
        sys.stdout.write(showable(fault) + "\n")
    if len(verdict.faults) > _FAULTS_SHOWN:
        sys.stdout.write(f"and {len(verdict.faults) - _FAULTS_SHOWN} more\n")
    if not key_given:
        sys.stdout.write("The key was taken from the receipt itself; give the one that you know with --key.\n")
