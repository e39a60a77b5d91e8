"""The air of a patient's home: what worn sensors and an insulin pump say by Bluetooth LE, and what reads them.

An emulator of the lab's own: the devices' services are made from their public specifications (Bluetooth SIG). The stack
on both sides, from the host to the controllers and the link between them, is Bumble's. What is recorded is what passes
between the reading host (a hub, a telephone) and its controller, as a telephone's own log does it: no frame is made
here.

Arguments: a JSON file with ``reader`` (name, address) and ``devices`` (name, address, appearance, company, services,
maker, model, serial, firmware), the capture to write, and how many readings are taken of each device.
"""

from __future__ import annotations

import asyncio
import json
import struct
import sys
from pathlib import Path
from typing import Any

from bumble.controller import Controller
from bumble.core import UUID, AdvertisingData
from bumble.device import Device, Peer
from bumble.gatt import Characteristic, Service
from bumble.hci import Address
from bumble.host import Host
from bumble.link import LocalLink
from bumble.profiles.device_information_service import DeviceInformationService
from bumble.snoop import PcapSnooper
from bumble.transport.common import AsyncPipeSink

TIME_LIMIT_SECONDS = 60.0
# The measurement of each service (Bluetooth SIG, Assigned Numbers), and a value as its specification lays it out.
MEASUREMENTS: dict[str, tuple[str, bytes]] = {
    "180D": ("2A37", struct.pack("<BB", 0, 71)),  # heart rate: flags, beats a minute
    "1822": ("2A5F", struct.pack("<BHH", 0, 97, 71)),  # pulse oximeter, continuous: flags, SpO2, pulse rate
    "1810": ("2A35", struct.pack("<BHHH", 0, 122, 78, 92)),  # blood pressure: flags, systolic, diastolic, mean
    "181D": ("2A9D", struct.pack("<BH", 0, 14240)),  # weight: flags, in steps of 5 g
    "181F": ("2AA7", struct.pack("<BBHH", 6, 0, 108, 5)),  # continuous glucose: size, flags, concentration, minutes
    "183A": ("2B20", struct.pack("<BH", 0, 0)),  # insulin delivery: status changed
}


def _stack(name: str, address: str, link: LocalLink) -> Device:
    controller = Controller(name, link=link, public_address=None)
    return Device(name=name, address=Address(address), host=Host(controller, AsyncPipeSink(controller)))


def _advertised(said: dict[str, Any]) -> bytes:
    """What the device says to everybody (Core specification supplement, part A)."""
    services = b"".join(bytes(UUID.from_16_bits(int(one, 16))) for one in said["services"])
    return bytes(
        AdvertisingData(
            [
                (AdvertisingData.FLAGS, bytes([6])),
                (AdvertisingData.COMPLETE_LOCAL_NAME, said["name"].encode()),
                (AdvertisingData.APPEARANCE, struct.pack("<H", said["appearance"])),
                (AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS, services),
            ]
        )
    )


async def _play(scene: dict[str, Any], file: Path, readings: int) -> None:
    link = LocalLink()
    reader = _stack(scene["reader"]["name"], scene["reader"]["address"], link)
    with file.open("wb") as written:
        reader.host.snooper = PcapSnooper(written)
        await reader.power_on()
        for said in scene["devices"]:
            await _read(reader, said, link, readings)


async def _read(reader: Device, said: dict[str, Any], link: LocalLink, readings: int) -> None:
    device = _stack(said["name"], said["address"], link)
    device.add_service(
        DeviceInformationService(
            manufacturer_name=said["maker"],
            model_number=said["model"],
            serial_number=said["serial"],
            firmware_revision=said["firmware"],
        )
    )
    notified = []
    for uuid in said["services"]:
        number, measured = MEASUREMENTS[uuid]
        kind = Characteristic.Properties
        one = Characteristic(UUID(number), kind.NOTIFY | kind.READ, Characteristic.READABLE, measured)
        device.add_service(Service(UUID(uuid), [one]))
        notified.append((one, measured))
    await device.power_on()
    seen = asyncio.get_running_loop().create_future()

    def heard(advertisement: Any) -> None:
        if str(advertisement.address).split("/")[0] == said["address"] and not seen.done():
            seen.set_result(None)

    reader.on("advertisement", heard)
    await reader.start_scanning(legacy=True)
    await device.start_advertising(advertising_data=_advertised(said), advertising_interval_min=20.0)
    await seen
    await reader.stop_scanning()
    connection = await reader.connect(Address(said["address"]))
    peer = Peer(connection)
    await peer.discover_services()
    for service in peer.services:
        await peer.discover_characteristics(service=service)
        for characteristic in service.characteristics:
            if kind.NOTIFY in characteristic.properties:
                await peer.subscribe(characteristic, lambda value: None)
            else:
                await peer.read_value(characteristic)
    for _ in range(readings):
        for characteristic, measured in notified:
            await device.notify_subscribers(characteristic, measured)
        await asyncio.sleep(0.05)
    await connection.disconnect()
    await device.power_off()


def main() -> None:
    """Plays one scene."""
    scene, file, readings = sys.argv[1:]
    play = _play(json.loads(Path(scene).read_text()), Path(file), int(readings))
    asyncio.run(asyncio.wait_for(play, TIME_LIMIT_SECONDS))


if __name__ == "__main__":
    main()
