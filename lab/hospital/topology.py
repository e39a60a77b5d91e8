"""The topology file: segments, routers and devices of the hospital, as values.

Comes in: ``topology.yaml`` and a seed. Goes out: ``Topology``, in which every device has its name, addresses, hardware
address, serial number and one of the models that its entry allows. The same seed gives the same hospital.
Every mistake in the file is reported at once, with the place it stands at.
"""

from __future__ import annotations

import ipaddress
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

TOPOLOGY = Path(__file__).resolve().parent / "topology.yaml"
LARGEST_DEVICES = 400
"""A device costs some 10 MB and some 50 ms; more than this does not fit the machines that record."""
LARGEST_COUNT = 60
_NAME = re.compile(r"^[a-z][a-z0-9-]{0,14}$")
_PREFIX = re.compile(r"^[0-9a-f]{2}(:[0-9a-f]{2}){2}$")
CLIENTS = ("udhcpc", "dhclient", "dhcpcd")
"""The DHCP clients that a device may use for its address; ``static`` is the other choice."""


class TopologyError(Exception):
    """What is wrong with a topology file, one line a mistake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One broadcast domain: one bridge."""

    name: str
    network: ipaddress.IPv4Network
    about: str
    mirrored: bool
    """Whether the recorder sees its ports; what lies outside the hospital is not seen by the hospital's sensor."""
    own: bool
    """Whether the hospital's servers give addresses and names there."""

    @property
    def router(self) -> str:
        """The address of the router that leads out of the segment: the first of the network."""
        return str(self.network.network_address + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A long connection: what the relay that plays it does to each frame, in each direction."""

    delay_ms: float
    jitter_ms: float
    loss: float
    """The share of frames that get lost, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """A change of a device's firmware in the first recorded week."""

    day: int
    firmware: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A device that goes with its patient to another segment in the first recorded week."""

    day: int
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Router:
    """A host that forwards between segments; it is a device too."""

    device: str
    joins: tuple[str, ...]
    up: str
    """The segment that its default route leads to, by that segment's first address; empty at the top."""
    hides: str
    """The segment towards which it replaces its guests' addresses by its own (NAT); empty for none."""
    line: Line | None = None
    """What its connection upwards is like, where it is a poor one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What one make of a device says of itself."""

    vendor: str
    """The maker's name as a person would say it: what an identification should answer."""
    announced_vendor: str
    """The maker's name as the device's own messages spell it."""
    prefix: str
    """First three bytes of the hardware address."""
    prefix_of: str
    """Who the registry says holds the prefix; not always the maker of the device."""
    model: str
    firmware: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One device of the hospital."""

    name: str
    kind: str
    segment: str
    mac: str
    serial: str
    model: Model
    by: str
    """``static`` or the DHCP client that asks for the address."""
    ip: str
    """The fixed address; empty for a DHCP client."""
    stack: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What the kind's own module reads from the entry's ``with``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """A whole hospital."""

    title: str
    domain: str
    seed: int
    segments: Mapping[str, Segment]
    routers: tuple[Router, ...]
    devices: Mapping[str, Device]
    arrivals: Mapping[str, int] = field(default_factory=dict)
    """The day of the first recorded week on which a device comes, for those that were not there before."""
    updates: Mapping[str, Update] = field(default_factory=dict)
    """By device."""
    moves: Mapping[str, Move] = field(default_factory=dict)
    """By device."""

    def of_kind(self, kind: str) -> list[Device]:
        """The devices of a kind, in the order of the file."""
        return [device for device in self.devices.values() if device.kind == kind]

    def only(self, names: set[str]) -> Topology:
        """The same hospital with these devices alone, and whatever they cannot do without: routers and the server
        of addresses and names."""
        kept = {
            name: device
            for name, device in self.devices.items()
            if name in names or device.kind in ("router", "firewall", "infrastructure_server")
        }
        return Topology(
            title=self.title,
            domain=self.domain,
            seed=self.seed,
            segments=self.segments,
            routers=tuple(router for router in self.routers if router.device in kept),
            devices=kept,
            arrivals={name: day for name, day in self.arrivals.items() if name in kept},
            updates={name: update for name, update in self.updates.items() if name in kept},
            moves={name: move for name, move in self.moves.items() if name in kept},
        )


def read(path: Path = TOPOLOGY, *, seed: int = 1) -> Topology:
    """Reads a topology file.

    Args:
        path: The file.
        seed: Chooses models, firmware, serial numbers and the last bytes of hardware addresses.

    Raises:
        TopologyError: The file is not right; the message holds one line for each mistake.
        OSError: The file cannot be read.
    """
    try:
        document = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise TopologyError(f"{path.name}: not YAML: {error}") from error
    return _Reader(path.name, seed).topology(document)


class _Reader:
    def __init__(self, file: str, seed: int) -> None:
        self.file = file
        self.seed = seed
        self.wrong: list[str] = []

    def topology(self, document: Any) -> Topology:
        top = self._mapping(document, "the file")
        segments = {
            name: segment
            for name, entry in self._mapping(top.get("segments"), "segments").items()
            if (segment := self._segment(name, entry)) is not None
        }
        devices: dict[str, Device] = {}
        taken: dict[str, int] = {}
        entries = top.get("devices")
        if not isinstance(entries, list):
            self._says("devices", "is no list")
            entries = []
        for number, entry in enumerate(entries):
            place = f"devices[{number}]"
            for device in self._devices(self._mapping(entry, place), place, segments, taken):
                if device.name in devices:
                    self._says(place, f"the name {device.name} is there twice")
                devices[device.name] = device
        if len(devices) > LARGEST_DEVICES:
            self._says("devices", f"{len(devices)} devices are more than {LARGEST_DEVICES}")
        routers = []
        for name, entry in self._mapping(top.get("routers"), "routers").items():
            routers.append(self._router(name, self._mapping(entry, f"routers.{name}"), segments, devices))
        week = self._mapping(top.get("week", {}), "week")
        self._known(week, "week", {"arrivals", "moves", "updates"})
        arrivals = self._arrivals(self._mapping(week.get("arrivals", {}), "week.arrivals"), devices)
        updates = self._updates(self._mapping(week.get("updates", {}), "week.updates"), devices)
        moves = self._moves(self._mapping(week.get("moves", {}), "week.moves"), devices, segments)
        if self.wrong:
            raise TopologyError("\n".join(self.wrong))
        return Topology(
            title=str(top.get("title", "")),
            domain=str(top.get("domain", "")),
            seed=self.seed,
            segments=segments,
            routers=tuple(routers),
            devices=devices,
            arrivals=arrivals,
            updates=updates,
            moves=moves,
        )

    def _arrivals(self, entries: Mapping[str, Any], devices: Mapping[str, Device]) -> dict[str, int]:
        return {name: self._day(day, f"week.arrivals.{name}", name, devices) for name, day in entries.items()}

    def _updates(self, entries: Mapping[str, Any], devices: Mapping[str, Device]) -> dict[str, Update]:
        found = {}
        for name, entry in entries.items():
            place = f"week.updates.{name}"
            fields = self._mapping(entry, place)
            self._known(fields, place, {"day", "firmware"})
            day = self._day(fields.get("day"), place, name, devices)
            found[name] = Update(day=day, firmware=str(fields.get("firmware", "")))
        return found

    def _moves(
        self, entries: Mapping[str, Any], devices: Mapping[str, Device], segments: Mapping[str, Segment]
    ) -> dict[str, Move]:
        found = {}
        for name, entry in entries.items():
            place = f"week.moves.{name}"
            fields = self._mapping(entry, place)
            self._known(fields, place, {"day", "to"})
            move = Move(day=self._day(fields.get("day"), place, name, devices), to=str(fields.get("to", "")))
            if move.to not in segments:
                self._says(f"{place}.to", f"no segment is called {move.to}")
            if name in devices and devices[name].by == "static":
                self._says(place, "only a device that asks for its address can move")
            found[name] = move
        return found

    def _day(self, day: Any, place: str, name: str, devices: Mapping[str, Device]) -> int:
        if name not in devices:
            self._says(place, "no device bears this name")
        if not isinstance(day, int) or not 2 <= day <= 7:
            self._says(place, f"{day} is no day from 2 to 7")
            return 2
        return day

    def _segment(self, name: str, entry: Any) -> Segment | None:
        place = f"segments.{name}"
        fields = self._mapping(entry, place)
        self._known(fields, place, {"network", "about", "mirrored", "own"})
        if not _NAME.match(name):
            self._says(place, "a segment's name is at most 15 of a-z, 0-9 and -")
        try:
            network = ipaddress.IPv4Network(fields.get("network"))
        except ValueError as error:
            self._says(f"{place}.network", str(error))
            return None
        mirrored = bool(fields.get("mirrored", True))
        if not network.is_private:
            self._says(f"{place}.network", f"{network} is not a private or documentation network")
        return Segment(
            name=name,
            network=network,
            about=str(fields.get("about", "")),
            mirrored=mirrored,
            own=bool(fields.get("own", mirrored)),
        )

    def _router(
        self, name: str, entry: Mapping[str, Any], segments: Mapping[str, Segment], devices: Mapping[str, Device]
    ) -> Router:
        place = f"routers.{name}"
        self._known(entry, place, {"joins", "up", "hides", "line"})
        joins = tuple(str(word) for word in entry.get("joins", ()))
        for word in (*joins, *filter(None, (entry.get("up"), entry.get("hides")))):
            if word not in segments:
                self._says(place, f"no segment is called {word}")
        if name not in devices:
            self._says(place, "no device bears this name")
        return Router(
            device=name,
            joins=joins,
            up=str(entry.get("up", "")),
            hides=str(entry.get("hides", "")),
            line=self._line(entry["line"], f"{place}.line") if "line" in entry else None,
        )

    def _line(self, entry: Any, place: str) -> Line:
        fields = self._mapping(entry, place)
        self._known(fields, place, {"delay_ms", "jitter_ms", "loss"})
        numbers = {word: fields.get(word, 0) for word in ("delay_ms", "jitter_ms", "loss")}
        for word, number in numbers.items():
            if not isinstance(number, int | float) or not 0 <= number <= (1 if word == "loss" else 2000):
                self._says(f"{place}.{word}", f"{number} is out of range")
                numbers[word] = 0
        return Line(**numbers)

    def _devices(
        self, entry: Mapping[str, Any], place: str, segments: Mapping[str, Segment], taken: dict[str, int]
    ) -> list[Device]:
        wanted = {"kind", "name", "segment", "count", "models", "by", "stack", "with", "ip"}
        self._known(entry, place, wanted)
        missing = sorted({"kind", "name", "segment", "models"} - set(entry))
        if missing:
            self._says(place, f"lacks {', '.join(missing)}")
            return []
        segment = segments.get(str(entry["segment"]))
        if segment is None:
            self._says(f"{place}.segment", f"no segment is called {entry['segment']}")
            return []
        count = entry.get("count", 1)
        if not isinstance(count, int) or not 1 <= count <= LARGEST_COUNT:
            self._says(f"{place}.count", f"is no whole number from 1 to {LARGEST_COUNT}")
            return []
        by = str(entry.get("by", "static"))
        if by not in ("static", *CLIENTS):
            self._says(f"{place}.by", f"{by} is none of static, {', '.join(CLIENTS)}")
        models = self._models(entry["models"], f"{place}.models")
        if not models:
            return []
        made = []
        for number in range(1, count + 1):
            name = f"{entry['name']}{number}" if count > 1 else str(entry["name"])
            if not _NAME.match(name):
                self._says(f"{place}.name", f"{name}: a name is at most 15 of a-z, 0-9 and -")
            # Each device draws from a generator of its own: another entry in the file changes nothing for it.
            chance = random.Random(f"{self.seed} {name}")
            model = self._drawn(chance, models)
            ip = str(entry.get("ip", ""))
            if by == "static" and not ip:
                taken[segment.name] = taken.get(segment.name, 9) + 1
                ip = str(segment.network.network_address + taken[segment.name])
            tail = ":".join(f"{chance.randrange(256):02x}" for _ in range(3))
            made.append(
                Device(
                    name=name,
                    kind=str(entry["kind"]),
                    segment=segment.name,
                    mac=f"{model.prefix}:{tail}",
                    serial=f"LAB{chance.randrange(10**7):07d}",
                    model=model,
                    by=by,
                    ip=ip,
                    stack=str(entry.get("stack", "linux")),
                    settings=dict(self._mapping(entry.get("with", {}), f"{place}.with")),
                )
            )
        return made

    def _models(self, entries: Any, place: str) -> list[tuple[Model, list[str]]]:
        if not isinstance(entries, list) or not entries:
            self._says(place, "is no list with at least one model")
            return []
        models = []
        for number, entry in enumerate(entries):
            here = f"{place}[{number}]"
            fields = self._mapping(entry, here)
            self._known(fields, here, {"vendor", "announced", "prefix", "prefix_of", "model", "firmware"})
            prefix = str(fields.get("prefix", ""))
            if not _PREFIX.match(prefix):
                self._says(f"{here}.prefix", f"{prefix or '(none)'} is not of the form 00:11:22")
            firmware = fields.get("firmware", "")
            versions = [str(word) for word in firmware] if isinstance(firmware, list) else [str(firmware)]
            vendor = str(fields.get("vendor", ""))
            models.append(
                (
                    Model(
                        vendor=vendor,
                        announced_vendor=str(fields.get("announced", vendor)),
                        prefix=prefix,
                        prefix_of=str(fields.get("prefix_of", "")),
                        model=str(fields.get("model", "")),
                        firmware="",
                    ),
                    versions,
                )
            )
        return models

    def _drawn(self, chance: random.Random, models: list[tuple[Model, list[str]]]) -> Model:
        model, versions = chance.choice(models)
        return Model(
            vendor=model.vendor,
            announced_vendor=model.announced_vendor,
            prefix=model.prefix,
            prefix_of=model.prefix_of,
            model=model.model,
            firmware=chance.choice(versions),
        )

    def _mapping(self, value: Any, place: str) -> Mapping[str, Any]:
        if isinstance(value, dict) and all(isinstance(key, str) for key in value):
            return value
        self._says(place, "is no mapping")
        return {}

    def _known(self, fields: Mapping[str, Any], place: str, wanted: set[str]) -> None:
        for word in sorted(set(fields) - wanted):
            self._says(f"{place}.{word}", f"is not a word of this file; known are {', '.join(sorted(wanted))}")

    def _says(self, place: str, what: str) -> None:
        self.wrong.append(f"{self.file}: {place}: {what}")
