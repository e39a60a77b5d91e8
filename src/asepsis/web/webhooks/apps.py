"""What Django needs to know of this app."""

from __future__ import annotations

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    """The app webhooks."""

    name = "asepsis.web.webhooks"
    label = "webhooks"
