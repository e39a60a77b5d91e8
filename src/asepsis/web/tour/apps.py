"""What Django needs to know of this app."""

from __future__ import annotations

from django.apps import AppConfig


class TourConfig(AppConfig):
    """The app tour."""

    name = "asepsis.web.tour"
    label = "tour"
