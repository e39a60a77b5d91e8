"""From an approved scan to its run: approval, plan and the devices as they are now, checked before anything leaves."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from asepsis.exposure.scanning.approval import Approval, approved
from asepsis.exposure.scanning.plan import Plan, ScanError, Target
from asepsis.exposure.scanning.rules import Scanning
from asepsis.kernel.value import value
from asepsis.pipeline.scanning.folder import ScanFolder, key_path, signing_key
from asepsis.pipeline.scanning.learning import learn
from asepsis.pipeline.scanning.planning import look, no_longer
from asepsis.pipeline.scanning.running import Done, run
from asepsis.pipeline.scanning.settings import community_of, scanning_of
from asepsis.pipeline.workspace import Workspace

Recorded = Callable[[str], Collection[str]]
"""Gives the devices of a site that people have recorded as sustaining life, as it is at the moment of the question."""


@value
class Prepared:
    """A scan that may run, and those of its devices that may not be asked any more."""

    workspace: Workspace
    folder: ScanFolder
    plan: Plan
    approval: Approval
    rules: Scanning
    recorded: Recorded
    skip: Mapping[str, str]

    def refusal(self, target: Target) -> str:
        """Why one device may not be asked at this moment; empty where it may.

        Everything is read anew: what people recorded and corrected, who holds the address, and whether it is in use.
        """
        known = look(self.workspace, self.plan.site, life_sustaining=self.recorded(self.plan.site), only=target.device)
        alone = replace(self.plan, targets=(target,))
        return no_longer(alone, known, self.rules, now_ns=time.time_ns()).get(target.device, "")


def prepare(workspace: Workspace, scan: str, *, now_ns: int, recorded: Recorded) -> Prepared:
    """Checks everything that can be checked without sending.

    Args:
        workspace: Whose scan.
        scan: Its id.
        now_ns: The moment, for the approval.
        recorded: Asked now, and again before every device.

    Raises:
        ScanError: There is no such scan, its approval does not hold at this moment, it has run, no interface is set, or
            what people have recorded cannot be read.
    """
    folder = ScanFolder(workspace, scan)
    plan = folder.plan()
    envelope = folder.read(folder.approval_path)
    if envelope is None:
        raise ScanError(
            "this scan is not approved",
            code="scan-approval",
            hint="A second person approves it in the browser, under Scans and tests.",
        )
    approval = approved(envelope, plan, signing_key(workspace).public_bytes, scan=scan, now_ns=now_ns)
    if folder.lock_path.exists():
        raise ScanError(
            "this scan runs already or has run: an approval is for one run", code="scan-ran", hint="Propose it anew."
        )
    rules = scanning_of(workspace)
    if not rules.interface:
        raise ScanError(
            "no interface is set that scans go out by",
            code="scan-settings",
            hint='[scanning] interface = "scan0" in workspace.toml; docs/how-to/scan-safely.md',
        )
    known = look(workspace, plan.site, life_sustaining=recorded(plan.site))
    skip = no_longer(plan, known, rules, now_ns=now_ns)
    return Prepared(
        workspace=workspace, folder=folder, plan=plan, approval=approval, rules=rules, recorded=recorded, skip=skip
    )


def run_approved(prepared: Prepared, *, told: Callable[[int, int, str], None] = lambda *_: None) -> Done:
    """Runs it, once, and lets the registry know what was answered.

    Raises:
        ScanError: It runs already, or something that the run needs is missing; then nothing was sent.
        RegistryError: It ran, and what was answered could not be kept as evidence; the scan's page has it.
    """
    prepared.folder.claim()
    try:
        done = run(
            prepared.folder,
            prepared.plan,
            interface=prepared.rules.interface,
            key_file=key_path(prepared.workspace),
            skip=prepared.skip,
            refusal=prepared.refusal,
            until_ns=prepared.approval.until_ns,
            community=community_of(prepared.rules),
            told=told,
        )
    except ScanError as error:
        prepared.folder.tell({"state": "failed", "why": error.message, "at_ns": time.time_ns()})
        raise
    finally:
        prepared.folder.hand_over()
    learn(prepared.workspace, prepared.folder, prepared.plan)
    return done
