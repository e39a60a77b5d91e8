"""Passwords: how they are kept, and which are refused. Only a way in for those who have no passkey yet."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path
from typing import Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.exceptions import ValidationError

from asepsis.web.settings import CONFIGURATION

# Two at a time, all processes together: each takes 46 MiB, and a burst of sign-ins must not take all memory of a small
# machine.
_PLACES: Final = threading.BoundedSemaphore(max(1, 2 // CONFIGURATION.web.processes_wanted))
# The longest line of a list of hashes: 40 hexadecimal digits, a colon, a count.
_LINE_LIMIT_BYTES: Final = 64


class BoundedArgon2Hasher(Argon2PasswordHasher):
    """Argon2id with 46 MiB (OWASP Password Storage, first choice, with one more pass)."""

    time_cost = 2
    memory_cost = 47_104
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        """As Django's, when one of the places is free."""
        with _PLACES:
            return str(super().encode(password, salt))

    def verify(self, password: str, encoded: str) -> bool:
        """As Django's, when one of the places is free."""
        with _PLACES:
            return bool(super().verify(password, encoded))


class BreachedPasswordValidator:
    """Refuses a password that stands in the hospital's list of leaked ones, where it has one.

    The list is a text file of upper-case SHA-1 hashes in order, one a line, as Have I Been Pwned hands it out; it is
    searched by halving, so its size does not matter. No password and no part of a hash leaves the machine.
    """

    def __init__(self, path: str | None = None) -> None:
        self.path = CONFIGURATION.sign_in.breached_passwords_file if path is None else path

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        """Refuses a password of the list.

        Raises:
            ValidationError: It stands there.
        """
        if self.path and _stands_in(Path(self.path), hashlib.sha1(password.encode()).hexdigest().upper()):  # noqa: S324
            raise ValidationError("This password has leaked from somewhere. Choose another.", code="password_breached")

    def get_help_text(self) -> str:
        """What people are told beforehand."""
        return "It must not stand in a list of leaked passwords."


def _stands_in(path: Path, wanted: str) -> bool:
    target = wanted.encode("ascii")
    with path.open("rb") as file:
        low, high = 0, file.seek(0, os.SEEK_END)
        while low < high:  # ends: the span shrinks each time
            middle = (low + high) // 2
            file.seek(max(0, middle - 1))
            if middle > 0:
                file.readline(_LINE_LIMIT_BYTES)
            start = file.tell()
            line = file.readline(_LINE_LIMIT_BYTES).strip()
            found = line[:40].upper()
            if found == target:
                return True
            if not line or start >= high or found > target:
                high = middle
            else:
                low = file.tell()
    return False
