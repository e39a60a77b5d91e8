"""What Django needs to know of this app."""

from __future__ import annotations

from django.apps import AppConfig


class FacilitiesConfig(AppConfig):
    """The app facilities."""

    name = "asepsis.web.facilities"
    label = "facilities"
