"""The sample people of the recorded hospital, its departments, and what they have written down of its devices.

All of it is invented. The departments are the segments of the recorded hospital's plan.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from asepsis.kernel.value import value
from asepsis.pipeline import demo
from asepsis.web.authorisation.patients import reference_of
from asepsis.web.devices.models import Device, DeviceRecord
from asepsis.web.exposure.models import Examined
from asepsis.web.facilities.models import Department, DeviceGroup, Site
from asepsis.web.people.models import Person, Role, RoleGrant

PATIENT_NUMBER: Final = "DEMO-0042"
VENDOR_STAY: Final = timedelta(days=30)
DEPARTMENTS: Final = {
    "icu": "Intensive care",
    "wards": "Wards",
    "theatre": "Operating theatre",
    "imaging": "Imaging",
    "laboratory": "Laboratory",
    "pharmacy": "Pharmacy",
    "clinical": "Clinical systems",
    "building": "Building services",
    "it": "Computer centre",
    "offices": "Offices",
    "guests": "Guests",
    "home": "At home",
}
CRITICALITY: Final = {
    "ventilator": DeviceRecord.Criticality.LIFE_SUSTAINING,
    "anaesthesia_machine": DeviceRecord.Criticality.LIFE_SUSTAINING,
    "dialysis": DeviceRecord.Criticality.LIFE_SUSTAINING,
    "defibrillator": DeviceRecord.Criticality.LIFE_SUSTAINING,
    "infusion_pump": DeviceRecord.Criticality.LIFE_SUSTAINING,
    "patient_monitor": DeviceRecord.Criticality.HIGH,
    "central_station": DeviceRecord.Criticality.HIGH,
    "printer": DeviceRecord.Criticality.LOW,
    "phone": DeviceRecord.Criticality.LOW,
}
VENDOR_GROUP: Final = "Infusion pumps"


@value
class Sample:
    """Somebody to be in the demo."""

    username: str
    name: str
    role: Role
    can: str
    """What this person would come here for, in one sentence."""


SAMPLES: Final = (
    Sample(
        username="amara",
        name="Amara Okafor",
        role=Role.SECURITY_ANALYST,
        can="Looks for what could harm: every device, its evidence, who talks to whom.",
    ),
    Sample(
        username="jonas",
        name="Jonas Lindqvist",
        role=Role.CLINICAL_ENGINEER,
        can="Keeps the medical devices: owners, places, criticality, corrections of what a device is.",
    ),
    Sample(
        username="mei",
        name="Mei Tanaka",
        role=Role.NETWORK_ENGINEER,
        can="Keeps the network: conversations, the map, captures.",
    ),
    Sample(
        username="elena",
        name="Elena Petrova",
        role=Role.CLINICIAN,
        can="Works in intensive care and sees the devices there; more by break-glass.",
    ),
    Sample(
        username="samuel",
        name="Samuel Osei",
        role=Role.PRIVACY_OFFICER,
        can="Reads who looked at what, and reviews break-glass.",
    ),
    Sample(
        username="ines",
        name="Ines Carvalho",
        role=Role.AUDITOR,
        can="Reads everything that is recorded; changes nothing.",
    ),
    Sample(
        username="ravi",
        name="Ravi Menon",
        role=Role.ADMINISTRATOR,
        can="Lets people in and sets how Asepsis works here.",
    ),
    Sample(
        username="vendor",
        name="A technician of the pumps' vendor",
        role=Role.VENDOR,
        can="Is let in for thirty days, to the infusion pumps alone.",
    ),
    Sample(
        username="patient",
        name="A patient",
        role=Role.PATIENT,
        can=f"Sees who looked at the own data. The number is {PATIENT_NUMBER}: break the glass for it as a clinician.",
    ),
)
USERNAMES: Final = frozenset(sample.username for sample in SAMPLES)


def ensure() -> None:
    """Makes the sample people, departments and records where they are not there yet."""
    if Person.objects.filter(username__in=USERNAMES).count() == len(USERNAMES):
        return
    with transaction.atomic():
        site = Site.objects.get_or_create(name=demo.SITE)[0]
        Site.objects.filter(pk=site.pk).update(title="Lab hospital")
        departments = {
            segment: Department.objects.get_or_create(site=site, name=name)[0] for segment, name in DEPARTMENTS.items()
        }
        pumps = DeviceGroup.objects.get_or_create(name=VENDOR_GROUP)[0]
        pumps.devices.set(Device.objects.filter(category="infusion_pump"))
        for sample in SAMPLES:
            person, made = Person.objects.get_or_create(username=sample.username, defaults={"name": sample.name})
            if made:
                person.set_unusable_password()
                person.save(update_fields=["password"])
                RoleGrant.objects.create(person=person, role=sample.role, **_scope(sample.role, departments, pumps))
        _write_records(departments, Person.objects.get(username="jonas"))
        # Risk is told by department too: it is worked out anew with what was just written.
        Examined.objects.update(inputs="")


def _scope(role: Role, departments: dict[str, Department], pumps: DeviceGroup) -> dict[str, Any]:
    if role is Role.CLINICIAN:
        return {"site": departments["icu"].site, "department": departments["icu"]}
    if role is Role.VENDOR:
        return {"device_group": pumps, "expires": timezone.now() + VENDOR_STAY}
    if role is Role.PATIENT:
        return {"patient": reference_of(PATIENT_NUMBER)}
    return {}


def _write_records(departments: dict[str, Department], engineer: Person) -> None:
    """Department and place by the hospital's plan, as its inventory would say; owner and criticality beside it."""
    hosts = json.loads(demo.recording().truth.read_text(encoding="utf-8"))["hosts"]
    segments = {mac: host["segment"] for host in hosts for mac in host["macs"]}
    records = []
    for device in Device.objects.filter(record=None):
        segment = next((segments[mac] for mac in device.macs if mac in segments), None)
        if segment is None or segment not in departments:
            continue
        records.append(
            DeviceRecord(
                device=device,
                department=departments[segment],
                owner=engineer if device.medical else None,
                criticality=CRITICALITY.get(device.category, ""),
            )
        )
    DeviceRecord.objects.bulk_create(records)
