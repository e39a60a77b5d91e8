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
    rhythm = models.JSONField(default=dict)
    """What the status follows from: ``silent_seconds``, ``gaps``, ``usual_gap_seconds``, ``overdue_after_seconds``."""
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    conversations = models.BigIntegerField(default=0)
    """Begun in the last 24 hours of the data."""
    peers = models.IntegerField(default=0)
    bytes = models.BigIntegerField(default=0)
    zone = models.CharField(max_length=64, blank=True)
    """The network that its first address lies in: ``10.40.20.0/24``."""
    conflicts = models.IntegerField(default=0)
    """Twins, and attributes of which something contradicts what is held."""
    patient_messages = models.BigIntegerField(default=0)
    """Messages with data of patients that it sent or was sent in clear in those 24 hours."""
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
            # The newest first; of those that one capture brought all at once, which are many, without sorting them.
            models.Index(fields=("-first_seen", "id")),
            models.Index(fields=("zone",)),
            # What a click on a column's head sorts by.
            models.Index(fields=("model",)),
            models.Index(fields=("address",)),
            models.Index(fields=("confidence",)),
            models.Index(fields=("bytes",)),
            # The figures of the overview and the counts beside the filters, from the index alone.
            models.Index(fields=("category", "medical", "status", "site", "conflicts", "patient_messages")),
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

    class Meta:
        indexes = (models.Index(fields=("changed",)),)

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


class Document(models.Model):
    """A file that people keep with a device; its bytes lie in the workspace, under their digest."""

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="documents")
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=100)
    """The media type that its first bytes showed."""
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    author = models.ForeignKey("people.Person", on_delete=models.PROTECT)
    added = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("-added",)

    def __str__(self) -> str:
        return self.name


class SavedView(models.Model):
    """A list of devices that somebody wants to come back to: its filters, its order and its columns."""

    owner = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=80)
    query = models.CharField(max_length=1000)
    """As it stands in the address behind the question mark."""
    shared = models.BooleanField(default=False)
    """Whether everybody sees it; it shows each person only what that person may see."""

    class Meta:
        ordering = ("name", "id")
        constraints = (models.UniqueConstraint(fields=("owner", "name"), name="one_saved_view_of_a_name"),)

    def __str__(self) -> str:
        return self.name


class Change(models.Model):
    """A change of identity, as the registry tells it; written by the projection alone."""

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="changes")
    at = models.DateTimeField()
    attribute = models.CharField(max_length=32)
    before = models.CharField(max_length=200)
    after = models.CharField(max_length=200)
    protocol = models.CharField(max_length=64, blank=True)
    capture = models.CharField(max_length=200, blank=True)
    packet = models.BigIntegerField(default=0)

    class Meta:
        ordering = ("-at", "id")
        indexes = (models.Index(fields=("at",)),)

    def __str__(self) -> str:
        return f"{self.attribute} {self.before}, now {self.after}"


class Link(models.Model):
    """Who talked to whom in the last 24 hours of the data: one row for two ends and an application.

    Written by the projection alone. An end that is no device of the registry is named by its address.
    """

    site = models.ForeignKey("facilities.Site", on_delete=models.CASCADE, related_name="+")
    client = models.ForeignKey(Device, on_delete=models.CASCADE, null=True, related_name="links_as_client")
    server = models.ForeignKey(Device, on_delete=models.CASCADE, null=True, related_name="links_as_server")
    client_address = models.CharField(max_length=64)
    server_address = models.CharField(max_length=64)
    client_zone = models.CharField(max_length=64)
    server_zone = models.CharField(max_length=64)
    application = models.CharField(max_length=32)
    conversations = models.BigIntegerField()
    bytes = models.BigIntegerField()
    patient_messages = models.BigIntegerField(default=0)
    """Messages with data of patients in clear, both ways."""
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()

    class Meta:
        ordering = ("-bytes", "id")
        indexes = (
            models.Index(
                fields=("site", "client_zone", "server_zone", "application", "conversations", "bytes"),
                name="devices_link_zones",
            ),
            models.Index(fields=("application",)),
        )

    def __str__(self) -> str:
        return f"{self.client_address} to {self.server_address}, {self.application}"


class Freshness(models.Model):
    """How old what the rows say is: one row a site, written by the projection with the rows themselves."""

    site = models.OneToOneField("facilities.Site", on_delete=models.CASCADE, related_name="freshness")
    seen_until = models.DateTimeField()
    refreshed = models.DateTimeField()
    devices = models.IntegerField()

    class Meta:
        ordering = ("site",)

    def __str__(self) -> str:
        return f"{self.site} until {self.seen_until:%Y-%m-%d %H:%M}"


def links_of(devices: models.QuerySet[Device]) -> models.QuerySet[Link]:
    """Links that have an end among ``devices``; all of them, without looking, where those are all devices."""
    links = Link.objects.order_by()
    if not devices.query.where:
        return links
    return links.filter(models.Q(client__in=devices) | models.Q(server__in=devices))


class Projected(models.Model):
    """One row: which revision of the registry the rows say, and since when."""

    revision = models.BigIntegerField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.revision)
