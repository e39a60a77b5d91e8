"""A middleware's emulator of our own (CLSI LIS01-A2): acknowledges frames, passes results on as HL7 by ``hl7``.

``python astm_receiver.py PORT HOST:PORT`` (``-`` for nobody).
"""

from __future__ import annotations

import socketserver
import sys

from astm_frames import ACK, ENQ, EOT, ETX, LF, NAK, checksum, exactly
from hl7.client import MLLPClient

LARGEST_MESSAGE_BYTES = 1 << 20


class Analyser(socketserver.BaseRequestHandler):
    """One connection."""

    def handle(self) -> None:
        """Reads messages until the analyser goes away."""
        records: list[str] = []
        while sign := exactly(self.request, 1):
            if sign == ENQ:
                records = []
                self.request.sendall(ACK)
            elif sign == EOT:
                pass_on(records)
            else:
                text = self.frame()
                good = len(text) > 4 and checksum(text[:-4]) == text[-4:-2]
                if good:
                    records.append(text[1 : text.index(ETX)].decode(errors="replace").strip())
                self.request.sendall(ACK if good else NAK)

    def frame(self) -> bytes:
        """What follows STX, to the line feed."""
        read = b""
        while not read.endswith(LF) and len(read) < LARGEST_MESSAGE_BYTES and (one := exactly(self.request, 1)):
            read += one
        return read


def pass_on(records: list[str]) -> None:
    """Sends the results of a message on as one ORU^R01."""
    if sys.argv[2] == "-":
        return
    patient, lines = "", []
    for record in records:
        fields = record.split("|")
        if fields[0] == "P":
            patient = fields[3]
        elif fields[0] == "R":
            lines.append(f"OBX|{fields[1]}|NM|{fields[2].strip('^')}^^L||{fields[3]}|{fields[4]}|||||F")
    head = "MSH|^~\\&|LABMW|LAB|LABLIS|LAB|20261121080000+0000||ORU^R01^ORU_R01|M1|T|2.5"
    host, port = sys.argv[2].rsplit(":", 1)
    try:
        with MLLPClient(host, int(port)) as client:
            client.send_message("\r".join([head, f"PID|||{patient}", "OBR|1|||PANEL", *lines, ""]))
    except OSError as error:
        print(f"{sys.argv[2]}: {error}", flush=True)


socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("0.0.0.0", int(sys.argv[1])), Analyser).serve_forever()
