"""A maker's service office: comes in by the jump host."""

from __future__ import annotations

from lab import keeper
from lab.hospital.kinds import Task
from lab.hospital.network import Hospital
from lab.hospital.topology import Device

CATEGORY = "workstation"


def start(hospital: Hospital, device: Device) -> None:
    """Nothing lasts here."""


def work(hospital: Hospital, device: Device, task: Task) -> None:
    """Looks after a device through the jump host, in the window agreed."""
    door = hospital.first("firewall")
    if door is not None:
        hospital.says(door.name, forwards="tcp 2222 to the jump host")
        command = task.facts.get("command", "true")
        argv = keeper.ssh_login(hospital.scratch, door.ip, command, port=2222)
        hospital.do(
            device.name, "logs in from outside", argv, server="jump1", port=22, application="ssh", timeout_seconds=40
        )
