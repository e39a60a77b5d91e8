"""The behaviour of one device during one window: words that it used and measures of its conversations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from asepsis.kernel.value import value

# A word is a kind, a blank and what was said; longer ones are documents, whose beginning tells as much.
WORD_LIMIT = 80
# What one device can put into a profile: a talkative one has some hundred words; a hostile one may have no more.
WORDS_LIMIT = 512
MEASURES_LIMIT = 1024
REMEMBERED_TEXTS = 1 << 14

_UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}")
_ADDRESS = re.compile(
    r"\d{1,3}(?:[.-]\d{1,3}){3}|(?:[0-9a-f]{1,2}[:-]){5}[0-9a-f]{1,2}|[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){3,}"
)
# Serial numbers, counters, keys and shortened hardware addresses: six hexadecimal signs with a figure among them, or
# eight letters and figures with four figures, or five figures. Names of products are shorter (``hs110``, ``dsp-w215``).
_NUMBER = re.compile(
    r"(?<![a-z0-9])(?=[0-9a-f]*\d)[0-9a-f]{6,}(?![a-z0-9])|(?<![a-z0-9])(?=(?:[a-z]*\d){4})[a-z0-9]{8,}|\d{5,}"
)
_HEX_RUN = re.compile(r"[0-9a-f]{4,}")


@value
class Profile:
    """What one device did during one window. ``words`` and ``measures`` are all that is learnt from: no address."""

    subject: str
    """The device's hardware address, or its network address where the link has none."""
    ips: tuple[str, ...]
    """IPv4 addresses that it used, so that a person can name it by one."""
    capture: str
    first_ns: int
    last_ns: int
    first_packet: int
    packets: int
    """That it sent."""
    words: Mapping[str, int]
    """``dns asks time.example`` to how often."""
    measures: Mapping[str, float]
    """``sent asks udp/53 mean bytes`` to its value."""


@lru_cache(maxsize=REMEMBERED_TEXTS)
def without_identifiers(text: str) -> str:
    """Text in lower case, with a ``#`` for everything that tells one unit from another or the network it is on."""
    text = text.lower()[: 4 * WORD_LIMIT]
    if any(sign.isdecimal() for sign in text):
        text = _NUMBER.sub("#", _ADDRESS.sub("#", _UUID.sub("#", text)))
    return " ".join(text.split())[:WORD_LIMIT]


def without_own_address(text: str, mac: str) -> str:
    """Text with a ``#`` for every run of four or more signs of the device's own hardware address.

    Makers write the last four or six signs into names (``plug-3f2a``); they tell units apart, not types.
    """
    digits = mac.replace(":", "")
    if len(digits) != 12:
        return text

    def hidden(match: re.Match[str]) -> str:
        run = match.group()
        for length in range(len(run), 3, -1):
            for start in range(len(run) - length + 1):
                if run[start : start + length] in digits:
                    return run[:start] + "#" + run[start + length :]
        return run

    return _HEX_RUN.sub(hidden, text)
