"""How many questions of authorisation are answered in a second of CPU: ``python -m bench.decisions``.

Single acts on devices and conditions of lists, each evaluated by Cedar anew, and again when their answers are known.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Final

from asepsis.web.authorisation.actions import Action, Kind, Role
from asepsis.web.authorisation.engine import Engine
from asepsis.web.authorisation.facts import HOSPITAL, Circumstances, DeviceFacts, Grant, Scope, Subject
from asepsis.web.authorisation.policies import shipped
from bench import results
from bench.programs import our_version
from bench.sitting import KEPT, kept

QUESTIONS: Final = 2_000
DEVICES: Final = 500
WARD: Final = Scope(site="1", department="7")
NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
STRONG: Final = Circumstances(assurance_level=3, device_bound=True, signed_in_seconds_ago=60, now=NOW)
ENGINEER: Final = Subject(id="1", grants=(Grant(role=Role.CLINICAL_ENGINEER, scope=WARD),))
ANALYST: Final = Subject(id="2", grants=(Grant(role=Role.SECURITY_ANALYST, scope=HOSPITAL),))


def rate(work: Callable[[int], object], count: int = QUESTIONS) -> float:
    """Questions a second of CPU."""
    began = time.process_time()
    for number in range(count):
        work(number)
    return count / (time.process_time() - began)


def main() -> None:
    """Measures and keeps."""
    policies = shipped()
    engine = Engine(policies)
    # Some devices more than questions, so that each question is a new one.
    things = [DeviceFacts(id=f"d{number}", scope=WARD) for number in range(QUESTIONS)]
    people = [
        Subject(id=str(number), grants=(Grant(role=Role.CLINICAL_ENGINEER, scope=WARD),)) for number in range(DEVICES)
    ]

    def act(number: int) -> object:
        return engine.decide(ENGINEER, Action.DEVICE_VIEW, things[number], STRONG)

    def listed(number: int) -> object:
        return engine.condition(people[number % DEVICES], Action.DEVICE_LIST, Kind.DEVICE, STRONG)

    engine.decide(ANALYST, Action.DEVICE_VIEW, things[0], STRONG)
    found = {
        "may this person see this device: evaluated": rate(act),
        "the same, known": rate(act),
        "which devices may this person list: evaluated": rate(listed, DEVICES),
        "the same, known ": rate(listed, DEVICES),
    }
    answer = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": our_version(),
        "cedarpy": version("cedarpy"),
        "policies": len(policies),
        "per_second": found,
    }
    everything = kept()
    everything["decisions"] = answer
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    KEPT.write_text(json.dumps(everything, indent=1) + "\n")
    results.write_section("Decisions", results.decisions_page(answer))
    json.dump(answer, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
