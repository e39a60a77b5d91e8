"""A site's own knowledge: tables in the format of ours, whose rows win over ours.

Which tables hold is a property of the process, as which tables were installed is: it is set once, when the workspace
is known, before the first answer. Everything that was remembered of earlier answers in this package is forgotten then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from asepsis.knowledge import forms, hardware, table, vendors


def digest_of(texts: Mapping[str, str]) -> str:
    """One text for the whole content; empty for none."""
    if not texts:
        return ""
    mixed = hashlib.sha256()
    for name, text in sorted(texts.items()):
        mixed.update(f"{name}\0{text}\0".encode())
    return mixed.hexdigest()


def use(texts: Mapping[str, str]) -> None:
    """Lets tables win over ours.

    Args:
        texts: File name to text of the tables, which ``lint_folder`` has found to be sound; none brings ours back.
    """
    table.OWN.set({name.removesuffix(".jsonl"): table.rows(text) for name, text in texts.items()}, digest_of(texts))
    vendors.forget()
    hardware.forget()
    forms.forget()
