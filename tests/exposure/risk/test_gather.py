"""Facts of risk are measured from conversations, and a mended weakness gives what the advice promised."""

from __future__ import annotations

from typing import Any

from asepsis.exposure.risk import Control, Facts, advise, assess
from asepsis.exposure.risk.gather import Gathering
from asepsis.exposure.weaknesses import judge
from tests.exposure.weaknesses.material import INTERNET, NOW, device, said, served

DEVICES = [
    device("server", category="pump_server", ips=("192.0.2.1",)),
    device("client", category="infusion_pump", ips=("192.0.2.2",)),
    device("pump", category="infusion_pump", ips=("192.0.2.3",)),
    device("pc", category="workstation", ips=("10.0.9.9",)),
]
POSTURE = [
    said("hl7", "ORU^R01", "client", "server", patient_data_in_clear=True),
    said("snmp", "Response", "server", "pc", version="v2c", community="public"),
]
SERVED = [
    served("hl7"),
    served("hl7", client="pump"),
    served("http", client="pc", client_ip="10.0.9.9"),
    served("ssh", client=INTERNET),
]


def facts(posture: list[dict[str, Any]], talked: list[dict[str, Any]], **told: Any) -> dict[str, Facts]:
    gathering = Gathering(DEVICES)
    found = judge(gathering.posture(posture), gathering.served(talked), DEVICES, now_ns=NOW)
    gathered = gathering.facts(found, {}, told.get("controls", {}), advisories_read=False)
    return {one.device: one for one in gathered}


def test_partners_networks_patients_and_the_internet_are_counted() -> None:
    found = facts(POSTURE, SERVED)
    server = found["server"]
    assert (server.partners, server.networks, server.patients) == (4, 2, 2)
    assert server.contacts_internet
    assert server.managed_from_internet
    assert server.patient_messages == found["client"].patient_messages == 3
    assert (found["pump"].partners, found["pump"].networks, found["pump"].patients) == (1, 0, 1)
    assert (found["pc"].patients, found["pc"].partners) == (0, 1)


def test_controls_that_nobody_told_of_widen_the_interval_and_told_ones_do_not() -> None:
    told = facts(POSTURE, SERVED, controls={"server": frozenset((Control.ALLOW_LIST,)), "pump": frozenset()})
    assert told["server"].controls_told
    assert told["pump"].controls_told
    assert not told["client"].controls_told
    assert assess(told["server"]).score < assess(facts(POSTURE, SERVED)["server"]).score


def test_traffic_after_the_advice_was_followed_gives_the_promised_tier() -> None:
    before = facts(POSTURE, SERVED)["server"]
    advice = advise(before)
    assert advice is not None
    assert advice.changes_tier
    done = {action.id for action in advice.actions}
    # What the wire shows once it is done: mended kinds are gone from the rows; controls are told by a person.
    is_closed = bool(done & {"restrict", "management-from-internet"})
    posture = [row for row in POSTURE if row["protocol"] != "snmp" or "default-credentials" not in done]
    talked = [row for row in SERVED if row["client_device"] is not None or not is_closed]
    if "service-without-authentication" in done:
        talked = [{**row, "application": "tls"} if row["application"] == "hl7" else row for row in talked]
    told = {Control.ALLOW_LIST for _ in done & {"restrict"}} | {Control.WATCHED for _ in done & {"watch"}}
    controls = {"server": frozenset(told)} if told else {}
    after = facts(posture, talked, controls=controls)["server"]
    assert assess(after).tier == advice.tier
    assert assess(after).score <= advice.score
