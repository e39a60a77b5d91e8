"""Which part a clinical system plays, by its transactions with others: what IHE calls an actor.

In: the ``TRANSACTION`` clues of all devices of a site. Out: clues about the category of those whose transactions, taken
together with their partners', leave one actor. A message alone does not tell: admissions are sent by the patient record
and by the engine that passes them on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from asepsis.devices.clue import Attribute, Clue, Endpoint
from asepsis.devices.holding import Node
from asepsis.knowledge.vocabulary import Category, Role

HL7 = "hl7"
"""``hl7 ADT``: sends messages of this type (HL7 v2.9 table 0076)."""
ANALYSER_RESULTS = "analyser results"
"""Sends results that it measured itself, by ASTM, POCT1-A or HL7."""
VITAL_SIGNS = "vital signs"
"""Sends what it measures at one patient, by HL7 (IHE DEV TF-2 3.1, PCD-01)."""

ACTOR = "exchanges"
"""The protocol of evidence that follows from the messages of several devices."""
ADMISSIONS = f"{HL7} ADT"
_RESULTS = frozenset((f"{HL7} ORU", f"{HL7} OUL"))
# One monitor may be set up to report to anything; what several report to watches them.
MONITORS_OF_A_CENTRAL_STATION = 2

# Said by the receiver's own acknowledgment, not by whoever calls it.
ANSWERED = 0.5

_Partners = Mapping[str, Mapping[Node, Clue]]


class Actors:
    """What follows from the transactions of one site.

    Args:
        by_root: Each device's node to its clues.
        node_of: Who an endpoint was during a stretch of time.
        root: The node that stands for a node's device.
    """

    def __init__(
        self,
        by_root: Mapping[Node, Iterable[Clue]],
        node_of: Callable[[Endpoint, int, int], Node | None],
        root: Callable[[Node], Node],
    ) -> None:
        self._sends: dict[Node, dict[str, dict[Node, Clue]]] = defaultdict(lambda: defaultdict(dict))
        self._receives: dict[Node, dict[str, dict[Node, Clue]]] = defaultdict(lambda: defaultdict(dict))
        # Who acknowledged: what others send to somebody who never answers says nothing of him.
        self._acknowledge: set[Node] = set()
        for sender, clues in by_root.items():
            for clue in clues:
                if clue.attribute != Attribute.TRANSACTION:
                    if clue.value == Role.HL7_RECEIVER and clue.protocol == HL7 and clue.weight >= ANSWERED:
                        self._acknowledge.add(sender)
                    continue
                what, _, ip = clue.value.rpartition(" ")
                node = node_of(Endpoint("", ip), clue.first_ns, clue.last_ns)
                receiver = None if node is None else root(node)
                if receiver is not None and receiver != sender:
                    self._sends[sender][what][receiver] = clue
                    self._receives[receiver][what][sender] = clue

    def clues(self, device: Node) -> list[Clue]:
        """What the device's transactions say it is; none where they fit several actors."""
        sends: _Partners = self._sends.get(device, {})
        receives: _Partners = self._receives.get(device, {})
        passed_on = sorted(what for what in sends if what.startswith(HL7) and what in receives)
        if ADMISSIONS in sends and ADMISSIONS not in receives:
            return self._source_of_admissions(sends)
        if ADMISSIONS in passed_on:
            return [_is(Category.INTERFACE_ENGINE, 0.6, sends[ADMISSIONS])]
        analysers = receives.get(ANALYSER_RESULTS, {})
        reported = any(what in _RESULTS for what in sends)
        laboratory = analysers or self._from_middleware(receives)
        acknowledges = device in self._acknowledge
        if acknowledges and ADMISSIONS in receives and laboratory and VITAL_SIGNS not in receives:
            # IHE PaLM TF-1 3 (laboratory testing workflow): the order filler is told of patients and gets the results
            # of the automation manager; analysers and middleware are not told of admissions. What monitors report to
            # as well gathers for the whole house.
            return [_is(Category.LAB_SYSTEM, 0.55, analysers or receives[ADMISSIONS])]
        if analysers and reported and VITAL_SIGNS not in receives:
            return [_is(Category.LAB_MIDDLEWARE, 0.6, analysers)]  # the automation manager of the same workflow
        if passed_on:
            return [_is(Category.INTERFACE_ENGINE, 0.45, sends[passed_on[0]])]
        monitors = receives.get(VITAL_SIGNS, {})
        enough = acknowledges and len(monitors) >= MONITORS_OF_A_CENTRAL_STATION
        if enough and not sends and ADMISSIONS not in receives:
            # It passes on nothing and knows of no admissions: somebody looks at the monitors there.
            return [_is(Category.CENTRAL_STATION, 0.5, monitors)]
        return []

    def exchanges(self, device: Node) -> bool | None:
        """Whether it sends on what it receives by HL7; None where what it receives was not seen."""
        received = {what for what in self._receives.get(device, {}) if what.startswith(HL7)}
        return None if not received else not received.isdisjoint(self._sends.get(device, {}))

    def _source_of_admissions(self, sends: _Partners) -> list[Clue]:
        """IHE ITI TF-1 14 (patient administration): the supplier of encounters tells, and is told nothing.

        An engine whose other side was not captured looks the same but for its receivers, which pass nothing on.
        """
        told = {receiver: clue for receiver, clue in sends[ADMISSIONS].items() if ADMISSIONS in self._sends[receiver]}
        if told:
            return [_is(Category.EHR_SERVER, 0.55, told)]
        return [_is(Category.MEDICAL_SERVER, 0.45, sends[ADMISSIONS])]

    def _from_middleware(self, receives: _Partners) -> bool:
        return any(
            ANALYSER_RESULTS in self._receives.get(sender, {})
            for what in _RESULTS & receives.keys()
            for sender in receives[what]
        )


def _is(category: Category, weight: float, shown_by: Mapping[Node, Clue]) -> Clue:
    """A clue that stands on the provenance of the earliest message that shows it."""
    first = min(shown_by.values(), key=lambda clue: (clue.first_ns, clue.capture, clue.packet))
    return first._replace(attribute=Attribute.CATEGORY, value=category, weight=weight, protocol=ACTOR)
