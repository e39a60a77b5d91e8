"""What people record of vendors: agreements, ends of support, and assessments before a purchase."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from asepsis.exposure.vendors.questionnaire import Said


class Contract(models.Model):
    """One agreement with a vendor."""

    class Kind(models.TextChoices):
        """What is agreed on."""

        BAA = "baa", "Data protection (BAA)"
        REMOTE_ACCESS = "remote_access", "Remote access"
        SUPPORT = "support", "Support and updates"
        OTHER = "other", "Other"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    vendor = models.CharField(max_length=80, db_index=True)
    """The maker's key (``makers.maker``)."""
    kind = models.CharField(max_length=16, choices=Kind.choices)
    begins = models.DateField()
    ends = models.DateField(null=True, blank=True)
    """The last day; None until it is ended."""
    contact = models.CharField(max_length=200, blank=True)
    signed_by = models.CharField(max_length=200, blank=True)
    """Who signed for the hospital; empty while nobody has."""
    note = models.CharField(max_length=500, blank=True)
    recorded_by = models.ForeignKey("people.Person", on_delete=models.PROTECT, related_name="+")
    recorded = models.DateTimeField(default=timezone.now, editable=False)
    file_name = models.CharField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    """Of the file; empty where none is kept."""
    size_bytes = models.BigIntegerField(default=0)

    class Meta:
        ordering = ("-begins", "id")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} with {self.vendor}"


class SupportEnd(models.Model):
    """When a vendor ends the support of a model, as people were told."""

    vendor = models.CharField(max_length=80)
    model = models.CharField(max_length=200)
    ends = models.DateField()
    source = models.CharField(max_length=300)
    recorded_by = models.ForeignKey("people.Person", on_delete=models.PROTECT, related_name="+")
    recorded = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("vendor", "model")
        constraints = (models.UniqueConstraint(fields=("vendor", "model"), name="one_support_end_of_a_model"),)

    def __str__(self) -> str:
        return f"{self.model}: {self.ends}"


class Assessment(models.Model):
    """The questionnaire for one model that somebody wants to buy."""

    class State(models.TextChoices):
        """Where it is."""

        DRAFT = "draft", "Being filled in"
        SENT = "sent", "Sent to the vendor"
        PROPOSED = "proposed", "Waits for approval"
        APPROVED = "approved", "Approved"
        CONDITIONAL = "conditional", "Approved with conditions"
        REFUSED = "refused", "Refused"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey("facilities.Site", on_delete=models.PROTECT, related_name="+")
    vendor = models.CharField(max_length=80, db_index=True)
    vendor_name = models.CharField(max_length=200)
    model = models.CharField(max_length=200)
    purpose = models.CharField(max_length=300, blank=True)
    """What it is to be bought for."""
    state = models.CharField(max_length=12, choices=State.choices, default=State.DRAFT)
    sent_to = models.CharField(max_length=200, blank=True)
    sent = models.DateTimeField(null=True, blank=True)
    proposer = models.ForeignKey("people.Person", on_delete=models.PROTECT, related_name="+")
    created = models.DateTimeField(default=timezone.now, editable=False)
    decided_by = models.ForeignKey("people.Person", on_delete=models.PROTECT, null=True, related_name="+")
    decided = models.DateTimeField(null=True)
    conditions = models.TextField(blank=True)
    """What the purchase is bound to, as it was decided."""
    reason = models.CharField(max_length=500, blank=True)
    contradicted = models.JSONField(default=list)
    """Questions whose good answer traffic contradicted when it was decided."""

    class Meta:
        ordering = ("-created", "id")

    def __str__(self) -> str:
        return f"{self.vendor_name} {self.model}"

    @property
    def is_open(self) -> bool:
        """Answers may still be changed."""
        return self.state in (self.State.DRAFT, self.State.SENT)


class Answer(models.Model):
    """One answer of an assessment, with what it rests on."""

    class Source(models.TextChoices):
        """Who says so."""

        PERSON = "person", "A person"
        FORM = "form", "Disclosure form"
        BILL = "bill", "List of components"

    assessment = models.ForeignKey(Assessment, on_delete=models.CASCADE, related_name="answers")
    question = models.CharField(max_length=40)
    said = models.CharField(max_length=16, choices=[(one.value, one.value) for one in Said], blank=True)
    evidence = models.CharField(max_length=500, blank=True)
    source = models.CharField(max_length=8, choices=Source.choices, default=Source.PERSON)
    by = models.ForeignKey("people.Person", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("assessment", "question")
        constraints = (models.UniqueConstraint(fields=("assessment", "question"), name="one_answer_of_a_question"),)

    def __str__(self) -> str:
        return f"{self.question}: {self.said}"
