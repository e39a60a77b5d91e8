"""What Django needs to know of this app."""

from __future__ import annotations

from django.apps import AppConfig


class FeedsConfig(AppConfig):
    """The app feeds."""

    name = "asepsis.web.feeds"
    label = "feeds"
