"""Are our JA4 fingerprints nDPI's, in their two hash parts?

The first part is left out: nDPI's version of the captures' result files writes the application protocol and the kind
of destination in its own way. TLS over TCP ("t") and QUIC ("q") are compared; DTLS is not read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from bench.accuracy import ndpi
from bench.accuracy.ours import Answer


@dataclass(slots=True)
class Fingerprints:
    """JA4 over many captures."""

    flows: int = 0
    same: int = 0
    missing: list[str] = field(default_factory=list)
    """Flows to which nDPI gives a fingerprint and we none."""
    different: list[str] = field(default_factory=list)
    distinct: set[str] = field(default_factory=set)
    distinct_same: set[str] = field(default_factory=set)
    other_transports: int = 0


def add(result: Fingerprints, path: Path, answer: Answer, flows: list[ndpi.Flow]) -> None:
    """Compares one capture."""
    ours: dict[tuple[object, object], set[str]] = {}
    for key, sighting in answer.sightings:
        if sighting.message.PROTOCOL in ("tls", "quic") and (text := sighting.message.facts().get("ja4")):
            ours.setdefault(key[1:], set()).add(_hashes(str(text)))
    for flow in flows:
        if not flow.ja4:
            continue
        if (flow.ja4[0], flow.key.protocol) not in (("t", 6), ("q", 17)):
            result.other_transports += 1
            continue
        theirs = _hashes(flow.ja4)
        mine = ours.get(flow.key[1:], set())
        result.flows += 1
        result.distinct.add(theirs)
        if theirs in mine:
            result.same += 1
            result.distinct_same.add(theirs)
        elif mine:
            result.different.append(f"{path.name}: nDPI {flow.ja4}, ours {', '.join(sorted(mine))}")
        else:
            result.missing.append(f"{path.name}: nDPI {flow.ja4} on {flow.key}")


def _hashes(ja4: str) -> str:
    return ja4.partition("_")[2]
