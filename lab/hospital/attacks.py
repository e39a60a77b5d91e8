"""Attacks on the lab hospital, by real tools where Debian or PyPI has them, each labelled with what it is.

Comes in: a running hospital and the names of attacks. Goes out: labels with start, end, source, targets, technique of
ATT&CK for ICS (version 18.1) and the clinical function that suffers. Every attack is bounded in time and count, and
every program it starts is ended. Nothing here reaches beyond the recording's own namespaces.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from lab.hospital.network import Hospital
from lab.hospital.topology import Device

PAUSE_SECONDS = 3.0
"""Between two attacks, so that their labels do not touch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One kind of attack."""

    name: str
    technique: str
    """Number and name in ATT&CK for ICS."""
    function: str
    """The clinical function that suffers or is endangered."""
    tool: str
    needs: tuple[str, ...]
    """Kinds of devices without which it cannot be made."""
    run: Callable[[Hospital], tuple[str, list[str]]]
    """Makes it; returns the source's name and the targets'."""


@dataclass(slots=True, kw_only=True)
class Campaign:
    """The attacks of one recording, one after the other, spread over its sittings."""

    names: tuple[str, ...]
    labels: list[dict[str, Any]] = field(default_factory=list)
    _left: list[Attack] = field(default_factory=list)
    _today: list[Attack] = field(default_factory=list)
    _free_at: float = 0.0

    def prepare(self, hospital: Hospital) -> None:
        """Chooses those whose devices take part."""
        known = catalogue()
        here = {device.kind for device in hospital.topology.devices.values()}
        self._left = [known[name] for name in self.names if set(known[name].needs) <= here]

    def begin(self, hospital: Hospital, *, off: Collection[str], days_left: int) -> None:
        """Chooses the attacks of a sitting, and lets the first wait until the benign work has begun.

        Args:
            hospital: Where.
            off: Devices that are switched off: nothing that needs their kind can be done now.
            days_left: How many sittings with everybody at work there are, this one included: attacks are spread
                evenly over them. 0 for a night, which gets one attack.
        """
        kinds_off = {hospital.device(name).kind for name in off if name in hospital.topology.devices}
        possible = [attack for attack in self._left if not kinds_off & set(attack.needs)]
        possible = possible[: -(-len(self._left) // days_left) if days_left else 1]
        self._today = possible
        self._left = [attack for attack in self._left if attack not in possible]
        self._free_at = time.monotonic() + PAUSE_SECONDS

    @property
    def undone(self) -> list[str]:
        """What no sitting had room for."""
        return [attack.name for attack in self._left]

    def step(self, hospital: Hospital) -> bool:
        """Makes the next attack of the sitting; False when none is left."""
        if not self._today:
            return False
        wait = self._free_at - time.monotonic()
        if wait > 0:
            time.sleep(min(wait, 0.2))
            return True
        attack = self._today.pop(0)
        running = {name: set(hospital.running(name)) for name in hospital.hosts}
        done_before = len(hospital.diary)
        start = hospital.told_ns()
        reason = None
        source = ""
        targets: list[str] = []
        try:
            source, targets = attack.run(hospital)
        except RuntimeError as error:
            reason = str(error)[:500]
        finally:
            for name, before in running.items():
                hospital.end(name, keep=before)
        end = hospital.told_ns()
        self._free_at = time.monotonic() + PAUSE_SECONDS
        number, _, technique = attack.technique.partition(" ")
        names = list(catalogue())
        self.labels.append(
            {
                "name": attack.name,
                "technique": {"matrix": "ATT&CK for ICS 18.1", "id": number, "name": technique},
                "clinical_function": attack.function,
                "tool": attack.tool,
                "source": _told(hospital, source),
                "targets": [_told(hospital, name) for name in targets],
                "start_ns": start,
                "end_ns": end,
                "happened": reason is None,
                "why_not": reason,
                "kept_from_tuning": names.index(attack.name) >= len(names) // 2,
                "done": [
                    {"host": deed.host, "what": deed.what, "argv": deed.argv, "exit_code": deed.exit_code}
                    for deed in hospital.diary[done_before:]
                    if deed.host == source
                ],
            }
        )
        print(f"lab: attack {attack.name}: {'done' if reason is None else 'FAILED: ' + reason}", flush=True)
        return True


def _told(hospital: Hospital, name: str) -> dict[str, Any]:
    if name not in hospital.topology.devices:
        return {"name": name}
    device = hospital.device(name)
    return {"name": name, "mac": device.mac, "ipv4": hospital.addresses(name)["ipv4"]}


def catalogue() -> dict[str, Attack]:
    """Every attack that the lab can make, in the order in which a campaign makes them."""
    from lab.hospital import attack_list

    return {attack.name: attack for attack in attack_list.ATTACKS}


def address(hospital: Hospital, device: Device) -> str:
    """The IPv4 address that a device has now."""
    return hospital.addresses(device.name)["ipv4"][0]
