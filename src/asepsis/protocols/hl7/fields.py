"""Fields of HL7 v2 segments: separators, escapes, coded elements, and the length and look of text that is kept."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from asepsis.protocols.udi import UDI_LIMIT

# The longest text kept of a field; a UDI is the longest of them.
TEXT_LIMIT = UDI_LIMIT
# How much of a header's beginning declares the separators: the field separator, up to five encoding characters.
SEPARATORS_SIZE = 6
UNDECLARED = "\0"  # stands for a separator that the header does not declare; no text holds it
# Codes come again with every message: how many are remembered, of which length. At most some 2 MiB.
REMEMBERED_CODES = 4096
# Reference identifiers of ISO/IEEE 11073-10101 have up to some sixty signs.
REFERENCE_SIZE = 80
REMEMBERED_SIZE = 256


class Separators(NamedTuple):
    """The separators that a header declares (HL7 v2.9 2.5.4, MSH-1 and MSH-2). A tuple, because it is part of keys."""

    field: str
    component: str
    repetition: str
    escape: str
    subcomponent: str


@lru_cache(maxsize=64)
def separators(declared: str) -> Separators | None:
    r"""``|^~\&|`` -> the separators; None where there are none.

    Args:
        declared: The header from behind its name, at most ``SEPARATORS_SIZE`` signs.
    """
    field = declared[:1]
    if not field or field.isalnum() or field.isspace():
        return None
    encoding = declared[1:].split(field, 1)[0]
    if not encoding:
        return None
    encoding = encoding.ljust(4, UNDECLARED)
    return Separators(
        field=field, component=encoding[0], repetition=encoding[1], escape=encoding[2], subcomponent=encoding[3]
    )


def plain(text: str) -> str:
    """Text without signs that do not print, and not over ``TEXT_LIMIT`` long."""
    if not text.isprintable():
        text = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text[:TEXT_LIMIT])
    return text.strip()[:TEXT_LIMIT]


def kept(field: str, by: Separators) -> str:
    """A field or component as text for people."""
    return plain(unescaped(field, by)) if field else ""


def unescaped(field: str, by: Separators) -> str:
    r"""Resolves separators and bytes that the sender escaped, such as ``\T\`` and ``\X1D\`` (2.7)."""
    escape = by.escape
    if escape == UNDECLARED or escape not in field:
        return field
    parts = field.split(escape)
    signs = {"F": by.field, "S": by.component, "T": by.subcomponent, "R": by.repetition, "E": escape}
    for place in range(1, len(parts) - 1, 2):
        sequence = parts[place]
        if sequence in signs:
            parts[place] = signs[sequence]
        elif sequence[:1] == "X":
            parts[place] = _bytes_text(sequence[1:])
        else:  # highlighting and formatting
            parts[place] = ""
    return "".join(parts)


def _bytes_text(digits: str) -> str:
    try:
        return bytes.fromhex(digits).decode("ascii", "replace")
    except ValueError:
        return ""


def _code(field: str, component: str) -> str:
    parts = field.split(component, 6)
    identifier, system = parts[0], parts[2] if len(parts) > 2 else ""
    if system not in {"LN", "MDC"} and len(parts) > 5 and parts[3] and parts[5] in {"LN", "MDC"}:
        identifier, system = parts[3], parts[5]
    if not identifier:
        return ""
    return plain(f"{identifier}^{system}" if system else identifier)


_remembered_code = lru_cache(maxsize=REMEMBERED_CODES)(_code)


def code(field: str, component: str) -> str:
    """A coded element (CWE) -> ``CODE^SYSTEM``, never its text.

    Where a local code has a LOINC (LN) or IEEE 11073 (MDC) code beside it as the alternate identifier, that one.
    """
    return _remembered_code(field, component) if len(field) <= REMEMBERED_SIZE else _code(field, component)


def reference(field: str, component: str) -> str:
    """The reference identifier of an IEEE 11073 code (``MDC_ECG_HEART_RATE``), or ""; no other text of a code.

    Of codes that came after 2004 implementations give several numbers, but one reference identifier (ISO/IEEE
    11073-10101 A.1 makes it the same everywhere).
    """
    parts = field.split(component, 6)
    for text, system in ((parts[1:2], parts[2:3]), (parts[4:5], parts[5:6])):
        if system == ["MDC"] and text and text[0].startswith("MDC_") and len(text[0]) <= REFERENCE_SIZE:
            found = text[0]
            if found.isascii() and found.replace("_", "").isalnum() and found.isupper():
                return found
    return ""
