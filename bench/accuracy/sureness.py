"""How often evidence of some strength is right: learns the calibration from one half of the labels, asks the other.

``python -m bench.accuracy.sureness FOLDER...``: each folder holds a recording of the lab hospital
(``benign.pcapng.zst`` and ``truth.json``), best of several seeds; the products of IoT Sentinel and LSIF are taken where
they are unpacked. One half are the lab's kinds that tuning may see and every second product; the other half are the
kinds kept from tuning and the other products. Writes ``src/asepsis/knowledge/calibration.json`` and prints the error on
both halves, before and after. ``--check`` writes nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from asepsis.devices.calibration import calibrated
from asepsis.devices.clue import Attribute
from asepsis.devices.device import SINGLE
from asepsis.devices.inference import VENDOR_PREFIX
from asepsis.knowledge.table import folder
from bench.accuracy import calibration
from lab import measures

TABLE = folder().parent / "calibration.json"
BOUNDS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
# One made-up answer, right as often as its strength says, stands in every range: few answers change little.
PRIOR = 1.0
# A range with fewer groups is joined with the next stronger one: one group tells little of a range.
GROUPS_OF_A_RANGE = 8


class Answer(NamedTuple):
    """One attribute of one labelled device."""

    group: str
    """Kind or product with the value: a hundred pumps of one model are one answer, else they would outvote the rest."""
    attribute: str
    strength: float
    right: bool
    learns: bool
    """Whether it is of the half that is learnt from."""


def answers(recordings: Iterable[Path]) -> Iterator[Answer]:
    """Every answer about a labelled device, with its uncontested strength as confidence."""
    for place, truth in enumerate(calibration.PRODUCTS):
        for path, mac in calibration.captures_of(truth):
            device = calibration.found_in([path], calibrate=False).get(mac)
            if device is None:
                continue
            for attribute in calibration.ATTRIBUTES:
                value = getattr(device, attribute)
                right = calibration.is_right(attribute, value, truth) if value is not None else None
                if right is not None:
                    sure = device.confidence[attribute]
                    yield Answer(f"{truth.name} {value}", attribute, sure, right, place % 2 == 0)
    for recording in recordings:
        yield from _of_lab(recording)


def _of_lab(recording: Path) -> Iterator[Answer]:
    hosts = json.loads((recording / "truth.json").read_text(encoding="utf-8"))["hosts"]
    found = calibration.found_in([recording / "benign.pcapng.zst"], calibrate=False)
    documents = [device.document() for device in {id(device): device for device in found.values()}.values()]
    matched = measures.matched(documents, hosts)
    for host in hosts:
        for document in matched[host["name"]][:1]:
            for attribute, right in _judged(document, host):
                if attribute == Attribute.VENDOR and _by_prefix_alone(document):
                    continue  # the lab chose the prefix: that it names its holder is no finding
                group = f"{host['kind']} {document[attribute]}"
                sure = document["confidence"][attribute]
                yield Answer(group, attribute, sure, right, not host["kept_from_tuning"])


def _judged(document: Mapping[str, Any], host: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    for attribute in ("category", *measures.ATTRIBUTES):
        value = document.get(attribute)
        if value is None:
            continue
        if attribute == "category":
            also = value in host.get("also_plays", ())
            yield attribute, also or measures.category_verdict(value, host["answers"]["category"]) != "wrong"
        else:
            yield attribute, measures.claim_right(attribute, str(value), host)


def _by_prefix_alone(document: Mapping[str, Any]) -> bool:
    return {one["protocol"] for one in document["evidence"] if one["attribute"] == Attribute.VENDOR} == {VENDOR_PREFIX}


def learnt(said: Iterable[Answer]) -> dict[str, list[list[float]]]:
    """Attribute to points (mean strength, share that was right), rising in both.

    A range counts each group once. Ranges that would make stronger evidence less sure are pooled with their neighbours
    (pool adjacent violators).
    """
    by_attribute: dict[str, list[Answer]] = defaultdict(list)
    for one in said:
        by_attribute[one.attribute].append(one)
    return {name: _points(_ranges(answers)) for name, answers in by_attribute.items()}


def _ranges(said: list[Answer]) -> list[list[list[Answer]]]:
    """The groups of each range of strengths, from the weakest; no range but the only one has few groups."""
    ranges: list[list[list[Answer]]] = []
    few: list[list[Answer]] = []
    for low, high in pairwise(BOUNDS):
        groups: dict[str, list[Answer]] = defaultdict(list)
        for one in said:
            if low <= one.strength < high:
                groups[one.group].append(one)
        few += groups.values()
        if len(few) >= GROUPS_OF_A_RANGE:
            ranges.append(few)
            few = []
    if few and ranges:
        ranges[-1] += few
    elif few:
        ranges.append(few)
    return ranges


def _points(ranges: list[list[list[Answer]]]) -> list[list[float]]:
    pooled: list[tuple[float, float, float]] = []
    for groups in ranges:
        mean = _mean(_mean(one.strength for one in group) for group in groups)
        right = sum(_mean(one.right for one in group) for group in groups)
        weight = len(groups) + PRIOR
        pooled.append((mean, (right + PRIOR * mean) / weight, weight))
        while len(pooled) > 1 and pooled[-2][1] > pooled[-1][1]:
            (x, y, n), (u, v, m) = pooled.pop(), pooled.pop()
            pooled.append(((x * n + u * m) / (n + m), (y * n + v * m) / (n + m), n + m))
    return [[round(strength, 3), round(share, 3)] for strength, share, _ in pooled]


def _mean(numbers: Iterable[float]) -> float:
    found = list(numbers)
    return sum(found) / len(found)


def error(said: list[Answer], *, after: bool) -> float:
    """The expected calibration error, of strengths or (``after``) of what the shipped table makes of them."""
    claims = [(calibrated(one.attribute, one.strength) if after else one.strength, one.right) for one in said]
    return measures.calibration(claims)[1]


def main() -> int:
    """Learns and asks; 0 when the other half's error is small enough."""
    parser = argparse.ArgumentParser(description="learn how often evidence of some strength is right")
    parser.add_argument("recordings", nargs="*", type=Path, metavar="FOLDER")
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args()
    said = list(answers(options.recordings))
    learning = [one for one in said if one.learns]
    if not options.check:
        points = {name: points for name, points in sorted(learnt(learning).items()) if name in SINGLE}
        table = {
            "about": "Strength of uncontested evidence to the share of labelled answers that were right, by attribute.",
            "source": "python -m bench.accuracy.sureness, on the lab's kinds that tuning may see and every second "
            "product of IoT Sentinel and LSIF; docs/explanation/confidence.md",
            "groups": len({(one.attribute, one.group) for one in learning}),
            "attributes": points,
        }
        TABLE.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    small = True
    for name, half in (("learnt from", learning), ("not learnt from", [one for one in said if not one.learns])):
        before, now = error(half, after=False), error(half, after=True)
        wrong = sum(not one.right for one in half)
        sys.stdout.write(f"{name}: {len(half)} answers, {wrong} wrong, error {before:.3f} before, {now:.3f} after\n")
        small = small and now <= 0.05
    return 0 if small else 1


if __name__ == "__main__":
    sys.exit(main())
