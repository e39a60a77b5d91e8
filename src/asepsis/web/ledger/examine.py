"""Looks at the ledger: hashes all of it anew, and shows its checkpoints to the witness that the hospital set."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Final

from django.utils import timezone
from django_tasks import task

from asepsis.kernel.errors import AsepsisError
from asepsis.ledger import LedgerError
from asepsis.ledger.checking import check
from asepsis.ledger.note import Verifier, read_verifier
from asepsis.ledger.witnessing import WitnessRefusedError, show
from asepsis.web.ledger.models import Examination
from asepsis.web.ledger.opened import ledger
from asepsis.web.people.models import Person
from asepsis.web.settings import CONFIGURATION

# A check of a million entries takes some 20 seconds; one that is said to run for an hour was killed.
ABANDONED: Final = timedelta(hours=1)
# The witness is asked every few minutes; what it said last week is no news.
WITNESS_ROWS_KEPT: Final = timedelta(days=7)


@task()
def check_everything(examination_id: str) -> None:
    """Hashes every entry anew and writes down what was found."""
    examination = Examination.objects.get(pk=examination_id)
    told = time.monotonic()

    def progress(done: int, size: int) -> None:
        nonlocal told
        if time.monotonic() - told > 1:
            told = time.monotonic()
            message = f"{done:,} of {size:,} entries"
            Examination.objects.filter(pk=examination_id).update(entries=done, message=message)

    try:
        found = check(ledger(), progress=progress)
    except AsepsisError as error:
        _end(examination, Examination.State.FAILED, error.message)
        return
    examination.entries = found.entries
    examination.findings = [{"first": one.first, "last": one.last, "what": one.what} for one in found.findings]
    if found.passed:
        said = f"{found.entries:,} entries are what {found.checkpoints:,} signed checkpoints say"
        _end(examination, Examination.State.PASSED, said)
    else:
        _end(examination, Examination.State.FOUND, f"{len(found.findings)} findings")


def begin_check(person: Person) -> Examination | None:
    """Begins a check of every entry, as a job; None while one is running. To be called in a transaction."""
    running = latest(Examination.Kind.CHECK)
    if running is not None and running.state == Examination.State.RUNNING:
        return None
    examination = Examination.objects.create(kind=Examination.Kind.CHECK, asked_by=person)
    check_everything.enqueue(str(examination.pk))
    return examination


def show_to_witness() -> Examination | None:
    """Keeps a checkpoint and shows it to the witness that is set.

    Returns:
        What came of it, or None where nothing is recorded yet or no witness is set.
    """
    settings = CONFIGURATION.ledger
    try:
        checkpoint = ledger().checkpoint()
    except LedgerError as error:
        if error.code == "ledger-empty":
            return None
        raise
    if not settings.witness:
        return None
    Examination.objects.filter(kind=Examination.Kind.WITNESS, begun__lt=timezone.now() - WITNESS_ROWS_KEPT).exclude(
        state=Examination.State.FOUND
    ).delete()
    examination = Examination(kind=Examination.Kind.WITNESS, entries=checkpoint.size)
    try:
        show(ledger(), checkpoint, settings.witness, witness_key(), time.time_ns())
    except WitnessRefusedError as error:
        _end(examination, Examination.State.FOUND, error.message)
    except AsepsisError as error:
        _end(examination, Examination.State.FAILED, error.message)
    else:
        _end(examination, Examination.State.PASSED, f"{checkpoint.size:,} entries")
    return examination


def witness_key() -> Verifier | None:
    """The key of the witness that is set, or None."""
    return read_verifier(CONFIGURATION.ledger.witness_key) if CONFIGURATION.ledger.witness_key else None


def latest(kind: str) -> Examination | None:
    """The latest examination of a kind; one that never ended is said to have failed."""
    found = Examination.objects.filter(kind=kind).first()
    if found is not None and found.state == Examination.State.RUNNING and timezone.now() - found.begun > ABANDONED:
        _end(found, Examination.State.FAILED, "it was interrupted")
    return found


def _end(examination: Examination, state: str, message: str) -> None:
    examination.state = state
    examination.message = message[:300]
    examination.ended = timezone.now()
    examination.save()
