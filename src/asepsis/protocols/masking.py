"""Text from the wire made fit to keep: bounded, printable, and without what may name a person.

Paths, topics and share names are written by whoever configured a system, and some put a patient's number,
a study's UID or a session's token there. ``masked`` keeps their shape, which tells what a device is, and
replaces what may identify somebody by ``#``.
"""

from __future__ import annotations

import re
from functools import lru_cache

# Header values, names and titles longer than this say nothing more about a device.
TEXT_LIMIT = 256
# A path is masked before it is cut, so that a cut never leaves the first digits of a number. 4 KiB is what common
# servers accept as a whole request line.
MASK_WINDOW = 4096
# The same few thousand names and paths come again and again; 4,096 of each, 256 bytes, stay under 2 MiB, and under
# 16 MiB where somebody sends paths of 4 KiB.
REMEMBERED_TEXTS = 4096

MASK = "#"

_PERSONAL = re.compile(
    # What follows the word patient (or mrn, pid) as its own part of a path or topic: /Patient/f3a, patient=Doe.
    r"(?<=patient)[/=:](?P<one>[^/?]+)|(?<=patients)[/=:](?P<many>[^/?]+)|(?<=/mrn)[/=:](?P<mrn>[^/?]+)"
    # A UID of five arcs or more (DICOM PS3.5 9.1); a version has at most four parts.
    r"|\d+(?:\.\d+){4,}"
    # Sixteen hexadecimal digits or more, with or without hyphens: tokens, UUIDs, API keys.
    r"|[0-9a-f](?:-?[0-9a-f]){15,}"
    # Five digits or more: record numbers, accession numbers, dates of birth.
    r"|\d{5,}",
    re.IGNORECASE,
)


def printable(data: bytes) -> str:
    """Decodes at most ``TEXT_LIMIT`` bytes as UTF-8; what is no printable sign becomes a full stop or U+FFFD."""
    return _printable(data[:TEXT_LIMIT])  # cut before it is remembered: a header of 64 KiB must not stay


@lru_cache(maxsize=REMEMBERED_TEXTS)
def _printable(data: bytes) -> str:
    return printable_text(data.decode("utf-8", "replace"))


def printable_text(text: str) -> str:
    """``printable`` for text that is decoded already, such as UTF-16 names."""
    text = text[:TEXT_LIMIT]
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else "." for sign in text)


def masked(data: bytes) -> str:
    """Like ``printable``, with numbers, UIDs, tokens and what follows ``patient/`` replaced by ``#``.

    >>> masked(b"/wado/12345678/series/1.2.840.113619.2.55")
    '/wado/#/series/#'
    """
    return _masked(data[:MASK_WINDOW])


@lru_cache(maxsize=REMEMBERED_TEXTS)
def _masked(data: bytes) -> str:
    return masked_text(data.decode("utf-8", "replace"))


def masked_text(text: str) -> str:
    """``masked`` for text that is decoded already."""
    return printable_text(_PERSONAL.sub(_replacement, text[:MASK_WINDOW]))


def _replacement(found: re.Match[str]) -> str:
    # The first sign is the separator where the word patient led here; it stays.
    return found[0][0] + MASK if found.lastgroup else MASK
