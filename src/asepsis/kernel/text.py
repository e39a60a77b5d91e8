"""Text from the network made safe to show, in a terminal, a page or a spreadsheet.

Names of devices come from whoever sends them. A host name may hold an escape sequence that rewrites the
terminal, a right-to-left override that turns a name round, or a formula that a spreadsheet would run.
"""

from __future__ import annotations

import re
from typing import Final

_UNSHOWABLE: Final = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0, DEL and C1 control characters: escape sequences begin with one of them
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"  # invisible signs, line separators, bidirectional overrides
    "\ud800-\udfff"  # lone surrogates: file names that are not UTF-8
    "]"
)
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


def showable(text: str) -> str:
    r"""``text`` with every sign that a terminal would obey written as ``\xNN`` or ``\uNNNN``."""
    return _UNSHOWABLE.sub(_spelled, text)


def _spelled(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def spreadsheet_cell(text: str) -> str:
    """``text`` as a CSV cell that no spreadsheet takes for a formula (a leading apostrophe says "text")."""
    shown = showable(text)
    return f"'{shown}" if shown.startswith(_FORMULA_STARTS) else shown
