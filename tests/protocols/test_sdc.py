"""IEEE 11073 SDC: what a device describes of itself, what others may do to it, and no measurements."""

from __future__ import annotations

import pytest

from asepsis.protocols.sdc import Sdc
from tests.protocols.conformance import CANARY, MALFORMED, Vector
from tests.protocols.test_wsd import envelope
from tests.protocols.web_wire import answer, ask, carried

ACTIONS = "http://standards.ieee.org/downloads/11073/11073-20701-2018/"
SOAP = "application/soap+xml"
_MODEL = "http://standards.ieee.org/downloads/11073/11073-10207-2017/"
_NAMES = (
    f'xmlns:msg="{_MODEL}message" xmlns:pm="{_MODEL}participant" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)

DESCRIPTION = (
    '<pm:MdDescription DescriptionVersion="0"><pm:Mds Handle="mds0"><pm:Type Code="70001"/>'
    '<pm:ProductionSpecification><pm:SpecType Code="531975"/><pm:ProductionSpec>3.4.1</pm:ProductionSpec>'
    "</pm:ProductionSpecification>"
    '<pm:ProductionSpecification><pm:SpecType Code="531976"/><pm:ProductionSpec>FW9</pm:ProductionSpec>'
    "</pm:ProductionSpecification>"
    '<pm:AlertSystem Handle="asy0"/>'
    '<pm:Sco Handle="sco0"><pm:Operation xsi:type="pm:ActivateOperationDescriptor" Handle="op0" OperationTarget="m"/>'
    '<pm:Operation xsi:type="pm:SetValueOperationDescriptor" Handle="op1" OperationTarget="m"/>'
    '<pm:Operation xsi:type="pm:SetValueOperationDescriptor" Handle="op2" OperationTarget="n"/></pm:Sco>'
    "<pm:MetaData><pm:Udi><pm:DeviceIdentifier>04012345678901</pm:DeviceIdentifier>"
    "<pm:HumanReadableForm>(01)04012345678901(21)SN7</pm:HumanReadableForm></pm:Udi><pm:LotNumber>L9</pm:LotNumber>"
    "<pm:Manufacturer>Example</pm:Manufacturer><pm:ModelName>Breath</pm:ModelName>"
    "<pm:ModelNumber>900</pm:ModelNumber><pm:SerialNumber>SN7</pm:SerialNumber></pm:MetaData>"
    '<pm:SystemContext Handle="sc"><pm:PatientContext Handle="pc"/></pm:SystemContext>'
    "</pm:Mds></pm:MdDescription>"
)
STATES = (
    '<pm:MdState><pm:State xsi:type="pm:NumericMetricState" DescriptorHandle="m"><pm:MetricValue Value="36.'
    f'{CANARY}"/></pm:State><pm:State xsi:type="pm:PatientContextState" Handle="p"><pm:CoreData><pm:Givenname>{CANARY}'
    f"</pm:Givenname><pm:Birthname>{CANARY}</pm:Birthname></pm:CoreData></pm:State>"
    '<pm:State xsi:type="pm:LocationContextState" Handle="l"><pm:LocationDetail Facility="HOSP" PoC="CU1" Bed="Bed42"/>'
    "</pm:State></pm:MdState>"
)


def of_sdc(action: str, content: str) -> bytes:
    """An envelope of SDC."""
    return envelope(ACTIONS + action, content)


MDIB = of_sdc(
    "GetService/GetMdibResponse",
    f'<msg:GetMdibResponse {_NAMES} SequenceId="s"><msg:Mdib>{DESCRIPTION}{STATES}</msg:Mdib></msg:GetMdibResponse>',
)
ASK = of_sdc("GetService/GetMdib", f"<msg:GetMdib {_NAMES}/>")
SET = of_sdc(
    "SetService/SetValue",
    f"<msg:SetValue {_NAMES}><msg:OperationHandleRef>op1</msg:OperationHandleRef><msg:RequestedNumericValue>"
    f"{CANARY}</msg:RequestedNumericValue></msg:SetValue>",
)
REPORT = of_sdc(
    "StateEventService/EpisodicMetricReport",
    f'<msg:EpisodicMetricReport {_NAMES}><msg:ReportPart><msg:MetricState DescriptorHandle="{CANARY}"/>'
    "</msg:ReportPart></msg:EpisodicMetricReport>",
)
SUBSCRIBE = envelope(
    "http://schemas.xmlsoap.org/ws/2004/08/eventing/Subscribe",
    '<e:Subscribe xmlns:e="http://schemas.xmlsoap.org/ws/2004/08/eventing"><e:Filter>'
    f"{ACTIONS}StateEventService/EpisodicAlertReport</e:Filter></e:Subscribe>",
)

VECTORS = [
    Vector(
        name="the description of a device",
        provenance="IEEE 11073-10207 annex B; IEEE 11073-20701 8",
        data=((0, ask("/get", ASK, SOAP)), (1, answer(MDIB, SOAP))),
        kinds=("request", "GetMdib", "response", "GetMdibResponse"),
    ),
    Vector(
        name="remote control, a report and a subscription",
        provenance="IEEE 11073-20701 8; WS-Eventing 3",
        data=((0, ask("/set", SET, SOAP) + ask("/r", REPORT, SOAP) + ask("/e", SUBSCRIBE, SOAP)),),
        kinds=("request", "SetValue", "request", "EpisodicMetricReport", "request", "Subscribe"),
    ),
    Vector(
        name="an action that is no word",
        provenance="made for this test",
        data=((0, ask("/get", of_sdc("Get-1", f"<msg:GetMdib {_NAMES}/>"), SOAP)),),
        kinds=("request", MALFORMED),
    ),
]


def said(body: bytes) -> Sdc:
    (found,) = carried(((0, ask("/", body, SOAP)),), "sdc")
    assert isinstance(found, Sdc)
    return found


def test_a_device_says_what_it_is_and_what_may_be_done_to_it() -> None:
    assert said(MDIB).facts() == {
        "types": ("70001",),
        "manufacturer": "Example",
        "model_name": "Breath",
        "model_number": "900",
        "serial_number": "SN7",
        "lot_number": "L9",
        "udis": ("(01)04012345678901(21)SN7",),
        "software": "3.4.1",
        "firmware": "FW9",
        "location": "HOSP///CU1//Bed42",
        "alert_systems": 1,
        "operations": ("Activate", "SetValue"),
        "patient_data": True,
    }


def test_a_description_that_is_cut_says_what_came() -> None:
    body = answer(MDIB, SOAP)
    (found,) = carried(((1, body[: body.index(b"<pm:SystemContext")]),), "sdc")
    assert isinstance(found, Sdc)
    assert (found.model_name, found.operations, found.patient_data) == ("Breath", ("Activate", "SetValue"), False)


@pytest.mark.parametrize(("body", "facts"), [(SET, {"remote_control": True}), (REPORT, {"patient_data": True})])
def test_values_are_not_kept(body: bytes, facts: dict[str, bool]) -> None:
    assert said(body).facts() == facts


def test_a_report_is_not_parsed_and_is_the_same_object_each_time() -> None:
    assert said(REPORT) is said(REPORT.replace(b"urn:uuid", b"urn:uuix"))


def test_codes_of_another_system_name_it() -> None:
    other = MDIB.replace(b'<pm:Type Code="70001"/>', b'<pm:Type Code="X1" CodingSystem="urn:oid:1.2.3"/>')
    assert said(other).types == ("urn:oid:1.2.3|X1",)
