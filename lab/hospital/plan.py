"""The clinical plan: admissions, orders, examinations, results, infusions, shifts, a night. Drawn from the seed.

Comes in: a topology and a seed. Goes out: tasks in order of time, each for one device, and the images that the
examinations will send. Nothing is done here.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from lab.hospital.kinds import Task
from lab.hospital.parts import dicom, records
from lab.hospital.topology import Device, Topology

MODALITIES = {"ct": ("CT", 4), "mr": ("MR", 2), "ultrasound": ("US", 2), "xray": ("DX", 2), "ecg": ("ECG", 1)}
"""What a kind of device sends: the modality and how many images an examination has."""
SHIFTS = (("early", 1.0), ("late", 0.8), ("night", 0.25))
"""A day's shifts and how busy each is."""
LARGEST_TASKS = 2000
"""A task costs some 0.3 s of processor time; more does not end in the time that a recording may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will be done, and what is needed for it."""

    tasks: list[Task]
    images: list[dict[str, object]]
    patients: list[records.Patient]


def draw(topology: Topology, *, patients: int, seconds: float, again: bool = False) -> Plan:
    """Draws a day.

    Args:
        topology: Who there is.
        patients: How many are admitted.
        seconds: How long the day lasts in the recording; busy shifts get the larger part.
        again: A second day with other patients.
    """
    return _Day(topology, patients=patients, seconds=seconds, again=again).plan()


class _Day:
    def __init__(self, topology: Topology, *, patients: int, seconds: float, again: bool) -> None:
        self.topology = topology
        self.chance = random.Random(f"{topology.seed} plan {again}")
        first = 501 if again else 1
        self.patients = [records.patient(number, self.chance) for number in range(first, first + patients)]
        self.seconds = seconds
        self.tasks: list[Task] = []
        self.images: list[dict[str, object]] = []
        self.number = 0

    def plan(self) -> Plan:
        busy = sum(weight for _, weight in SHIFTS)
        began = 0.0
        for name, weight in SHIFTS:
            length = self.seconds * weight / busy
            self._shift(name, weight / busy, began, length)
            began += length
        tasks = sorted(self.tasks, key=lambda task: task.at)[:LARGEST_TASKS]
        return Plan(tasks=tasks, images=self.images, patients=self.patients)

    def _shift(self, name: str, share: float, began: float, length: float) -> None:
        self.began, self.length = began, length
        for device in self.topology.devices.values():
            if device.kind == "phone" and name == "early":
                self._add(device, "register", late=0.3)
            elif device.kind == "workstation" and (name == "early" or (name == "late" and self.chance.random() < 0.5)):
                printers = self.topology.of_kind("printer")
                self._add(device, "work", print=self.chance.choice(printers).name if printers else "")
            elif device.kind == "smart_bed" and self.chance.random() < 0.6:
                self._add(device, "state", exit=self.chance.random() < 0.3)
            elif device.kind == "smart_home":
                self._add(device, "temperature", value=f"{self.chance.uniform(3.5, 5.5):.1f}")
            elif device.kind == "nurse_call":
                phones = self.topology.of_kind("phone")
                for _ in range(3 if phones else 0):
                    self._add(device, "call", bed=self.chance.randrange(1, 9), phone=self.chance.choice(phones).name)
            elif device.kind in ("medication_cabinet", "telemedicine_cart", "implant_programmer", "defibrillator"):
                if name != "night" or device.kind == "medication_cabinet":
                    self._add(device, "use", patient=self._anybody(), number=self._next())
            elif device.kind == "smartphone_or_tablet" and name != "night":
                self._add(device, "browse")
            elif device.kind in ("remote_monitoring_hub", "implant_transmitter", "insulin_pump") and name != "early":
                self._add(device, "upload")
            elif device.kind == "vendor_workstation" and name == "early":
                self._add(device, "maintain")
        admitted = [
            who for who in self.patients if self.chance.random() < share or (name == "early" and who.number == 1)
        ]
        for who in admitted:
            self._stay(who)

    def _stay(self, who: records.Patient) -> None:
        ehr, ris = self._first("ehr_server"), self._first("radiology_information_system")
        ward = self.chance.choice(("ICU", "WARD1", "WARD2"))
        at = self.chance.uniform(0.0, 0.4)
        if ehr is not None:
            self._add(ehr, "admit", at=at, patient=who, event="A01", number=self._next(), ward=ward)
        for kind, (modality, count) in MODALITIES.items():
            machines = self.topology.of_kind(kind)
            if not machines or self.chance.random() > 0.45:
                continue
            machine = self.chance.choice(machines)
            if ris is not None and kind != "ecg":
                station = dicom.title(machine)
                facts: dict[str, Any] = {
                    "patient": who,
                    "modality": modality,
                    "station": station,
                    "number": self._next(),
                }
                self._add(ris, "order", at=at + 0.05, **facts)
            made = [dicom.image_of(machine, modality, who, number) for number in range(1, count + 1)]
            files = [str(image["file"]) for image in made]
            if not any(image["file"] == files[0] for image in self.images):
                self.images += made
            self._add(machine, "examine", at=at + 0.15, patient=who, files=files)
            readers = self.topology.of_kind("imaging_workstation")
            if readers:
                self._add(self.chance.choice(readers), "read", at=at + 0.35, patient=who)
        for kind, often in (("lab_analyser", 0.8), ("blood_gas_analyser", 0.3), ("poc_glucose_meter", 0.5)):
            machines = self.topology.of_kind(kind)
            if machines and self.chance.random() < often:
                facts = {"patient": who, "number": self._next(), "value": self.chance.randrange(60, 220)}
                self._add(self.chance.choice(machines), "analyse", at=at + 0.2, **facts)
        pumps, server = self.topology.of_kind("infusion_pump"), self._first("pump_server")
        if pumps and server is not None and self.chance.random() < 0.5:
            facts = {"patient": who, "pump": self.chance.choice(pumps).name, "rate": self.chance.randrange(5, 120)}
            self._add(server, "program", at=at + 0.3, **facts)
        if ehr is not None and self.chance.random() < 0.6:
            self._add(ehr, "discharge", at=0.95, patient=who, event="A03", number=self._next(), ward=ward)

    def _add(self, device: Device, what: str, *, at: float | None = None, late: float = 0.9, **facts: Any) -> None:
        when = min(at if at is not None else self.chance.uniform(0.0, late), 0.98)
        self.tasks.append(Task(at=self.began + when * self.length, device=device.name, what=what, facts=facts))

    def _first(self, kind: str) -> Device | None:
        return next(iter(self.topology.of_kind(kind)), None)

    def _anybody(self) -> records.Patient:
        return self.chance.choice(self.patients)

    def _next(self) -> int:
        self.number += 1
        return self.number
