"""What every host of the recorded hospital truly did, from the list of programs that ran there: no packet is read.

``truth.json`` says which program ran on which host, with its arguments. From that follow the weaknesses that its
traffic must show and what a disclosure form of the host would truly answer.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

from tests.eval.mds2_forms import Truth

Document = dict[str, Any]

# What a host did in the recorder's own words -> it sent data of patients in clear.
_SENDS = re.compile(
    r"^(reports|tells of|programs pump|replays readings|sends an? (altered )?image|sends \d+ image|"
    r"has a patient's studies|uploads readings|provides its state|passes HL7 on|serves the worklist|keeps images)"
)
_SERVES = re.compile(
    r"^(passes HL7 on|listens for|keeps images|serves the worklist|receives images|hears analysers|"
    r"hears meters|provides its state|subscribes to devices|exports its data|changes messages on the way)"
)
_CONTROLS = re.compile(r"^controls (ventilation|gases)")
_INTERNET = re.compile(r"maker\.example|stranger\.example|198\.51\.100\.")
# Who steers a device by SDC subscribes to it, and takes its reports at a port of its own (IEEE 11073-20702 6).
_LISTENS_FOR_REPORTS = "sets an alarm's limits (SDC)"
# Hosts whose programs pass on what they hear, which the list of programs does not name as a doing of its own
# (lab/programs/astm_receiver.py and poct1a_manager.py send results on by HL7).
_PASSES_ON = frozenset(("labmw1",))
# "internet-contact" hangs on the category as well: said in the page.
KINDS = (
    "patient-data-in-clear",
    "service-without-authentication",
    "control-without-authentication",
    "snmp-unprotected",
    "default-credentials",
    "credentials-in-clear",
    "management-from-internet",
)


def read(path: Path) -> tuple[list[Document], dict[str, list[Document]]]:
    """The hosts, and what each did."""
    told = json.loads(path.read_text(encoding="utf-8"))
    done: dict[str, list[Document]] = defaultdict(list)
    for one in told["done"]:
        done[one["host"]].append(one)
    return told["hosts"], done


def weaknesses(host: str, done: list[Document], everything: dict[str, list[Document]]) -> set[str]:
    """Kinds of weaknesses that the host's traffic must show."""
    found = set()
    words = [one["what"] for one in done]
    if any(_SENDS.match(word) for word in words) or host in _PASSES_ON:
        found.add("patient-data-in-clear")
    # A pump takes programs of anybody, which shows only where somebody programmed it.
    programmed = any(one["what"].startswith(f"programs {host} ") for did in everything.values() for one in did)
    if any(_SERVES.match(word) for word in words) or programmed or _LISTENS_FOR_REPORTS in words:
        found.add("service-without-authentication")
    if any(_CONTROLS.match(word) for word in words):
        found.add("control-without-authentication")
    if "answers SNMP" in words:
        # The lab's agents answer the community "public" by version 2c, and its manager asks with it.
        found |= {"snmp-unprotected", "default-credentials"}
    if "brokers MQTT" in words and _clients_of_broker_in_clear(everything):
        found.add("credentials-in-clear")
    if host == "jump1" and any(one["what"] == "logs in from outside" for one in everything.get("service1", ())):
        found.add("management-from-internet")
    return found


def hours_in_use(host: str, everything: dict[str, list[Document]]) -> set[float]:
    """When care used the host, in hours since the recording began: programs that sent data of patients and ended.

    A pump is in use when somebody programs it, too. Servers, which run all the time, say nothing of when they are used.
    """
    own = (one for one in everything.get(host, ()) if _SENDS.match(one["what"]) and one["exit_code"] is not None)
    programmed = (one for did in everything.values() for one in did if one["what"].startswith(f"programs {host} "))
    return {one["at_seconds"] / 3600 for one in (*own, *programmed)}


def _clients_of_broker_in_clear(everything: dict[str, list[Document]]) -> bool:
    return any(
        one["argv"][0].startswith("mosquitto_") and "-P" in one["argv"] and "--cafile" not in one["argv"]
        for done in everything.values()
        for one in done
    )


def form(host: Document, done: list[Document], everything: dict[str, list[Document]]) -> Truth:
    """What a true disclosure form of the host would say; None where the list of programs does not decide it."""
    kinds = weaknesses(host["name"], done, everything)
    arguments = [" ".join(one["argv"]) for one in done if one["exit_code"] in (0, None)]
    outside = any(_INTERNET.search(text) for text in arguments)
    speaks_tls = any(one.get("application") == "tls" and one["exit_code"] == 0 for one in done)
    answers = host["answers"]
    return Truth(
        name=host["name"],
        vendor=answers["vendor"] or "",
        model=answers["model"] or "",
        handles_patients=True if "patient-data-in-clear" in kinds else None,
        sends_patients_clear=True if "patient-data-in-clear" in kinds else None,
        talks_inside=True if any(one["exit_code"] == 0 for one in done) and not outside else None,
        talks_outside=True if outside else None,
        speaks_tls=True if speaks_tls else None,
        serves_anybody=True if "service-without-authentication" in kinds else None,
        serviced_from_outside=True if "management-from-internet" in kinds else None,
    )
