"""People and what they were made responsible for."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils import timezone


class Role(models.TextChoices):
    """The roles that policies know. Closed: a new one needs policies that say what it may."""

    CLINICAL_ENGINEER = "clinical_engineer", "Clinical engineer"
    SECURITY_ANALYST = "security_analyst", "Security analyst"
    NETWORK_ENGINEER = "network_engineer", "Network engineer"
    CLINICIAN = "clinician", "Clinician"
    PRIVACY_OFFICER = "privacy_officer", "Privacy officer"
    AUDITOR = "auditor", "Auditor"
    ADMINISTRATOR = "administrator", "Administrator"
    VENDOR = "vendor", "Vendor"
    PATIENT = "patient", "Patient"


class PersonManager(BaseUserManager["Person"]):
    """Makes people; there is no superuser, since Cedar's policies alone say who may what."""

    def create_user(self, username: str, email: str = "", password: str | None = None, name: str = "") -> Person:
        """A person who may sign in; without a password, by a passkey or the hospital's provider alone."""
        person = self.model(username=username, email=self.normalize_email(email), name=name or username)
        person.set_password(password)
        person.save(using=self._db)
        return person


class Person(AbstractBaseUser):
    """Somebody who signs in."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = models.CharField(max_length=150, unique=True)
    name = models.CharField(max_length=200)
    email = models.EmailField(blank=True)
    is_active = models.BooleanField(default=True)
    created = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[PersonManager] = PersonManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        ordering = ("username",)
        verbose_name_plural = "people"

    def __str__(self) -> str:
        return self.name


class RoleGrant(models.Model):
    """One role of one person, everywhere or in one site, department or group of devices, for a time or for good."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="grants")
    role = models.CharField(max_length=32, choices=Role.choices)
    site = models.ForeignKey("facilities.Site", on_delete=models.PROTECT, null=True, blank=True)
    department = models.ForeignKey("facilities.Department", on_delete=models.PROTECT, null=True, blank=True)
    device_group = models.ForeignKey("facilities.DeviceGroup", on_delete=models.PROTECT, null=True, blank=True)
    expires = models.DateTimeField(null=True, blank=True)
    granted_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    granted = models.DateTimeField(default=timezone.now, editable=False)
    provider_group = models.CharField(max_length=500, blank=True, editable=False)
    """The group at the hospital's provider that gave it; renewed by each sign-in there. Empty where a person did."""
    patient = models.CharField(max_length=64, blank=True, editable=False)
    """The pseudonym that a patient's account is tied to; a patient's role without one opens nothing."""

    class Meta:
        ordering = ("person", "role")

    def __str__(self) -> str:
        return f"{self.person}: {self.get_role_display()}"


class ProviderIdentity(models.Model):
    """Who somebody is at the hospital's provider: issuer and subject, which never change, and nothing else counts."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="identities")
    issuer = models.CharField(max_length=500)
    subject = models.CharField(max_length=255)
    made = models.DateTimeField(default=timezone.now, editable=False)
    used = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name_plural = "provider identities"
        constraints = (models.UniqueConstraint(fields=("issuer", "subject"), name="one_person_for_each_subject"),)

    def __str__(self) -> str:
        return f"{self.person} at {self.issuer}"


class Invitation(models.Model):
    """A link that lets one person in once: a new one, or one who lost every way in."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    person_id_of_new = models.UUIDField(default=uuid.uuid4, editable=False)
    """The id that the person will have, since a passkey is made for it before there is an account."""
    person = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, blank=True, related_name="invitations")
    """Who lost every way in, or who took it."""
    renews = models.BooleanField(default=False)
    """Whether it replaces the ways in of ``person``."""
    name = models.CharField(max_length=200, blank=True)
    roles = models.JSONField(default=list)
    """``{"role": ..., "site": id or null, "department": id or null}``, granted when it is taken."""
    invited_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    """None where it was made on the machine itself."""
    created = models.DateTimeField(default=timezone.now, editable=False)
    expires = models.DateTimeField()
    used = models.DateTimeField(null=True, blank=True)
    withdrawn = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created",)

    def __str__(self) -> str:
        return f"invitation of {self.person or self.name or 'somebody'}"
