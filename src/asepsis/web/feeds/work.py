"""The job that takes in documents that somebody sent, and how it says how far it is."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

from django.db import transaction
from django_tasks import task

from asepsis.kernel.errors import AsepsisError
from asepsis.pipeline.feeds import Update
from asepsis.web.authorisation.actions import Action
from asepsis.web.feeds.taking import sweep, take
from asepsis.web.jobs.models import Job
from asepsis.web.jobs.work import SECONDS_BETWEEN, CancelledError, advance, begin, end
from asepsis.web.ledger.record import record_of_system

LISTED_LIMIT: Final = 200
"""Files that the job names of each sort; the page of feeds and ``asepsis feeds problems`` name more."""


@task()
def take_documents(job_id: str) -> None:
    """Takes in the file of a job; nothing of it is kept but what the store of feeds took."""
    job = Job.objects.get(pk=job_id)
    path = Path(job.arguments["path"])
    sweep()
    try:
        if job.cancel_asked:
            raise CancelledError
        begin(job)
        update = take(path, job.arguments["name"], _teller(job))
    except CancelledError:
        end(job, Job.State.CANCELLED, "cancelled; nothing was taken", {})
        return
    except AsepsisError as error:
        end(job, Job.State.FAILED, error.message, {"code": error.code, "hint": error.hint})
        return
    except FileNotFoundError:
        end(job, Job.State.FAILED, "the file is no longer there: send it again", {})
        return
    except Exception:
        end(job, Job.State.FAILED, "an error that should not happen; the log says more", {})
        raise
    finally:
        path.unlink(missing_ok=True)
    what = {
        "added": len(update.added),
        "replaced": len(update.replaced),
        "unread": len(update.unread),
        "step": "taken",
        "job": str(job.pk),
    }
    with transaction.atomic():
        record_of_system(Action.FEED_MANAGE, actor=f"person:{job.started_by_id}", subject="feeds", what=what)
    end(job, Job.State.DONE if read_any(update) else Job.State.FAILED, words_of(update), {"documents": _told(update)})


def _teller(job: Job) -> Any:
    written = 0.0

    def tell(fraction: float, message: str) -> None:
        nonlocal written
        if time.monotonic() - written < SECONDS_BETWEEN:
            return
        written = time.monotonic()
        advance(job, fraction, message)
        if Job.objects.filter(pk=job.pk, cancel_asked=True).exists():
            raise CancelledError

    return tell


def read_any(update: Update) -> bool:
    """Whether anything in what was sent was a document."""
    return bool(update.added or update.replaced or update.unchanged or update.older)


def words_of(update: Update) -> str:
    """What taking in did, in one sentence."""
    told = [f"{len(update.added):,} new", f"{len(update.replaced):,} renewed", f"{update.unchanged:,} held already"]
    if update.older:
        told.append(f"{len(update.older):,} older than what is held")
    if update.unread:
        told.append(f"{len(update.unread):,} not taken")
    return "Documents: " + ", ".join(told) + "."


def _told(update: Update) -> dict[str, Any]:
    """As ``asepsis feeds update --json``; of long lists the first."""
    document = update.document()
    counts = {f"{name}_count": len(document[name]) for name in ("older", "unread", "problems")}
    return {name: of[:LISTED_LIMIT] if isinstance(of, list) else of for name, of in document.items()} | counts
