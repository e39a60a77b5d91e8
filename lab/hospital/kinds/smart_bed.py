"""A hospital bed: publishes its state by MQTT over TLS."""

from __future__ import annotations

import json

from lab.hospital.kinds import Task
from lab.hospital.network import Hospital
from lab.hospital.parts import addressing, mqtt
from lab.hospital.topology import Device

CATEGORY = "smart_bed"


def start(hospital: Hospital, device: Device) -> None:
    """Asks for its address."""
    addressing.ask(hospital, device)


def work(hospital: Hospital, device: Device, task: Task) -> None:
    """Publishes that the patient is in or out of bed."""
    broker = hospital.first("broker")
    if broker is not None:
        text = json.dumps({"model": device.model.model, "serial": device.serial, "exit": task.facts.get("exit", False)})
        mqtt.publish(hospital, device.name, broker.name, f"bed/{device.name}/state", text, tls=True)
