"""The disclosure ledger: every answer of a form beside what the device was seen doing.

Only what follows by logic is a contradiction. "It supports TLS" is confirmed by TLS and never contradicted by its
absence; "it does not" is contradicted by one handshake. What was not seen is said so.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

from asepsis.exposure.mds2.behaviour import Behaviour, Observation
from asepsis.exposure.mds2.form import Answer, Edition, Form, Said
from asepsis.exposure.weaknesses.weakness import Seen
from asepsis.kernel.value import value


class Standing(StrEnum):
    """How an answer stands beside what was seen."""

    CONFIRMED = "confirmed"
    CONTRADICTED = "contradicted"
    QUESTIONED = "questioned"
    """Something was seen that the answer may or may not allow for; ask the maker."""
    UNSEEN = "unseen"
    """Traffic could show it, and did not."""
    NOT_TESTABLE = "not testable"
    """No traffic can show it, or the answer is neither yes nor no."""


@value
class Claim:
    """One answer and how it stands."""

    answer: Answer
    standing: Standing
    about: str
    """What the question is about, in our words; empty where no traffic can show it."""
    evidence: Seen | None
    care: str = ""
    """What it means for patients where the answer is wrong."""

    def document(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            **self.answer.document(),
            "standing": str(self.standing),
            "about": self.about or None,
            "care": self.care or None,
            "evidence": None if self.evidence is None else self.evidence.document(),
        }


@value
class Test:
    """What one observation does to an answer."""

    about: str
    care: str
    """What it means for patients where the answer is wrong; our words."""
    observation: Observation
    yes: Standing
    """What becomes of a yes when the observation was made."""
    no: Standing


_CARE: Final = {
    Observation.PATIENT_DATA: "Data of patients pass through it: it belongs into the records of what is processed.",
    Observation.PATIENT_DATA_CLEAR: "Whoever can listen on this network can read what it says of patients.",
    Observation.OWN_NETWORK: "If those systems fail or are attacked, so may this device, with a patient on it.",
    Observation.INTERNET: "It can be reached or steered through a connection that nobody here planned for.",
    Observation.MANAGED: "Somebody outside can change it while a patient depends on it.",
    Observation.TLS: "Its connections can be protected; a rule that forbids it would break them.",
    Observation.OPEN_SERVICE: "Anybody on this network can read or place clinical data as if it were a colleague.",
    Observation.ANONYMOUS: "What is done to it cannot be traced to a person.",
    Observation.OLD_SERVICE: "Its passwords cross the network in clear, and who has one can change what it does.",
    Observation.WIFI: "It can be reached from the corridor or the street, and jammed.",
    Observation.BLUETOOTH: "It can be reached from the next room without touching the network.",
    Observation.SYSTEM: "It needs updates like any computer, for as long as it is used.",
}


def _shows(about: str, observation: Observation) -> Test:
    """The question asks whether it does what was seen."""
    care = _CARE[observation]
    return Test(about=about, care=care, observation=observation, yes=Standing.CONFIRMED, no=Standing.CONTRADICTED)


def _denies(about: str, observation: Observation) -> Test:
    """The question asks whether what was seen cannot be."""
    care = _CARE[observation]
    return Test(about=about, care=care, observation=observation, yes=Standing.CONTRADICTED, no=Standing.CONFIRMED)


_PATIENT, _CLEAR = Observation.PATIENT_DATA, Observation.PATIENT_DATA_CLEAR
_HANDLES = "handles data of patients"
_CABLE = "patient data leave it by a dedicated cable only"
_ENCRYPTS = "patient data are encrypted before they are sent"
_SERVICES = "services that are not needed, such as Telnet and FTP, are off"
_REMOTE = "can be serviced from afar"
_OLD: Final = Test(
    about=_SERVICES,
    care=_CARE[Observation.OLD_SERVICE],
    observation=Observation.OLD_SERVICE,
    yes=Standing.QUESTIONED,
    no=Standing.CONFIRMED,
)

TESTS: Final[dict[Edition, dict[str, Test]]] = {
    Edition.OF_2019: {
        "MPII-1": _shows(_HANDLES, _PATIENT),
        "MPII-3": _shows("patient data can enter or leave it", _PATIENT),
        "CSUP-2": _shows("has an operating system", Observation.SYSTEM),
        "CONN-1.1.1": _shows("has Wi-Fi", Observation.WIFI),
        "CONN-1.1.2": _shows("has Bluetooth", Observation.BLUETOOTH),
        "CONN-3": _shows("talks with other systems of the hospital", Observation.OWN_NETWORK),
        "CONN-4": _shows("talks with systems outside", Observation.INTERNET),
        "CONN-7": _shows("can speak TLS", Observation.TLS),
        "PAUT-1.1": _denies("everybody must sign in by name", Observation.ANONYMOUS),
        "SAHD-9": _OLD,
        "TXCF-1": _denies(_CABLE, _PATIENT),
        "TXCF-2": _denies(_ENCRYPTS, _CLEAR),
        "TXCF-4": _denies("connections are limited to systems that prove who they are", Observation.OPEN_SERVICE),
        "RMOT-1": _shows(_REMOTE, Observation.MANAGED),
    },
    Edition.OF_2013: {
        "A": _shows(_HANDLES, _PATIENT),
        "15-3": _shows("can talk with other systems", Observation.OWN_NETWORK),
        "15-8": _OLD,
        "18-1": _denies(_CABLE, _PATIENT),
        "18-2": _denies(_ENCRYPTS, _CLEAR),
        "20-1": _shows(_REMOTE, Observation.MANAGED),
    },
}
"""Questions that traffic can test, by the ids of each edition."""


def check(form: Form, behaviour: Behaviour) -> tuple[Claim, ...]:
    """Sets every answer of a form beside what the device was seen doing, in the order of the form."""
    return tuple(_claim(answer, TESTS[form.edition].get(answer.id), behaviour) for answer in form.answers)


def _claim(answer: Answer, test: Test | None, behaviour: Behaviour) -> Claim:
    if test is None or answer.said not in (Said.YES, Said.NO):
        about = "" if test is None else test.about
        return Claim(answer=answer, standing=Standing.NOT_TESTABLE, about=about, evidence=None)
    seen = behaviour.seen.get(test.observation)
    if seen is None:
        return Claim(answer=answer, standing=Standing.UNSEEN, about=test.about, evidence=None, care=test.care)
    standing = test.yes if answer.said is Said.YES else test.no
    return Claim(answer=answer, standing=standing, about=test.about, evidence=seen, care=test.care)
