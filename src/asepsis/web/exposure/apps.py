"""What Django needs to know of this app."""

from __future__ import annotations

from django.apps import AppConfig


class ExposureConfig(AppConfig):
    """The app exposure."""

    name = "asepsis.web.exposure"
    label = "exposure"
