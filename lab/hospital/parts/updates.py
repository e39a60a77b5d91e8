"""A firmware update: the device fetches a file from its maker's service, and announces the new version from then on."""

from __future__ import annotations

import random
from dataclasses import replace

from lab.hospital.network import Hospital
from lab.hospital.topology import Device

FOLDER = "/run/updates"
"""Where the maker's service keeps its files."""
SIZE_BYTES = 300_000


def offer(hospital: Hospital, server: Device) -> None:
    """Puts a file for every update of the week where the maker's service shows it; its content is random."""
    inside = hospital.hosts[server.name]
    inside.write(f"{FOLDER}/index.html", "<!doctype html><title>Updates</title><p>Nothing for people here.\n")
    for name, update in hospital.topology.updates.items():
        content = random.Random(f"{name} {update.firmware}").randbytes(SIZE_BYTES)
        inside.path(f"{FOLDER}/{name}.bin").write_bytes(content)


def install(hospital: Hospital, device: Device, firmware: str) -> None:
    """Fetches the update over TLS and takes on its version."""
    server = hospital.topology.devices.get("updates")
    if server is None:
        return
    url = f"https://{hospital.full_name(server.name)}/{device.name}.bin"
    argv = ["curl", "-sS", "-k", "-f", "-o", "/dev/null", "--max-time", "30", url]
    hospital.do(
        device.name, f"updates to {firmware}", argv, server=server.name, port=443, application="tls", timeout_seconds=40
    )
    hospital.versions.setdefault(device.name, []).append(device.model.firmware)
    changed = replace(device, model=replace(device.model, firmware=firmware))
    hospital.topology = replace(hospital.topology, devices={**hospital.topology.devices, device.name: changed})
