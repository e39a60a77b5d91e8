"""``python -m lab``: records the lab hospital, or compares answers with its truth."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from lab import air, score
from lab.hospital import command


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; 0 when done, 1 when a score is below its goal, 2 on wrong usage, 3 when it could not be."""
    parser = argparse.ArgumentParser(prog="python -m lab", description="The lab hospital.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    command.add(verbs)
    air.add(verbs)
    score.add(verbs)
    options = parser.parse_args(arguments)
    return int(options.run(options))


if __name__ == "__main__":
    if command.INSIDE in os.environ:
        sys.exit(command.inside([Path(word) for word in sys.argv[1:]]))
    sys.exit(main())
