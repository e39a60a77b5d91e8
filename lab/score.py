"""How right the answers are: ``python -m lab score WORKSPACE`` compares a workspace's devices with the truth.

Comes in: one or more workspaces into which a recording was analysed, and the truth of each. Goes out: a report (text or
JSON) and the reliability curve as a picture. The arithmetic stands in ``measures``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from lab import attacked, measures

RECORDING = Path(__file__).resolve().parent.parent / "src" / "asepsis" / "pipeline" / "recordings"
ANSWER_SECONDS = 300


def add(verbs: Any) -> None:
    """Adds the verb to the command line."""
    parser = verbs.add_parser("score", help="compare a workspace's devices with the truth")
    parser.add_argument("workspaces", nargs="+", type=Path, metavar="WORKSPACE")
    parser.add_argument(
        "--truth",
        nargs="+",
        type=Path,
        default=[RECORDING / "truth.json"],
        metavar="FILE",
        help="the truth.json of each workspace's recording, in the same order",
    )
    parser.add_argument(
        "--attacks",
        action="store_true",
        help="the workspaces hold the week of attacks: what attackers ran is true of the hosts that they ran it on",
    )
    parser.add_argument("--picture", type=Path, metavar="FILE.svg", help="writes the reliability curve")
    parser.add_argument("--json", action="store_true", dest="as_json")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Scores; 0 when every goal is met, 1 when one is not, 2 on wrong usage, 3 when there are no answers."""
    if len(options.truth) != len(options.workspaces):
        print(f"{len(options.workspaces)} workspaces and {len(options.truth)} truth files", file=sys.stderr)
        return 2
    pairs = []
    for workspace, truth in zip(options.workspaces, options.truth, strict=True):
        if not workspace.is_dir() or not truth.is_file():
            print(f"no such workspace or truth: {workspace}, {truth}", file=sys.stderr)
            return 2
        argv = [sys.executable, "-m", "asepsis.cli", "devices", "--json", "--workspace", str(workspace)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False)
        if done.returncode != 0:
            print(f"no answers from {workspace}: {done.stderr.strip()[-500:]}", file=sys.stderr)
            return 3
        labels = json.loads(truth.read_text())
        hosts = attacked.hosts(labels) if options.attacks else labels["hosts"]
        pairs.append((json.loads(done.stdout), hosts))
    score = measures.score(pairs)
    if options.attacks:
        score["attackers"] = attacked.apart(pairs)
    if options.picture is not None:
        options.picture.write_text(measures.picture(score["reliability"]))
    print(json.dumps(score, indent=1) if options.as_json else measures.report(score))
    if options.attacks and not options.as_json:
        print(attacked.report(score["attackers"]))
    return 0 if all(goal["met"] for goal in score["goals"]) else 1
