"""A visitor's telephone with a random address: one page outside."""

from __future__ import annotations

from lab.hospital.kinds import Task
from lab.hospital.network import Hospital
from lab.hospital.parts import services
from lab.hospital.topology import Device

CATEGORY = "smartphone_or_tablet"


def start(hospital: Hospital, device: Device) -> None:
    """Asks for its address without saying its name."""
    hospital.lasting(
        device.name,
        "asks for an address (dhcpcd)",
        ["dhcpcd", "-4", "--nobackground", "--nodev", "eth0"],
        application="dhcp",
    )


def work(hospital: Hospital, device: Device, task: Task) -> None:
    """Reads a page outside."""
    cloud = hospital.topology.devices.get("updates")
    if cloud is not None:
        services.fetch(hospital, device.name, f"https://{cloud.ip}/", cloud.name)
