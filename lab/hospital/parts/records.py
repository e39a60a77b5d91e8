"""Invented patients and the HL7 messages about them (HL7 v2.5, IHE PCD-01 and PCD-03, LAB-29)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from lab.hospital.topology import Device

STORY_TIME = "20000101000000+0000"
"""Stands where a message's time will stand: ``hl7.send`` and ``hl7.report`` put in what the recording tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """A person who does not exist and whose name says so."""

    number: int
    born: str
    sex: str

    @property
    def id(self) -> str:
        """The hospital's number for the patient."""
        return f"TEST{self.number:05d}"

    @property
    def name(self) -> str:
        """Family and given name in HL7's and DICOM's spelling."""
        return f"TEST^PATIENT{self.number}"


def patient(number: int, chance: random.Random) -> Patient:
    """Draws a patient."""
    born = f"{chance.randrange(1930, 2010)}0101"
    return Patient(number=number, born=born, sex=chance.choice("MFO"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One OBX: code with its coding system, value, unit."""

    code: str
    value: str
    unit: str
    kind: str = "NM"


def identity(device: Device) -> str:
    """How a device names itself in MSH-3: name, EUI-64 made from the hardware address (RFC 4291 appendix A)."""
    octets = device.mac.upper().split(":")
    return f"{device.model.model.upper().replace(' ', '')}^{''.join([*octets[:3], 'FFFE', *octets[3:]])}^EUI-64"


def header(sender: str, receiver: str, kind: str, control: str) -> str:
    """MSH; its time is filled in when the message is sent."""
    return f"MSH|^~\\&|{sender}|LAB|{receiver}|LAB|{STORY_TIME}||{kind}|{control}|T|2.5"


def person(who: Patient) -> str:
    """PID."""
    return f"PID|||{who.id}^^^LAB^MR||{who.name}||{who.born}|{who.sex}"


def admission(sender: str, who: Patient, event: str, control: str, ward: str) -> str:
    """ADT^A01, A03 or A08 (HL7 v2.5 3.3)."""
    return "\r".join(
        [
            header(sender, "ENGINE", f"ADT^{event}^ADT_A01", control),
            f"EVN|{event}|{STORY_TIME}",
            person(who),
            f"PV1||I|{ward}^BED1^^LAB||||999^TEST^PHYSICIAN",
            "",
        ]
    )


def order(sender: str, who: Patient, code: str, control: str) -> str:
    """ORM^O01 for an examination, OML^O21's older form for the laboratory (HL7 v2.5 4.4)."""
    return "\r".join(
        [
            header(sender, "ENGINE", "ORM^O01^ORM_O01", control),
            person(who),
            f"ORC|NW|{control}|||SC||||{STORY_TIME}",
            f"OBR|1|{control}||{code}|||{STORY_TIME}",
            "",
        ]
    )


def results(sender: str, who: Patient, code: str, observations: Sequence[Observation], control: str) -> str:
    """ORU^R01 (HL7 v2.5 7.3; IHE PCD-01 for devices)."""
    lines = [header(sender, "ENGINE", "ORU^R01^ORU_R01", control), person(who)]
    lines.append(f"OBR|1|{control}||{code}|||{STORY_TIME}")
    for number, seen in enumerate(observations, 1):
        lines.append(f"OBX|{number}|{seen.kind}|{seen.code}|1.{number}|{seen.value}|{seen.unit}|||||R")
    return "\r".join([*lines, ""])


def device_results(device: Device, who: Patient, observations: Sequence[Observation], control: str) -> str:
    """A device's own report: identity in MSH-3, model, version and serial number as observations of its own."""
    own = [
        Observation(code="531972^MDC_ID_PROD_SPEC_SERIAL^MDC", value=device.serial, unit="", kind="ST"),
        Observation(code="531969^MDC_ID_MODEL_NUMBER^MDC", value=device.model.model, unit="", kind="ST"),
        Observation(
            code="531970^MDC_ID_MODEL_MANUFACTURER^MDC", value=device.model.announced_vendor, unit="", kind="ST"
        ),
        Observation(code="531975^MDC_ID_PROD_SPEC_SW^MDC", value=device.model.firmware, unit="", kind="ST"),
    ]
    # Its own identity stands first: some senders cut the end of the last segment off, and a reader loses that one.
    return results(identity(device), who, "182777000^monitoring of patient^SCT", [*own, *observations], control)
