"""Every lie that traffic shows is found, no true answer is accused, and each finding bears its packet."""

from __future__ import annotations

from typing import Any

import pytest

from asepsis.devices.device import Device
from asepsis.exposure.mds2 import Edition, Standing, check, observe, read_form
from asepsis.exposure.mds2.ledger import TESTS
from tests.eval.mds2_forms import ASKED_2013, ASKED_2019, Truth, as_csv, rows, true_answers, visible_lies
from tests.exposure.weaknesses.material import BSSID, INTERNET, NOW, device, said, served

PUMP = Truth(
    name="pump",
    vendor="",
    model="",
    handles_patients=True,
    sends_patients_clear=True,
    talks_inside=True,
    talks_outside=True,
    speaks_tls=True,
    serves_anybody=True,
    serviced_from_outside=True,
)
POSTURE = [
    said("hl7", "ORU^R01", "pump", "server", patient_data_in_clear=True),
    said("tls", "ServerHello", INTERNET, "pump", version="TLS 1.3"),
]
SERVED = [
    served("hl7", client="server", server="pump"),
    served("tls", client="pump", server=INTERNET),
    served("ssh", client=INTERNET, server="pump"),
]


def claims(
    answers: dict[str, str],
    posture: list[Any],
    talked: list[Any],
    who: Device | None = None,
    *,
    edition_2019: bool = True,
) -> dict[str, Standing]:
    form = read_form("form.csv", as_csv(rows(PUMP, answers, seed=3, edition_2019=edition_2019)))
    behaviour = observe(posture, talked, who or device("pump"), now_ns=NOW)
    found = check(form, behaviour)
    for claim in found:
        tested = claim.standing not in (Standing.UNSEEN, Standing.NOT_TESTABLE)
        assert tested == (claim.evidence is not None)
        assert claim.evidence is None or claim.evidence.packet > 0
    return {claim.answer.id: claim.standing for claim in found}


@pytest.mark.parametrize("edition_2019", [True, False])
def test_true_answers_are_confirmed_and_never_accused(edition_2019: bool) -> None:
    answers = true_answers(PUMP, edition_2019=edition_2019)
    found = claims(answers, POSTURE, SERVED, edition_2019=edition_2019)
    assert {found[question] for question in answers} == {Standing.CONFIRMED}
    assert Standing.CONTRADICTED not in found.values()


@pytest.mark.parametrize("question", [*ASKED_2019, *ASKED_2013])
def test_each_planted_lie_is_contradicted_and_nothing_else(question: str) -> None:
    edition_2019 = question in ASKED_2019
    lies = visible_lies(PUMP, edition_2019=edition_2019)
    answers = {**true_answers(PUMP, edition_2019=edition_2019), question: lies[question]}
    found = claims(answers, POSTURE, SERVED, edition_2019=edition_2019)
    assert [name for name, standing in found.items() if standing is Standing.CONTRADICTED] == [question]


@pytest.mark.parametrize("edition_2019", [True, False])
@pytest.mark.parametrize("answer", ["Yes", "No"])
def test_of_a_device_that_did_nothing_nothing_is_said(edition_2019: bool, answer: str) -> None:
    asked = TESTS[Edition.OF_2019 if edition_2019 else Edition.OF_2013]
    found = claims(dict.fromkeys(asked, answer), [], [], edition_2019=edition_2019)
    assert {found[question] for question in asked} == {Standing.UNSEEN}


def test_what_others_did_is_not_the_devices_doing() -> None:
    found = claims(visible_lies(PUMP), POSTURE, SERVED, device("bystander"))
    assert Standing.CONTRADICTED not in found.values()


def test_who_only_receives_patient_data_handles_them_and_is_not_accused_of_sending_them_clear() -> None:
    found = claims({"MPII-1": "No", "TXCF-2": "Yes"}, POSTURE, [], device("server"))
    assert found["MPII-1"] is Standing.CONTRADICTED
    assert found["TXCF-2"] is Standing.UNSEEN


def test_telnet_is_a_question_to_the_maker_and_no_accusation() -> None:
    found = claims({"SAHD-9": "Yes"}, [], [served("telnet", server="pump")])
    assert found["SAHD-9"] is Standing.QUESTIONED


def test_radio_is_proved_by_frames_of_the_device_itself() -> None:
    radio = device("pump", macs=(BSSID,))
    frame = {**said("wifi", "association request", INTERNET, INTERNET), "source_mac": BSSID}
    assert claims({"CONN-1.1.1": "No"}, [frame], [], radio)["CONN-1.1.1"] is Standing.CONTRADICTED
    heard = said("ble", "ADV_IND", INTERNET, INTERNET, address=BSSID)
    assert claims({"CONN-1.1.2": "No"}, [heard], [], radio)["CONN-1.1.2"] is Standing.CONTRADICTED
    towards = {**said("wifi", "probe response", INTERNET, INTERNET), "destination_mac": BSSID}
    assert claims({"CONN-1.1.1": "No"}, [towards], [], radio)["CONN-1.1.1"] is Standing.UNSEEN


def test_a_system_that_names_itself_contradicts_that_there_is_none() -> None:
    from tests.exposure.weaknesses.material import old_windows

    assert claims({"CSUP-2": "No"}, [], [], old_windows())["CSUP-2"] is Standing.CONTRADICTED


def test_answers_that_are_neither_yes_nor_no_are_not_tested() -> None:
    found = claims({"TXCF-2": "See Notes", "CONN-7": "N/A"}, POSTURE, SERVED)
    assert found["TXCF-2"] is found["CONN-7"] is Standing.NOT_TESTABLE
