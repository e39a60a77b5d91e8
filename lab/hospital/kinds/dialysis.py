"""A dialysis machine: reports treatments by HL7, one connection for each."""

from __future__ import annotations

from lab.hospital.network import Hospital
from lab.hospital.parts import addressing, hl7, records
from lab.hospital.topology import Device

CATEGORY = "dialysis"


def start(hospital: Hospital, device: Device) -> None:
    """Asks for its address and reports for good."""
    addressing.ask(hospital, device)
    engine = hospital.first("interface_engine")
    if engine is not None:
        who = records.patient(int(device.serial[3:]) % 900, hospital.chance)
        seen = [
            records.Observation(
                code="16935956^MDC_HDIALY_BLD_PUMP_BLOOD_FLOW_RATE_SETTING^MDC", value="300", unit="ml/min^ml/min^UCUM"
            ),
        ]
        message = records.device_results(device, who, seen, "D000001")
        hl7.report(hospital, device, engine.name, [message], every_seconds=30.0, keep=False)
        hl7.introduced(hospital, device)
