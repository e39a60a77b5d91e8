"""``make bench``: measures and writes bench/RESULTS.md.

``python -m bench`` does all sittings (about half an hour, most of it tshark and nfstream); ``--only NAME`` one of them,
``--rounds N`` fewer rounds, ``--without NAME`` leaves a program out, ``--render`` only rewrites the page.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from bench import results
from bench.programs import PROGRAMS, ROOT
from bench.sitting import SITTINGS, capture_is_there, sit, warm_compiled_object

MODULES = ("modules", "live", "web", "decisions", "ledger")
"""What is measured by a module of its own, after the sittings."""


def _module(name: str) -> None:
    # In a process of its own: a measured program begins as a copy of this process and takes over its peak of memory.
    subprocess.run([sys.executable, "-m", name], cwd=ROOT, check=True)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=[*SITTINGS, *MODULES], help="a sitting; may be repeated")
    parser.add_argument("--rounds", type=int, help="rounds of each sitting instead of its own number")
    parser.add_argument("--without", action="append", choices=list(PROGRAMS), default=[], help="leave a program out")
    parser.add_argument("--render", action="store_true", help="measure nothing, rewrite the page")
    options = parser.parse_args()
    if not capture_is_there():
        _module("bench.capture")
    if not options.render:
        warm_compiled_object()
        for name in options.only or [*SITTINGS, *MODULES]:
            if name in MODULES:
                _module(f"bench.{name}")
            else:
                sit(SITTINGS[name], rounds=options.rounds, leave_out=options.without)
            results.write()
    results.write()


if __name__ == "__main__":
    main()
