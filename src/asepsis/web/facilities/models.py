"""Where devices stand: sites, departments, and groups that cut across them."""

from __future__ import annotations

from django.db import models


class Site(models.Model):
    """One site of the hospital; its name is what ``asepsis analyze --site`` was given."""

    name = models.CharField(max_length=100, unique=True)
    title = models.CharField(max_length=200, blank=True, help_text="As people call it; the name stands where empty.")

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.title or self.name


class Department(models.Model):
    """A department of one site."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="departments")
    name = models.CharField(max_length=100)

    class Meta:
        ordering = ("site", "name")
        constraints = (models.UniqueConstraint(fields=("site", "name"), name="one_department_of_a_name_in_a_site"),)

    def __str__(self) -> str:
        return self.name


class DeviceGroup(models.Model):
    """Devices that somebody is let in to as a whole, such as those of one vendor's contract."""

    name = models.CharField(max_length=100, unique=True)
    devices = models.ManyToManyField("devices.Device", related_name="groups", blank=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
