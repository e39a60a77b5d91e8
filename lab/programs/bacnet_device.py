"""A BACnet device with two values, by bacpypes3.

``python bacnet_device.py ADDRESS/BITS NAME INSTANCE VENDOR MODEL FIRMWARE``
"""

from __future__ import annotations

import asyncio
import sys

from bacpypes3.app import Application
from bacpypes3.argparse import SimpleArgumentParser
from bacpypes3.local.analog import AnalogValueObject

address, name, instance, vendor, model, firmware = sys.argv[1:]


async def main() -> None:
    """Answers for good."""
    words = ["--name", name, "--instance", instance, "--address", address, "--vendoridentifier", "999"]
    app = Application.from_args(SimpleArgumentParser().parse_args(words))
    app.device_object.vendorName = vendor
    app.device_object.modelName = model
    app.device_object.firmwareRevision = firmware
    for number, (what, value) in enumerate((("Supply air temperature", 20.5), ("Room pressure", 15.0)), 1):
        app.add_object(
            AnalogValueObject(objectIdentifier=("analog-value", number), objectName=what, presentValue=value)
        )
    await asyncio.Future()


asyncio.run(main())
