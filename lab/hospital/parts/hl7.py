"""HL7 over MLLP by the ``hl7`` and ``hl7apy`` packages: listeners, single messages, devices that report for good."""

from __future__ import annotations

import json

from lab.hospital.network import Hospital
from lab.hospital.parts import records
from lab.hospital.topology import Device

PORT = 2575
"""IANA's port of HL7."""
DEVICE_PORT = 6661


def listen(hospital: Hospital, device: Device, what: str, *, port: int = PORT, apy: bool = False) -> None:
    """Starts an MLLP listener: of ``hl7``, or of ``hl7apy`` with ``apy``."""
    program = "mllp_device_gateway.py" if apy else "mllp_listener.py"
    argv = [*hospital.python(program), str(port)]
    hospital.lasting(device.name, what, argv, port=port, application="hl7")


def send(hospital: Hospital, sender: str, receiver: str, message: str, what: str, *, port: int = PORT) -> None:
    """Sends one message over a connection of its own, with the command that ``hl7`` brings."""
    file = hospital.scratch / f"message-{sender}-{abs(hash(message)) % 10**12}.hl7"
    # The plan's messages bear no time of their own: what is sent says when it is sent.
    told = message.replace(records.STORY_TIME, hospital.told())
    file.write_bytes(b"\x0b" + told.encode() + b"\x1c\r")
    argv = [hospital.command("mllp_send"), "-f", str(file), "-p", str(port), hospital.full_name(receiver)]
    hospital.do(sender, what, argv, server=receiver, port=port, application="hl7", timeout_seconds=60)
    hospital.announces(sender, "hl7.field", message.split("|")[2])


def introduced(hospital: Hospital, device: Device) -> None:
    """States that a device names itself in its reports: see ``records.device_results``."""
    for text in (device.serial, device.model.model, device.model.announced_vendor, device.model.firmware):
        hospital.announces(device.name, "hl7.field", text)


def report(
    hospital: Hospital,
    device: Device,
    receiver: str,
    messages: list[str],
    *,
    every_seconds: float,
    keep: bool,
    port: int = DEVICE_PORT,
) -> None:
    """Lets a device report by itself, the messages in turn, over one kept connection or one for each.

    The client is ``hl7``'s; the messages are ours.
    """
    file = hospital.scratch / f"reports-{device.name}.json"
    file.write_text(json.dumps([message.replace(records.STORY_TIME, hospital.told()) for message in messages]))
    length = "keep" if keep else "each"
    argv = [*hospital.python("mllp_reporter.py"), hospital.full_name(receiver), str(port), str(file)]
    hospital.lasting(device.name, "reports by HL7", [*argv, str(every_seconds), length], application="hl7", talks=True)
    hospital.announces(device.name, "hl7.field", messages[0].split("|")[2])
    hospital.says(device.name, messages="made by the lab (lab/hospital/parts/records.py), sent by the hl7 package")
