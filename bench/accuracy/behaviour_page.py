"""The part of bench/ANSWERS.md about devices by what they do."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

from bench.accuracy import behaviour
from bench.accuracy.behaviour import FIRST_DAYS, Found

ANSWERS = Path(__file__).resolve().parent.parent / "ANSWERS.md"
HEADING = "## Devices, by what they do"
MOST_UNSEEN = 0.10
MOST_UNKNOWN = 0.05
LEAST_F1 = 0.95

HOW = """\
IoT Sentinel (Miettinen et al., ICDCS 2017): one person's set-ups of 27 types, one profile a set-up, through our own
engine; no hardware and no IP address is a feature, and what stands for one in names is hidden
([behaviour](../docs/explanation/behaviour.md)). The plain forest is scikit-learn's RandomForestClassifier with 300
trees as it comes, on the same columns, folds and set-ups. Every set-up is named here, by both; "unknown" is measured
below."""
UNSEEN = """\
Each type is left out once; a model of all others is asked about its set-ups. Types that run the same program on the
same hardware are each other's nearest: of those a model without the one cannot know."""
DAYS = "LSIF (Charyyev and Gunes, IoT-J 2021): seven devices, a capture a day. Unknown counts as not found."


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def _verdict(*, met: bool, aim: str) -> str:
    return "met" if met else f"**SHORTFALL** (aim: {aim})"


def lines(found: Found) -> Iterator[str]:
    """The part, line by line."""
    yield HEADING
    yield ""
    yield HOW
    yield ""
    repeats = len(found.own)
    differences = [own - plain for own, plain in zip(found.own, found.plain, strict=True)]
    better, same = sum(one > 0 for one in differences), sum(one == 0 for one in differences)
    low, high = behaviour.interval(found.fold_differences)
    yield f"| {found.setups} set-ups, {found.types} types, {repeats} x 5 folds | accuracy | range | macro-F1 |"
    yield "|---|---|---|---|"
    for name, accuracy, f1 in (("plain forest", found.plain, found.plain_f1), ("ours", found.own, found.own_f1)):
        span = f"{_percent(min(accuracy))} to {_percent(max(accuracy))}"
        yield f"| {name} | {_percent(fmean(accuracy))} | {span} | {fmean(f1):.4f} |"
    yield ""
    yield (
        f"Ours is better by {100 * fmean(differences):.2f} points on average, in {better} of {repeats} repetitions"
        f" (equal in {same}): {_verdict(met=fmean(differences) > 0, aim='better than the plain forest')}. 95 % interval"
        f" of the mean, corrected for folds that share training data: {100 * low:.2f} to {100 * high:.2f} points."
    )
    yield ""
    yield "| near-identical products, within the group | plain forest | ours | ours, named alone or with its twin |"
    yield "|---|---|---|---|"
    for group, (plain, own, together) in found.alike.items():
        yield f"| {group} | {_percent(plain)} | {_percent(own)} | {_percent(together)} |"
    yield ""
    yield "What is mixed up: " + "; ".join(f"{what} {times}" for what, times in found.confusions.items()) + "."
    yield ""
    yield (
        f"Of the set-ups that were named, {_percent(found.named_right)} were named right (alone or with twins); the"
        f" mean confidence shown was {_percent(found.chance)}."
    )
    yield ""
    yield "### Unknown"
    yield ""
    yield UNSEEN
    yield ""
    average = fmean(found.unseen.values())
    yield "| | share | |"
    yield "|---|---|---|"
    unseen_verdict = _verdict(met=average <= MOST_UNSEEN, aim="10 %")
    what = "set-ups of an unseen type that get another type's name, mean over types"
    yield f"| {what} | {_percent(average)} | {unseen_verdict} |"
    known_verdict = _verdict(met=found.unknown <= MOST_UNKNOWN, aim="5 %")
    what = "set-ups of known types called unknown, over all repetitions"
    yield f"| {what} | {_percent(found.unknown)} | {known_verdict} |"
    yield ""
    worst = sorted(((share, name) for name, share in found.unseen.items() if share), reverse=True)
    shown = ", ".join(f"{name} {_percent(share)}" for share, name in worst) or "none"
    yield f"Types whose set-ups are named after another: {shown}."
    yield ""
    yield "### From day to day"
    yield ""
    yield DAYS
    yield ""
    yield "| learnt on the first | device days asked | accuracy | unknown | macro-F1 | |"
    yield "|---|---|---|---|---|---|"
    for first, days in found.days.items():
        verdict = _verdict(met=days["macro_f1"] >= LEAST_F1, aim="0.95") if int(first) == FIRST_DAYS else ""
        yield (
            f"| {first} days | {days['device_days']} | {_percent(days['accuracy'])} | {_percent(days['unknown'])} |"
            f" {days['macro_f1']:.4f} | {verdict} |"
        )


def put(found: Found, page: Path = ANSWERS) -> None:
    """Puts the part in the place of the earlier one, or at the end of the page."""
    text = page.read_text() if page.exists() else "# Are the answers right?\n"
    part = "\n".join(lines(found)) + "\n"
    pattern = re.compile(rf"^{re.escape(HEADING)}$.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    # The page's other parts are written by ``answers``.
    text = pattern.sub("", text).rstrip() + "\n\n" + part
    page.write_text(text.rstrip() + "\n")


def main() -> int:
    """Measures and writes the part."""
    found = behaviour.measure()
    if found is None:
        print("the captures of IoT Sentinel and LSIF are not at hand: behaviour was not evaluated", file=sys.stderr)
        return 0
    put(found)
    return 0
