"""Scans and penetration tests as people propose, approve and follow them."""

from __future__ import annotations

import secrets
import uuid

from django.db import models
from django.utils import timezone


def new_scan_id() -> str:
    """Short enough to type: it stands in the command that runs the scan."""
    return secrets.token_hex(5)


class Scan(models.Model):
    """One scan: proposed by one person, approved or refused by another, run at the machine."""

    class State(models.TextChoices):
        """Where people have brought it; how a run stands, its folder says."""

        PROPOSED = "proposed", "Waits for approval"
        APPROVED = "approved", "Approved"
        REFUSED = "refused", "Refused"
        STOPPED = "stopped", "Stopped"

    id = models.CharField(primary_key=True, max_length=32, default=new_scan_id, editable=False)
    site = models.ForeignKey("facilities.Site", on_delete=models.PROTECT)
    reason = models.CharField(max_length=500)
    """What for, in the proposer's words."""
    plan = models.CharField(max_length=64)
    """SHA-256 of the plan, hexadecimal."""
    targets = models.JSONField(default=list)
    """As in the plan: whom it asks what."""
    left_out = models.JSONField(default=dict)
    """Reason to how many devices."""
    packets = models.IntegerField(default=0)
    """That may leave in all."""
    proposer = models.ForeignKey("people.Person", on_delete=models.PROTECT, related_name="+")
    decided_by = models.ForeignKey("people.Person", on_delete=models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.PROPOSED)
    created = models.DateTimeField(default=timezone.now, editable=False)
    decided = models.DateTimeField(null=True)
    runs_until = models.DateTimeField(null=True)
    """When the approval ends."""

    class Meta:
        ordering = ("-created", "id")

    def __str__(self) -> str:
        return self.reason


class Engagement(models.Model):
    """One penetration test: its scope is proposed by one person and approved by another."""

    class State(models.TextChoices):
        """Where a test is in its life."""

        DRAFT = "draft", "Being written"
        PROPOSED = "proposed", "Waits for approval"
        APPROVED = "approved", "Approved"
        CLOSED = "closed", "Closed"
        REFUSED = "refused", "Refused"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey("facilities.Site", on_delete=models.PROTECT)
    title = models.CharField(max_length=200)
    testers = models.CharField(max_length=500)
    """Who tests: names and company."""
    networks = models.JSONField(default=list)
    """In scope, such as ``10.20.30.0/24``."""
    devices = models.ManyToManyField("devices.Device", related_name="engagements", blank=True)
    """In scope by themselves."""
    do_not_touch = models.JSONField(default=list)
    """Networks that stay untouched, also inside the scope."""
    rules = models.TextField(max_length=8000, blank=True)
    """Rules of engagement: methods, hours, whom to call when something goes wrong."""
    starts = models.DateTimeField()
    ends = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    summary = models.TextField(max_length=8000, blank=True)
    """For the report's first page."""
    proposer = models.ForeignKey("people.Person", on_delete=models.PROTECT, related_name="+")
    decided_by = models.ForeignKey("people.Person", on_delete=models.PROTECT, null=True, related_name="+")
    created = models.DateTimeField(default=timezone.now, editable=False)
    decided = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created", "id")

    def __str__(self) -> str:
        return self.title


class EngagementFinding(models.Model):
    """One thing that a test found."""

    class Severity(models.TextChoices):
        """How bad it is."""

        CRITICAL = "critical", "Critical"
        HIGH = "high", "High"
        MEDIUM = "medium", "Medium"
        LOW = "low", "Low"
        NOTE = "note", "Note"

    class State(models.TextChoices):
        """Whether it still stands."""

        OPEN = "open", "Open"
        FIXED = "fixed", "Said to be fixed"
        GONE = "gone", "Gone at the retest"
        STANDS = "stands", "Still there at the retest"

    engagement = models.ForeignKey(Engagement, on_delete=models.CASCADE, related_name="findings")
    device = models.ForeignKey("devices.Device", on_delete=models.SET_NULL, null=True, related_name="tested")
    title = models.CharField(max_length=200)
    severity = models.CharField(max_length=10, choices=Severity.choices)
    evidence = models.TextField(max_length=8000)
    recommendation = models.TextField(max_length=4000, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    found = models.DateTimeField(default=timezone.now)
    changed_by = models.ForeignKey("people.Person", on_delete=models.PROTECT, related_name="+")
    retested = models.DateTimeField(null=True)
    retest = models.TextField(max_length=4000, blank=True)
    """What the retest saw."""

    class Meta:
        ordering = ("engagement", "pk")

    def __str__(self) -> str:
        return self.title
