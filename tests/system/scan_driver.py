"""Runs a scan inside a namespace, whole or with a guard taken out: ``scan_driver FOLDER INTERFACE FAULT``.

The faults are planted: ``rogue`` sends behind the gate's back, ``no-rules`` gives the kernel none, ``both`` does both.
``refused`` refuses every device at the last moment, and ``refused and rogue`` sends at that moment, without rules.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from pathlib import Path

from asepsis.exposure.scanning.plan import Target, read_plan
from asepsis.kernel.time import SECOND_NS
from asepsis.pipeline.scanning import running
from asepsis.pipeline.scanning.folder import ScanFolder, key_path
from asepsis.pipeline.workspace import Workspace

FLOOD = 200
PUMP = "10.77.0.3"


def _behind_the_gate(*_: object) -> None:
    """What a fault in the scanner could do: talk to whoever it likes, as much as it likes."""
    plan_target = "10.77.0.2"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _number in range(FLOOD):
            for address in ((PUMP, 161), (plan_target, 161), (plan_target, 9)):
                try:
                    sender.sendto(b"\x30\x00", address)
                except PermissionError:
                    continue


def main(root: str, interface: str, fault: str) -> None:
    workspace = Workspace(Path(root))
    folder = ScanFolder(workspace, "scan0001")
    plan = read_plan(folder.plan_path.read_bytes())
    if fault in ("no-rules", "both", "refused and rogue"):
        running.load = lambda rules: None
    rogue = fault in ("rogue", "both")

    def refusal(_: Target) -> str:
        if fault == "refused and rogue":
            _behind_the_gate()
        return "somebody needs it just now" if fault.startswith("refused") else ""

    done = running.run(
        folder,
        plan,
        interface=interface,
        key_file=key_path(workspace),
        skip={},
        refusal=refusal,
        until_ns=time.time_ns() + 600 * SECOND_NS,
        told=_behind_the_gate if rogue else lambda *_: None,
    )
    sys.stdout.write(json.dumps({"asked": done.asked, "faults": done.verdict.faults, "packets": done.verdict.packets}))


if __name__ == "__main__":
    main(*sys.argv[1:])
