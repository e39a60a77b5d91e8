"""Devices in SQL: what the registry says of each, to filter and sort by, and what people add."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class Device(models.Model):
    """What the registry says of one device; written by the projection alone, never by a person."""

    id = models.CharField(primary_key=True, max_length=20)
    site = models.ForeignKey("facilities.Site", on_delete=models.PROTECT, related_name="devices")
    title = models.CharField(max_length=200)
    """The first name, or else what it is and its address: never empty."""
    category = models.CharField(max_length=64, blank=True)
    vendor = models.CharField(max_length=200, blank=True)
    model = models.CharField(max_length=200, blank=True)
    os = models.CharField(max_length=200, blank=True)
    firmware = models.CharField(max_length=200, blank=True)
    serial = models.CharField(max_length=200, blank=True)
    udi = models.CharField(max_length=200, blank=True)
    role = models.CharField(max_length=64, blank=True)
    medical = models.BooleanField(default=False)
    names = models.JSONField(default=list)
    macs = models.JSONField(default=list)
    ips = models.JSONField(default=list)
    address = models.CharField(max_length=64, blank=True)
    """The first IP address, or else the first hardware address."""
    confidence = models.FloatField(default=0.0)
    """Of the category, 0..1."""
    confidences = models.JSONField(default=dict)
    status = models.CharField(max_length=16, default="unknown")
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    conversations = models.BigIntegerField(default=0)
    """Begun in the last 24 hours of the data."""
    peers = models.IntegerField(default=0)
    bytes = models.BigIntegerField(default=0)
    search = models.TextField(blank=True)
    """All names, addresses and attributes in small letters."""

    class Meta:
        ordering = ("title", "id")
        indexes = (
            models.Index(fields=("site", "category")),
            models.Index(fields=("category", "title")),
            models.Index(fields=("vendor",)),
            models.Index(fields=("last_seen",)),
            models.Index(fields=("status",)),
            models.Index(fields=("title", "id")),
        )

    def __str__(self) -> str:
        return self.title


class DeviceRecord(models.Model):
    """What people know of a device and traffic cannot say. It follows the device through merges."""

    class Criticality(models.TextChoices):
        """What is lost when the device is."""

        LIFE_SUSTAINING = "life_sustaining", "Sustains life"
        HIGH = "high", "High"
        MEDIUM = "medium", "Medium"
        LOW = "low", "Low"

    device = models.OneToOneField(Device, on_delete=models.CASCADE, related_name="record")
    department = models.ForeignKey("facilities.Department", on_delete=models.PROTECT, null=True, blank=True)
    owner = models.ForeignKey("people.Person", on_delete=models.SET_NULL, null=True, blank=True, related_name="owned")
    place = models.CharField(max_length=200, blank=True)
    criticality = models.CharField(max_length=20, choices=Criticality.choices, blank=True)
    asset_number = models.CharField(max_length=100, blank=True, db_index=True)
    changed = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"what people add to {self.device}"


class Note(models.Model):
    """A remark on a device."""

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey("people.Person", on_delete=models.PROTECT)
    text = models.TextField(max_length=4000)
    written = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("-written",)

    def __str__(self) -> str:
        return self.text[:80]
