"""What Django needs to know of this app."""

from __future__ import annotations

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """The app demo."""

    name = "asepsis.web.demo"
    label = "demo"
