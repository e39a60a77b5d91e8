"""The laboratory's system: hears of orders, hears results."""

from __future__ import annotations

from lab.hospital.network import Hospital
from lab.hospital.parts import hl7
from lab.hospital.topology import Device

CATEGORY = "laboratory_information_system"
START = 1


def start(hospital: Hospital, device: Device) -> None:
    """Starts its listeners."""
    hl7.listen(hospital, device, "listens for orders", port=2576)
    hl7.listen(hospital, device, "listens for results", port=hl7.PORT)
