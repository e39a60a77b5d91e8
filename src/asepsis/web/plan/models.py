"""The plan in SQL: pieces of work, written by the projection alone, and what people say of them."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from asepsis.exposure.plan.tickets import Progress
from asepsis.exposure.plan.work import Kind


class PlanItem(models.Model):
    """One piece of work: an action on all devices of one product at one site. It stays when it is in no plan."""

    KINDS = [(kind.value, kind.value.capitalize()) for kind in Kind]

    id = models.CharField(primary_key=True, max_length=20)
    """As ``asepsis plan`` gives it."""
    site = models.ForeignKey("facilities.Site", on_delete=models.PROTECT, related_name="plan_items")
    action = models.CharField(max_length=60)
    kind = models.CharField(max_length=16, choices=KINDS)
    title = models.CharField(max_length=200)
    who = models.CharField(max_length=40)
    product = models.CharField(max_length=500)
    """As people call it."""
    category = models.CharField(max_length=64, blank=True)
    vendor = models.CharField(max_length=200, blank=True)
    model = models.CharField(max_length=200, blank=True)
    hours = models.FloatField()
    removed = models.FloatField()
    """Points of risk that it takes away, of all its devices together."""
    per_hour = models.FloatField()
    """Of its bundle: points an hour."""
    bundle = models.IntegerField()
    place = models.IntegerField(null=True)
    """From 1 for what comes first; None while it is in no plan."""
    devices_count = models.IntegerField()
    lower_tier = models.IntegerField()
    """Devices that come into a lower tier by it."""
    sustains_life = models.BooleanField()
    words = models.JSONField(default=list)
    remedies = models.JSONField(default=list)
    """Publishers' words: ``advisory``, ``category``, ``words``."""
    digest = models.CharField(max_length=32)
    """Of all that a refresh would write: a row that says the same is left alone."""

    class Meta:
        ordering = ("place", "id")
        indexes = (
            models.Index(fields=("place", "id"), name="plan_item_by_place"),
            models.Index(fields=("-per_hour", "id"), name="plan_item_by_worth"),
            # A team's list in its order, and what all of it comes to, from the index alone.
            models.Index(
                fields=("who", "place", "id", "hours", "removed"),
                condition=models.Q(place__isnull=False),
                name="plan_item_of_team",
            ),
        )

    def __str__(self) -> str:
        return f"{self.title}: {self.product}"


class PlanDevice(models.Model):
    """What a piece of work promises for one device, when the work before it is done."""

    item = models.ForeignKey(PlanItem, on_delete=models.CASCADE, related_name="devices")
    device = models.ForeignKey("devices.Device", on_delete=models.CASCADE, related_name="plan")
    before = models.FloatField()
    after = models.FloatField()
    tier_before = models.CharField(max_length=16)
    tier_after = models.CharField(max_length=16)

    class Meta:
        ordering = ("-before", "device")
        constraints = (models.UniqueConstraint(fields=("item", "device"), name="one_promise_of_a_device"),)

    def __str__(self) -> str:
        return f"{self.device_id}: {self.before:.1f} to {self.after:.1f}"


class DeviceBasis(models.Model):
    """What is known of a device now that a person would accept: its exact risk, and the reasons for it."""

    device = models.OneToOneField("devices.Device", on_delete=models.CASCADE, primary_key=True, related_name="basis")
    score = models.CharField(max_length=100)
    """A fraction, so that it is the same when it is compared."""
    reasons = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"{self.device_id}: {len(self.reasons)} reasons"


class Planned(models.Model):
    """One row: what all of the plan comes to, and how near it is to the best."""

    at = models.DateTimeField()
    risk = models.FloatField()
    removed = models.FloatField()
    hours = models.FloatField()
    share = models.FloatField()
    is_proved = models.BooleanField()

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"


class Work(models.Model):
    """How far a piece of work is, by people and by what was seen since."""

    STATES = [(one.value, one.value.capitalize()) for one in Progress]

    item = models.OneToOneField(PlanItem, on_delete=models.PROTECT, primary_key=True, related_name="work")
    state = models.CharField(max_length=24, choices=STATES, default=Progress.OPEN.value)
    why = models.CharField(max_length=300, blank=True)
    """What was seen, where that decided the state."""
    ticket = models.CharField(max_length=100, blank=True)
    """Its number in another system."""
    done = models.DateTimeField(null=True)
    """When somebody said that it is done; what was seen before counts no more."""
    devices = models.JSONField(default=list)
    """Ids of the devices that it was done to."""
    changed = models.DateTimeField(default=timezone.now)
    changed_by = models.ForeignKey("people.Person", on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        indexes = (models.Index(fields=("changed",)),)

    def __str__(self) -> str:
        return f"{self.item}: {self.state}"


class Acceptance(models.Model):
    """A risk that people live with: proposed by one person, approved and signed with a second."""

    class State(models.TextChoices):
        """Where it is in its life."""

        PROPOSED = "proposed", "Waits for approval"
        STANDING = "standing", "Accepted"
        REFUSED = "refused", "Refused"
        WITHDRAWN = "withdrawn", "Withdrawn"
        EXPIRED = "expired", "Ended by its day"
        REOPENED = "reopened", "Came back"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    item = models.ForeignKey(PlanItem, on_delete=models.PROTECT, related_name="acceptances")
    site = models.ForeignKey("facilities.Site", on_delete=models.PROTECT, related_name="+")
    reason = models.TextField(max_length=2000)
    until = models.DateTimeField()
    basis = models.JSONField()
    """By device: ``score`` and ``reasons`` when it was proposed."""
    proposer = models.ForeignKey("people.Person", on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=40)
    """As which the proposer answers for it."""
    proposed = models.DateTimeField()
    approver = models.ForeignKey("people.Person", on_delete=models.PROTECT, null=True, related_name="+")
    approver_role = models.CharField(max_length=40, blank=True)
    decided = models.DateTimeField(null=True)
    signature = models.CharField(max_length=88, blank=True)
    """Of the workspace's key, Base64."""
    state = models.CharField(max_length=16, choices=State.choices, default=State.PROPOSED)
    why = models.CharField(max_length=300, blank=True)
    """Why it ended or came back."""
    changed = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-proposed", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("item",), condition=models.Q(state__in=("proposed", "standing")), name="one_open_acceptance"
            ),
        )
        indexes = (models.Index(fields=("changed",)),)

    def __str__(self) -> str:
        return f"{self.item}, until {self.until:%Y-%m-%d}"
