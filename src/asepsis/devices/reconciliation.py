"""The hospital's list beside what was seen: which row is which device, what stands on one side only, what contradicts.

A row is tied to a device by what identifies it, the surest first: hardware address, serial number, name, IP address.
A tie that two devices or two rows share equally is no tie: it is said, and a person decides.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Final

from asepsis.devices.asset import Asset
from asepsis.kernel.value import value
from asepsis.knowledge.vendors import normal, vendor

SERIAL_SHORTEST: Final = 4
"""A shorter serial number is shared by devices of different makers."""


class By(StrEnum):
    """What tied a row to a device, the surest first."""

    MAC = "mac"
    SERIAL = "serial"
    NAME = "name"
    IP = "ip"


@value
class Seen:
    """What reconciliation needs to know of a device that was seen."""

    id: str
    macs: tuple[str, ...]
    ips: tuple[str, ...]
    names: tuple[str, ...]
    vendor: str
    model: str
    serial: str


@value
class Contradiction:
    """One attribute that the list and the network say differently."""

    attribute: str
    listed: str
    seen: str


@value
class Match:
    """One row and what became of it."""

    asset: Asset
    device: str
    """The device's id; empty when none was found."""
    by: By | None
    candidates: tuple[str, ...] = ()
    """Devices that fit equally well, when there is more than one."""
    contradictions: tuple[Contradiction, ...] = ()


@value
class Reconciliation:
    """Both sides."""

    matches: tuple[Match, ...]
    """One for each row, in the order of the rows."""
    unlisted: tuple[str, ...]
    """Devices that were seen and stand in no row."""

    @property
    def unseen(self) -> tuple[Match, ...]:
        """Rows that no device was found for."""
        return tuple(match for match in self.matches if not match.device)


def reconcile(assets: Sequence[Asset], seen: Iterable[Seen]) -> Reconciliation:
    """Ties rows to devices; each device is tied to one row at most.

    Args:
        assets: The rows.
        seen: The devices of the same site.
    """
    devices = {device.id: device for device in seen}
    tied: dict[int, tuple[str, By]] = {}
    candidates: dict[int, tuple[str, ...]] = {}
    taken: set[str] = set()
    for by, keys_of_asset, keys_of_device in _TIES:
        holders: dict[str, set[str]] = defaultdict(set)
        for device in devices.values():
            for key in keys_of_device(device):
                holders[key].add(device.id)
        rows: dict[str, list[int]] = defaultdict(list)
        for number, asset in enumerate(assets):
            if number not in tied:
                for key in keys_of_asset(asset):
                    rows[key].append(number)
        for key, numbers in rows.items():
            fitting = sorted(holders.get(key, set()) - taken)
            if len(fitting) == 1 and len(numbers) == 1:
                tied[numbers[0]] = (fitting[0], by)
                taken.add(fitting[0])
            elif fitting:
                for number in numbers:
                    candidates.setdefault(number, tuple(fitting))
    matches = []
    for number, asset in enumerate(assets):
        if number in tied:
            found, by = tied[number]
            matches.append(
                Match(asset=asset, device=found, by=by, contradictions=_contradictions(asset, devices[found]))
            )
        else:
            matches.append(Match(asset=asset, device="", by=None, candidates=candidates.get(number, ())))
    return Reconciliation(matches=tuple(matches), unlisted=tuple(sorted(devices.keys() - taken)))


def _serial_keys(serial: str) -> tuple[str, ...]:
    """Signs alone, leading zeros left out. The maker does not narrow it: a list's vendor is often the dealer."""
    plain = re.sub(r"[^0-9a-z]", "", serial.lower()).lstrip("0")
    return (plain,) if len(plain) >= SERIAL_SHORTEST else ()


def _name_keys(names: Iterable[str]) -> tuple[str, ...]:
    """Names without their domain: one side often has it and the other not."""
    return tuple(dict.fromkeys(name.lower().split(".", 1)[0] for name in names if name))


_TIES: Final[tuple[tuple[By, Callable[[Asset], tuple[str, ...]], Callable[[Seen], tuple[str, ...]]], ...]] = (
    (By.MAC, lambda asset: (asset.mac,) if asset.mac else (), lambda device: device.macs),
    (By.SERIAL, lambda asset: _serial_keys(asset.serial), lambda device: _serial_keys(device.serial)),
    (
        By.NAME,
        lambda asset: _name_keys((asset.name, asset.asset_number)),
        lambda device: _name_keys(device.names),
    ),
    (By.IP, lambda asset: (asset.ip,) if asset.ip else (), lambda device: device.ips),
)


def _contradictions(asset: Asset, device: Seen) -> tuple[Contradiction, ...]:
    """What both sides say and say differently, after names of makers are brought to one form."""
    found = []
    if asset.vendor and device.vendor and not _same_vendor(asset.vendor, device.vendor):
        found.append(Contradiction(attribute="vendor", listed=asset.vendor, seen=device.vendor))
    if asset.model and device.model and not _alike(asset.model, device.model):
        found.append(Contradiction(attribute="model", listed=asset.model, seen=device.model))
    if asset.serial and device.serial and _serial_keys(asset.serial) != _serial_keys(device.serial):
        found.append(Contradiction(attribute="serial", listed=asset.serial, seen=device.serial))
    if asset.mac and device.macs and asset.mac not in device.macs:
        found.append(Contradiction(attribute="mac", listed=asset.mac, seen=device.macs[0]))
    if asset.ip and device.ips and asset.ip not in device.ips:
        found.append(Contradiction(attribute="ip", listed=asset.ip, seen=device.ips[0]))
    return tuple(found)


def _same_vendor(one: str, other: str) -> bool:
    first, second = vendor(one), vendor(other)
    if first is not None and second is not None:
        return first == second
    return _alike(one, other)


def _alike(one: str, other: str) -> bool:
    """One holds the other's words: ``Plum A+`` and ``Hospira Plum A+ 3``."""
    first, second = set(normal(one).split()), set(normal(other).split())
    return first <= second or second <= first
