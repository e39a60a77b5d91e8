"""An analyser's emulator of our own, from the public standard (CLSI LIS01-A2, LIS02-A2): sends one sample's results.

``python astm_analyser.py HOST PORT VENDOR MODEL SERIAL FIRMWARE PATIENT NAME=VALUEUNIT ...``
"""

from __future__ import annotations

import re
import socket
import sys

from astm_frames import ACK, ENQ, EOT, exactly, frame

host, port, vendor, model, serial, firmware, patient, *values = sys.argv[1:]
records = [
    rf"H|\^&|||{vendor}^{model}^{firmware}^{serial}|||||LABMW||P|LIS2-A2|20261121080000",
    f"P|1||{patient}",
    f"O|1|{serial[-4:]}-{patient}||^^^PANEL|R",
]
for number, text in enumerate(values, 1):
    name, value = text.split("=")
    found = re.match(r"([0-9.]+)(.*)", value)
    assert found is not None
    records.append(f"R|{number}|^^^{name}|{found[1]}|{found[2]}||N||F")
records.append("L|1|N")

with socket.create_connection((host, int(port)), timeout=20) as connection:
    for message in (ENQ, *(frame(number, record) for number, record in enumerate(records, 1))):
        connection.sendall(message)
        answer = exactly(connection, 1)
        if answer != ACK:
            sys.exit(f"the receiver answered {answer!r}")
    connection.sendall(EOT)
