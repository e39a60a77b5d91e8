"""Tokens, without what is secret of them."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from asepsis.web.people.models import Role


class Token(models.Model):
    """A token of one person: never more than the person may, and only in one role and one place.

    The secret is not kept. It has 256 random bits, so its SHA-256 says nothing of it, and no slower hash is needed.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100, help_text="What it is for, such as the program that will hold it.")
    prefix = models.CharField(max_length=12, unique=True, editable=False)
    """How it is told apart in lists and found when it is shown; not secret."""
    digest = models.CharField(max_length=64, editable=False)
    role = models.CharField(max_length=32, choices=Role.choices)
    site = models.ForeignKey("facilities.Site", on_delete=models.CASCADE, null=True, blank=True)
    """None: wherever the person has the role."""
    created = models.DateTimeField(default=timezone.now, editable=False)
    expires = models.DateTimeField()
    last_used = models.DateTimeField(null=True, blank=True)
    revoked = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created",)

    def __str__(self) -> str:
        return self.name

    @property
    def state(self) -> str:
        """``good``, ``expired`` or ``revoked``."""
        if self.revoked is not None:
            return "revoked"
        return "expired" if self.expires <= timezone.now() else "good"
