"""What Django needs to know of this app."""

from __future__ import annotations

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """The app api."""

    name = "asepsis.web.api"
    label = "api"
