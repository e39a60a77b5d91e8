"""What the terminal says, and text from the network made safe for it (``asepsis.kernel.text``)."""

from __future__ import annotations

from asepsis.kernel.text import showable, spreadsheet_cell

__all__ = ["error_text", "showable", "spreadsheet_cell"]


def error_text(message: str, hint: str = "") -> str:
    """How every error looks on standard error: one line, and below it what to do."""
    text = f"error: {showable(message)}\n"
    return f"{text}  hint: {showable(hint)}\n" if hint else text
