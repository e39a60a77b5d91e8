"""The clinical plan: admissions, orders, examinations, results, infusions, shifts, nights. Drawn from the seed.

Comes in: a topology, the sittings of a week, a seed. Goes out: for each sitting, tasks in order of time, each for one
device, and who is switched off; and the images that the examinations will send. Nothing is done here.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lab.hospital import kinds
from lab.hospital.calendar import Sitting
from lab.hospital.kinds import Task
from lab.hospital.parts import dicom, records
from lab.hospital.topology import Device, Topology

MODALITIES = {"ct": ("CT", 4), "mr": ("MR", 2), "ultrasound": ("US", 2), "xray": ("DX", 2), "ecg": ("ECG", 1)}
"""What a kind of device sends: the modality and how many images an examination has."""
REPORTING = {"lab_analyser": 0.8, "blood_gas_analyser": 0.3, "poc_glucose_meter": 0.5}
"""How often a patient needs an analysis by each."""
BY_DAY = frozenset(
    ("ecg", "imaging_workstation", "implant_programmer", "smartphone_or_tablet", "telemedicine_cart", "workstation")
)
"""Kinds that are switched off, or elsewhere, at night and at weekends; those that administer stay on."""
LARGEST_TASKS = 3000
"""A task costs some 0.3 s of processor time; more does not end in the time that a recording may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """What happens in one sitting."""

    sitting: Sitting
    tasks: list[Task]
    """``at`` counts from the sitting's beginning."""
    off: frozenset[str]
    """Devices that are switched off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will be done, and what is needed for it."""

    shifts: list[Shift]
    images: list[dict[str, object]]
    patients: list[records.Patient]

    @property
    def tasks(self) -> list[Task]:
        """The tasks of all sittings."""
        return [task for shift in self.shifts for task in shift.tasks]


def draw(topology: Topology, *, patients: int, sittings: Sequence[Sitting], again: bool = False) -> Plan:
    """Draws a week.

    Args:
        topology: Who there is.
        patients: How many are admitted.
        sittings: What is recorded of the week; busy shifts admit more.
        again: A second week with other patients; who arrived or was updated in the first stays so.
    """
    return _Week(topology, patients=patients, sittings=sittings, again=again).plan()


@dataclass(slots=True)
class _Open:
    """A sitting whose tasks are being drawn."""

    sitting: Sitting
    tasks: list[Task] = field(default_factory=list)


class _Week:
    def __init__(self, topology: Topology, *, patients: int, sittings: Sequence[Sitting], again: bool) -> None:
        self.topology = topology
        self.chance = random.Random(f"{topology.seed} plan {again}")
        first = 501 if again else 1
        self.patients = [records.patient(number, self.chance) for number in range(first, first + patients)]
        self.again = again
        self.open = [_Open(sitting) for sitting in sittings]
        self.images: list[dict[str, object]] = []
        self.number = 0

    def plan(self) -> Plan:
        for shift in self.open:
            self.now = shift
            self._routine(shift.sitting)
            self._update(shift.sitting)
        for who in self.patients:
            self._stay(who)
        left = LARGEST_TASKS
        shifts = []
        for shift in self.open:
            tasks = sorted(shift.tasks, key=lambda task: task.at)[:left]
            left -= len(tasks)
            shifts.append(Shift(sitting=shift.sitting, tasks=tasks, off=frozenset(self._off(shift.sitting))))
        return Plan(shifts=shifts, images=self.images, patients=self.patients)

    def _off(self, sitting: Sitting) -> list[str]:
        if sitting.offices_open:
            return []
        return [
            device.name
            for device in self.topology.devices.values()
            if device.kind in BY_DAY and not device.settings.get("administers")
        ]

    def _here(self, kind: str, sitting: Sitting) -> list[Device]:
        """The devices of a kind that are there and on."""
        off = set(self._off(sitting))
        return [
            device
            for device in self.topology.of_kind(kind)
            if device.name not in off and (self.again or self.topology.arrivals.get(device.name, 1) <= sitting.day)
        ]

    def _routine(self, sitting: Sitting) -> None:
        first = sitting.number == 0
        off = set(self._off(sitting))
        quiet = sitting.shift == "night"
        for device in self.topology.devices.values():
            if device.name in off or (not self.again and self.topology.arrivals.get(device.name, 1) > sitting.day):
                continue
            often = self.chance.random()
            if device.kind == "phone" and (sitting.shift == "early" or first):
                self._add(device, "register", late=0.3)
            elif device.kind == "workstation" and (first or often < 0.45):
                printers = self.topology.of_kind("printer")
                self._add(device, "work", print=self.chance.choice(printers).name if printers else "")
            elif device.kind == "smart_bed" and (first or often < 0.4):
                self._add(device, "state", exit=self.chance.random() < 0.3)
            elif device.kind == "smart_home" and (first or often < 0.6):
                self._add(device, "temperature", value=f"{self.chance.uniform(3.5, 5.5):.1f}")
            elif device.kind == "nurse_call":
                phones = self.topology.of_kind("phone")
                for _ in range(2 if phones else 0):
                    self._add(device, "call", bed=self.chance.randrange(1, 9), phone=self.chance.choice(phones).name)
            elif device.kind in ("medication_cabinet", "telemedicine_cart", "implant_programmer", "defibrillator"):
                if first or often < (0.2 if quiet else 0.5):
                    self._add(device, "use", patient=self._anybody(), number=self._next())
            elif device.kind == "smartphone_or_tablet" and often < 0.5:
                self._add(device, "browse")
            elif device.kind in ("remote_monitoring_hub", "implant_transmitter", "insulin_pump"):
                if first or device.kind != "implant_transmitter" or quiet:
                    # An implant's transmitter reads the implant while the patient sleeps.
                    self._add(device, "upload", number=self._next())
            elif share := kinds.often(device.kind):
                if first or often < (share / 2 if quiet else share):
                    self._add(device, "use", patient=self._anybody(), number=self._next())
            elif device.kind == "vendor_workstation" and sitting.shift == "early" and sitting.day % 7 in (1, 4):
                self._add(device, "maintain")

    def _update(self, sitting: Sitting) -> None:
        """Devices with a firmware update: a report before it, the update, and a report with the new version."""
        for name, update in self.topology.updates.items():
            device = self.topology.devices[name]
            if self.again or sitting.shift != "early" or sitting.weekend:
                continue
            if sitting.day == update.day:
                self._add(device, "update", at=0.1, firmware=update.firmware)
            if sitting.day in (1, update.day):
                self._add(
                    device,
                    "analyse",
                    at=0.5,
                    patient=self._anybody(),
                    number=self._next(),
                    value=self.chance.randrange(60, 220),
                )

    def _stay(self, who: records.Patient) -> None:
        first = who is self.patients[0]
        chosen = self.open[0] if first else self.chance.choices(self.open, [one.sitting.share for one in self.open])[0]
        self.now = chosen
        sitting = chosen.sitting
        ehr, ris = self._first("ehr_server"), self._first("radiology_information_system")
        ward = self.chance.choice(("ICU", "WARD1", "WARD2"))
        at = self.chance.uniform(0.0, 0.4)
        if ehr is not None:
            self._add(ehr, "admit", at=at, patient=who, event="A01", number=self._next(), ward=ward)
        for kind, (modality, count) in MODALITIES.items():
            machines = self._here(kind, sitting)
            if not machines or (self.chance.random() > 0.45 and not first):
                continue
            # The first patient is seen by every machine once, so that each of them shows itself.
            for machine in machines if first else [self.chance.choice(machines)]:
                self._examine(who, machine, modality, count, at, ris)
        for kind, often in REPORTING.items():
            machines = self._here(kind, sitting)
            if machines and (first or self.chance.random() < often):
                for machine in machines if first else [self.chance.choice(machines)]:
                    value = self.chance.randrange(60, 220)
                    self._add(machine, "analyse", at=at + 0.2, patient=who, number=self._next(), value=value)
        pumps, server = self._here("infusion_pump", sitting), self._first("pump_server")
        if pumps and server is not None and self.chance.random() < 0.5:
            pump, rate = self.chance.choice(pumps).name, self.chance.randrange(5, 120)
            self._add(server, "program", at=at + 0.3, patient=who, pump=pump, rate=rate)
        later = [one for one in self.open if one.sitting.day > sitting.day and one.sitting.shift != "night"]
        if ehr is not None and later and self.chance.random() < 0.7:
            self.now = self.chance.choice(later[:4])
            self._add(ehr, "discharge", at=0.6, patient=who, event="A03", number=self._next(), ward=ward)

    def _examine(
        self, who: records.Patient, machine: Device, modality: str, count: int, at: float, ris: Device | None
    ) -> None:
        sitting = self.now.sitting
        if ris is not None and machine.kind != "ecg":
            facts: dict[str, Any] = {
                "patient": who,
                "modality": modality,
                "station": dicom.title(machine),
                "number": self._next(),
            }
            self._add(ris, "order", at=at + 0.05, **facts)
        made = [dicom.image_of(machine, modality, who, number, sitting.begins) for number in range(1, count + 1)]
        files = [str(image["file"]) for image in made]
        if not any(image["file"] == files[0] for image in self.images):
            self.images += made
        self._add(machine, "examine", at=at + 0.15, patient=who, files=files)
        readers = self._here("imaging_workstation", sitting)
        if readers:
            self._add(self.chance.choice(readers), "read", at=at + 0.35, patient=who)

    def _add(self, device: Device, what: str, *, at: float | None = None, late: float = 0.9, **facts: Any) -> None:
        when = min(at if at is not None else self.chance.uniform(0.0, late), 0.98)
        self.now.tasks.append(Task(at=when * self.now.sitting.seconds, device=device.name, what=what, facts=facts))

    def _first(self, kind: str) -> Device | None:
        return next(iter(self.topology.of_kind(kind)), None)

    def _anybody(self) -> records.Patient:
        return self.chance.choice(self.patients)

    def _next(self) -> int:
        self.number += 1
        return self.number
