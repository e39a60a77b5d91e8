"""Starts what the web needs: tables, TLS, the worker of jobs, the sensor, the server of pages; ends them in order."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "asepsis.web.settings")

WORKER: Final = "asepsis.web.jobs.worker"
SENSOR: Final = "asepsis.web.jobs.sensor"
CERTIFICATE_LOOKED_AT_SECONDS: Final = 3600.0


def serve(announce: Callable[[dict[str, str]], None]) -> None:
    """Serves until SIGINT or SIGTERM ends it; worker and sensor end with it.

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

    from asepsis.web import logs, transport
    from asepsis.web.authorisation.asking import engine
    from asepsis.web.keeping.upgrade import upgrade
    from asepsis.web.ledger.keeper import drain_and_say
    from asepsis.web.people import invitations
    from asepsis.web.settings import CONFIGURATION, WORKSPACE

    logs.configure_own(requests=settings.LOG_REQUESTS)
    # A fault in a hospital's own policies is told here, with its line, and not to whoever comes first.
    engine()
    secured = transport.prepare(CONFIGURATION.web, WORKSPACE, now=datetime.now(UTC))
    upgrade(WORKSPACE)
    # What the last run left behind comes first; while the ledger cannot be written, requests are refused.
    drain_and_say()
    # Uploads are buffered beside where they end, not in a small /tmp.
    uploads = WORKSPACE.root / "uploads"
    uploads.mkdir(mode=0o700, exist_ok=True)
    tempfile.tempdir = str(uploads)
    token = None if settings.LOGIN_URL == "demo" else invitations.invite_first_administrator()
    asyncio.run(_run(announce, secured, token))


async def _run(announce: Callable[[dict[str, str]], None], secured: Any, token: str | None) -> None:
    from asepsis.web import transport
    from asepsis.web.asgi import application
    from asepsis.web.children import Child
    from asepsis.web.devices.refreshing import follow, refreshed
    from asepsis.web.ledger.keeper import keep
    from asepsis.web.server import Server, configure
    from asepsis.web.settings import CONFIGURATION
    from asepsis.web.webhooks.following import follow as tell

    web = CONFIGURATION.web
    config = configure(application, host=web.host, port=web.port)
    config.load()
    if secured is not None:
        config.ssl = transport.context(secured)
    listening = _listen(web.host, web.port)
    server = Server(config)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, lambda: setattr(server, "should_exit", True))
    children = [Child(WORKER)]
    if CONFIGURATION.sensor.interface:
        children.append(Child(SENSOR))
    tasks = [asyncio.create_task(child.keep()) for child in children]
    tasks.append(asyncio.create_task(keep()))
    await refreshed()
    tasks.append(asyncio.create_task(follow()))
    tasks.append(asyncio.create_task(tell()))
    if secured is not None:
        tasks.append(asyncio.create_task(_renew(config.ssl, secured)))
    announce(_announcement(secured, token))
    try:
        await server.serve(sockets=[listening])
    finally:
        for task in tasks[len(children) :]:
            task.cancel()
        await asyncio.gather(*(child.stop() for child in children))
        await asyncio.gather(*tasks, return_exceptions=True)


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
