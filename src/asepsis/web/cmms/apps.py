"""What Django needs to know of this app."""

from __future__ import annotations

from django.apps import AppConfig


class CmmsConfig(AppConfig):
    """The app cmms."""

    name = "asepsis.web.cmms"
    label = "cmms"
