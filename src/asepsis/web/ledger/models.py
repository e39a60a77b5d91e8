"""Records that wait for the ledger, and what examinations of it found."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone


class OutboxRecord(models.Model):
    """What happened, written in the transaction of the change itself, until the ledger holds it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    written = models.DateTimeField(default=timezone.now, editable=False)
    body = models.JSONField()
    """``action`` and ``subject`` for whoever looks at the table, ``entry`` as the ledger spells it."""

    class Meta:
        ordering = ("written", "id")

    def __str__(self) -> str:
        return f"{self.body.get('action', '')} at {self.written:%Y-%m-%d %H:%M:%S}"


class Examination(models.Model):
    """One look at the ledger: all of it hashed anew, or its checkpoint shown to the witness."""

    class Kind(models.TextChoices):
        """What was done."""

        CHECK = "check", "Every entry hashed anew"
        WITNESS = "witness", "Shown to the witness"

    class State(models.TextChoices):
        """How it stands."""

        RUNNING = "running", "Running"
        PASSED = "passed", "Passed"
        FOUND = "found", "Something was found"
        FAILED = "failed", "Could not be done"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    begun = models.DateTimeField(default=timezone.now, editable=False)
    ended = models.DateTimeField(null=True, blank=True)
    entries = models.BigIntegerField(default=0)
    """How many entries were looked at."""
    message = models.CharField(max_length=300, blank=True)
    findings = models.JSONField(default=list)
    """``[{"first", "last", "what"}]``, as the check says them."""
    asked_by = models.ForeignKey("people.Person", on_delete=models.SET_NULL, null=True, blank=True)

    class Meta:
        ordering = ("-begun",)
        indexes = (models.Index(fields=("kind", "-begun")),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} at {self.begun:%Y-%m-%d %H:%M}"
