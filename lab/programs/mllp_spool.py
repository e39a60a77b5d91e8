"""Sends every message that is put into a folder, over one MLLP connection by the ``hl7`` package's client.

As an information system does: the connection is opened once and kept. ``python mllp_spool.py HOST PORT FOLDER``;
a message is ``NAME.hl7``, its acknowledgement is written to ``NAME.ack``.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from hl7.client import MLLPClient

folder = Path(sys.argv[3])
with MLLPClient(sys.argv[1], int(sys.argv[2])) as client:
    (folder / "connected").touch()
    while True:
        for message in sorted(folder.glob("*.hl7")):
            answer = client.send_message(message.read_text().replace("\n", "\r"))
            message.unlink()
            message.with_suffix(".ack").write_bytes(answer)
        time.sleep(0.1)
