"""A data manager's emulator of our own (POCT1-A2, basic profile): acknowledges a meter's messages. ``... PORT``"""

from __future__ import annotations

import re
import socketserver
import sys

LARGEST_MESSAGE_BYTES = 1 << 20
CONTROL = re.compile(rb'<HDR.control_id V="(\d+)"/>')


class Meter(socketserver.BaseRequestHandler):
    """One connection."""

    def handle(self) -> None:
        """Acknowledges until the meter ends the conversation."""
        read, number = b"", 0
        while len(read) < LARGEST_MESSAGE_BYTES and (more := self.request.recv(4096)):
            read += more
            ended = re.search(rb"</(HEL|DST|OBS|END)\.R01>", read)
            if ended is None:
                continue
            named = CONTROL.search(read)
            number += 1
            self.request.sendall(
                f'<ACK.R01><HDR><HDR.message_type V="ACK.R01"/><HDR.control_id V="{number}"/>'
                '<HDR.version_id V="POCT1"/><HDR.creation_dttm V="2026-11-21T08:00:00+00:00"/></HDR>'
                f'<ACK><ACK.type_cd V="AA"/><ACK.ack_control_id V="{named[1].decode() if named else 0}"/></ACK>'
                "</ACK.R01>".encode()
            )
            if ended[1] == b"END":
                return
            read = b""


socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("0.0.0.0", int(sys.argv[1])), Meter).serve_forever()
