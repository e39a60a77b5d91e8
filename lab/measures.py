"""The arithmetic of a score: categories, claims, addresses, calibration. Pure: values in, values out.

A device of an answer belongs to the host whose hardware address it bears. A category is *right* when it is the host's
own word or one of ``also_plays``, *broader* when it is a wider or a general word for the same thing, *unknown* when
there is none, else *wrong*. A claim about vendor, model, firmware or serial number is wrong when it is not what the
host announced.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from asepsis.knowledge.vendors import vendor
from asepsis.knowledge.vocabulary import GENERAL_CATEGORIES, category_agrees
from lab.roles import roles, systems

Document = Mapping[str, Any]

ATTRIBUTES = ("vendor", "model", "firmware", "serial", "os", "role")
BINS = 10
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
    if category_agrees(answer, truth) or answer in GENERAL_CATEGORIES:
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
        said = [_plain(str(entry["value"])) for entry in host["announces"]] if attribute == "model" else []
        # A model may be announced in two spellings; what the host itself said is no wrong claim.
        return (truth is not None and _plain(answer) == _plain(truth)) or any(_plain(answer) in text for text in said)
    allowed = {text for text in (truth, host["mac_prefix_of"]) if text}
    return _maker(answer) in {_maker(text) for text in allowed}


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


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
    verdicts: dict[bool, Counter[str]] = {False: Counter(), True: Counter()}
    confusion: dict[str, Counter[str]] = defaultdict(Counter)
    seen: set[str] = set()
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
                verdicts[host["kept_from_tuning"]][verdict] += 1
                confusion[truth][truth if also else device["category"] or "unknown"] += 1
                if not host["kept_from_tuning"]:
                    seen.add(truth)
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
    kept = sum(verdicts[True].values())
    result: dict[str, Any] = {
        "claims": len(claims),
        "categories": {"known": dict(verdicts[False]), "kept_from_tuning": dict(verdicts[True])},
        "macro_f1": macro_f1(confusion, seen),
        "wrong_on_kept": verdicts[True]["wrong"] / kept if kept else 0.0,
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


def macro_f1(confusion: Mapping[str, Mapping[str, int]], categories: set[str]) -> float:
    """The mean over ``categories`` of F1 (van Rijsbergen's, beta 1), exact words only; a broader word is a miss."""
    figures = []
    for category in sorted(categories):
        hit = confusion[category].get(category, 0)
        missed = sum(confusion[category].values()) - hit
        false = sum(row.get(category, 0) for truth, row in confusion.items() if truth != category)
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
    lines = [f"{result['claims']} claims"]
    for group, counts in result["categories"].items():
        total = sum(counts.values()) or 1
        parts = ", ".join(f"{counts.get(word, 0)} {word}" for word in ("right", "broader", "unknown", "wrong"))
        lines.append(f"categories, {group.replace('_', ' ')}: {parts} of {total}")
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
