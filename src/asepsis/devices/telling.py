"""What a person is told of a device beside its explanation: its status in words, its twins by name, its changes.

The same for the terminal and the pages; neither screens nor markup are known here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import Any, Final

from asepsis.devices.device import Device
from asepsis.kernel.text import showable

_UNITS: Final = ((86_400, "day"), (3600, "hour"), (60, "minute"))
_HELD_BY: Final = "held by "


def duration(seconds: int) -> str:
    """The largest unit that fits: ``3 hours``."""
    for size, unit in _UNITS:
        if seconds >= size:
            count = round(seconds / size)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "less than a minute"


def standing_words(status: str, rhythm: Mapping[str, int | None]) -> str:
    """``overdue: silent for 3 hours; overdue after 1 hour (from 12 gaps)``.

    Args:
        status: One word.
        rhythm: What it follows from: ``silent_seconds``, ``gaps``, ``overdue_after_seconds``.
    """
    words = f"{status}: silent for {duration(rhythm['silent_seconds'] or 0)}"
    overdue_after = rhythm["overdue_after_seconds"]
    if overdue_after is None:
        return f"{words}; its rhythm is not known yet"
    gaps = f"{rhythm['gaps']} gap{'' if rhythm['gaps'] == 1 else 's'}"
    return f"{words}; overdue after {duration(overdue_after)} (from {gaps})"


def change_words(attribute: str, before: str, after: str, names: Mapping[str, str]) -> str:
    """``firmware VB10A, now VB20A``; ``address 10.0.0.5, before held by ct-2``.

    Args:
        attribute: What changed.
        before: The earlier value.
        after: The later one.
        names: Device id to what people call it, as far as it is known.
    """
    if before.startswith(_HELD_BY):
        holder = before.removeprefix(_HELD_BY)
        return f"{attribute} {after}, before held by {names.get(holder, holder)}"
    return f"{attribute} {before}, now {after}"


def ordered_addresses(addresses: Sequence[str]) -> list[str]:
    """IPv4 first, then global IPv6, link-local last: the one that people know stands in front."""

    def rank(text: str) -> tuple[int, int]:
        try:
            address = ip_address(text)
        except ValueError:
            return (3, 0)
        return (2 if address.is_link_local else 0 if address.version == 4 else 1, int(address))

    return sorted(addresses, key=rank)


def called(device: Device) -> str:
    """What a person would call it: its name, else the first address."""
    for candidates in (device.names, ordered_addresses(device.ips), device.macs):
        if candidates:
            return showable(candidates[0])
    return device.id


def twins_told(device: Device, bearers: Mapping[str, Device]) -> Iterator[dict[str, Any]]:
    """Each claim that others share, with those others.

    Args:
        device: Whose twins.
        bearers: Address to device, of its own site, as far as they are known.
    """
    for twin in device.twins:
        others = [bearers.get(address) for address in twin.others]
        yield {
            "attribute": twin.attribute,
            "value": twin.value,
            "devices": [
                {
                    "id": None if other is None else other.id,
                    "name": address if other is None else called(other),
                    "address": address,
                }
                for address, other in zip(twin.others, others, strict=True)
            ],
        }
