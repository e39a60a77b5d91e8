"""Which part a clinical system plays follows from its transactions with others, and never from half of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from asepsis.devices.device import Device
from asepsis.protocols.astm import LisMessage
from asepsis.protocols.hl7.messages import Acknowledgment, Equipment, Header, Hl7Message, Observations
from asepsis.protocols.message import Sighting
from tests.devices.ward import arp, by_ip, devices, said, sighting

# Locally administered addresses name no maker, so that only the messages speak.
RECORD, ENGINE, RADIOLOGY, LABORATORY, MIDDLEWARE, ANALYSER, CENTRAL = (f"10.0.0.{n}" for n in range(1, 8))
MONITORS = ("10.0.1.1", "10.0.1.2")
HEART, SODIUM, GASES = ("147842^MDC",), ("2951-2^LN",), ("2744-1^LN", "2019-8^LN")


def mac(ip: str) -> str:
    return "02:00:" + ":".join(f"{int(part):02x}" for part in ip.split("."))


def hl7(kind: str, source: str, target: str, application: str = "", codes: tuple[str, ...] = ()) -> list[Sighting]:
    """A message and its acknowledgment."""
    header = Header(
        sending_application=application,
        sending_facility="",
        receiving_application="",
        receiving_facility="",
        message_type=kind,
    )
    message = Hl7Message(
        header=header,
        control_id="1",
        segments=(),
        acknowledgment=None,
        patient_fields=(),
        orders=None,
        observations=Observations(count=len(codes), value_types=(), identifiers=codes) if codes else None,
        equipment=(Equipment(source="OBX-5", identifier="", attributes=(("model", application),)),)
        if application
        else (),
        software=(),
        complete=True,
    )
    answer = replace(message, acknowledgment=Acknowledgment(code="AA", control_id="1"), observations=None, equipment=())
    answer = replace(answer, header=replace(header, message_type="ACK", sending_application=""))
    return [
        sighting(message, mac(source), source, to_mac=mac(target), to_ip=target),
        sighting(answer, mac(target), target, to_mac=mac(source), to_ip=source),
    ]


def astm(source: str, target: str) -> list[Sighting]:
    message = LisMessage(sender=("X",), results=1, sender_is_server=False)
    return [sighting(message, mac(source), source, to_mac=mac(target), to_ip=target)]


ADMISSIONS = [*hl7("ADT", RECORD, ENGINE), *hl7("ADT", ENGINE, RADIOLOGY), *hl7("ADT", ENGINE, LABORATORY)]
OWN_RESULTS = hl7("ORU", ANALYSER, LABORATORY, "COUNTER 9", SODIUM)
FROM_MIDDLEWARE = [*astm(ANALYSER, MIDDLEWARE), *hl7("ORU", MIDDLEWARE, LABORATORY, codes=SODIUM)]
VITALS = [pair for ip in MONITORS for pair in hl7("ORU", ip, CENTRAL, "BEDSIDE 5", HEART)]


def told(*messages: Sighting) -> list[Device]:
    everybody = {sighting.source_ip for sighting in messages} | {sighting.destination_ip for sighting in messages}
    return devices(*(arp(mac(ip), ip) for ip in sorted(everybody)), *messages)


@pytest.mark.parametrize(
    ("messages", "ip", "category"),
    [
        (ADMISSIONS, RECORD, "ehr_server"),
        (ADMISSIONS, ENGINE, "interface_engine"),
        (ADMISSIONS, RADIOLOGY, None),
        (ADMISSIONS[2:], ENGINE, "medical_server"),  # its other side was not captured
        ([*ADMISSIONS, *OWN_RESULTS], LABORATORY, "laboratory_information_system"),
        ([*ADMISSIONS, *FROM_MIDDLEWARE], LABORATORY, "laboratory_information_system"),
        (OWN_RESULTS, LABORATORY, None),  # a result alone may go to anything
        (ADMISSIONS, LABORATORY, None),
        (FROM_MIDDLEWARE, MIDDLEWARE, "lab_middleware"),
        (FROM_MIDDLEWARE[:1], MIDDLEWARE, None),
        (VITALS, CENTRAL, "central_station"),
        (VITALS[::2], CENTRAL, None),  # it never answered: anybody may send it anything
        (VITALS[:2], CENTRAL, None),  # one monitor may report to anything
        ([*VITALS, *hl7("ORU", CENTRAL, RECORD)], CENTRAL, "interface_engine"),
        ([*VITALS, *hl7("ADT", ENGINE, CENTRAL)], CENTRAL, None),
        ([*VITALS, *hl7("ADT", ENGINE, CENTRAL), *hl7("ORU", ANALYSER, CENTRAL, "COUNTER 9", SODIUM)], CENTRAL, None),
        ([*VITALS, *astm(ANALYSER, CENTRAL), *hl7("ACK", CENTRAL, RECORD)], CENTRAL, "central_station"),
    ],
)
def test_transactions_tell_the_actor_or_nothing(messages: list[Sighting], ip: str, category: str | None) -> None:
    assert by_ip(told(*messages), ip).category == category


def test_a_system_that_orders_and_gets_results_is_no_engine() -> None:
    found = by_ip(told(*hl7("ORM", RADIOLOGY, ENGINE), *hl7("ORU", LABORATORY, RADIOLOGY)), RADIOLOGY)
    assert found.role == "hl7_receiver"
    assert found.category is None


def test_only_what_passes_messages_on_has_the_role_of_an_engine() -> None:
    ordered = told(*hl7("RGV", CENTRAL, ANALYSER), *hl7("ORU", ANALYSER, CENTRAL, "PUMP 9", SODIUM))
    assert "hl7_engine" not in {by_ip(ordered, ip).role for ip in (ANALYSER, CENTRAL)}
    assert by_ip(told(*ADMISSIONS), ENGINE).role == "hl7_engine"


def test_an_instrument_that_names_itself_is_what_its_results_say() -> None:
    found = by_ip(told(*hl7("ORU", ANALYSER, ENGINE, "GAS500", GASES)), ANALYSER)
    assert (found.category, found.model) == ("blood_gas_analyser", "GAS500")
    stranger = hl7("ORU", ANALYSER, ENGINE, "", GASES)
    assert by_ip(told(*stranger), ANALYSER).category is None


@pytest.mark.parametrize(
    ("references", "category"),
    [
        (("MDC_HDIALY_BLD_PUMP_PRESS_VEN",), "dialysis"),
        (("MDC_DEV_SYS_ANESTH_MDS",), "anaesthesia_machine"),
        (("MDC_PRESS_AWAY_INSP_PEAK", "MDC_CONC_AWAY_SEVOFL_ET"), "anaesthesia_machine"),
        (("MDC_PRESS_AWAY_INSP_PEAK", "MDC_RESP_RATE"), None),  # a ventilator says the same
        (("MDC_CONC_AWAY_SEVOFL_ET",), None),
        (("MDC_RESP_RATE", "MDC_CONC_AWAY_SEVOFL_ET", "MDC_ECG_HEART_RATE"), None),  # a monitor with a gas module
    ],
)
def test_reference_identifiers_tell_what_observes(references: tuple[str, ...], category: str | None) -> None:
    message, answer = hl7("ORU", ANALYSER, ENGINE, "DEVICE 1", ("1^MDC",))
    assert isinstance(message.message, Hl7Message)
    observed = Observations(count=1, value_types=(), identifiers=("1^MDC",), references=references)
    message = message._replace(message=replace(message.message, observations=observed))
    assert by_ip(told(message, answer), ANALYSER).category == category


def test_who_orders_an_infusion_is_no_pump() -> None:
    found = told(*hl7("RGV", RECORD, ENGINE, "ORDERS", ("157784^MDC",)))
    assert by_ip(found, RECORD).category is None


def test_the_evidence_for_an_actor_is_a_message_that_shows_it() -> None:
    found = by_ip(told(*ADMISSIONS), RECORD)
    assert ("ehr_server", "exchanges") in said(found, "category")
    assert not any(reason.attribute == "transaction" for reason in found.evidence)
