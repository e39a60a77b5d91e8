"""Findings and risk in SQL: written by the projection alone, never by a person.

``Finding`` keeps what was found and is no more, with the moment it ended, so that the time to mend can be told.
"""

from __future__ import annotations

from django.db import models

STANDING = models.Q(ended=None)
"""Findings that stand today."""


class Advisory(models.Model):
    """A publisher's document that speaks of a device here, or did."""

    id = models.CharField(primary_key=True, max_length=32)
    """The first half of the SHA-256 of the engine's ``Advisory.key``, in hexadecimal digits."""
    number = models.CharField(max_length=200)
    """The publisher's own: ``ICSMA-21-294-01``."""
    title = models.CharField(max_length=300)
    publisher = models.CharField(max_length=200)
    category = models.CharField(max_length=64)
    address = models.CharField(max_length=500, blank=True)
    """Where a person reads it; empty where the publisher names none that a browser can open."""
    released = models.DateTimeField(null=True)
    updated = models.DateTimeField(null=True)
    base = models.FloatField(null=True)
    """The highest CVSS base score."""
    epss = models.FloatField(null=True)
    """The highest probability of EPSS among its vulnerabilities, 0..1."""
    exploited = models.BooleanField(default=False)
    vulnerabilities = models.JSONField(default=list)
    """Ids."""
    has_fix = models.BooleanField(default=False)
    details = models.JSONField(default=list)
    """One object a vulnerability: ``id``, ``title``, ``cwe``, ``base``, ``vector``, ``epss``, ``exploited``."""
    products = models.JSONField(default=list)
    """Its products in its own words, with what it says of each: ``words``, ``status``."""
    search = models.TextField(blank=True)
    """Number, title, publisher, vulnerabilities and products in small letters."""
    remedies = models.JSONField(default=list)
    """What the publisher tells owners to do: ``category``, ``words``."""

    class Meta:
        ordering = ("-released", "number")
        indexes = (models.Index(fields=("number",)), models.Index(fields=("publisher",)))

    def __str__(self) -> str:
        return f"{self.number}: {self.title}"


class Finding(models.Model):
    """One reason why one device could hurt somebody."""

    class Source(models.TextChoices):
        """Where it comes from."""

        ADVISORY = "advisory", "Advisory"
        COMPONENT = "component", "Component"
        WEAKNESS = "weakness", "Seen in traffic"
        REPORT = "report", "Report"

    class Answer(models.TextChoices):
        """Of the three answers those that are findings."""

        AFFECTED = "affected", "Affected"
        CANNOT_TELL = "cannot tell", "Cannot tell"

    # No index of device, site or advisory alone: of a site there are so many findings that a database which takes such
    # an index sorts them all for one page; of a device and an advisory other indexes begin with it.
    device = models.ForeignKey("devices.Device", on_delete=models.CASCADE, related_name="findings", db_index=False)
    site = models.ForeignKey("facilities.Site", on_delete=models.PROTECT, related_name="+", db_index=False)
    source = models.CharField(max_length=16, choices=Source.choices)
    key = models.CharField(max_length=200)
    """Tells it from the device's others of its source, the same in every refresh."""
    advisory = models.ForeignKey(Advisory, on_delete=models.PROTECT, null=True, related_name="findings", db_index=False)
    weakness = models.CharField(max_length=64, blank=True)
    """The id of its kind; empty for every other source."""
    answer = models.CharField(max_length=16, choices=Answer.choices)
    title = models.CharField(max_length=300)
    care = models.TextField(blank=True)
    """What it means for patients and staff."""
    action = models.TextField(blank=True)
    """What to do about it: the publisher's words, or ours for a weakness."""
    why = models.TextField(blank=True)
    words = models.TextField(blank=True)
    """Of the advisory, on which it rests."""
    tells = models.TextField(blank=True)
    """What would tell, where it cannot be told."""
    note = models.TextField(blank=True)
    component = models.CharField(max_length=300, blank=True)
    """The part of the device's product that it is about, by the maker's list of components; empty for the device."""
    paper = models.CharField(max_length=64, blank=True)
    """The id of that list."""
    product = models.CharField(max_length=500, blank=True)
    versions = models.CharField(max_length=500, blank=True)
    vulnerabilities = models.JSONField(default=list)
    evidence = models.JSONField(default=list)
    """Documents of evidence: ``capture``, ``packet`` and what was seen there."""
    base = models.FloatField(null=True)
    epss = models.FloatField(null=True)
    exploited = models.BooleanField(default=False)
    has_fix = models.BooleanField(default=False)
    score = models.FloatField(default=0.0)
    """The risk of its device, 0..100, so that a list begins with the device that can hurt most."""
    first_found = models.DateTimeField()
    last_found = models.DateTimeField()
    """Of a weakness, its last packet; of every other, the refresh that last changed what it says."""
    reopened = models.DateTimeField(null=True)
    """When it came back after it had ended."""
    ended = models.DateTimeField(null=True)
    """When it was found no more; None while it stands."""
    digest = models.CharField(max_length=32)
    """Of all that a refresh would write: a row that says the same is left alone."""

    class Meta:
        # By the id: "device" alone would order by the devices' own order, and no index knows that.
        ordering = ("-score", "device_id", "source", "key")
        constraints = (models.UniqueConstraint(fields=("device", "source", "key"), name="one_finding_of_a_key"),)
        indexes = (
            # The list of what stands in its usual order, with all that it is narrowed by: which findings a page shows
            # is told by the index alone, however far the page is and however few fit.
            models.Index(
                fields=(
                    *("-score", "device", "source", "key"),
                    *("site", "answer", "exploited", "has_fix", "weakness", "advisory"),
                ),
                condition=STANDING,
                name="finding_listed",
            ),
            # The same by each column's head.
            models.Index(fields=("title", "id"), condition=STANDING, name="finding_by_title"),
            models.Index(fields=("base", "id"), condition=STANDING, name="finding_by_base"),
            models.Index(fields=("epss", "id"), condition=STANDING, name="finding_by_epss"),
            models.Index(fields=("first_found", "id"), condition=STANDING, name="finding_by_age"),
            models.Index(fields=("advisory", "answer", "device"), name="finding_by_advisory"),
            models.Index(fields=("weakness", "device"), condition=STANDING, name="finding_by_weakness"),
            # The counts beside the filters, from the index alone.
            models.Index(
                fields=("source", "weakness", "answer", "exploited", "has_fix", "site"),
                condition=STANDING,
                name="finding_counts",
            ),
            # Of those that are no more alone: where most rows stand, an index over all would be taken for every list.
            models.Index(fields=("ended",), condition=models.Q(ended__isnull=False), name="finding_ended"),
        )

    def __str__(self) -> str:
        return self.title


class Risk(models.Model):
    """How much harm one device could do, how sure that is, and why."""

    class Tier(models.TextChoices):
        """Which devices to look at first."""

        CRITICAL = "critical", "Critical"
        HIGH = "high", "High"
        MEDIUM = "medium", "Medium"
        LOW = "low", "Low"

    device = models.OneToOneField("devices.Device", on_delete=models.CASCADE, primary_key=True, related_name="risk")
    score = models.FloatField()
    """0..100, with the interval that what is not known leaves open."""
    low = models.FloatField()
    high = models.FloatField()
    tier = models.CharField(max_length=16, choices=Tier.choices)
    rank = models.IntegerField()
    """From 1 for the riskiest; between ``rank_low`` and ``rank_high`` if the weights were a fifth different."""
    rank_low = models.IntegerField()
    rank_high = models.IntegerField()
    likelihood = models.FloatField()
    harm = models.FloatField()
    factors = models.JSONField(default=list)
    """``factor``, ``points``, ``why``; the points add up to the score."""
    advice = models.JSONField(null=True)
    """The cheapest actions that change the tier; null where nothing helps or nothing has to be done."""
    at = models.DateTimeField()
    """When this was worked out and differed from before."""

    class Meta:
        ordering = ("rank",)
        indexes = (
            models.Index(fields=("rank",), name="risk_by_rank"),
            models.Index(fields=("tier", "rank"), name="risk_by_tier"),
        )

    def __str__(self) -> str:
        return f"{self.get_tier_display()}, {self.score:.0f} of 100"


class RiskPoint(models.Model):
    """The risk of one device from one day on, until the next point."""

    device = models.ForeignKey("devices.Device", on_delete=models.CASCADE, related_name="risk_points")
    on = models.DateField()
    score = models.FloatField()
    tier = models.CharField(max_length=16, choices=Risk.Tier.choices)

    class Meta:
        ordering = ("device_id", "on")
        constraints = (models.UniqueConstraint(fields=("device", "on"), name="one_risk_point_a_day"),)

    def __str__(self) -> str:
        return f"{self.on}: {self.score:.0f}"


class Tally(models.Model):
    """How many devices of each tier on one day, and the sum of their scores; a day without one is as the day before."""

    on = models.DateField()
    critical = models.IntegerField()
    high = models.IntegerField()
    medium = models.IntegerField()
    low = models.IntegerField()
    score_sum = models.FloatField()

    class Meta:
        abstract = True


class FleetRisk(Tally):
    """Of a whole site."""

    site = models.ForeignKey("facilities.Site", on_delete=models.CASCADE, related_name="fleet_risk")

    class Meta:
        ordering = ("site_id", "on")
        constraints = (models.UniqueConstraint(fields=("site", "on"), name="one_fleet_risk_a_day"),)

    def __str__(self) -> str:
        return f"{self.site} on {self.on}"


class DepartmentRisk(Tally):
    """Of one department, by where people said that devices stand on that day."""

    department = models.ForeignKey("facilities.Department", on_delete=models.CASCADE, related_name="fleet_risk")

    class Meta:
        ordering = ("department_id", "on")
        constraints = (models.UniqueConstraint(fields=("department", "on"), name="one_department_risk_a_day"),)

    def __str__(self) -> str:
        return f"{self.department} on {self.on}"


class Examined(models.Model):
    """One row: what the findings were worked out from, and when."""

    inputs = models.CharField(max_length=200)
    """See ``asepsis.pipeline.exposure.inputs_of``."""
    at = models.DateTimeField()
    advisories = models.IntegerField(default=0)
    """Documents that were compared, beside those of the demonstration; 0 where none were loaded."""
    documents_until = models.DateTimeField(null=True)
    """The newest of them."""
    stability = models.FloatField(default=1.0)
    """Rank correlation of the order of devices under weights that are a fifth different, on average."""

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"
