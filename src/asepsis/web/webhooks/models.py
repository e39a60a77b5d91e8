"""Who wants to be told what, and what was told."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone


class Event(models.TextChoices):
    """What can be told. Bodies name devices, jobs and people by their ids and hold nothing of a patient."""

    DEVICE_APPEARED = "device.appeared", "Devices that were never seen before"
    DEVICE_CHANGED = "device.changed", "Devices that are something else now"
    DEVICE_OVERDUE = "device.overdue", "Devices that are silent for longer than their rhythm explains"
    JOB_ENDED = "job.ended", "A job ended, well or not"
    IMPORT_PROPOSED = "import.proposed", "A list waits for approval"
    IMPORT_APPLIED = "import.applied", "A list was put in force"
    BREAK_GLASS_USED = "break_glass.used", "Somebody broke the glass"
    PLAN_CHANGED = "plan.item.changed", "Somebody said how far work of the plan is"
    ACCEPTANCE_PROPOSED = "plan.acceptance.proposed", "A risk waits for a second person to accept it"
    ACCEPTANCE_DECIDED = "plan.acceptance.decided", "A risk was accepted, or not"
    TEST = "webhook.test", "Nothing: somebody tries whether it arrives"


class Webhook(models.Model):
    """One subscription: an address that is told some events."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    url = models.CharField(max_length=500)
    events = models.JSONField(default=list)
    """Values of ``Event``."""
    secret = models.CharField(max_length=300)
    """Sealed with a key that is not in the database."""
    former_secret = models.CharField(max_length=300, blank=True)
    """Signs as well until ``former_until``, so that a receiver can change over."""
    former_until = models.DateTimeField(null=True, blank=True)
    is_active = models.BooleanField(default=True)
    stopped_because = models.CharField(max_length=200, blank=True)
    made_by = models.ForeignKey("people.Person", on_delete=models.SET_NULL, null=True, related_name="+")
    created = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name


class Delivery(models.Model):
    """One event for one webhook: waits here, in the transaction of what happened, until the receiver has taken it."""

    class State(models.TextChoices):
        """Where it is."""

        WAITING = "waiting", "Waiting"
        TAKEN = "taken", "Taken"
        DEAD = "dead", "Given up"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    """The ``webhook-id``: the same at every attempt, so that a receiver knows what it has taken already."""
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=40, choices=Event.choices)
    body = models.JSONField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    happened = models.DateTimeField(default=timezone.now, editable=False)
    since = models.DateTimeField(default=timezone.now)
    """Since when it is attempted; anew when somebody asks for it again."""
    attempts = models.IntegerField(default=0)
    next_attempt = models.DateTimeField(default=timezone.now)
    answered = models.CharField(max_length=200, blank=True)
    """What came of the last attempt, in one line, without anything that the receiver wrote."""
    ended = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-happened", "-id")
        indexes = (
            models.Index(fields=("state", "next_attempt"), name="webhooks_due"),
            models.Index(fields=("webhook", "-happened"), name="webhooks_of_one"),
        )

    def __str__(self) -> str:
        return f"{self.event} for {self.webhook_id}"
