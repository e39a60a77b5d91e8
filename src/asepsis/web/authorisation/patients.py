"""The pseudonym by which the ledger names a patient: a keyed hash of the number that the hospital's systems use.

Only who has the key of this workspace can tell which pseudonym a number has, and nobody can tell the number from it.
The number itself is kept nowhere.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import unicodedata
from pathlib import Path
from typing import Final

from asepsis.web.settings import WORKSPACE

KEY_NAME: Final = "patient-references.key"
KEY_BYTES: Final = 32
NUMBER_LIMIT: Final = 64
"""Signs of a number that somebody types; HL7 v2 PID-3.1 has 20, an identifier of FHIR rarely more than 40."""
_HEX_DIGITS: Final = 32
"""128 bits: two patients of one hospital never share a pseudonym."""


def reference_of(number: str) -> str:
    """The pseudonym of a patient: ``patient:`` and 32 digits. Spaces, hyphens and small letters make no difference.

    Raises:
        ValueError: Nothing is left of the number.
    """
    plain = unicodedata.normalize("NFKC", number).upper()
    kept = "".join(sign for sign in plain if not sign.isspace() and sign not in "-./")
    if not kept:
        raise ValueError("a patient's number has letters or digits")
    digest = hmac.new(_key(), kept.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
    return f"patient:{digest[:_HEX_DIGITS]}"


def _key() -> bytes:
    """The key of this workspace, made when it is first needed and kept with the others, so that a backup holds it."""
    path: Path = WORKSPACE.keys_path / KEY_NAME
    try:
        return bytes.fromhex(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f"{KEY_NAME}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(secrets.token_hex(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        # Whole or not at all, and never over the key of a process that was quicker.
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    return bytes.fromhex(path.read_text(encoding="ascii"))
