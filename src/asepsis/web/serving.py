"""Starts what the web needs: tables, TLS, the worker of jobs, the sensor, the servers of pages; ends them in order.

This process answers requests too, and does what must be done once; ``answering`` is what else answers.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import django

if TYPE_CHECKING:
    from asepsis.web.children import Child

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "asepsis.web.settings")

WORKER: Final = "asepsis.web.jobs.worker"
SENSOR: Final = "asepsis.web.jobs.sensor"
ANSWERING: Final = "asepsis.web.answering"
# Longer than the server gives the last answers, so that none is cut off by it.
ANSWERING_GRACE_SECONDS: Final = 15.0
CERTIFICATE_LOOKED_AT_SECONDS: Final = 3600.0


def serve(announce: Callable[[dict[str, str]], None]) -> None:
    """Serves until SIGINT or SIGTERM ends it; what it started ends with it.

    Args:
        announce: Told once everything is ready to be served: ``address``, and where they apply ``fingerprint`` of our
            own authority and ``first_administrator``, the link for who comes first.

    Raises:
        ConfigurationError: What is set cannot be served safely.
        PolicyError: A policy of the hospital's own is at fault.
        OSError: The address cannot be listened on.
    """
    django.setup()
    from django.conf import settings

    from asepsis.web import transport
    from asepsis.web.keeping.upgrade import upgrade
    from asepsis.web.ledger.keeper import drain_and_say
    from asepsis.web.people import invitations
    from asepsis.web.settings import CONFIGURATION, WORKSPACE
    from asepsis.web.settling import clear, settle

    settle()
    secured = transport.prepare(CONFIGURATION.web, WORKSPACE, now=datetime.now(UTC))
    upgrade(WORKSPACE)
    # Asks the jobs, whose table the upgrade makes.
    clear()
    # What the last run left behind comes first; while the ledger cannot be written, requests are refused.
    drain_and_say()
    token = None if settings.LOGIN_URL == "demo" else invitations.invite_first_administrator()
    asyncio.run(_run(announce, secured, token))


async def _run(announce: Callable[[dict[str, str]], None], secured: Any, token: str | None) -> None:
    from django.conf import settings

    from asepsis.web.children import Child, run_once
    from asepsis.web.devices.refreshing import follow, refreshed
    from asepsis.web.exposure.refreshing import MODULE as EXPOSURE
    from asepsis.web.exposure.refreshing import follow as examine
    from asepsis.web.feeds.fetching import follow as fetch
    from asepsis.web.ledger.keeper import keep
    from asepsis.web.server import server_of
    from asepsis.web.settings import CONFIGURATION
    from asepsis.web.shared import shared
    from asepsis.web.webhooks.following import follow as tell

    web = CONFIGURATION.web
    listening = _listen(web.host, web.port)
    memory = shared()
    others = answering(listening, web.processes_wanted - 1)
    server = server_of(listening, memory, 0, secured)
    asked_to_end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked_to_end.set)
    children = [Child(WORKER)]
    if CONFIGURATION.sensor.interface:
        children.append(Child(SENSOR))
    kept = [asyncio.create_task(child.keep()) for child in children]
    once = [asyncio.create_task(keep())]
    await refreshed()
    if settings.LOGIN_URL == "demo":
        # A demo is small, and what it shows should be there when somebody looks.
        await run_once(EXPOSURE)
    once += [asyncio.create_task(one()) for one in (follow, examine, tell, fetch)]
    if secured is not None:
        once.append(asyncio.create_task(_renew(server.config.ssl, secured)))
    kept += [asyncio.create_task(other.keep()) for other in others]
    announce(_announcement(secured, token))
    serving = asyncio.create_task(server.serve())
    ending = asyncio.create_task(asked_to_end.wait())
    try:
        await asyncio.wait((serving, ending), return_when=asyncio.FIRST_COMPLETED)
        # All processes give their last answers at the same time.
        server.should_exit = True
        await asyncio.gather(serving, *(other.stop() for other in others))
    finally:
        for task in (ending, *once):
            task.cancel()
        await asyncio.gather(*(child.stop() for child in (*children, *others)))
        await asyncio.gather(ending, *kept, *once, return_exceptions=True)


def answering(listening: socket.socket, count: int) -> list[Child]:
    """The processes that answer beside this one, not started yet."""
    from asepsis.web.children import Child
    from asepsis.web.shared import shared

    memory = shared()
    return [
        Child(
            ANSWERING,
            str(listening.fileno()),
            str(memory.descriptor),
            str(place),
            descriptors=(listening.fileno(), memory.descriptor),
            grace_seconds=ANSWERING_GRACE_SECONDS,
        )
        for place in range(1, count + 1)
    ]


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens, or the system's error before anything else was begun."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(socket.SOMAXCONN)
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        raise OSError(error.errno, f"{host}:{port} cannot be listened on: {error.strerror}") from error
    return listening


def _announcement(secured: Any, token: str | None) -> dict[str, str]:
    from asepsis.web import transport
    from asepsis.web.people import invitations
    from asepsis.web.settings import CONFIGURATION

    web = CONFIGURATION.web
    told = {"address": web.address}
    if secured is not None and secured.authority is not None:
        told["fingerprint"] = transport.fingerprint(secured)
        told["authority"] = f"{told['address']}authority.pem"
    if token is not None:
        told["first_administrator"] = f"{told['address']}{invitations.address(token)}"
    return told


async def _renew(context: Any, secured: Any) -> None:
    """Our own certificate is made anew before it ends, and a new one of the hospital is taken, without a restart."""
    from asepsis.web import transport
    from asepsis.web.configuration import ConfigurationError
    from asepsis.web.settings import CONFIGURATION, WORKSPACE

    while True:
        await asyncio.sleep(CERTIFICATE_LOOKED_AT_SECONDS)
        try:
            renewed = transport.prepare(CONFIGURATION.web, WORKSPACE, now=datetime.now(UTC))
            if renewed is not None:
                transport.load(context, renewed)
        except ConfigurationError:
            # Half of a new pair may lie there at this moment; what is loaded goes on.
            continue
