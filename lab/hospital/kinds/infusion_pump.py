"""An infusion pump: reports by HL7 (PCD-01), takes programs (PCD-03), has a service page."""

from __future__ import annotations

from lab.hospital.network import Hospital
from lab.hospital.parts import addressing, hl7, records, services
from lab.hospital.topology import Device

CATEGORY = "infusion_pump"


def start(hospital: Hospital, device: Device) -> None:
    """Asks for its address, listens for programs, serves its page, reports for good."""
    addressing.ask(hospital, device)
    services.lighttpd(hospital, device)
    hl7.listen(hospital, device, "takes programs", port=PROGRAM_PORT)
    server = hospital.first("pump_server")
    if server is not None:
        hl7.report(hospital, device, server.name, [report(hospital, device)], every_seconds=25.0, keep=False)
        hl7.introduced(hospital, device)


PROGRAM_PORT = 6664


def report(hospital: Hospital, device: Device) -> str:
    """What a running infusion says of itself."""
    who = records.patient(int(device.serial[3:]) % 900, hospital.chance)
    rate = str(hospital.chance.randrange(5, 120))
    seen = [
        records.Observation(
            code="157784^MDC_FLOW_FLUID_PUMP^MDC", value=rate, unit="265266^MDC_DIM_MILLI_L_PER_HR^MDC"
        ),
        records.Observation(code="157872^MDC_VOL_FLUID_TBI_REMAIN^MDC", value="340", unit="263762^MDC_DIM_MILLI_L^MDC"),
    ]
    return records.device_results(device, who, seen, "P000001")


def program(hospital: Hospital, sender: str, pump: str, who: records.Patient, rate: int) -> None:
    """Sends a pump what it is to give (RGV^O15, IHE PCD-03); the pump's address is looked up by name."""
    target = hospital.device(pump)
    control = f"S{rate:06d}"
    message = "\r".join(
        [
            records.header("LABPUMPSRV", records.identity(target), "RGV^O15^RGV_O15", control),
            records.person(who),
            f"ORC|RE|{control}",
            "RXG|1|||LABDRUG^Test drug^LAB|50||263762^MDC_DIM_MILLI_L^MDC",
            "RXR|IV",
            f"OBX|1|NM|157784^MDC_FLOW_FLUID_PUMP^MDC||{rate}|265266^MDC_DIM_MILLI_L_PER_HR^MDC",
            "",
        ]
    )
    hl7.send(hospital, sender, pump, message, f"programs {pump} to {rate} mL/h", port=PROGRAM_PORT)
