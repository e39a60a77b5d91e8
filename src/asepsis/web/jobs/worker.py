"""``python -m asepsis.web.jobs.worker``: the process in which jobs run, one after another."""

from __future__ import annotations

import os
import signal
from typing import Final

import django

from asepsis.web.children import die_with_parent

# How long a new job waits at most for a worker that has nothing to do.
POLL_SECONDS: Final = 1.0


def main() -> None:
    """Takes jobs until SIGTERM; the job that runs then is marked as interrupted when the next worker starts."""
    die_with_parent()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "asepsis.web.settings")
    # A job may run for hours: whoever ends the server does not wait for it, and it can be repeated.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    django.setup()
    from django_tasks_db.management.commands.db_worker import Worker

    from asepsis.web import logs
    from asepsis.web.jobs.interrupted import mark_interrupted

    logs.configure_own()
    mark_interrupted()
    Worker(
        queue_names=["*"],
        excluded_queue_names=[],
        interval=POLL_SECONDS,
        batch=False,
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id=f"worker-{os.getpid()}",
    ).run()


if __name__ == "__main__":
    main()
