"""Feeds mutated messages and conversations to every dissector of the registry.

``python -m tests.fuzz.protocols --seconds 600`` shares the time among all protocols, guided by coverage (atheris)
where atheris is installed; ``--protocol dns`` takes one. ``--runs 2000`` tries so many seeded mutations of each
protocol instead, the same ones each time. The corpus are the conformance vectors. What fails is written to
``.cache/fuzz`` and tried again with ``--protocol dns --input FILE``.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from random import Random
from typing import Any, NoReturn

from asepsis.protocols.message import Dissector, Result
from asepsis.protocols.registry import DISSECTORS, PROTOCOLS
from tests.protocols.conformance import (
    STREAM_MEMORY_LIMIT_BYTES,
    Data,
    assert_no_canary,
    judge,
    size_of,
    vectors,
)

ROOT = Path(__file__).resolve().parents[2]
FOUND = ROOT / ".cache" / "fuzz"

# What one input may be, in bytes: the largest datagram, or some segments of a conversation.
INPUT_LIMIT_BYTES = 65_536
# An input that takes this long has met work without a bound; real ones take microseconds.
HANG_SECONDS = 20
MEMORY_LIMIT_MEBIBYTES = 2048

# An input is a datagram behind DATAGRAM, or a conversation behind CONVERSATION: pieces, each behind a byte with
# the sender (bit 0) and a gap (bit 1), and its length in two bytes.
DATAGRAM, CONVERSATION = b"\0", b"\1"
_SENDER, _GAP = 1, 2


def encode(data: Data) -> bytes:
    """A vector as an input."""
    if isinstance(data, bytes):
        return DATAGRAM + data
    pieces = [
        bytes((sender,)) + len(piece[start : start + 0xFFFF]).to_bytes(2, "big") + piece[start : start + 0xFFFF]
        for sender, piece in data
        for start in range(0, len(piece), 0xFFFF)
    ]
    return CONVERSATION + b"".join(pieces)


def try_input(dissector: Dissector, octets: bytes) -> list[Result]:
    """Reads an input as the pipeline would; fails when a result breaks the contract or memory is not bounded."""
    is_conversation = octets[:1] == CONVERSATION
    if dissector.open is None or (dissector.datagram is not None and not is_conversation):
        assert dissector.datagram is not None
        results = list(dissector.datagram(octets[1:]))
    else:
        results = _converse(dissector, octets)
    judge(dissector, results)
    return results


def _converse(dissector: Dissector, octets: bytes) -> list[Result]:
    assert dissector.open is not None
    stream = dissector.open()
    results: list[Result] = []
    at = 1
    while at + 3 <= len(octets):
        flags, length = octets[at], octets[at + 1] << 8 | octets[at + 2]
        piece = octets[at + 3 : at + 3 + length]
        at += 3 + length
        results.extend(stream.feed(flags & _SENDER, piece, gap=bool(flags & _GAP)))
    results.extend(stream.close())
    if len(octets) > STREAM_MEMORY_LIMIT_BYTES // 64:
        assert size_of(stream) <= STREAM_MEMORY_LIMIT_BYTES
    return results


class Mutator:
    """Seeded mutations of a corpus: the same inputs for the same seed."""

    INTERESTING = (b"\0", b"\xff", b"\x7f", b"\x80", b"\0\0", b"\xff\xff", b"\xc0\x0c", b"\xff\xff\xff\xff", b"\r\n")

    def __init__(self, corpus: Sequence[bytes], seed: int) -> None:
        self._corpus = corpus
        self._chance = Random(seed)

    def next(self) -> bytes:
        """One more input."""
        chance = self._chance
        octets = bytearray(chance.choice(self._corpus))
        for _ in range(chance.choice((1, 1, 2, 3, 5, 8))):
            self._mutate(octets)
        return bytes(octets[:INPUT_LIMIT_BYTES])

    def _mutate(self, octets: bytearray) -> None:
        chance = self._chance
        at = chance.randrange(1, max(len(octets), 2))  # the first byte says how to read the rest
        length = min(chance.choice((1, 1, 2, 4, 8, 30, 200)), max(len(octets) - at, 0))
        match chance.randrange(7):
            case 0 if at < len(octets):
                octets[at] ^= 1 << chance.randrange(8)
            case 1 if at < len(octets):
                octets[at] = chance.randrange(256)
            case 2:
                lie = chance.choice(self.INTERESTING)
                octets[at : at + len(lie)] = lie
            case 3:
                del octets[at : at + length]
            case 4:
                octets[at:at] = octets[at : at + length] * chance.choice((1, 2, 50))
            case 5:
                octets[at:at] = chance.randbytes(length)
            case _:
                other = chance.choice(self._corpus)
                start = chance.randrange(len(other))
                octets[at : at + length] = other[start : start + chance.choice((4, 30, 400))]


def corpus(protocol: str) -> list[bytes]:
    """The conformance vectors of a protocol as inputs."""
    return [encode(vector.data) for vector in vectors(protocol)]


def run_mutations(dissector: Dissector, seeds: Sequence[bytes], *, runs: int, seed: int) -> bytes | None:
    """Tries so many mutations; gives the first input that fails, or None."""
    mutator = Mutator(seeds, seed)
    for _ in range(runs):
        octets = mutator.next()
        try:
            try_input(dissector, octets)
        except Exception:  # whatever it is: a dissector raises nothing
            return octets
    return None


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _report(protocol: str, octets: bytes) -> None:
    FOUND.mkdir(parents=True, exist_ok=True)
    path = FOUND / f"{protocol}-{blake2b(octets, digest_size=8).hexdigest()}"
    path.write_bytes(octets)
    _say(f"{protocol}: failed; try again: python -m tests.fuzz.protocols --protocol {protocol} --input {path}")


def run_all_mutations(protocols: Sequence[str], *, runs: int, seed: int) -> int:
    """Tries so many mutations of each protocol; gives how many protocols failed."""
    failed = 0
    for protocol in protocols:
        dissector, seeds = DISSECTORS[protocol], corpus(protocol)
        for octets in seeds:
            results = try_input(dissector, octets)
            assert_no_canary(results, judge(dissector, results))
        found = run_mutations(dissector, seeds, runs=runs, seed=seed)
        if found is None:
            _say(f"{protocol}: {runs} mutations of {len(seeds)} vectors, none failed")
        else:
            failed += 1
            _report(protocol, found)
    return failed


def run_guided(protocol: str, *, seconds: int, seed: int) -> NoReturn:
    """Fuzzes one protocol by coverage for a time; ends the process, with 0 when nothing failed."""
    import atheris

    with atheris.instrument_imports(include=["asepsis.protocols"]):
        dissector = DISSECTORS[protocol]
    seeds = FOUND / "vectors" / protocol
    seeds.mkdir(parents=True, exist_ok=True)
    for number, octets in enumerate(corpus(protocol)):
        (seeds / str(number)).write_bytes(octets)
    grown = FOUND / "corpus" / protocol
    grown.mkdir(parents=True, exist_ok=True)

    def target(octets: bytes) -> None:
        try_input(dissector, octets)

    options = {
        "max_total_time": seconds,
        "seed": seed,
        "max_len": INPUT_LIMIT_BYTES,
        "timeout": HANG_SECONDS,
        "rss_limit_mb": MEMORY_LIMIT_MEBIBYTES,
        "print_final_stats": 1,
        "verbosity": 0,
        "artifact_prefix": f"{FOUND}/{protocol}-",
    }
    arguments: list[Any] = [f"-{name}={option}" for name, option in options.items()]
    atheris.Setup([sys.argv[0], *arguments, str(grown), str(seeds)], target)
    atheris.Fuzz()
    sys.exit(0)


def run_all_guided(protocols: Sequence[str], *, seconds: int, seed: int) -> int:
    """Shares the time among protocols, a process each; gives how many failed."""
    each = max(seconds // len(protocols), 1)
    failed = 0
    for protocol in protocols:
        argv = ["--protocol", protocol, "--seconds", str(each), "--seed", str(seed), "--here"]
        done = subprocess.run([sys.executable, "-m", "tests.fuzz.protocols", *argv], cwd=ROOT, check=False)
        outcome = "none failed" if done.returncode == 0 else "failed, see .cache/fuzz"
        _say(f"{protocol}: {each} s guided by coverage, {outcome}")
        failed += done.returncode != 0
    return failed


def is_guided() -> bool:
    """Whether atheris is installed."""
    return importlib.util.find_spec("atheris") is not None


# Where atheris is not installed, time is turned into mutations: so many a second are tried everywhere.
MUTATIONS_PER_SECOND = 2000


def main() -> int:
    """Reads the command line; gives the exit code: 0 when nothing failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--protocol", choices=PROTOCOLS, help="only this one")
    parser.add_argument("--seconds", type=int, default=0, help="how long in all")
    parser.add_argument("--runs", type=int, default=0, help="so many seeded mutations of each protocol instead")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--input", type=Path, help="try this input once more")
    parser.add_argument("--here", action="store_true", help="fuzz the one protocol in this process")
    asked = parser.parse_args()
    protocols = (asked.protocol,) if asked.protocol else PROTOCOLS
    if asked.input is not None:
        if asked.protocol is None:
            parser.error("--input needs --protocol")
        for result in try_input(DISSECTORS[asked.protocol], asked.input.read_bytes()):
            _say(str(result))
        return 0
    if asked.here and asked.protocol:
        run_guided(asked.protocol, seconds=asked.seconds, seed=asked.seed)
    if asked.seconds and is_guided():
        failed = run_all_guided(protocols, seconds=asked.seconds, seed=asked.seed)
    else:
        runs = asked.runs or asked.seconds * MUTATIONS_PER_SECOND // len(protocols) or MUTATIONS_PER_SECOND
        failed = run_all_mutations(protocols, runs=runs, seed=asked.seed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
