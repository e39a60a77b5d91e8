"""Gathers the facts of devices while the rows of ``posture`` and ``served`` go by to the judgement of weaknesses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_interface
from typing import Any, Final

from asepsis.devices.address import Reach, reach
from asepsis.devices.device import Device
from asepsis.exposure.risk.facts import Classified, Control, Facts, Threat
from asepsis.exposure.risk.reports import NOTHING, Claimed
from asepsis.exposure.weaknesses.weakness import Weakness
from asepsis.kernel.time import SECOND_NS
from asepsis.knowledge.vocabulary import MEDICAL

Row = Mapping[str, Any]

# A scanner may talk with a whole network; a device with more partners is as exposed as one can be.
PARTNERS_LIMIT: Final = 4096
_DAY_NS: Final = 86_400 * SECOND_NS
_MARK: Final = '"patient_data_in_clear":true'


class Gathering:
    """Notes partners, networks and patient data of each device; give it both answers, then ask for ``facts``."""

    def __init__(self, devices: Iterable[Device]) -> None:
        self._devices = {device.id: device for device in devices}
        self._partners: dict[str, set[str]] = defaultdict(set)
        self._networks: dict[str, set[str]] = defaultdict(set)
        self._internet: set[str] = set()
        self._patient_messages: dict[str, int] = defaultdict(int)
        self._first_ns = self._last_ns = 0

    def posture(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Hands rows on and notes messages with patient data of sender and receiver."""
        for row in rows:
            if _MARK in row["facts"]:
                for end in {row["source_device"], row["destination_device"]} - {None, ""}:
                    self._patient_messages[end] += row["messages"]
            yield row

    def served(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Hands rows on and notes who exchanged data with whom."""
        for row in rows:
            self._first_ns = min(self._first_ns or row["first_ns"], row["first_ns"])
            self._last_ns = max(self._last_ns, row["last_ns"])
            self._meet(row["client_device"], row["server_device"], row["server_ip"])
            self._meet(row["server_device"], row["client_device"], row["client_ip"])
            yield row

    def _meet(self, device: str | None, partner: str | None, ip: str) -> None:
        where = reach(ip)
        if not device or device == partner or where in (Reach.NONE, Reach.GROUP, Reach.LOOPBACK):
            return
        if where == Reach.PUBLIC and not partner:
            self._internet.add(device)
        partners = self._partners[device]
        if len(partners) < PARTNERS_LIMIT:
            partners.add(partner or ip)
        if where != Reach.LINK and len(self._networks[device]) < PARTNERS_LIMIT:
            self._networks[device].add(_network(ip))

    def facts(
        self,
        weaknesses: Iterable[Weakness],
        threats: Mapping[str, tuple[Threat, ...]],
        controls: Mapping[str, frozenset[Control]],
        claimed: Mapping[str, Claimed] | None = None,
        classified: Mapping[str, Classified] | None = None,
        *,
        advisories_read: bool,
    ) -> list[Facts]:
        """The facts of all devices, in their order.

        Args:
            weaknesses: What ``judge`` found in the same rows.
            threats: By device; what matching found.
            controls: By device; what people have recorded, an empty set where they said that there are none.
            claimed: By device; what reports claim.
            classified: By device; what the FDA says of its product code.
            advisories_read: Whether there were advisories to be matched.
        """
        words = claimed or {}
        kinds: dict[str, set[str]] = defaultdict(set)
        for weakness in weaknesses:
            kinds[weakness.device].add(weakness.kind.id)
        days = max(1, -(-(self._last_ns - self._first_ns) // _DAY_NS))
        return [
            Facts(
                device=name,
                category=device.category,
                classified=(classified or {}).get(name),
                partners=len(self._partners[name]),
                networks=len(self._networks[name] - {_network(ip) for ip in device.ips}),
                contacts_internet=name in self._internet,
                managed_from_internet="management-from-internet" in kinds[name],
                weaknesses=frozenset(kinds[name]),
                threats=threats.get(name, ()),
                reported=words.get(name, NOTHING).threats,
                reported_weaknesses=words.get(name, NOTHING).weaknesses - kinds[name],
                advisories_read=advisories_read,
                controls=controls.get(name, frozenset()),
                controls_told=name in controls,
                patients=self._patients(name, device),
                patient_messages=self._patient_messages[name] // days,
            )
            for name, device in self._devices.items()
        ]

    def _patients(self, name: str, device: Device) -> int:
        known = (self._devices.get(partner) for partner in self._partners[name])
        partners = sum(1 for partner in known if partner is not None and partner.category in MEDICAL)
        # A bedside device talks with servers, which are no patients; what many devices talk with reaches theirs.
        is_medical = device.category in MEDICAL
        return max(int(is_medical), partners if partners > 1 else 0)


def _network(ip: str) -> str:
    return str(ip_interface(f"{ip}/{64 if ':' in ip else 24}").network)
