"""One module a device kind. A module has ``CATEGORY``, ``start`` and, for what the clinical plan asks, ``work``.

``ALSO`` lists further categories that are true of it. ``OFTEN`` says in which share of the sittings the plan asks it
for work, where ``plan`` has no line of its own for the kind. ``START`` says when it starts: 0 for what others need
(networks, names), 1 for servers, 2 for devices (the default). The module of a kind bears the kind's name, so that a
new kind is one entry in ``topology.yaml`` and one file here.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from lab.hospital.network import Hospital
from lab.hospital.topology import Device, Topology, TopologyError


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What the plan asks of a device: ``what`` is a word of the plan, ``facts`` belong to it."""

    at: float
    """Seconds after the beginning of the story."""
    device: str
    what: str
    facts: dict[str, Any] = field(default_factory=dict)


def names() -> list[str]:
    """Every kind that has a module."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def module(kind: str) -> ModuleType:
    """The module of a kind."""
    return importlib.import_module(f"{__name__}.{kind}")


def check(topology: Topology) -> None:
    """Makes sure that every device's kind has its module.

    Raises:
        TopologyError: Some have none; all are named.
    """
    known = set(names())
    lost = sorted({device.kind for device in topology.devices.values()} - known)
    if lost:
        raise TopologyError("\n".join(f"no module lab/hospital/kinds/{kind}.py" for kind in lost))


def category(kind: str) -> str | None:
    """The category that a kind plays, a word of the product's closed list."""
    return str(module(kind).CATEGORY) if module(kind).CATEGORY else None


def also(kind: str) -> list[str]:
    """Further categories that are true of a kind, such as a radiology system that serves the worklist."""
    return [str(word) for word in getattr(module(kind), "ALSO", ())]


def start(hospital: Hospital, device: Device) -> None:
    """Starts what lasts on a device."""
    module(device.kind).start(hospital, device)


def order(kind: str) -> int:
    """When a kind starts."""
    return int(getattr(module(kind), "START", 2))


def often(kind: str) -> float:
    """In which share of the sittings a kind is used, by its module's own word; 0 where the plan knows more."""
    return float(getattr(module(kind), "OFTEN", 0.0))


def work(hospital: Hospital, task: Task) -> None:
    """Does what the plan asks."""
    device = hospital.device(task.device)
    if task.what == "update":
        from lab.hospital.parts import updates

        updates.install(hospital, device, task.facts["firmware"])
    else:
        module(device.kind).work(hospital, device, task)
