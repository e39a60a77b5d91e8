"""An MLLP listener by the ``hl7`` package: its own asyncio server, its own acknowledgements.

Runs in the lab's own environment: ``python mllp_listener.py PORT``.
"""

from __future__ import annotations

import asyncio
import sys

from hl7.mllp import HL7StreamReader, HL7StreamWriter, start_hl7_server


async def answer(reader: HL7StreamReader, writer: HL7StreamWriter) -> None:
    """Acknowledges every message until the sender goes away."""
    try:
        while not writer.is_closing():
            message = await reader.readmessage()
            writer.writemessage(message.create_ack())
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main() -> None:
    """Listens on every address."""
    server = await start_hl7_server(answer, host="0.0.0.0", port=int(sys.argv[1]))
    async with server:
        await server.serve_forever()


asyncio.run(main())
