"""The arithmetic of a score: categories, claims, addresses, calibration. Pure: values in, values out.

What every figure means stands in ``docs/explanation/lab-score.md``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from asepsis.knowledge.vendors import vendor
from asepsis.knowledge.vocabulary import WIDER, Category, category_agrees
from lab.roles import roles, systems
from lab.tellable import can_be_told

Document = Mapping[str, Any]

ATTRIBUTES = ("vendor", "model", "firmware", "serial", "os", "role")
BINS = 10
CLAIMS_ENOUGH = 2000
"""Claims that the goals about claims ask for, pooled over recordings."""
# Shorter texts stand in anything.
SHORTEST_MODEL = 3
_SYSTEMS = frozenset(category for category, wider in WIDER.items() if Category.MEDICAL_SERVER in wider)
_SERVERS = _SYSTEMS | {Category.SERVER, Category.STORAGE, Category.MEDICAL_SERVER}
# Kinds whose body is an ordinary computer: a console, a cart or a cabinet with a computer in it.
_CONSOLES = frozenset(
    (
        *(Category.CT, Category.MR, Category.XRAY, Category.MAMMOGRAPHY, Category.NUCLEAR, Category.RADIOTHERAPY),
        *(Category.IMAGING_WORKSTATION, Category.CENTRAL_STATION, Category.MEDICATION_CABINET),
        *(Category.IMPLANT_PROGRAMMER, Category.TELEMEDICINE_CART, Category.LAB_ANALYSER, Category.LAB_MIDDLEWARE),
    )
)
GENERAL: Mapping[str, frozenset[Category]] = {
    Category.SERVER: _SERVERS,
    Category.WORKSTATION: _CONSOLES,
    Category.VIRTUAL_MACHINE: _SERVERS | {Category.WORKSTATION},
}
"""General words, and what they are true of. A workstation is no server, and a pump is no workstation."""
KNOWN, KEPT, UNTOLD = "known", "kept from tuning", "cannot be told"
GOALS = (
    # name, key of the score, whether more is better, the figure of the issue that asks for it
    ("category macro-F1, kinds that tuning may see", "macro_f1", True, 0.98),
    ("wrong names on kinds kept from tuning", "wrong_on_kept", False, 0.02),
    ("wrong vendor, model or firmware", "wrong_claims", False, 0.005),
    ("expected calibration error", "expected_calibration_error", False, 0.05),
)


def category_verdict(answer: str | None, truth: str) -> str:
    """``right``, ``broader``, ``unknown`` or ``wrong``."""
    if answer is None:
        return "unknown"
    if answer == truth:
        return "right"
    if category_agrees(answer, truth) or truth in GENERAL.get(answer, ()):
        return "broader"
    return "wrong"


def claim_right(attribute: str, answer: str, host: Document) -> bool:
    """Whether a claim is what the host announced; a maker's many spellings are one."""
    if attribute == "role":
        return answer in roles(host)
    if attribute == "os":
        return any(family in answer.casefold() for family in systems(host))
    truth = host["answers"][attribute]
    if attribute != "vendor":
        if truth is not None and _plain(answer) == _plain(truth):
            return True
        if attribute != "model" or len(answer) < SHORTEST_MODEL:
            return False
        # A model may be announced in two spellings; what the host itself said, as whole words, is no wrong claim.
        return any(f" {_words(answer)} " in f" {_words(str(entry['value']))} " for entry in host["announces"])
    allowed = {text for text in (truth, host["mac_prefix_of"]) if text}
    return _maker(answer) in {_maker(text) for text in allowed}


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _words(text: str) -> str:
    return " ".join("".join(sign if sign.isalnum() or sign in "-._/" else " " for sign in text).split()).casefold()


def _maker(text: str) -> str:
    found = vendor(text)
    return found.name if found is not None else _plain(text)


def matched(devices: Sequence[Document], hosts: Sequence[Document]) -> dict[str, list[Document]]:
    """The devices of each host, by hardware address; more than one means that the host was split."""
    owner = {mac: host["name"] for host in hosts for mac in host.get("macs") or [host["mac"]]}
    found: dict[str, list[Document]] = {host["name"]: [] for host in hosts}
    for device in devices:
        for name in {owner[mac] for mac in device["addresses"]["mac"] if mac in owner}:
            found[name].append(device)
    return found


def score(pairs: Iterable[tuple[Sequence[Document], Sequence[Document]]]) -> dict[str, Any]:
    """Scores the answers of one or more recordings together.

    Args:
        pairs: Devices as ``asepsis devices --json`` prints them, and the ``hosts`` of the truth.
    """
    verdicts: dict[str, Counter[str]] = {group: Counter() for group in (KNOWN, KEPT, UNTOLD)}
    confusion: dict[str, Counter[str]] = defaultdict(Counter)
    known: list[tuple[str, str]] = []
    others: list[tuple[str, str]] = []
    kept_wrong = kept_all = 0
    claims: list[tuple[float, bool]] = []
    by_attribute: dict[str, Counter[str]] = {name: Counter() for name in ATTRIBUTES}
    ties: Counter[str] = Counter()
    wrong: list[str] = []
    for devices, hosts in pairs:
        found = matched(devices, hosts)
        for host in hosts:
            mine = found[host["name"]]
            _addresses(host, mine, ties)
            device: Document = mine[0] if mine else {"category": None, "confidence": {}}
            truth = host["answers"]["category"]
            if truth is not None:
                also = device["category"] in host.get("also_plays", ())
                verdict = "right" if also else category_verdict(device["category"], truth)
                answer = truth if also else device["category"] or "unknown"
                confusion[truth][answer] += 1
                group = UNTOLD if not can_be_told(host) else KEPT if host["kept_from_tuning"] else KNOWN
                verdicts[group][verdict] += 1
                (known if group == KNOWN else others).append((truth, answer))
                if host["kept_from_tuning"]:
                    kept_all += 1
                    kept_wrong += verdict == "wrong"
                if device["category"] is not None:
                    claims.append((device["confidence"].get("category", 0.0), verdict != "wrong"))
                if verdict == "wrong":
                    wrong.append(f"{host['name']}: {device['category']} is {truth}")
            for attribute in ATTRIBUTES:
                answer = device.get(attribute)
                if answer is None:
                    told = attribute in ("os", "role") or host["answers"][attribute]
                    by_attribute[attribute]["silent" if told else "rightly silent"] += 1
                    continue
                right = claim_right(attribute, str(answer), host)
                by_attribute[attribute]["right" if right else "wrong"] += 1
                claims.append((device["confidence"].get(attribute, 0.0), right))
                if not right:
                    wrong.append(f"{host['name']}: {attribute} {answer!r} is {host['answers'].get(attribute)!r}")
    reliability, error = calibration(claims)
    named = [by_attribute[attribute] for attribute in ("vendor", "model", "firmware")]
    named_wrong, named_all = sum(c["wrong"] for c in named), sum(c["wrong"] + c["right"] for c in named)
    result: dict[str, Any] = {
        "claims": len(claims),
        "claims_enough": len(claims) >= CLAIMS_ENOUGH,
        "categories": {group: dict(counts) for group, counts in verdicts.items()},
        "macro_f1": macro_f1(known, others),
        "wrong_on_kept": kept_wrong / kept_all if kept_all else 0.0,
        "attributes": {name: dict(counts) for name, counts in by_attribute.items()},
        "wrong_claims": named_wrong / named_all if named_all else 0.0,
        "addresses": dict(ties),
        "expected_calibration_error": error,
        "reliability": reliability,
        "confusion": {truth: dict(row) for truth, row in sorted(confusion.items())},
        "wrong": wrong,
    }
    result["goals"] = [
        {"goal": name, "figure": result[key], "wanted": wanted, "met": _met(result[key], wanted, more=more)}
        for name, key, more, wanted in GOALS
    ]
    return result


def _met(figure: float, wanted: float, *, more: bool) -> bool:
    return figure >= wanted if more else figure <= wanted


def _addresses(host: Document, mine: Sequence[Document], ties: Counter[str]) -> None:
    if not mine:
        ties["hosts without a device"] += 1
        return
    ties["hosts that are one device" if len(mine) == 1 else "hosts that were split"] += 1
    own = {*host["ipv4"], *host["ipv6"]}
    shown = {ip for device in mine for ip in device["addresses"]["ip"]}
    ties["addresses tied rightly"] += len(own & shown)
    ties["addresses of others"] += len(shown - own)
    ties["addresses not tied"] += len(set(host["ipv4"]) - shown)


def macro_f1(known: Sequence[tuple[str, str]], others: Sequence[tuple[str, str]] = ()) -> float:
    """The mean over categories of F1 (van Rijsbergen's, beta 1), exact words only; a broader word is a miss.

    Args:
        known: Truth and answer of the hosts that are judged; their truths are the categories.
        others: Truth and answer of further hosts. Wrongly called by one of the categories, they count as false alarms;
            called rightly, as nothing.
    """
    figures = []
    for category in sorted({truth for truth, _ in known}):
        hit = sum(truth == answer == category for truth, answer in known)
        missed = sum(truth == category for truth, _ in known) - hit
        # "server" is true of a pharmacy's system: a broader word is a miss there and no false alarm here.
        false = sum(
            answer == category and category_verdict(answer, truth) == "wrong" for truth, answer in (*known, *others)
        )
        figures.append(2 * hit / (2 * hit + missed + false) if hit else 0.0)
    return sum(figures) / len(figures) if figures else 0.0


def calibration(claims: Sequence[tuple[float, bool]]) -> tuple[list[dict[str, float]], float]:
    """The reliability curve and the expected calibration error (Guo et al. 2017, equal-width bins)."""
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for sure, right in claims:
        bins[min(int(sure * BINS), BINS - 1)].append((sure, right))
    curve, error = [], 0.0
    for content in filter(None, bins):
        confidence = sum(sure for sure, _ in content) / len(content)
        share = sum(right for _, right in content) / len(content)
        curve.append({"confidence": confidence, "right": share, "claims": float(len(content))})
        error += len(content) / len(claims) * abs(confidence - share)
    return curve, error


def report(result: Document) -> str:
    """The score for a person."""
    few = "" if result["claims_enough"] else f", of {CLAIMS_ENOUGH} that the goals about claims ask for"
    lines = [f"{result['claims']} claims{few}"]
    for group, counts in result["categories"].items():
        total = sum(counts.values()) or 1
        parts = ", ".join(f"{counts.get(word, 0)} {word}" for word in ("right", "broader", "unknown", "wrong"))
        lines.append(f"categories, {group}: {parts} of {total}")
    for name, counts in result["attributes"].items():
        lines.append(f"{name}: " + ", ".join(f"{counts[word]} {word}" for word in sorted(counts)))
    lines.append("addresses: " + ", ".join(f"{n} {word}" for word, n in sorted(result["addresses"].items())))
    lines += [
        f"{'met    ' if goal['met'] else 'NOT MET'} {goal['goal']}: {goal['figure']:.4f} (goal {goal['wanted']})"
        for goal in result["goals"]
    ]
    lines.append("confusion (truth: answers)")
    for truth, row in result["confusion"].items():
        lines.append(f"  {truth}: " + ", ".join(f"{n} {word}" for word, n in sorted(row.items(), key=lambda e: -e[1])))
    if result["wrong"]:
        lines += ["wrong:", *(f"  {line}" for line in result["wrong"])]
    return "\n".join(lines)


def picture(curve: Sequence[Mapping[str, float]]) -> str:
    """The reliability curve as SVG: confidence to the right, share of right claims upwards, size by claims."""
    side, edge = 360, 40
    most = max((point["claims"] for point in curve), default=1.0)

    def place(point: Mapping[str, float]) -> tuple[float, float]:
        return edge + point["confidence"] * side, edge + (1 - point["right"]) * side

    whole = side + 2 * edge
    middle = edge + side / 2
    head = f'viewBox="0 0 {whole} {whole}" font-family="sans-serif" font-size="12"'
    turned = f'transform="rotate(-90 14 {middle})"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {head}>',
        "<title>Reliability: how sure, and how often right</title>",
        f'<rect width="{whole}" height="{whole}" fill="white"/>',
        f'<path d="M{edge} {edge + side}L{edge + side} {edge}" stroke="#999" stroke-dasharray="4"/>',
        f'<rect x="{edge}" y="{edge}" width="{side}" height="{side}" fill="none" stroke="#333"/>',
        f'<text x="{middle}" y="{whole - 8}" text-anchor="middle">confidence, 0 to 1</text>',
        f'<text x="14" y="{middle}" text-anchor="middle" {turned}>share that is right</text>',
    ]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(place, curve))
    parts.append(f'<polyline points="{points}" fill="none" stroke="#0b6" stroke-width="2"/>')
    for point in curve:
        x, y = place(point)
        size = 3 + 9 * (point["claims"] / most) ** 0.5
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:.1f}" fill="#0b6" fill-opacity="0.6">'
            f"<title>{point['claims']:.0f} claims</title></circle>"
        )
    return "\n".join([*parts, "</svg>"]) + "\n"
