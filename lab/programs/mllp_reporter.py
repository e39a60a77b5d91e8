"""Sends prepared HL7 messages in turn, again and again, by the ``hl7`` package's client, as a bedside device does.

``python mllp_reporter.py HOST PORT MESSAGES.json SECONDS keep|each``: over one kept connection, or one for each.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from pathlib import Path

from hl7.client import MLLPClient

host, port, file, seconds, length = sys.argv[1:]
FIRST_SECONDS = 6.0
messages = json.loads(Path(file).read_text())
pause = float(seconds)
# Devices of one kind do not all speak in the same instant.
time.sleep(min(pause, FIRST_SECONDS) * (int.from_bytes(Path("/etc/machine-id").read_bytes()[:2], "big") % 97) / 97)
client = None
for message in itertools.cycle(messages):
    try:
        if client is None:
            client = MLLPClient(host, int(port))
        client.send_message(message)
        if length == "each":
            client.close()
            client = None
    except OSError:
        client = None  # the receiver is not there yet, or no more: the device goes on trying
    time.sleep(pause)
