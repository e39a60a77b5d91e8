"""Uses of break-glass, and administrators who wait for a second person's approval."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Final

from django.db import models
from django.utils import timezone

from asepsis.web.people.models import Role

BREAK_GLASS_LASTS: Final = timedelta(minutes=60)
"""Long enough for an emergency, and over before the shift is."""


class BreakGlassUse(models.Model):
    """One use of break-glass: who, for what device, why, until when, and what its reviewer found."""

    class Reason(models.TextChoices):
        """Why care could not wait; codes of HL7 v3 PurposeOfUse."""

        EMERGENCY_TREATMENT = "ETREAT", "Emergency treatment of a patient"
        PATIENT_SAFETY = "PATSFTY", "A device endangers a patient"
        SECURITY = "BTG", "An attack is going on"

    class Finding(models.TextChoices):
        """What the review found."""

        JUSTIFIED = "justified", "Justified"
        UNJUSTIFIED = "unjustified", "Not justified: followed up"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey("people.Person", on_delete=models.PROTECT, related_name="break_glass_uses")
    device = models.ForeignKey("devices.Device", on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey("facilities.Site", on_delete=models.PROTECT, related_name="+")
    """Where the device stood then."""
    reason = models.CharField(max_length=10, choices=Reason.choices)
    explanation = models.CharField(max_length=1000)
    patient = models.CharField(max_length=64, blank=True, editable=False)
    """Whose data the device's are, where that was said: a pseudonym, never the number itself."""
    opened = models.DateTimeField(default=timezone.now, editable=False)
    until = models.DateTimeField()
    ended = models.DateTimeField(null=True, editable=False)
    reviewed_by = models.ForeignKey(
        "people.Person", on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )
    reviewed = models.DateTimeField(null=True, editable=False)
    finding = models.CharField(max_length=12, choices=Finding.choices, blank=True)
    remark = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering = ("-opened",)
        indexes = (models.Index(fields=("person", "until")),)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(reviewed_by=None) | ~models.Q(reviewed_by=models.F("person")),
                name="nobody_reviews_his_own_break_glass",
            ),
            models.CheckConstraint(
                condition=models.Q(until__lte=models.F("opened") + BREAK_GLASS_LASTS), name="break_glass_ends_in_time"
            ),
        )

    def __str__(self) -> str:
        return f"{self.person} for {self.device}"

    def is_open(self) -> bool:
        """Whether it still opens anything."""
        return self.ended is None and timezone.now() < self.until


class AdministratorProposal(models.Model):
    """Somebody whom one person proposed as an administrator or a patient, and a second one approves or declines."""

    class State(models.TextChoices):
        """Where it is."""

        WAITING = "waiting", "Waits for a second person"
        APPROVED = "approved", "Approved"
        DECLINED = "declined", "Declined"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="+")
    proposer = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="+")
    role = models.CharField(max_length=32, choices=Role.choices, default=Role.ADMINISTRATOR, editable=False)
    """Administrator or patient; other roles are given."""
    patient = models.CharField(max_length=64, blank=True, editable=False)
    """The pseudonym that a patient's account is tied to."""
    site = models.ForeignKey("facilities.Site", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    department = models.ForeignKey(
        "facilities.Department", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    expires = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING, editable=False)
    proposed = models.DateTimeField(default=timezone.now, editable=False)
    decided_by = models.ForeignKey(
        "people.Person", on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    decided = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ("-proposed",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(decided_by=None)
                | (~models.Q(decided_by=models.F("proposer")) & ~models.Q(decided_by=models.F("person")))
                | models.Q(state="declined"),
                name="administrators_are_approved_by_another",
            ),
        )

    def __str__(self) -> str:
        return f"{self.person} as {'a patient' if self.role == Role.PATIENT else 'an administrator'}"
