"""What Django needs to know of this app."""

from __future__ import annotations

from django.apps import AppConfig


class AuthorisationConfig(AppConfig):
    """The app authorisation."""

    name = "asepsis.web.authorisation"
    label = "authorisation"
