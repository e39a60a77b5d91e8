"""What Django needs to know of this app."""

from __future__ import annotations

from django.apps import AppConfig


class OverviewConfig(AppConfig):
    """The app overview."""

    name = "asepsis.web.overview"
    label = "overview"
