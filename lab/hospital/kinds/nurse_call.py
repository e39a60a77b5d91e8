"""The nurse call system: calls telephones by SIP, reads the beds by MQTT."""

from __future__ import annotations

from lab.hospital.kinds import Task
from lab.hospital.network import Hospital
from lab.hospital.parts import mqtt, services
from lab.hospital.topology import Device

CATEGORY = "nurse_call"


def start(hospital: Hospital, device: Device) -> None:
    """Subscribes to the beds; has a page."""
    services.nginx(hospital, device, tls=False)
    broker = hospital.first("broker")
    if broker is not None:
        mqtt.subscribe(hospital, device.name, broker.name, "bed/#", tls=True)


def work(hospital: Hospital, device: Device, task: Task) -> None:
    """Sends a text to a telephone."""
    registrar, phones = hospital.first("telephone_server"), hospital.topology.of_kind("phone")
    if registrar is None or not phones:
        return
    argv = [
        "sipsak",
        "-M",
        "-B",
        f"call from bed {task.facts['bed']}",
        "-s",
        f"sip:{task.facts['phone']}@{registrar.ip}",
        "-c",
        f"sip:nurse@{registrar.ip}",
    ]
    # 404 ends with 1: the telephone registered and left, as sipsak does; the message was sent and answered.
    hospital.do(
        device.name, "calls a nurse (SIP)", argv, server=registrar.name, port=5060, application="sip", expect=None
    )
