"""What a device was seen doing that a form speaks of: rows of ``posture`` and ``served`` in, observations out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final

from asepsis.devices.address import Reach, reach
from asepsis.devices.device import Device
from asepsis.exposure.weaknesses.judge import judge
from asepsis.exposure.weaknesses.weakness import Seen
from asepsis.kernel.value import value

Row = Mapping[str, Any]

_MARK: Final = '"patient_data_in_clear":true'


class Observation(StrEnum):
    """Something that a device does, seen in packets."""

    PATIENT_DATA = "patient data on the network"
    """It sends or receives them."""
    PATIENT_DATA_CLEAR = "patient data sent unencrypted"
    OWN_NETWORK = "talks with the hospital's systems"
    INTERNET = "talks with the internet"
    MANAGED = "managed from the internet"
    TLS = "TLS agreed on"
    OPEN_SERVICE = "a clinical service that any computer can use"
    ANONYMOUS = "somebody let in without a name"
    OLD_SERVICE = "Telnet or FTP served"
    WIFI = "Wi-Fi"
    BLUETOOTH = "Bluetooth"
    SYSTEM = "an operating system that names itself"


_OF_WEAKNESS: Final = {
    "patient-data-in-clear": Observation.PATIENT_DATA_CLEAR,
    "management-from-internet": Observation.MANAGED,
    "service-without-authentication": Observation.OPEN_SERVICE,
    "anonymous-access": Observation.ANONYMOUS,
    "telnet": Observation.OLD_SERVICE,
    "ftp": Observation.OLD_SERVICE,
}


@value
class Behaviour:
    """What one device was seen doing: each observation with the first thing that shows it."""

    device: str
    seen: dict[Observation, Seen]
    was_watched: bool
    """Anything of it was seen at all: what was not, cannot be missed."""


def observe(posture: Iterable[Row], served: Iterable[Row], device: Device, *, now_ns: int) -> Behaviour:
    """Gathers what one device was seen doing.

    Args:
        posture: Answers to the history's question ``posture``; those of other devices are passed over.
        served: Answers to its question ``served``.
        device: The device that the form speaks of.
        now_ns: For the judgement of weaknesses; nothing here hangs on ends of support.
    """
    said = [row for row in posture if _is_about(row, device)]
    talked = [row for row in served if device.id in (row["client_device"], row["server_device"])]
    seen: dict[Observation, Seen] = {}
    for weakness in judge(said, talked, [device], now_ns=now_ns):
        observation = _OF_WEAKNESS.get(weakness.kind.id)
        if observation is not None:
            for one in weakness.evidence:
                _keep(seen, observation, one)
    for row in said:
        _note_message(seen, row, device)
    for row in talked:
        _note_conversation(seen, row, device)
    for reason in device.evidence:
        if reason.attribute == "os" and reason.value == device.os and reason.weight > 0 and reason.capture:
            times = {"first_ns": device.first_seen_ns, "last_ns": device.last_seen_ns, "count": 1}
            where = {"capture": reason.capture, "packet": reason.packet}
            _keep(seen, Observation.SYSTEM, _seen(f"it is {device.os}", reason.protocol, "", where | times))
    return Behaviour(device=device.id, seen=seen, was_watched=bool(said or talked))


def _is_about(row: Row, device: Device) -> bool:
    if device.id in (row["source_device"], row["destination_device"]):
        return True
    if row["site"] != device.site:
        return False
    return bool({row["source_mac"], row["destination_mac"]} & set(device.macs)) or _speaks_by_bluetooth(row, device)


def _speaks_by_bluetooth(row: Row, device: Device) -> bool:
    """Bluetooth's messages name devices by their addresses, in the facts."""
    return row["protocol"] in ("ble", "hci") and any(f'"address":"{mac}"' in row["facts"] for mac in device.macs)


def _note_message(seen: dict[Observation, Seen], row: Row, device: Device) -> None:
    is_sender = row["source_device"] == device.id
    end = "destination" if is_sender else "source"
    partner = row[f"{end}_device"] or row[f"{end}_ip"]
    shown = {**row, "count": row["messages"]}
    if _MARK in row["facts"]:
        words = f"{row['kind']} with patient data {'sent' if is_sender else 'received'}"
        _keep(seen, Observation.PATIENT_DATA, _seen(words, row["protocol"], partner, shown))
    if row["protocol"] == "tls" and row["kind"] == "ServerHello":
        words = "TLS agreed on, as the server" if is_sender else "TLS agreed on, as the client"
        _keep(seen, Observation.TLS, _seen(words, "tls", partner, shown))
    # Frames of the air name the device itself; those that only speak of it to others do not prove its radio.
    if row["protocol"] == "wifi" and row["source_mac"] in device.macs and row["kind"] != "deauthentication":
        _keep(seen, Observation.WIFI, _seen(f"Wi-Fi: {row['kind']}", "wifi", "", shown))
    if _speaks_by_bluetooth(row, device):
        _keep(seen, Observation.BLUETOOTH, _seen(f"Bluetooth: {row['kind']}", row["protocol"], "", shown))


def _note_conversation(seen: dict[Observation, Seen], row: Row, device: Device) -> None:
    is_client = row["client_device"] == device.id
    end = "server" if is_client else "client"
    partner, ip = row[f"{end}_device"], row[f"{end}_ip"]
    shown = {**row, "count": row["conversations"]}
    application = row["application"] if row["application_by"] == "content" else ""
    words = f"{application or 'a conversation'} at port {row['server_port']}"
    if partner and partner != device.id:
        _keep(seen, Observation.OWN_NETWORK, _seen(words, application or "ip", partner, shown))
    elif not partner and reach(ip) == Reach.PUBLIC:
        _keep(seen, Observation.INTERNET, _seen(words, application or "ip", ip, shown))


def _seen(what: str, protocol: str, partner: str | None, row: Row) -> Seen:
    return Seen(
        what=what,
        protocol=protocol,
        partner=partner or "",
        capture=row["capture"],
        packet=row["packet"],
        count=row["count"],
        first_ns=row["first_ns"],
        last_ns=row["last_ns"],
    )


def _keep(seen: dict[Observation, Seen], observation: Observation, one: Seen) -> None:
    earlier = seen.get(observation)
    if earlier is None or one.first_ns < earlier.first_ns:
        seen[observation] = one
