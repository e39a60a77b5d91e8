"""What Django needs to know of this app."""

from __future__ import annotations

from django.apps import AppConfig


class MapConfig(AppConfig):
    """The app map."""

    name = "asepsis.web.map"
    label = "map"
