"""``python -m bench.exposure.scale``: 100,000 devices against 2,500 advisories and 300,000 scores, in CPU seconds.

Two fleets (see ``population``): one as hospitals are, and the worst there is, in which no two devices are alike. Each
program is a process of its own, so that its CPU time and its memory are its own, start included.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from asepsis.exposure.advisory import Advisory
from bench.accuracy.__main__ import unpack
from bench.exposure import figures
from bench.exposure.plant import Planted
from bench.exposure.population import contents, hospital, read, scores, worst
from bench.measure import measure
from bench.programs import our_version

FLEETS: Final[dict[str, Callable[[list[Advisory]], list[Planted]]]] = {"hospital": hospital, "worst": worst}
# In this order: each finds the stores as the one before left them.
RUNS: Final = (
    ("ours", "ours"),
    ("ours, a second time", "ours"),
    ("ours, one advisory newer", "one advisory"),
    ("ours, 100 devices changed", "some devices"),
    ("ours, a new table of scores", "one table"),
    ("SQL", "sql"),
    ("rapidfuzz", "rapidfuzz"),
)


def main() -> int:
    """Measures and keeps; nothing where the advisories are not at hand."""
    if sys.argv[1:2] == ["--lay-out"]:
        _lay_out(sys.argv[2], Path(sys.argv[3]))
        return 0
    folder = unpack("advisories") / "csaf_icsma"
    if not folder.is_dir():
        print("the advisories are not at hand: nothing was measured", file=sys.stderr)
        return 0
    answer: dict[str, Any] = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": our_version(),
        "fleets": {},
    }
    for name in FLEETS:
        with tempfile.TemporaryDirectory() as scratch:
            place = Path(scratch)
            # In a process of its own: a measured program begins as a copy of this process and takes over its peak.
            subprocess.run([sys.executable, "-m", "bench.exposure.scale", "--lay-out", name, scratch], check=True)
            laid = json.loads((place / "laid.json").read_text())
            answer["fleets"][name] = {**laid, "runs": {title: _measured(program, place) for title, program in RUNS}}
    figures.keep("scale", answer)
    json.dump(answer, sys.stdout, indent=1)
    return 0


def _lay_out(name: str, place: Path) -> None:
    documents = list(contents(unpack("advisories") / "csaf_icsma"))
    advisories = read(documents)
    fleet = FLEETS[name](advisories)
    laid = {"devices": len(fleet), "identities": len({one.identity for one in fleet}), "advisories": len(advisories)}
    (place / "laid.json").write_text(json.dumps(laid))
    for name in ("documents", "newer", "scores"):
        (place / name).mkdir()
    for number, content in enumerate(documents):
        (place / "documents" / f"{number:05d}.json").write_bytes(content)
    table = scores(advisories)
    (place / "documents" / "epss.csv").write_bytes(table)
    later = table.replace(b"2026-11-01", b"2026-11-02").replace(b",0.5\n", b",0.6\n")
    (place / "scores" / "epss.csv").write_bytes(later)
    newer = json.loads(documents[0])
    newer["document"]["tracking"]["version"] += ".1"
    newer["document"]["tracking"]["current_release_date"] = "2031-01-01T00:00:00Z"
    for one in newer["vulnerabilities"]:
        # Withdrawn: every device that was affected is not spoken of any more.
        one["product_status"] = {}
    (place / "newer" / "00000.json").write_text(json.dumps(newer))
    (place / "devices.json").write_text(
        json.dumps(
            [
                {
                    "vendor": one.identity.vendor,
                    "model": one.identity.model,
                    "version": one.identity.version,
                    "advisory": one.advisory,
                    "affected": one.affected,
                }
                for one in fleet
            ]
        )
    )


def _measured(program: str, place: Path) -> dict[str, Any]:
    run = measure([sys.executable, "-m", "bench.exposure.scale_run", program, str(place)])
    if run.exit_code:
        raise RuntimeError(f"{program} ended with {run.exit_code}: {run.output}")
    found = json.loads(run.output[run.output.rindex("{") :])
    cost = {"cpu_seconds": round(run.cpu_seconds, 2), "peak_mib": run.peak_bytes >> 20}
    print(program, cost, found, file=sys.stderr, flush=True)
    return {**cost, **found}


if __name__ == "__main__":
    sys.exit(main())
