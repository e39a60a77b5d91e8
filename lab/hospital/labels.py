"""The truth about each device: the part it plays, what it announced and where, what it is, and what may be answered."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lab import tellable
from lab.hospital import kinds
from lab.hospital.network import Hospital
from lab.hospital.topology import Device


def host_of(hospital: Hospital) -> dict[str, str]:
    """The device of each hardware address that the recorder can see."""
    return {device.mac: name for name, device in hospital.topology.devices.items() if seen(hospital, device)}


def seen(hospital: Hospital, device: Device) -> bool:
    """Whether the device has an interface in a segment that the recorder sees."""
    joined = {router.device: router.joins for router in hospital.topology.routers}
    segments = (device.segment, *joined.get(device.name, ()))
    return any(hospital.topology.segments[name].mirrored for name in segments)


def devices(hospital: Hospital, said: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """One entry for each device that the recorder sees, in the order of the topology."""
    names = kinds.names()
    kept = set(names[len(names) // 2 :])
    entries = []
    for name, device in hospital.topology.devices.items():
        if not seen(hospital, device):
            continue
        announced = said.get(name, [])
        texts = [str(entry["value"]) for entry in announced]
        category = kinds.category(device.kind)
        entries.append(
            {
                "name": name,
                "kind": device.kind,
                "plays": category,
                # What is true of it besides: a second part that it also plays.
                "also_plays": kinds.also(device.kind),
                "kept_from_tuning": device.kind in kept,
                # Null where nothing in its traffic tells its category: a broader word or none is right there.
                "category_told_by": tellable.TOLD_BY.get(device.kind, "not said"),
                "segment": device.segment,
                "mac": device.mac,
                "macs": [device.mac],
                "mac_prefix_of": device.model.prefix_of or None,
                "address_by": device.by,
                **_addresses(hospital, name),
                "stack": device.stack,
                # What an identification may answer: only what the device itself said in the recording.
                "answers": {
                    "category": category,
                    "vendor": _vendor(device, texts),
                    "model": _told(device.model.model, texts),
                    "firmware": _told(device.model.firmware, texts),
                    "serial": _told(device.serial, texts),
                },
                **_history(hospital, name),
                "is": "a network namespace with Debian's and PyPI's programs on the recording machine's Linux kernel",
                "programs": _programs(hospital, name),
                **hospital.notes.get(name, {}),
                "announces": announced,
            }
        )
    return entries


def _history(hospital: Hospital, name: str) -> dict[str, Any]:
    """What changed in the week: when it came, and which firmware it had before; empty for most."""
    told: dict[str, Any] = {}
    if (day := hospital.topology.arrivals.get(name)) is not None:
        told["first_day"] = day
    if (move := hospital.topology.moves.get(name)) is not None and name in hospital.left:
        told["moved"] = {"day": move.day, "to": move.to, "ipv4_before": hospital.left[name]}
    if earlier := hospital.versions.get(name):
        told["updated"] = {"day": hospital.topology.updates[name].day, "firmware_before": earlier}
    return told


def _told(text: str, texts: list[str]) -> str | None:
    return text if text and any(text in said for said in texts) else None


def _vendor(device: Device, texts: list[str]) -> str | None:
    """The maker: announced, or by the registered prefix where the prefix's holder is the maker."""
    model = device.model
    if not model.vendor or model.vendor == "None":
        return None
    return model.vendor if model.prefix_of or _told(model.announced_vendor, texts) else None


def _addresses(hospital: Hospital, name: str) -> dict[str, list[str]]:
    """The addresses of all interfaces of a device, now and before it was last switched off."""
    links: list[dict[str, Any]] = json.loads(hospital.hosts[name].run(["ip", "-j", "address", "show"]).stdout)
    found = [entry for link in links if link["ifname"].startswith("eth") for entry in link["addr_info"]]
    return {
        word: sorted(
            {entry["local"] for entry in found if entry["family"] == family}
            | {address for address in hospital.earlier.get(name, ()) if (":" in address) == (word == "ipv6")}
        )
        for word, family in (("ipv4", "inet"), ("ipv6", "inet6"))
    }


def program(argv: Sequence[str]) -> str:
    """The name of what was run: of the script, where an interpreter runs one."""
    runs_a_script = Path(argv[0]).name.startswith("python") and len(argv) > 1
    return Path(argv[1] if runs_a_script else argv[0]).name


def _programs(hospital: Hospital, name: str) -> list[str]:
    return sorted({program(deed.argv) for deed in hospital.diary if deed.host == name})
