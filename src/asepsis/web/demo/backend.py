"""Lets in as a sample person, by name alone."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from asepsis.web.demo.people import USERNAMES
from asepsis.web.people.models import Person


class DemoBackend(BaseBackend):
    """Knows the sample people alone; whoever was made in the demo signs in as anywhere."""

    def authenticate(self, request: HttpRequest | None, demo_person: str = "", **_: Any) -> Person | None:
        """The sample person of this name."""
        if demo_person not in USERNAMES:
            return None
        return Person.objects.filter(username=demo_person, is_active=True).first()

    def get_user(self, user_id: Any) -> Person | None:
        """Whose session it is."""
        return Person.objects.filter(pk=user_id, username__in=USERNAMES, is_active=True).first()
