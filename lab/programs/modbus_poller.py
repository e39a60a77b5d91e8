"""An operator's station that polls Modbus controllers, by pymodbus: ``python modbus_poller.py SECONDS ADDRESS ...``."""

from __future__ import annotations

import sys
import time

from pymodbus.client import ModbusTcpClient

seconds, addresses = float(sys.argv[1]), sys.argv[2:]
clients = [ModbusTcpClient(address, timeout=5) for address in addresses]
known: set[int] = set()
while True:
    for number, client in enumerate(clients):
        try:
            if not client.connected and not client.connect():
                continue
            if number not in known:
                client.read_device_information(read_code=1)
                known.add(number)
            client.read_holding_registers(0, count=4)
        except Exception as error:  # a controller that is away comes back
            print(addresses[number], error, flush=True)
    time.sleep(seconds)
