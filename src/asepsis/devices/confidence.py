"""From clues about one attribute of one device to its value and how sure we are of it.

The rules, which ``docs/reference/identification.md`` explains:

1. Repeats do not add up: of one protocol the strongest clue for a value counts.
2. Protocols are independent witnesses: what all of them missed is the product of what each missed (noisy-or).
3. Evidence for a wider word supports the exact one; the reverse holds for the wider word.
4. Evidence for a value that cannot be true as well takes away from it, where it is enough to be shown by itself.
5. Under ``THRESHOLD`` the value is not shown: unknown beats a guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from asepsis.devices.agreement import agrees, contradicts, is_general, wider
from asepsis.devices.clue import Attribute
from asepsis.kernel.time import SECOND_NS
from asepsis.kernel.value import value

# A value is shown from here on: an announcement of one protocol alone may just pass, a hint alone may not.
THRESHOLD = 0.4
# How much of the rivals' strength is taken away. With 1, one liar as loud as the truth would erase it; with 0, nobody
# would see a conflict. Two equal claims of 0.75 leave 0.3, which is under the threshold.
RIVALRY = 0.8
# Programs on one device have versions of their own, so two firmware versions contradict each other less.
FIRMWARE_RIVALRY = 0.4
# Systems are upgraded: what nobody has said for a day, while another value was said, is past and no rival.
SUPERSEDED_AFTER_NS = 86_400 * SECOND_NS
CHANGING = frozenset((Attribute.OS, Attribute.FIRMWARE))
"""Attributes that may change over time."""
# No sum of witnesses on a network is proof.
MOST = 0.99


@value
class Support:
    """What speaks for one value: the strongest weight of each protocol, and when it was said last."""

    weights: Mapping[str, float]
    last_ns: int


@value
class Verdict:
    """The value that holds and how sure we are; the value is None under the threshold."""

    value: str | None
    confidence: float
    contested: bool = False
    """Something that would be shown by itself speaks for a value that cannot be true as well."""


def strength(weights: Iterable[float]) -> float:
    """The noisy-or of independent weights."""
    missed = 1.0
    # Sorted, so that the order of clues cannot change the last digit.
    for weight in sorted(weights):
        missed *= 1.0 - weight
    return 1.0 - missed


def confidence_in(attribute: str, candidate: str, supports: Mapping[str, Support]) -> float:
    """How sure ``candidate`` is, given what speaks for all values of the attribute; 0 to ``MOST``."""
    agreeing: dict[str, float] = {}
    against: dict[str, float] = {}
    last_ns = supports[candidate].last_ns if candidate in supports else 0
    rivals = [
        other
        for other, support in supports.items()
        if other != candidate
        and contradicts(attribute, other, candidate)
        and not (attribute in CHANGING and support.last_ns + SUPERSEDED_AFTER_NS < last_ns)
    ]
    for other, support in supports.items():
        if other in rivals:
            side = against
        elif other == candidate or (
            _supports(attribute, other, candidate)
            # A wider word that fits a rival as well does not decide between the two.
            and not any(agrees(attribute, other, rival) for rival in rivals)
        ):
            side = agreeing
        else:
            continue
        for protocol, weight in support.weights.items():
            if weight > side.get(protocol, 0.0):
                side[protocol] = weight
    rivalry = FIRMWARE_RIVALRY if attribute == Attribute.FIRMWARE else RIVALRY
    contradicted = strength(against.values())
    if contradicted < THRESHOLD:
        # What would not be shown by itself takes nothing away: else anybody who merely calls a device by a wrong name,
        # or asks it for what it is not, could make it unknown.
        contradicted = 0.0
    return min(MOST, strength(agreeing.values()) * (1.0 - rivalry * contradicted))


def _supports(attribute: str, other: str, candidate: str) -> bool:
    """True when evidence for ``other`` is evidence for ``candidate``."""
    if is_general(attribute, other) or is_general(attribute, candidate):
        return agrees(attribute, other, candidate)
    if agrees(attribute, other, candidate):
        return True
    # What is a CT is an imaging modality, what is Windows 10 is Windows: the exact word proves the wider one.
    return attribute in (Attribute.CATEGORY, Attribute.OS) and agrees(attribute, candidate, other)


def judge(attribute: str, supports: Mapping[str, Support]) -> Verdict:
    """The value of an attribute that holds one."""
    candidates = dict.fromkeys((*supports, *(word for known in supports for word in wider(attribute, known))))
    sure = {candidate: round(confidence_in(attribute, candidate, supports), 3) for candidate in candidates}
    if not sure:
        return Verdict(value=None, confidence=0.0)
    shown = {candidate: chance for candidate, chance in sure.items() if chance >= THRESHOLD}
    if not shown:
        return Verdict(value=None, confidence=max(sure.values()))
    exact = [candidate for candidate in shown if not _gives_way(attribute, candidate, shown)]
    best = min(exact or shown, key=lambda candidate: (-shown[candidate], candidate))
    return Verdict(value=best, confidence=shown[best], contested=_contested(attribute, best, supports))


def _contested(attribute: str, value: str, supports: Mapping[str, Support]) -> bool:
    against = (support for other, support in supports.items() if contradicts(attribute, other, value))
    return strength(weight for support in against for weight in support.weights.values()) >= THRESHOLD


def _gives_way(attribute: str, candidate: str, shown: Mapping[str, float]) -> bool:
    """True for a general or wider word beside a more exact one."""
    general = is_general(attribute, candidate)
    return any(
        other != candidate
        and (
            (general and not is_general(attribute, other))
            or (agrees(attribute, candidate, other) and not agrees(attribute, other, candidate))
        )
        for other in shown
    )
