"""The interface engine: accepts HL7 and passes it on by kind."""

from __future__ import annotations

from lab.hospital.network import Hospital
from lab.hospital.parts import hl7, services
from lab.hospital.topology import Device

CATEGORY = "interface_engine"
START = 1


def start(hospital: Hospital, device: Device) -> None:
    """Starts the engine: a listener that forwards by message type, and one for devices."""
    routes = []
    for types, kind, port in (
        ("ADT,ORM", "radiology_information_system", 2576),
        ("ORM,ADT", "laboratory_information_system", 2576),
        ("ADT,RDE", "pharmacy_system", 2576),
    ):
        if (to := hospital.first(kind)) is not None:
            routes.append(f"{types}={hospital.full_name(to.name)}:{port}")
    argv = [*hospital.python("mllp_engine.py"), str(hl7.PORT), *routes]
    hospital.lasting(device.name, "passes HL7 on", argv, port=hl7.PORT, application="hl7", talks=True)
    hl7.listen(hospital, device, "listens for devices", port=hl7.DEVICE_PORT, apy=True)
    services.ssh_server(hospital, device)
