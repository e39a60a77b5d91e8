"""Lets every page say that it is a demo."""

from __future__ import annotations

from django.http import HttpRequest


def banner(_: HttpRequest) -> dict[str, bool]:
    """The template's ``demo``; the product's own settings do not know it."""
    return {"demo": True}
