"""What a device's risk follows from: measured from its traffic, found in advisories, or told by people."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from asepsis.kernel.value import value


class Control(StrEnum):
    """A compensating control that a person has recorded for a device."""

    ALLOW_LIST = "allow_list"
    """A firewall lets only the known partners reach it."""
    ISOLATED = "isolated"
    """It is on no network that others use."""
    WATCHED = "watched"
    """Its traffic is watched and somebody answers."""


STRENGTH: Final = {Control.ALLOW_LIST: 0.6, Control.ISOLATED: 0.9, Control.WATCHED: 0.2}
"""How much of the likelihood each takes away: judgement, in the order of NIST SP 800-82r3 6.2.1 (isolate, restrict,
monitor)."""


@value
class Threat:
    """A vulnerability that an advisory names for this device."""

    id: str
    """``CVE-2021-33885``, or the advisory's own number where it has none."""
    is_certain: bool
    """The advisory names this very product and version; False where it cannot be told."""
    base: float | None = None
    """CVSS base score, 0 to 10."""
    impact: tuple[float, float, float] | None = None
    """Confidentiality, integrity, availability by CVSS: 0 for none, 0.5 for low, 1 for high."""
    epss: float | None = None
    """Probability of exploitation within 30 days (FIRST EPSS), 0 to 1."""
    is_exploited: bool = False
    """It stands in CISA's catalogue of known exploited vulnerabilities."""
    has_fix: bool = False
    """The vendor offers a version without it."""
    is_public: bool = False
    """A program that uses it is published, as a scanner's report says."""
    is_doubted: bool = False
    """A report claims it, and traffic contradicts the report or it is old."""


@value
class Classified:
    """What the FDA says of the product code to which a recall ties a device's model."""

    code: str
    """Three letters."""
    fda_class: int | None
    """1 to 3; None where it is not classified."""
    regulation: str
    """Such as ``21 CFR 880.5725``; empty where there is none."""
    sustains_life: bool
    """It sustains or supports life (21 CFR 860.3)."""


@value
class Facts:
    """What is known of one device. Numbers are measured, so that 0 means "not seen"."""

    device: str
    category: str | None = None
    classified: Classified | None = None
    partners: int = 0
    """Different devices and addresses that it exchanged data with."""
    networks: int = 0
    """Different networks (/24, /64) beside its own that it exchanged data with."""
    contacts_internet: bool = False
    managed_from_internet: bool = False
    weaknesses: frozenset[str] = frozenset()
    """Ids of kinds of passive weaknesses."""
    threats: tuple[Threat, ...] = ()
    reported: tuple[Threat, ...] = ()
    """What reports of other programs and penetration tests claim; none of them is certain."""
    reported_weaknesses: frozenset[str] = frozenset()
    """Ids of kinds that a report claims."""
    advisories_read: bool = False
    """Advisories were there to be matched; without them nothing is known about vulnerabilities."""
    controls: frozenset[Control] = frozenset()
    controls_told: bool = False
    """A person has said which controls there are, none included."""
    patients: int = 0
    """Bedside and other medical devices that hang on it, itself included: how many patients it reaches."""
    patient_messages: int = 0
    """Messages with patient data a day of watching."""
