"""Records that wait for the ledger."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone


class OutboxRecord(models.Model):
    """What happened, written in the transaction of the change itself, until the ledger holds it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    written = models.DateTimeField(default=timezone.now, editable=False)
    body = models.JSONField()

    class Meta:
        ordering = ("written", "id")

    def __str__(self) -> str:
        return f"{self.body.get('action', '')} at {self.written:%Y-%m-%d %H:%M:%S}"
