"""Devices by what they do, on set-ups and days that the model has not seen; writes its part of bench/ANSWERS.md.

``python -m bench.accuracy.behaviour`` does this part alone. Profiles come from the product's own engine; they and the
results are kept under ``.cache/eval`` by the digest of captures and sources, so that a second run takes seconds.
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np

from asepsis.devices.behaviour.evaluate import evaluate
from asepsis.devices.behaviour.learn import folds_of, learn
from asepsis.devices.behaviour.profile import Profile
from asepsis.pipeline.behaviour import profiles_of
from asepsis.wire.engine import Engine

ROOT = Path(__file__).resolve().parent.parent.parent
SHARED = ROOT / ".cache" / "shared"
KEPT = ROOT / ".cache" / "eval" / "behaviour"
SOURCES = ROOT / "src" / "asepsis"

REPEATS = 10
FOLDS = 5
PLAIN_TREES = 300
FIRST_DAYS = 5
"""Of the nine days of each device of LSIF, those that are learnt from."""
DAY = date(2000, 1, 1)
"""A model bears the day on which it was learnt; here the same one always, so that results can be compared."""

# The same product twice: two units, or two versions of the hardware (IoT Sentinel counts 27 types).
_SAME = {
    "EdimaxCam1": "EdimaxCam",
    "EdimaxCam2": "EdimaxCam",
    "EdnetCam1": "EdnetCam",
    "EdnetCam2": "EdnetCam",
    "WeMoInsightSwitch2": "WeMoInsightSwitch",
    "WeMoSwitch2": "WeMoSwitch",
}
ALIKE = {
    "D-Link sensors, siren and plug": (
        *("D-LinkDoorSensor", "D-LinkSensor", "D-LinkSiren", "D-LinkSwitch", "D-LinkWaterSensor"),
    ),
    "TP-Link HS100 and HS110": ("TP-LinkPlugHS100", "TP-LinkPlugHS110"),
    "Edimax SP-1101W and SP-2101W": ("EdimaxPlug1101W", "EdimaxPlug2101W"),
    "Smarter iKettle 2 and Coffee": ("iKettle2", "SmarterCoffee"),
}


@dataclass(slots=True)
class Found:
    """Everything that is shown."""

    setups: int = 0
    types: int = 0
    plain: list[float] = field(default_factory=list)
    """Accuracy of the plain forest in each repetition, all set-ups named."""
    own: list[float] = field(default_factory=list)
    plain_f1: list[float] = field(default_factory=list)
    own_f1: list[float] = field(default_factory=list)
    fold_differences: list[float] = field(default_factory=list)
    alike: dict[str, list[float]] = field(default_factory=dict)
    """Group to the accuracy within it: plain, own, share named together or right."""
    confusions: dict[str, int] = field(default_factory=dict)
    unknown: float = 0.0
    """Share of known set-ups called unknown."""
    named_right: float = 0.0
    """Share of the set-ups that were named, alone or among twins, whose name was right."""
    chance: float = 0.0
    """The mean calibrated chance of those."""
    unseen: dict[str, float] = field(default_factory=dict)
    """Type to the share of its set-ups that got another type's name from a model without it."""
    days: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)


def labelled(name: str) -> tuple[list[Profile], list[str]]:
    """The labelled devices of an archive: one profile a capture, and the folder's name as its type."""
    profiles: list[Profile] = []
    types: list[str] = []
    engine = Engine()
    source = source_digest("protocols", "wire", "devices/behaviour", "pipeline")
    for folder in sorted((SHARED / name).iterdir()):
        address = folder / "_iotdevice-mac.txt"
        if not address.exists():
            continue
        mac = address.read_text().strip().lower()
        for path in sorted(folder.glob("*.pcap")):
            for profile in _kept_profiles(path, engine, source):
                if profile.subject == mac:
                    profiles.append(profile)
                    types.append(_SAME.get(folder.name, folder.name))
    return profiles, types


def source_digest(*parts: str) -> str:
    """Of the sources that results depend on."""
    content = hashlib.sha256()
    for part in parts:
        for path in sorted((SOURCES / part).rglob("*.py")):
            content.update(path.read_bytes())
    return content.hexdigest()


def _kept_profiles(path: Path, engine: Engine, source: str) -> list[Profile]:
    digest = hashlib.sha256(path.read_bytes() + source.encode()).hexdigest()
    kept = KEPT / f"{digest}.json"
    if kept.exists():
        found = json.loads(kept.read_text())
        return [Profile(**{**one, "ips": tuple(one["ips"]), "capture": str(path)}) for one in found]
    profiles = profiles_of(path, engine)
    KEPT.mkdir(parents=True, exist_ok=True)
    document = [
        {name: getattr(one, name) for name in Profile.__dataclass_fields__ if name != "capture"} for one in profiles
    ]
    part = kept.with_suffix(".part")
    part.write_text(json.dumps(document))
    part.replace(kept)
    return profiles


def plain_forest(profiles: list[Profile], types: list[str], asked: list[Profile], seed: int) -> list[str]:
    """What a random forest as it comes out of the box says, on the same columns."""
    from sklearn.ensemble import RandomForestClassifier

    from asepsis.devices.behaviour.columns import columns_of

    columns = columns_of(profiles)
    forest = RandomForestClassifier(PLAIN_TREES, random_state=seed).fit(columns.matrix(profiles), types)
    return [str(name) for name in forest.predict(columns.matrix(asked))]


def compare(found: Found, profiles: list[Profile], types: list[str], *, repeats: int = REPEATS) -> None:
    """Repeated stratified cross-validation, both on the same folds and columns."""
    truth = np.array(types)
    places = np.unique(truth, return_inverse=True)[1].astype(np.int64)
    found.setups, found.types = len(types), len(set(types))
    alike = {group: [Counter[str]() for _ in range(2)] for group in ALIKE}
    confusions: Counter[str] = Counter()
    verdicts, named, right, chances = 0, 0, 0, []
    for repeat in range(repeats):
        plain, own = np.empty(len(truth), object), np.empty(len(truth), object)
        together = np.zeros(len(truth), bool)
        fold = folds_of(places, FOLDS, seed=repeat)
        for number in range(FOLDS):
            out = np.flatnonzero(fold == number)
            kept = np.flatnonzero(fold != number)
            shown, names = [profiles[i] for i in kept], [types[i] for i in kept]
            asked = [profiles[i] for i in out]
            plain[out] = plain_forest(shown, names, asked, repeat)
            model = learn(shown, names, {}, today=DAY, seed=repeat)
            own[out] = [model.types[place] for place in model.chances(asked).argmax(axis=1).tolist()]
            for i, verdict in zip(out.tolist(), model.verdicts(asked), strict=True):
                verdicts += 1
                if verdict.types:
                    named += 1
                    right += types[i] in verdict.types
                    chances.append(verdict.chance)
                    together[i] = types[i] in verdict.types
            found.fold_differences.append(float((own[out] == truth[out]).mean() - (plain[out] == truth[out]).mean()))
        found.plain.append(float((plain == truth).mean()))
        found.own.append(float((own == truth).mean()))
        found.plain_f1.append(_macro_f1(types, plain.tolist()))
        found.own_f1.append(_macro_f1(types, own.tolist()))
        confusions.update(f"{a} called {b}" for a, b in zip(truth.tolist(), own.tolist(), strict=True) if a != b)
        for group, members in ALIKE.items():
            mine = np.isin(truth, members)
            for counts, answers in zip(alike[group], (plain, own), strict=True):
                counts["right"] += int((answers[mine] == truth[mine]).sum())
                counts["all"] += int(mine.sum())
            alike[group][1]["together"] += int(together[mine].sum())
    found.alike = {
        group: [one["right"] / one["all"] for one in counts] + [counts[1]["together"] / counts[1]["all"]]
        for group, counts in alike.items()
        if counts[0]["all"]
    }
    found.confusions = dict(confusions.most_common(8))
    found.unknown = 1 - named / verdicts
    found.named_right, found.chance = right / max(1, named), fmean(chances)


def _macro_f1(truth: list[str], called: list[str]) -> float:
    right, given, own = (
        Counter(a for a, b in zip(truth, called, strict=True) if a == b),
        Counter(called),
        Counter(truth),
    )
    return fmean(2 * right[name] / (given[name] + own[name]) for name in own)


def leave_out(profiles: list[Profile], types: list[str]) -> dict[str, float]:
    """Each type left out once: the share of its set-ups that get another type's name."""
    named = {}
    for out in sorted(set(types)):
        shown = [(profile, name) for profile, name in zip(profiles, types, strict=True) if name != out]
        model = learn([profile for profile, _ in shown], [name for _, name in shown], {}, today=DAY)
        verdicts = model.verdicts([profile for profile, name in zip(profiles, types, strict=True) if name == out])
        named[out] = fmean(bool(verdict.types) for verdict in verdicts)
    return named


def over_days(profiles: list[Profile], types: list[str], first: int = FIRST_DAYS) -> dict[str, Any]:
    """Learnt on the first days, asked on the last."""
    days = [Path(profile.capture).stem for profile in profiles]
    learnt_on = set(sorted(set(days))[:first])
    shown = [i for i, day in enumerate(days) if day in learnt_on]
    asked = [i for i, day in enumerate(days) if day not in learnt_on]
    model = learn([profiles[i] for i in shown], [types[i] for i in shown], {}, today=DAY)
    answer = evaluate(model, model.verdicts([profiles[i] for i in asked]), [types[i] for i in asked])
    return {"learnt_days": first, "device_days": len(asked), **answer.document()}


def measure(*, repeats: int = REPEATS) -> Found | None:
    """Everything, or what was kept of the same sources and profiles; None where the archives are not at hand."""
    if not (SHARED / "iot_sentinel").is_dir() or not (SHARED / "lsif").is_dir():
        return None
    setups, days = labelled("iot_sentinel"), labelled("lsif")
    import sklearn

    from asepsis.devices.behaviour.learn import digest_of

    what = [digest_of(*setups), digest_of(*days), source_digest("devices/behaviour"), sklearn.__version__, repeats]
    key = hashlib.sha256((json.dumps(what) + Path(__file__).read_text()).encode()).hexdigest()
    kept = KEPT / f"results-{key}.json"
    if kept.exists():
        return Found(**json.loads(kept.read_text()))
    found = Found(versions={"scikit-learn": sklearn.__version__})
    compare(found, *setups, repeats=repeats)
    found.unseen = leave_out(*setups)
    found.days = {str(first): over_days(*days, first=first) for first in (3, FIRST_DAYS)}
    KEPT.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(asdict(found)))
    return found


def interval(differences: list[float]) -> tuple[float, float]:
    """95 % confidence interval of the mean difference over the folds of a repeated cross-validation.

    Folds share training data, so the variance is corrected (Nadeau and Bengio, Inference for the generalization error,
    2003): s^2 (1/n + test/training).
    """
    spread = stdev(differences) * math.sqrt(1 / len(differences) + 1 / (FOLDS - 1))
    # Student's t, 97.5 %: 2.01 for 49 degrees of freedom.
    return fmean(differences) - 2.01 * spread, fmean(differences) + 2.01 * spread


if __name__ == "__main__":
    from bench.accuracy import behaviour_page

    sys.exit(behaviour_page.main())
