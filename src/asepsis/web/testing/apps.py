"""What Django needs to know of this app."""

from __future__ import annotations

from django.apps import AppConfig


class TestingConfig(AppConfig):
    """The app testing."""

    name = "asepsis.web.testing"
    label = "testing"
