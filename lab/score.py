"""Compares answers with the truth (filled below)."""

from __future__ import annotations

from typing import Any


def add(verbs: Any) -> None:
    """Adds the verb to the command line."""
