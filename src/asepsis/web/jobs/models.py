"""Jobs and how far they are."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone


class Job(models.Model):
    """One piece of long work, as people see it; the queue's own row is ``task``."""

    class State(models.TextChoices):
        """Where a job is in its life."""

        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    fraction = models.FloatField(default=0.0)
    """How much is done, 0..1."""
    message = models.CharField(max_length=300, blank=True)
    """What it is at, or how it ended, in one line."""
    arguments = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    task = models.CharField(max_length=64, blank=True)
    site = models.ForeignKey("facilities.Site", on_delete=models.PROTECT, null=True, blank=True)
    started_by = models.ForeignKey("people.Person", on_delete=models.SET_NULL, null=True, blank=True)
    created = models.DateTimeField(default=timezone.now, editable=False)
    begun = models.DateTimeField(null=True, blank=True)
    ended = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created",)
        indexes = (models.Index(fields=("state",)),)

    def __str__(self) -> str:
        return self.title
