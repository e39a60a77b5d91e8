"""A bedside monitor: vital signs by HL7 to the central station."""

from __future__ import annotations

from lab.hospital.network import Hospital
from lab.hospital.parts import addressing, hl7, records, services
from lab.hospital.topology import Device

CATEGORY = "patient_monitor"


def start(hospital: Hospital, device: Device) -> None:
    """Asks for its address and reports for good."""
    addressing.ask(hospital, device)
    to = hospital.first("central_station")
    if to is not None:
        hl7.report(hospital, device, to.name, messages(hospital, device), every_seconds=12.0, keep=True)
        hl7.introduced(hospital, device)
    if device.model.vendor == "Philips":
        services.lldp(hospital, device, f"{device.model.model} bedside monitor")
        _exports(hospital, device)


def _exports(hospital: Hospital, device: Device) -> None:
    """Exports its data as IntelliVue monitors do; the central station polls it."""
    words = [device.mac, device.model.model, device.serial, device.model.firmware, f"BED {device.name}"]
    argv = [*hospital.python("intellivue_monitor.py"), *words]
    hospital.lasting(
        device.name, "exports its data (IntelliVue)", argv, port=24105, transport="udp", application="intellivue"
    )
    for text in (device.model.model, device.serial, device.model.firmware):
        hospital.announces(device.name, "payload", text)
    hospital.says(device.name, emulator="IntelliVue data export made by the lab (lab/programs/intellivue_monitor.py)")


def messages(hospital: Hospital, device: Device) -> list[str]:
    """A few sets of vital signs (ISO/IEEE 11073-10101 codes)."""
    who = records.patient(int(device.serial[3:]) % 900, hospital.chance)
    made = []
    for number in range(6):
        seen = [
            records.Observation(
                code="147842^MDC_ECG_HEART_RATE^MDC",
                value=str(hospital.chance.randrange(60, 100)),
                unit="264864^MDC_DIM_BEAT_PER_MIN^MDC",
            ),
            records.Observation(
                code="150456^MDC_PULS_OXIM_SAT_O2^MDC",
                value=str(hospital.chance.randrange(92, 100)),
                unit="262688^MDC_DIM_PERCENT^MDC",
            ),
            records.Observation(
                code="151562^MDC_RESP_RATE^MDC",
                value=str(hospital.chance.randrange(10, 22)),
                unit="264928^MDC_DIM_RESP_PER_MIN^MDC",
            ),
        ]
        made.append(records.device_results(device, who, seen, f"V{number:06d}"))
    return made
