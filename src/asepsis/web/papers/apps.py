"""What Django needs to know of this app."""

from __future__ import annotations

from django.apps import AppConfig


class PapersConfig(AppConfig):
    """The app papers."""

    name = "asepsis.web.papers"
    label = "papers"
