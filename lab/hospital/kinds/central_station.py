"""The central station of intensive care: hears the monitors, subscribes to ventilators by SDC."""

from __future__ import annotations

from lab.hospital.network import Hospital
from lab.hospital.parts import hl7, services
from lab.hospital.topology import Device

CATEGORY = "central_station"
START = 1


def start(hospital: Hospital, device: Device) -> None:
    """Starts the listener and the SDC consumer."""
    hl7.listen(hospital, device, "listens for monitors", port=hl7.DEVICE_PORT)
    if hospital.topology.of_kind("ventilator"):
        argv = [*hospital.python("sdc_consumer.py"), device.ip]
        hospital.lasting(device.name, "subscribes to devices (SDC)", argv, application="sdc", talks=True)
    if any(monitor.model.vendor == "Philips" for monitor in hospital.topology.of_kind("patient_monitor")):
        argv = [*hospital.python("intellivue_client.py"), "4"]
        hospital.lasting(
            device.name, "polls monitors (IntelliVue)", argv, port=24005, transport="udp", application="intellivue"
        )
        hospital.says(device.name, emulator="IntelliVue client made by the lab (lab/programs/intellivue_client.py)")
    services.time_client(hospital, device)
