"""A controller of medical gases as a Modbus/TCP server, by pymodbus: ``... ADDRESS VENDOR MODEL FIRMWARE``."""

from __future__ import annotations

import sys

from pymodbus import ModbusDeviceIdentification
from pymodbus.datastore import ModbusDeviceContext, ModbusSequentialDataBlock, ModbusServerContext
from pymodbus.server import StartTcpServer

address, vendor, model, firmware = sys.argv[1:]
# Pressures of oxygen, air and vacuum in hundredths of a bar; the rest are zeros.
registers = ModbusSequentialDataBlock(1, [412, 405, 62, 0, 0, 0, 0, 0, 0, 0])
context = ModbusServerContext(devices=ModbusDeviceContext(hr=registers, ir=registers), single=True)
identity = ModbusDeviceIdentification(
    info_name={"VendorName": vendor, "ProductCode": model, "MajorMinorRevision": firmware}
)
StartTcpServer(context, identity=identity, address=(address, 502))
