"""Imports of the list, and the list as it was last applied."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone


class AssetImport(models.Model):
    """One file: proposed by one person, applied or refused by another."""

    class State(models.TextChoices):
        """Where an import is in its life."""

        DRAFT = "draft", "Being mapped"
        PROPOSED = "proposed", "Waits for approval"
        APPLIED = "applied", "Applied"
        REFUSED = "refused", "Refused"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey("facilities.Site", on_delete=models.PROTECT)
    file_name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    """SHA-256 of the file, hexadecimal."""
    text = models.TextField()
    mapping = models.JSONField(default=dict)
    """Heading to meaning."""
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    rows = models.IntegerField(default=0)
    proposer = models.ForeignKey("people.Person", on_delete=models.PROTECT, related_name="+")
    decided_by = models.ForeignKey("people.Person", on_delete=models.PROTECT, null=True, related_name="+")
    created = models.DateTimeField(default=timezone.now, editable=False)
    decided = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created",)

    def __str__(self) -> str:
        return self.file_name


class ListedAsset(models.Model):
    """One row of the list that was applied last to a site."""

    site = models.ForeignKey("facilities.Site", on_delete=models.PROTECT)
    source = models.ForeignKey(AssetImport, on_delete=models.CASCADE)
    row = models.IntegerField()
    asset_number = models.CharField(max_length=500, blank=True)
    name = models.CharField(max_length=500, blank=True)
    vendor = models.CharField(max_length=500, blank=True)
    model = models.CharField(max_length=500, blank=True)
    serial = models.CharField(max_length=500, blank=True)
    mac = models.CharField(max_length=17, blank=True)
    ip = models.CharField(max_length=45, blank=True)
    category = models.CharField(max_length=500, blank=True)
    department = models.CharField(max_length=500, blank=True)
    place = models.CharField(max_length=500, blank=True)
    owner = models.CharField(max_length=500, blank=True)
    criticality = models.CharField(max_length=20, blank=True)
    device = models.ForeignKey("devices.Device", on_delete=models.SET_NULL, null=True, related_name="listed")
    tied_by = models.CharField(max_length=10, blank=True)
    candidates = models.JSONField(default=list)
    contradictions = models.JSONField(default=list)

    class Meta:
        ordering = ("row",)
        indexes = (models.Index(fields=("site", "row")),)

    def __str__(self) -> str:
        return self.asset_number or self.name or self.serial or f"row {self.row}"
