"""The document of ``asepsis device --json``: that of the list, with the explanation, its twins, and what people set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from asepsis.devices.device import Device
from asepsis.devices.explanation import explain
from asepsis.devices.override import Override
from asepsis.devices.telling import twins_told

Document = dict[str, Any]


def full_document(device: Device, overrides: Sequence[Override], devices: Iterable[Device]) -> Document:
    """Everything that is known of one device and why; ``devices`` are those among which its twins are."""
    return {
        **device.document(),
        "explanation": [statement.document() for statement in explain(device, overrides)],
        "twins": list(_twins(device, devices)),
        "overrides": [override.document() for override in overrides],
    }


def _twins(device: Device, devices: Iterable[Device]) -> Iterator[Document]:
    here = (other for other in devices if other.site == device.site)
    return twins_told(device, {address: other for other in here for address in (*other.ips, *other.macs)})


def twin_lines(devices: Sequence[Device]) -> Iterator[str]:
    """For below a list: which of its devices cannot be told apart, and by what; one line for each such claim."""
    told: set[tuple[str, str, str]] = set()
    for device in devices:
        for twin in device.twins:
            key = (device.site, twin.attribute, twin.value.casefold())
            if key not in told:
                told.add(key)
                own = (*device.macs, *device.ips)[:1]
                yield f"claim the same {twin.attribute} {twin.value}: {', '.join((*own, *twin.others))}"
