"""The application as it is served, in a process of its own: ``served prepare``, ``serve [FAULT]`` and ``ready``.

``prepare`` makes the tables of the workspace ``ASEPSIS_HOME`` and one person, and prints the cookies of a session as
JSON. ``serve`` prints the port that it listens on. ``serve together`` answers by two processes as the product does, and
prints the port when both take connections. A planted fault takes a control out, so that a test shows that it would
notice: ``unforced`` writes nothing through to the disk, ``unrecorded`` leaves the ledger's middleware out.

``ready`` reads the code once, and does no more: for each line that it reads it begins a process that serves with that
fault, prints its pid, and prints ``ended`` when that process has ended. Each does all that a start of the product does
but for the reading of the code, which takes seconds.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import socket
import sqlite3
import sys
from pathlib import Path
from typing import Any

USER = "ada"


def prepare() -> None:
    """A workspace with one engineer who is signed in by a passkey."""
    import time

    import django

    from asepsis.pipeline.workspace import Workspace

    # First, so that the key that signs sessions is kept.
    Workspace.place().create()
    django.setup()
    from allauth.account.internal.flows.login import (
        _AUTHENTICATION_METHODS_USER_SESSION_KEY,
        AUTHENTICATION_METHODS_SESSION_KEY,
    )
    from allauth.mfa.models import Authenticator
    from django.conf import settings
    from django.core.management import call_command
    from django.test import Client

    from asepsis.web.facilities.models import Site
    from asepsis.web.people.models import Person, RoleGrant

    call_command("migrate", verbosity=0)
    person = Person.objects.create_user(username=USER)
    RoleGrant.objects.create(person=person, role="security_analyst")
    Site.objects.create(name="north")
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    passkey = Authenticator.objects.create(
        user=person, type=Authenticator.Type.WEBAUTHN, data={"backup_eligible": False}
    )
    session = client.session
    proof = {"method": "mfa", "at": time.time(), "type": "webauthn", "id": passkey.pk}
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [proof]
    session[_AUTHENTICATION_METHODS_USER_SESSION_KEY] = str(person.pk)
    session.save()
    print(json.dumps({settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value}))  # noqa: T201


def serve(fault: str, said: int) -> None:
    """Serves until it is killed; its port is written to the descriptor ``said``."""
    if fault == "unforced":
        _force_nothing()
    import django

    django.setup()
    from django.conf import settings

    if fault == "unrecorded":
        settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if "ledger" not in one]
    from asepsis.web.ledger.keeper import drain_and_say

    assert drain_and_say()
    asyncio.run(_serve(1 if fault == "together" else 0, said))


def ready() -> None:
    """Begins a process for each line until there is none."""
    import django

    django.setup()
    from django.db import connections
    from django.urls import get_resolver

    importlib.import_module("asepsis.web.ledger.keeper")
    importlib.import_module("asepsis.web.server")
    importlib.import_module("asepsis.web.serving")
    assert get_resolver().url_patterns
    # A child would have to share connections, and would lack threads.
    assert all(one.connection is None for one in connections.all(initialized_only=True))
    assert len(list(Path("/proc/self/task").iterdir())) == 1
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                serve(line.strip(), _apart())
            finally:
                os._exit(1)
        os.write(sys.stdout.fileno(), f"pid {child}\n".encode())
        os.waitpid(child, 0)
        os.write(sys.stdout.fileno(), b"ended\n")


def _apart() -> int:
    """Where this process says its port; its log goes elsewhere, lest a line that a kill cuts hides another."""
    said = os.dup(sys.stdout.fileno())
    elsewhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(elsewhere, sys.stdout.fileno())
    os.close(elsewhere)
    return said


async def _serve(others: int, said: int) -> None:
    from asepsis.web.server import server_of
    from asepsis.web.serving import answering
    from asepsis.web.shared import shared

    listening = socket.create_server(("127.0.0.1", 0))
    listening.setblocking(False)
    server = server_of(listening, shared(), 0, None)
    kept = [asyncio.create_task(child.keep()) for child in answering(listening, others)]
    # Another says that it has something to do, however little, when it takes connections.
    while kept and not shared().is_another_less_busy(0, 1):
        await asyncio.sleep(0.01)
    os.write(said, f"{listening.getsockname()[1]}\n".encode())
    await server.serve()


def _force_nothing() -> None:
    real: Any = sqlite3.connect

    class Unforced(sqlite3.Connection):
        def execute(self, sql: str, *more: Any) -> sqlite3.Cursor:
            return super().execute(sql.replace("synchronous = FULL", "synchronous = OFF"), *more)

    def connect(*some: Any, **more: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = real(*some, **{"factory": Unforced, **more})
        return connection

    setattr(sqlite3, "connect", connect)  # noqa: B010  # a planted fault, which the types rightly forbid


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "asepsis.web.settings"
    if sys.argv[1] == "prepare":
        prepare()
    elif sys.argv[1] == "ready":
        ready()
    else:
        serve(sys.argv[2] if len(sys.argv) > 2 else "", sys.stdout.fileno())
