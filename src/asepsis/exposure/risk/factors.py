"""The factors of likelihood and harm: facts in, numbers in [0, 1] with their interval and a sentence out.

Each is non-decreasing in every fact that is worse when it grows, which a property test holds against random facts. The
formulas and the sources of their constants are in ``docs/explanation/risk.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from math import log2, log10, prod
from typing import Final

from asepsis.exposure.risk.facts import STRENGTH, Classified, Control, Facts, Threat
from asepsis.exposure.weaknesses.kinds import KINDS, Kind
from asepsis.kernel.value import value
from asepsis.knowledge.harm import SEVERITIES, harm_of

# Factors that are remembered by what they rest on, of each sort: devices of one model rest on the same.
REMEMBERED: Final = 16384


@value
class Factor:
    """One factor; ``low <= middle <= high``."""

    name: str
    low: float
    middle: float
    high: float
    words: str


# Probability-like strengths of being reached, in the order of CVSS 3.1's attack vector (2.1.1): from anywhere, out to
# anywhere, from other networks, from neighbours.
_MANAGED, _CONTACTS, _NETWORKS, _PARTNERS = 0.9, 0.4, 0.6, 0.4
# A device of eight networks or of 128 partners is as reachable as one can be: logarithms, because the first few count.
_NETWORKS_FULL, _PARTNERS_FULL = 8, 128
# CISA's catalogue holds what attackers use already: nearly certain. CVSS alone says little about exploitation (Jacobs
# et al. 2023, EPSS): 10.0 without any EPSS counts as 0.3.
_EXPLOITED, _BY_BASE = 0.95, 0.3
# A published program that uses it: what CVSS 4.0 (2.3.1, exploit maturity) ranks between nothing known and attacks, and
# EPSS's strongest fact beside attacks (Jacobs et al. 2023).
_PUBLIC = 0.3
# Reports err together: all of what they claim counts half in the middle, however many claims there are.
_WORD_OF_OTHERS = 0.5
_UNKNOWN_BASE: Final = (0.0, 5.0, 10.0)
# What a device without advisories at hand may have: between nothing and one vulnerability of CVSS 10.
_UNREAD: Final = (0.0, 0.1, _BY_BASE)
_SEVERITY: Final = {word: place / (len(SEVERITIES) - 1) for place, word in enumerate(SEVERITIES)}
# Not known what it is: between harmless and deadly.
_UNKNOWN_FUNCTION: Final = (0.0, 0.4, 1.0)
# A device that does not sustain life reaches at most this: ISO 14971 puts death first.
_WITHOUT_LIFE: Final = 0.8
_CLASS: Final = {None: 0.0, 1: 1 / 3, 2: 2 / 3, 3: 1.0}
_UNKNOWN_CLASS: Final = (0.0, 1 / 3, 1.0)
_PATIENTS_FULL = 256
_DATA_FULL = 1_000_000

# Weights of confidentiality, integrity and availability: MITRE's rubric for CVSS and medical devices (FDA-qualified
# 2020) asks first whether diagnosis or therapy can be changed or stopped, then whether health data can be read.
_OF_CARE: Final = (0.8, 1.0, 0.9)
_OF_RECORDS: Final = (0.8, 0.8, 0.7)
# What somebody who uses a passive weakness gets: confidentiality, integrity, availability, as CVSS would be answered.
_IMPACT_OF_WEAKNESS: Final[dict[str, tuple[float, float, float]]] = {
    "patient-data-in-clear": (1.0, 0.5, 0.0),
    "credentials-in-clear": (1.0, 0.5, 0.5),
    "default-credentials": (1.0, 1.0, 0.5),
    "anonymous-access": (1.0, 0.5, 0.0),
    "service-without-authentication": (0.5, 1.0, 0.5),
    "control-without-authentication": (0.0, 1.0, 1.0),
    "smb-version-1": (1.0, 1.0, 1.0),
    "os-out-of-support": (1.0, 1.0, 1.0),
    "telnet": (1.0, 1.0, 0.5),
    "ftp": (1.0, 0.5, 0.0),
    "management-from-internet": (0.5, 0.5, 0.5),
    "internet-contact": (0.5, 0.0, 0.0),
    "snmp-unprotected": (0.5, 0.0, 0.0),
    "rdp-without-nla": (0.5, 0.5, 0.5),
    "tls-below-1.2": (0.5, 0.0, 0.0),
    "certificate-expired": (0.5, 0.0, 0.0),
    "ssh-out-of-support": (0.5, 0.5, 0.5),
    "ssh-weak": (0.5, 0.0, 0.0),
    "wifi-open": (1.0, 0.5, 0.5),
    "wifi-weak": (1.0, 0.5, 0.5),
    "ble-pairing-unprotected": (0.5, 0.5, 0.0),
}


def likelihood_factors(facts: Facts) -> tuple[Factor, ...]:
    """How likely it is that somebody uses it: exposure, weaknesses, vulnerabilities, missing controls."""
    return (_exposure(facts), _weaknesses(facts), _vulnerabilities(facts), _no_controls(facts))


def harm_factors(facts: Facts) -> tuple[Factor, ...]:
    """How bad it would be: function, device class, patients reached, impact, data."""
    return (_function(facts), _device_class(facts), _patients(facts), _impact(facts), _data(facts))


def any_of(chances: Iterable[float]) -> float:
    """The chance that at least one of independent things happens (noisy or)."""
    return 1.0 - prod(1.0 - chance for chance in chances)


def _exposure(facts: Facts) -> Factor:
    return _exposure_of(facts.partners, facts.networks, facts.contacts_internet, facts.managed_from_internet)


@lru_cache(maxsize=REMEMBERED)
def _exposure_of(partners: int, networks: int, contacts: bool, managed: bool) -> Factor:  # the key
    reached = any_of(
        (
            _MANAGED if managed else 0.0,
            _CONTACTS if contacts else 0.0,
            _NETWORKS * _logarithmic(networks, _NETWORKS_FULL),
            _PARTNERS * _logarithmic(partners, _PARTNERS_FULL),
        )
    )
    words = [_reach_words(partners, networks)]
    words += ["it is managed from the internet"] if managed else []
    words += ["it talks with the internet"] if contacts else []
    return _known("exposure", reached, ", and ".join(words))


def _reach_words(partners: int, networks: int) -> str:
    if not partners and not networks:
        return "it was seen talking with nobody"
    said = f"it talks with {partners:,} {'computer or device' if partners == 1 else 'computers or devices'}"
    if not networks:
        return f"{said}, none of them in another network"
    return f"{said}, in {networks:,} {'network' if networks == 1 else 'networks'} besides its own"


def _weaknesses(facts: Facts) -> Factor:
    return _weaknesses_of(facts.weaknesses, facts.reported_weaknesses - facts.weaknesses)


@lru_cache(maxsize=REMEMBERED)
def _weaknesses_of(names: frozenset[str], reported: frozenset[str]) -> Factor:
    kinds, claimed = _kinds(names), _kinds(reported)
    # Half the ease: a weakness that was seen is used by few.
    chance, other = any_of(kind.ease / 2 for kind in kinds), any_of(kind.ease / 2 for kind in claimed)
    words = "; ".join(map(_in_sentence, kinds)) or "none was seen"
    if not claimed:
        return _known("weaknesses", chance, words)
    middle, high = any_of((chance, _WORD_OF_OTHERS * other)), any_of((chance, other))
    words += f"; by a report: {'; '.join(map(_in_sentence, claimed))}"
    return Factor(name="weaknesses", low=chance, middle=middle, high=high, words=words)


def _in_sentence(kind: Kind) -> str:
    return kind.title[0].lower() + kind.title[1:]


def _kinds(names: frozenset[str]) -> list[Kind]:
    return sorted((KINDS[name] for name in names if name in KINDS), key=lambda kind: (-kind.ease, kind.id))


def _vulnerabilities(facts: Facts) -> Factor:
    return _vulnerabilities_of(facts.threats, facts.reported, facts.advisories_read)


@lru_cache(maxsize=REMEMBERED)
def _vulnerabilities_of(threats: tuple[Threat, ...], reported: tuple[Threat, ...], read: bool) -> Factor:  # the key
    low, middle, high = (any_of(_chance(threat, end) for threat in threats) for end in range(3))
    if read or threats:
        certain = sum(threat.is_certain for threat in threats)
        words = _threats_words(certain, len(threats) - certain)
    else:
        words = "no advisories were read"
    if any(threat.is_exploited for threat in threats):
        words += "; attackers use one of them already"
    if reported:
        believed = any_of(strength(one, one.base or 0.0) for one in reported if not one.is_doubted)
        middle = any_of((middle, _WORD_OF_OTHERS * believed))
        high = any_of((high, *(strength(one, one.base or 0.0) for one in reported)))
        words += f"; reports claim {len(reported)} more"
    if not read:
        # What was found does not make it better than what is not known.
        middle, high = any_of((middle, _UNREAD[1])), any_of((high, _UNREAD[2]))
    return Factor(name="vulnerabilities", low=low, middle=middle, high=high, words=words)


def _threats_words(certain: int, doubtful: int) -> str:
    if not certain and not doubtful:
        return "no advisory that was read speaks of it"
    if not certain:
        return f"{_faults(doubtful)} of products like it, which it may or may not have"
    return f"it has {_faults(certain)}{f', and may have {doubtful} more' if doubtful else ''}"


def _faults(count: int) -> str:
    return f"{count} published security {'fault' if count == 1 else 'faults'}"


def _chance(threat: Threat, end: int) -> float:
    chance = strength(threat, _UNKNOWN_BASE[end] if threat.base is None else threat.base)
    return chance if threat.is_certain else (0.0, chance / 2, chance)[end]


def strength(threat: Threat, base: float) -> float:
    """How likely a vulnerability is used, 0 to 1, when its base score is ``base``."""
    public, exploited = _PUBLIC if threat.is_public else 0.0, _EXPLOITED if threat.is_exploited else 0.0
    return any_of((_BY_BASE * base / 10, threat.epss or 0.0, public, exploited))


def _no_controls(facts: Facts) -> Factor:
    return _no_controls_of(facts.controls, facts.controls_told)


@lru_cache(maxsize=REMEMBERED)
def _no_controls_of(controls: frozenset[Control], told: bool) -> Factor:  # the key
    left = prod(1.0 - STRENGTH[control] for control in controls)
    names = ", ".join(sorted(str(control).replace("_", " ") for control in controls)) or "nothing"
    if told or controls:
        return _known("no_controls", left, f"what protects it: {names}")
    return Factor(name="no_controls", low=0.1, middle=1.0, high=1.0, words="nobody has said what protects it")


def _function(facts: Facts) -> Factor:
    return _function_of(
        facts.category, facts.classified if facts.classified and facts.classified.sustains_life else None
    )


@lru_cache(maxsize=REMEMBERED)
def _function_of(category: str | None, sustains: Classified | None) -> Factor:
    harm = harm_of(category)
    told = "it is not known what it is" if harm is None else f"it {harm.told}"
    if sustains is not None:
        return _known("function", 1.0, f"{told}; the FDA flags its product code {sustains.code} as sustaining life")
    if harm is None:
        low, middle, high = _UNKNOWN_FUNCTION
        return Factor(name="function", low=low, middle=middle, high=high, words=told)
    severity = _SEVERITY[harm.severity]
    worst = severity if harm.sustains_life else min(severity, _WITHOUT_LIFE)
    return _known("function", worst, told)


def _device_class(facts: Facts) -> Factor:
    return _device_class_of(facts.category, facts.classified)


@lru_cache(maxsize=REMEMBERED)
def _device_class_of(category: str | None, classified: Classified | None) -> Factor:
    if classified is not None and classified.fda_class is not None:
        regulation = f", {classified.regulation}" if classified.regulation else ""
        words = f"FDA class {classified.fda_class} (by its own product code {classified.code}{regulation})"
        return _known("device_class", _CLASS[classified.fda_class], words)
    harm = harm_of(category)
    if harm is None:
        low, middle, high = _UNKNOWN_CLASS
        return Factor(name="device_class", low=low, middle=middle, high=high, words="its class is not known")
    words = "by US law no medical device (21 CFR)" if harm.fda_class is None else f"FDA class {harm.fda_class}"
    regulation = f" ({harm.regulation})" if harm.regulation else ""
    return _known("device_class", _CLASS[harm.fda_class], f"{words}{regulation}")


def _patients(facts: Facts) -> Factor:
    return _patients_of(facts.patients)


@lru_cache(maxsize=REMEMBERED)
def _patients_of(patients: int) -> Factor:
    share = _logarithmic(patients, _PATIENTS_FULL)
    return _known("patients", share, _patients_words(patients))


def _patients_words(count: int) -> str:
    if count == 1:
        return "one medical device depends on it, or it is one"
    return f"{count:,} medical devices depend on it, itself included" if count else "no medical device depends on it"


def _impact(facts: Facts) -> Factor:
    claimed = facts.reported_weaknesses - facts.weaknesses
    return _impact_of(facts.category, facts.weaknesses, facts.threats, facts.reported, claimed)


@lru_cache(maxsize=REMEMBERED)
def _impact_of(
    category: str | None,
    weaknesses: frozenset[str],
    threats: tuple[Threat, ...],
    reported: tuple[Threat, ...],
    claimed: frozenset[str],
) -> Factor:
    harm = harm_of(category)
    treats = harm is not None and harm.severity in ("critical", "catastrophic")
    weights = _OF_CARE if treats or harm is None else _OF_RECORDS
    seen = [_weighed(weights, _IMPACT_OF_WEAKNESS[name]) for name in weaknesses if name in _IMPACT_OF_WEAKNESS]
    by_end = []
    for end in range(3):
        told = [_weighed(weights, threat.impact or (_UNKNOWN_BASE[end] / 10,) * 3) for threat in threats]
        certain = [one for one, threat in zip(told, threats, strict=True) if threat.is_certain or end == 2]
        doubtful = [one / 2 for one, threat in zip(told, threats, strict=True) if not threat.is_certain]
        by_end.append(max([0.0, *seen, *certain, *(doubtful if end else ())]))
    low, middle, high = by_end
    words_of_others = [_weighed(weights, _IMPACT_OF_WEAKNESS[name]) for name in claimed if name in _IMPACT_OF_WEAKNESS]
    for one in reported:
        # Where a report gives a score without its parts, the score stands for each of them.
        could = _weighed(weights, one.impact or ((one.base or 0.0) / 10,) * 3)
        high = max(high, could)
        if not one.is_doubted:
            words_of_others.append(could)
    middle = max([middle, *(_WORD_OF_OTHERS * could for could in words_of_others)])
    high = max([high, *words_of_others])
    words = "diagnosis or therapy can be changed or stopped" if treats else "data and service can be changed or lost"
    if not middle:
        words = "nothing was seen by which it could be changed or read"
    return Factor(name="impact", low=low, middle=middle, high=high, words=words)


def _weighed(weights: tuple[float, float, float], impact: tuple[float, float, float]) -> float:
    return max(weight * one for weight, one in zip(weights, impact, strict=True))


def _data(facts: Facts) -> Factor:
    return _data_of(facts.patient_messages)


@lru_cache(maxsize=REMEMBERED)
def _data_of(messages: int) -> Factor:
    share = min(1.0, log10(1 + messages) / log10(1 + _DATA_FULL))
    return _known("data", share, f"{messages:,} {'message' if messages == 1 else 'messages'} with patient data a day")


def _known(name: str, number: float, words: str) -> Factor:
    return Factor(name=name, low=number, middle=number, high=number, words=words)


def _logarithmic(count: int, full: int) -> float:
    return min(1.0, log2(1 + count) / log2(1 + full))


FACTORS: Final[dict[str, Callable[[Facts], Factor]]] = {
    "exposure": _exposure,
    "weaknesses": _weaknesses,
    "vulnerabilities": _vulnerabilities,
    "no_controls": _no_controls,
    "function": _function,
    "device_class": _device_class,
    "patients": _patients,
    "impact": _impact,
    "data": _data,
}
"""By name: for who changes some facts and wants only what follows from them anew."""
