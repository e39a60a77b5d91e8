"""The part of a UDI that names the version or model of a device (UDI-DI), where GS1 issues it."""

from __future__ import annotations

import re
from typing import Final

# GS1 General Specifications 3.2: (01) and fourteen digits; the brackets are left away in bar codes.
_DEVICE: Final = re.compile(r"(?:\(01\)|^01)?([0-9]{14})", re.ASCII)


def device_identifier(udi: str) -> str:
    """The fourteen digits that a UDI begins with; empty where it is another agency's, or none."""
    found = _DEVICE.match(udi)
    return found[1] if found is not None and is_identifier(found[1]) else ""


def is_identifier(digits: str) -> bool:
    """Fourteen digits with the check digit of a GTIN (GS1 General Specifications 7.9), so no lot by chance."""
    if len(digits) != 14 or not (digits.isascii() and digits.isdigit()):
        return False
    return sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(digits)) % 10 == 0
