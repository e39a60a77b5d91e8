"""What Django needs to know of this app."""

from __future__ import annotations

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """The app jobs."""

    name = "asepsis.web.jobs"
    label = "jobs"
