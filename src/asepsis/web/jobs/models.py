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
        CANCELLED = "cancelled", "Cancelled"

    ANALYSIS = "analysis"
    DOCUMENTS = "documents"
    """Publishers' documents that somebody sent are taken in."""
    SENSOR = "sensor"
    """A live capture: runs beside the queue, so it can be neither cancelled nor repeated here."""

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
    cancel_asked = models.BooleanField(default=False)
    """Somebody wants it to end; it does when it next says how far it is."""
    begun = models.DateTimeField(null=True, blank=True)
    ended = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created",)
        indexes = (models.Index(fields=("state",)),)

    def __str__(self) -> str:
        return self.title

    @property
    def may_be_cancelled(self) -> bool:
        """Whether asking it to end means anything."""
        return self.kind in (self.ANALYSIS, self.DOCUMENTS) and self.state in (self.State.WAITING, self.State.RUNNING)

    @property
    def may_be_repeated(self) -> bool:
        """Whether it ended without having done its work."""
        return self.kind == self.ANALYSIS and self.state in (self.State.FAILED, self.State.CANCELLED)

    @property
    def is_moving(self) -> bool:
        """Whether a page that shows it should ask again."""
        return self.state in (self.State.WAITING, self.State.RUNNING)
