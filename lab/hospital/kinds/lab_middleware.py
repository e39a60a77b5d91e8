"""The middleware between analysers and the laboratory's system: ASTM in, HL7 out; POCT1-A for meters."""

from __future__ import annotations

from lab.hospital.network import Hospital
from lab.hospital.parts import hl7
from lab.hospital.topology import Device

CATEGORY = "lab_middleware"
START = 1


def start(hospital: Hospital, device: Device) -> None:
    """Starts the receivers and the kept connection to the laboratory's system."""
    to = hospital.first("laboratory_information_system")
    target = f"{hospital.full_name(to.name)}:{hl7.PORT}" if to is not None else "-"
    argv = [*hospital.python("astm_receiver.py"), "5000", target]
    hospital.lasting(device.name, "hears analysers (ASTM)", argv, port=5000, application="astm")
    argv = [*hospital.python("poct1a_manager.py"), "3001"]
    hospital.lasting(device.name, "hears meters (POCT1-A)", argv, port=3001, application="poct1a")
    hospital.says(device.name, emulator="ASTM and POCT1-A receivers made by the lab (lab/programs)")
