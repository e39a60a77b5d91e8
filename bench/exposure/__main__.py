"""Plants devices for public medical advisories, half of whose makers no rule was made for, and counts right answers.

Then asks for the expected answers to published statements, lists of components and recalls (``statements``). Writes
bench/FINDINGS.md and rows of bench/RESULTS.md. Makers are parted by a hash of the first word of their name: rules were
made while reading the half ``made`` alone. ``--show`` prints wrong answers of that half; of the other it never prints a
word.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from collections import Counter
from pathlib import Path

from asepsis.exposure.advisory import Advisory
from asepsis.exposure.feeds.reading import Document, read_document
from asepsis.exposure.finding import Exposed
from asepsis.exposure.matching.match import Matcher
from bench.accuracy.__main__ import ROOT, unpack
from bench.exposure import figures, statements
from bench.exposure.plant import Planted, planted

PAGE = ROOT / "bench" / "FINDINGS.md"
GOALS = {"precision": 0.99, "recall": 0.95, "cannot tell": 0.10, "called safe": 0}


def half(advisory: Advisory) -> str:
    """``made`` where all makers fall into the half that was looked at, else ``unseen``."""
    parts = set()
    for maker in {product.vendor for product in advisory.products}:
        word = next(iter(re.findall(r"[a-z0-9]+", maker.lower())), "")
        parts.add(hashlib.sha256(word.encode()).digest()[0] & 1)
    return "made" if parts == {0} else "unseen"


class Score:
    """Counts of one half."""

    def __init__(self) -> None:
        self.count: Counter[str] = Counter()

    def add(self, device: Planted, answer: Exposed | None) -> str:
        """Counts one device; gives the name of what was counted."""
        if device.affected is None:
            name = "unread called safe" if answer is Exposed.NOT_AFFECTED else "unread"
        elif answer is Exposed.CANNOT_TELL:
            name = "affected, cannot tell" if device.affected else "other, cannot tell"
        elif device.affected:
            name = {Exposed.AFFECTED: "found", Exposed.NOT_AFFECTED: "called safe", None: "missed"}[answer]
        else:
            name = "accused" if answer is Exposed.AFFECTED else "left alone"
        self.count[name] += 1
        return name

    def figures(self) -> dict[str, float]:
        """The four figures that have goals, and the number of devices."""
        count = self.count
        affected = count["found"] + count["missed"] + count["called safe"] + count["affected, cannot tell"]
        told = sum(count.values()) - count["unread"] - count["unread called safe"]
        unsure = count["affected, cannot tell"] + count["other, cannot tell"]
        return {
            "devices": sum(count.values()),
            "precision": count["found"] / max(1, count["found"] + count["accused"]),
            "recall": count["found"] / max(1, affected),
            "cannot tell": unsure / max(1, told),
            "called safe": count["called safe"],
        }


def _texts(device: Planted) -> tuple[str, str, str]:
    return device.identity.vendor, device.identity.model, device.identity.version


def answer_for(matcher: Matcher, device: Planted) -> Exposed | None:
    """The worst answer that one advisory gives a device; None where it does not speak of it."""
    answers = {verdict.answer for verdict in matcher.verdicts(device.identity) if verdict.advisory == device.advisory}
    order = (Exposed.AFFECTED, Exposed.CANNOT_TELL, Exposed.NOT_AFFECTED)
    return next((answer for answer in order if answer in answers), None)


def advisories(folder: Path) -> list[Advisory]:
    """The advisories of a folder."""
    found = (read_document(path.read_bytes(), path.name) for path in sorted(folder.glob("*.json")))
    return [one.content for one in found if isinstance(one, Document) and isinstance(one.content, Advisory)]


def main() -> int:
    """Command line; exit code 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", action="store_true", help="print wrong answers of the half that was looked at")
    parser.add_argument("--half", choices=("made", "unseen"), help="measure only this half, and write no page")
    options = parser.parse_args()
    met = [_findings(options)]
    if not options.half:
        met += [ask_statements(unpack("sbom_vex")), _kept("recalls", statements.planted_recalls())]
    return 0 if all(met) else 1


def ask_statements(folder: Path) -> bool:
    """Keeps the rows of statements and lists; says so and keeps nothing where their archive is absent.

    Returns:
        Whether all are right; true where nothing was measured.
    """
    if not folder.is_dir():
        print("the archive sbom_vex is not at hand: statements and lists were not measured", file=sys.stderr)
        return True
    return _kept("statements", statements.statements(folder))


def _kept(part: str, rows: list[statements.Row]) -> bool:
    for what, _, measured, _ in rows:
        print(f"{what}: {measured}")
    figures.keep_rows(part, rows)
    return all(row[-1] for row in rows)


def _findings(options: argparse.Namespace) -> bool:
    folder = unpack("advisories") / "csaf_icsma"
    if not folder.is_dir():
        print("the advisories are not at hand: findings were not measured", file=sys.stderr)
        return True
    everything = advisories(folder)
    matcher = Matcher(everything)
    scores: dict[str, Score] = {}
    for name in ("made", "unseen"):
        if options.half not in (None, name):
            continue
        score = scores[name] = Score()
        for device in planted([one for one in everything if half(one) == name]):
            answer = answer_for(matcher, device)
            counted = score.add(device, answer)
            wrong = counted not in ("found", "left alone", "unread")
            if options.show and wrong and name == "made":
                print(
                    counted,
                    "|",
                    device.kind,
                    "|",
                    device.advisory.split("\n")[1],
                    "|",
                    device.identity.vendor,
                    "|",
                    device.identity.model,
                    "|",
                    device.identity.version,
                )
        print(name, {key: round(figure, 4) for key, figure in score.figures().items()}, dict(score.count))
    if options.half:
        return True
    write(everything, scores)
    found = scores["unseen"].figures()
    met = {
        "precision": found["precision"] >= GOALS["precision"],
        "recall": found["recall"] >= GOALS["recall"],
        "cannot tell": found["cannot tell"] <= GOALS["cannot tell"],
        "called safe": found["called safe"] == 0,
    }
    goals = {"precision": ">= 0.99", "recall": ">= 0.95", "cannot tell": "<= 0.10", "called safe": "0"}
    devices = f"{found['devices']:.0f} devices"
    shown = {key: f"{found[key]:.4f}" for key in goals} | {"called safe": f"{found['called safe']:.0f}"}
    figures.keep_rows(
        "findings", [[f"findings, {key}", goals[key], f"{shown[key]} of {devices}", met[key]] for key in goals]
    )
    return all(met.values())


HEAD = """\
# How right the findings are

Written by `make eval`. CISA's medical advisories (CSAF 2.0, none with a CPE) are parted by a hash of the first word of
the maker's name. The rules were made while reading one half; no word of the other was looked at, and only its counts
are printed. Devices are planted just inside and just outside of every version range, under spellings of maker and model
that other systems use, and beside them products that the advisory does not name. What is true is read from the version
text by a reader of its own (`bench/exposure/truth.py`), which shares no code with the matcher; what it cannot read has
no truth and is counted apart.

| | goal | half that rules were made on | other half |
|---|---|---|---|
"""
TAIL = """
*Precision*: of those called affected, the share that are. *Recall*: of all affected ones, those that cannot be told
included, the share called affected. *Cannot tell*: of all devices with a known truth. *Called safe*: affected, and
answered "not affected". *Unread called safe*: the matcher read a version text that the reader of the truth did not, and
answered "not affected"; who is right is not known here. A maker whose name is spelt in two ways (Philips, Phillips) may
stand in both halves.
"""


def write(everything: list[Advisory], scores: dict[str, Score]) -> None:
    """The page."""
    parts = Counter(half(one) for one in everything)
    figures = {name: score.figures() for name, score in scores.items()}
    goals = {"devices": "", "precision": ">= 0.99", "recall": ">= 0.95", "cannot tell": "<= 0.10", "called safe": "0"}
    rows = [f"| advisories | | {parts['made']} | {parts['unseen']} |"]
    for key, goal in goals.items():
        form = ".0f" if key in ("devices", "called safe") else ".4f"
        shown = " | ".join(format(figures[name][key], form) for name in ("made", "unseen"))
        rows.append(f"| {key} | {goal} | {shown} |")
    for key in sorted({name for score in scores.values() for name in score.count}):
        rows.append(f"| {key} (devices) | | {scores['made'].count[key]} | {scores['unseen'].count[key]} |")
    PAGE.write_text(HEAD + "\n".join(rows) + "\n" + TAIL, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
