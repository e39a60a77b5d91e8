"""One address for one maker, whatever its spelling."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import lru_cache
from typing import Final

from asepsis.knowledge.vendors import normal, vendor

KEY_LIMIT: Final = 80
_OTHER: Final = re.compile(r"[^a-z0-9]+")


@lru_cache(maxsize=4096)
def maker(text: str) -> tuple[str, str]:
    """(key, name) of the maker that a text names: ``("drager", "Dräger")`` for ``Draeger Medical GmbH`` where known."""
    found = vendor(text)
    name = text.strip() if found is None else found.name
    plain = unicodedata.normalize("NFKD", normal(name))
    key = _OTHER.sub("-", plain).strip("-")[:KEY_LIMIT].strip("-")
    # A name in other letters than ours still has one address.
    return key or hashlib.sha256(name.encode()).hexdigest()[:16], name
