"""What Django needs to know of this app."""

from __future__ import annotations

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """The app ledger."""

    name = "asepsis.web.ledger"
    label = "ledger"
