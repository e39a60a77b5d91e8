"""What Django needs to know of this app."""

from __future__ import annotations

from django.apps import AppConfig


class HealthConfig(AppConfig):
    """The app health."""

    name = "asepsis.web.health"
    label = "health"
