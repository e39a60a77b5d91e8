"""An anaesthesia machine: reports by HL7 over one kept connection, and a service page."""

from __future__ import annotations

from lab.hospital.network import Hospital
from lab.hospital.parts import addressing, hl7, records, services
from lab.hospital.topology import Device

CATEGORY = "anaesthesia_machine"


def start(hospital: Hospital, device: Device) -> None:
    """Asks for its address, serves a page, reports for good."""
    addressing.ask(hospital, device)
    services.lighttpd(hospital, device)
    engine = hospital.first("interface_engine")
    if engine is not None:
        who = records.patient(700, hospital.chance)
        seen = [
            records.Observation(
                code="151817^MDC_PRESS_AWAY_INSP_PEAK^MDC", value="18", unit="266048^MDC_DIM_CM_H2O^MDC"
            ),
            records.Observation(code="151562^MDC_RESP_RATE^MDC", value="14", unit="264928^MDC_DIM_RESP_PER_MIN^MDC"),
            # What tells it from a ventilator: it measures the agent that it gives.
            records.Observation(
                code="152096^MDC_CONC_AWAY_SEVOFL_ET^MDC", value="1.9", unit="262688^MDC_DIM_PERCENT^MDC"
            ),
        ]
        message = records.device_results(device, who, seen, "N000001")
        hl7.report(hospital, device, engine.name, [message], every_seconds=20.0, keep=True)
        hl7.introduced(hospital, device)
