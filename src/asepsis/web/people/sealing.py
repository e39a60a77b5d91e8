"""Seals what would let somebody sign in as another: secrets of authenticator apps and seeds of recovery codes.

The key lies beside the workspace's other keys, not in the database, so that a stolen database opens nothing.
"""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import Final

from asepsis.crypto.sealing import SealingKey, sealing_key_file
from asepsis.kernel.errors import AsepsisError
from asepsis.web.settings import WORKSPACE

KEY_NAME: Final = "sign-in-secrets.key"
CONTEXT: Final = b"asepsis sign-in secret 1"
PREFIX: Final = "sealed1:"


class SealError(AsepsisError):
    """A sealed secret does not open."""


@lru_cache(maxsize=1)
def _key() -> SealingKey:
    WORKSPACE.keys_path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return sealing_key_file(WORKSPACE.keys_path / KEY_NAME)


def seal(text: str) -> str:
    """The text sealed, as printable characters."""
    return PREFIX + base64.b64encode(_key().seal(text.encode(), CONTEXT)).decode("ascii")


def unseal(sealed: str) -> str:
    """What was sealed.

    Raises:
        SealError: It was not sealed, or not with this workspace's key.
    """
    found = None
    if sealed.startswith(PREFIX):
        found = _key().open(base64.b64decode(sealed.removeprefix(PREFIX)), CONTEXT)
    if found is None:
        raise SealError(
            "a stored sign-in secret cannot be opened with this workspace's key",
            code="sign-in-secret",
            hint=f"Restore keys/{KEY_NAME} from the backup that the database is from, or let the person enrol again.",
        )
    return found.decode()
