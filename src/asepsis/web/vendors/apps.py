"""What Django needs to know of this app."""

from __future__ import annotations

from django.apps import AppConfig


class VendorsConfig(AppConfig):
    """The app vendors."""

    name = "asepsis.web.vendors"
    label = "vendors"
