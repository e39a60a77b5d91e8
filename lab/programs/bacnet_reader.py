"""An operator's station that finds BACnet devices and reads them, by bacpypes3: ``... ADDRESS/BITS SECONDS``."""

from __future__ import annotations

import asyncio
import sys

from bacpypes3.apdu import ErrorRejectAbortNack
from bacpypes3.app import Application
from bacpypes3.argparse import SimpleArgumentParser
from bacpypes3.primitivedata import ObjectIdentifier

address, seconds = sys.argv[1], float(sys.argv[2])
PROPERTIES = ("object-name", "vendor-name", "model-name", "firmware-revision")


async def main() -> None:
    """Reads for good: names once, values always."""
    words = ["--name", "operator", "--instance", "900", "--address", address]
    app = Application.from_args(SimpleArgumentParser().parse_args(words))
    known: set[str] = set()
    while True:
        for heard in await app.who_is():
            try:
                if str(heard.pduSource) not in known:
                    for what in PROPERTIES:
                        await app.read_property(heard.pduSource, heard.iAmDeviceIdentifier, what)
                    known.add(str(heard.pduSource))
                await app.read_property(heard.pduSource, ObjectIdentifier("analog-value,1"), "present-value")
            except ErrorRejectAbortNack as error:
                print(heard.pduSource, error, flush=True)
        await asyncio.sleep(seconds)


asyncio.run(main())
