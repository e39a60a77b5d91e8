"""An interface engine by the ``hl7`` package: acknowledges every message and passes it on by its type.

``python mllp_engine.py PORT TYPE,TYPE=HOST:PORT ...``: the connection to a receiver is opened for the first message
and kept; a receiver that is away loses the message, which the log says.
"""

from __future__ import annotations

import asyncio
import sys

from hl7.mllp import HL7StreamReader, HL7StreamWriter, open_hl7_connection, start_hl7_server

ROUTES = [(words.split("=")[0].split(","), words.split("=")[1].rsplit(":", 1)) for words in sys.argv[2:]]
kept: dict[str, tuple[HL7StreamReader, HL7StreamWriter]] = {}


async def pass_on(message: object, host: str, port: str) -> None:
    """Sends one message to one receiver and waits for its acknowledgement."""
    try:
        if host not in kept:
            kept[host] = await open_hl7_connection(host, int(port))
        reader, writer = kept[host]
        writer.writemessage(message)
        await writer.drain()
        await asyncio.wait_for(reader.readmessage(), 10)
    except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
        kept.pop(host, None)
        print(f"{host}:{port}: {error!r}", flush=True)


async def answer(reader: HL7StreamReader, writer: HL7StreamWriter) -> None:
    """Acknowledges and passes on until the sender goes away."""
    try:
        while not writer.is_closing():
            message = await reader.readmessage()
            writer.writemessage(message.create_ack(application="LABENGINE"))
            await writer.drain()
            kind = str(message.segment("MSH")[9]).split("^")[0]
            for types, (host, port) in ROUTES:
                if kind in types:
                    await pass_on(message, host, port)
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
