"""Messages as the history gives them: rows whose facts are a text of JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

Row = Mapping[str, Any]

FACTS_LIMIT_CHARACTERS: Final = 1 << 16
"""Facts of one message are under 4 KiB as dissectors bound them; a longer text is not ours."""


def facts_of(row: Row) -> dict[str, Any]:
    """The facts of a message; none of a text that is no object of JSON: the history may hold what others imported."""
    text = row["facts"]
    if len(text) > FACTS_LIMIT_CHARACTERS:
        return {}
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}
