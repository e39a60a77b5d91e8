"""What Django needs to know of this app."""

from __future__ import annotations

from django.apps import AppConfig


class DevicesConfig(AppConfig):
    """The app devices."""

    name = "asepsis.web.devices"
    label = "devices"
