"""The pharmacy's system: hears of admissions, sends prescriptions."""

from __future__ import annotations

from lab.hospital.network import Hospital
from lab.hospital.parts import hl7
from lab.hospital.topology import Device

CATEGORY = "pharmacy_system"
START = 1


def start(hospital: Hospital, device: Device) -> None:
    """Starts its listener."""
    hl7.listen(hospital, device, "listens for HL7", port=2576)
