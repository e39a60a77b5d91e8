"""Starts what the web needs: tables, the worker of jobs, the server of pages."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable

import django
import uvicorn

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "asepsis.web.settings")

WORKER_GRACE_SECONDS = 10.0


def serve(announce: Callable[[dict[str, str]], None]) -> None:
    """Serves until a signal ends it; the worker ends with it.

    Args:
        announce: Told the address once everything is ready to be served.
    """
    django.setup()
    from django.core.management import call_command

    from asepsis.web.devices.projection import refresh
    from asepsis.web.settings import CONFIGURATION, WORKSPACE

    call_command("migrate", verbosity=0)
    refresh(WORKSPACE)
    worker = subprocess.Popen([sys.executable, "-m", "asepsis.web", "db_worker", "--no-startup-delay"])
    web = CONFIGURATION.web
    announce({"address": f"{'http' if web.tls == 'none' else 'https'}://{web.names[0]}:{web.port}/"})
    try:
        uvicorn.run(
            "asepsis.web.asgi:application",
            host=web.host,
            port=web.port,
            log_level="warning",
            server_header=False,
            lifespan="off",
        )
    finally:
        worker.send_signal(signal.SIGTERM)
        try:
            worker.wait(WORKER_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            worker.kill()
