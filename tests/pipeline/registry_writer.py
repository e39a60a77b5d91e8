"""A process that merges into a registry until it is killed; ``test_registry`` starts it.

Prints a line after every merge that was committed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from asepsis.pipeline.registry import Registry
from tests.devices.ward import arp, observed


def main(path: Path, name: str, count: int) -> None:
    """Merges ``count`` captures named after ``name``, each of four devices."""
    with Registry.open(path) as registry:
        for number in range(count):
            seen = [
                arp(f"00:09:5c:{int(name):02x}:{number % 256:02x}:{n:02x}", f"10.{name}.{number % 256}.{n}")
                for n in range(4)
            ]
            registry.merge(observed(*seen, capture=f"{name}-{number}"))
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
