"""What Django needs to know of this app."""

from __future__ import annotations

from django.apps import AppConfig


class PlanConfig(AppConfig):
    """The app plan."""

    name = "asepsis.web.plan"
    label = "plan"
