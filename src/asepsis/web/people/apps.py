"""What Django needs to know of this app."""

from __future__ import annotations

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """The app people."""

    name = "asepsis.web.people"
    label = "people"
