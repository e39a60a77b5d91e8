"""What Django needs to know of this app."""

from __future__ import annotations

from django.apps import AppConfig


class TokensConfig(AppConfig):
    """The app tokens."""

    name = "asepsis.web.tokens"
    label = "tokens"
