"""From the words of an advisory to a range of versions.

Publishers write ``< 8.2.2``, ``vers:all/*``, ``>= 1.0.0 | <= 1.1.1``, ``2.3.6 and below``, ``Versions 4.4 through
4.12``, ``MMT-1711 | MMT-1712``, ``distributed < april 1, 2018``. Words that are not understood make the whole range
unread: a part of a sentence that is taken for all of it is how a device is called safe that is not.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from asepsis.exposure.matching.ranges import Bound, Part, Range
from asepsis.exposure.matching.version import Version, version

# A version branch with more signs is a chapter, and one with more versions a catalogue.
LONGEST_TEXT: Final = 600
PARTS_LIMIT: Final = 200

_ALL: Final = re.compile(
    r"^(?:vers:[a-z0-9.+-]+/\*|\*|all(?:\s+(?:versions?|releases?|models?))?|any|every version)$", re.I
)
_VERS: Final = re.compile(r"^vers:[a-z0-9.+-]+/", re.I)
# A comment in brackets stands apart from the version; 0.74(0.75) does not.
_NOTE: Final = re.compile(r"(?:^|(?<=\s))\(([^()]*)\)")
_VERSIONS: Final = r"(?:versions?|releases?)"
_EARLIER: Final = r"(?:prior|earlier|below|lower|previous|older|under|before)"
_LATER: Final = r"(?:later|newer|higher|above|up|subsequent|greater|after|onwards?)"
_TAIL: Final = r"(?:(?:mr\s)?build|sr|sp|service\s+pack|patch|rev|update|hotfix|hf|edition|[a-z](?=[0-9]))"

# The order is the order of trying: longer phrases before their beginnings.
_PHRASES: Final = (
    ("post_le", rf"(?:,\s*)?(?:and|or)\s+(?:all\s+|any\s+)?{_EARLIER}\b(?:\s+{_VERSIONS})?"),
    ("post_ge", rf"(?:,\s*)?(?:and|or)\s+(?:all\s+|any\s+)?{_LATER}\b(?:\s+{_VERSIONS})?"),
    ("pre_lt", r"(?:prior\s+to|earlier\s+than|lower\s+than|older\s+than|less\s+than|before|below|preceding)\b"),
    ("pre_le", r"(?:up\s+to(?:\s*(?:\(?and\s+)?including\)?)?|until|no\s+later\s+than)\b\)?"),
    ("pre_gt", r"(?:later\s+than|higher\s+than|newer\s+than|greater\s+than|above|after)\b"),
    ("pre_ge", r"(?:from|since|starting\s+(?:with|from|at)|beginning\s+with)\b"),
    ("between", r"between\b"),
    ("through", r"(?:through(?:\s+to)?|thru|to)\b|[-–—](?=\s)"),
    ("op", r"<=|>=|==|!=|<|>|=|≤|≥"),
    ("separator", r"\||,|;|&|\band\b|\bor\b|/(?=\s)"),
    (
        "silent",
        (
            r"(?:all|any|the|software|firmware|running|using|with|application|app|product)?\s*"
            r"(?:versions?|releases?|revisions?|ver\.|builds?\s+of)\b:?"
            r"|(?:all|software|firmware|running|using)\b|[:.]"
        ),
    ),
    (
        "version",
        (
            r"(?:v\.?\s?(?=[0-9]))?(?!(?:sn|s/n)\b)(?:[a-z]{1,3}\s(?=[0-9])|[a-z]{0,10}[-_]?)"
            r"[0-9](?:[\w.+/()*-]*[\w)*])?(?:\.\s[x*]\b)?"
            rf"(?:[ _]{_TAIL}\s?[0-9]*[a-z]?\b)*"
        ),
    ),
)
_SCAN: Final = re.compile("|".join(f"(?P<{name}>{form})" for name, form in _PHRASES), re.I)
_WILD: Final = re.compile(r"\.\s?(?:x|\*)$", re.I)
_OPERATORS: Final = {"≤": "<=", "≥": ">=", "==": "=", "": "="}
_BEFORE: Final = {"pre_lt": "<", "pre_le": "<=", "pre_gt": ">", "pre_ge": ">="}

Piece = tuple[str, str]
Limit = tuple[str, Version, bool]
"""(operator, version, whether it is wild)."""


@lru_cache(maxsize=65536)
def read_range(text: str) -> Range:
    """The range that ``text`` means; unread where anything in it is not understood."""
    words = " ".join(unicodedata.normalize("NFKC", text[: LONGEST_TEXT + 1]).split())
    if len(text) > LONGEST_TEXT:
        return Range(words=words[:LONGEST_TEXT], unread=True)
    plain, note = _without_notes(words)
    if _ALL.match(plain):
        return Range(words=words, everything=True, note=note)
    in_vers = _VERS.match(plain) is not None
    if in_vers:
        plain = unquote(_VERS.sub("", plain))
        if plain == "*":
            return Range(words=words, everything=True, note=note)
    pieces = _pieces(plain)
    limits = None if pieces is None else _limits(pieces)
    if limits and in_vers:
        # A vers range is a set of constraints in the order of their versions, however they are written
        # (vers specification, "Normalized, canonical representation and validation").
        limits.sort(key=lambda limit: (limit[1].order, limit[0] in ("<", "<=")))
    parts = None if limits is None else _parts(limits)
    if not parts:
        return Range(words=words, unread=True, note=note)
    return Range(words=words, parts=parts, note=note)


def _without_notes(words: str) -> tuple[str, str]:
    notes = [note for note in _NOTE.findall(words) if note]
    return " ".join(_NOTE.sub(" ", words).split()).strip(" ,;"), "; ".join(notes)


def _pieces(text: str) -> list[Piece] | None:
    """The words one by one; None where one is not known."""
    found: list[Piece] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        match = _SCAN.match(text, at)
        if match is None or match.end() == at or len(found) > PARTS_LIMIT * 4:
            return None
        kind = match.lastgroup or ""
        if kind == "silent" and text[match.end() : match.end() + 1].isalnum():
            return None
        if kind != "silent":
            found.append((kind, match.group().strip()))
        at = match.end()
    return found


def _limits(pieces: list[Piece]) -> list[Limit] | None:
    """Every version with its operator, in the order of the text; None where they do not fit together."""
    limits: list[Limit] = []
    operator, opened = "", ""
    for place, (kind, word) in enumerate(pieces):
        following = pieces[place + 1][0] if place + 1 < len(pieces) else ""
        earlier = pieces[place - 1][0] if place else ""
        if kind == "op":
            # "A10 < A11" is no range that anybody could have meant.
            if operator or word == "!=" or (earlier == "version" and limits and limits[-1][0] not in (">", ">=")):
                return None
            operator = _OPERATORS.get(word, word)
        elif kind in _BEFORE:
            # "through prior to" and the like: two prefixes are nonsense.
            if operator:
                return None
            operator = _BEFORE[kind]
        elif kind == "between":
            operator, opened = ">=", "between"
        elif kind == "through":
            if not limits or limits[-1][0] not in ("=", ">=", ">"):
                return None
            if limits[-1][0] == "=":
                limits[-1] = (">=", *limits[-1][1:])
            operator = "<="
        elif kind in ("post_le", "post_ge"):
            if not limits or limits[-1][0] != "=":
                return None
            limits[-1] = ("<=" if kind == "post_le" else ">=", *limits[-1][1:])
        elif kind == "version":
            wild = _WILD.search(word) is not None
            read = version(_WILD.sub("", word))
            # Two versions side by side are a list only where the second looks like one: "653 MCE 3" is a product.
            beside = earlier == "version" and word[:1].lower() not in "v0123456789"
            if read is None or beside or len(limits) >= PARTS_LIMIT:
                return None
            limits.append((operator or "=", read, wild))
            operator = ""
            if opened == "between" and following == "separator":
                operator, opened = "<=", ""
    return None if operator or opened else limits


def _parts(limits: list[Limit]) -> tuple[Part, ...]:
    parts: list[Part] = []
    waiting: Bound | None = None
    for operator, at, wild in limits:
        bound = Bound(at=at, closed=operator in ("=", "<=", ">="), wild=wild)
        if operator in (">", ">="):
            if waiting is not None:
                parts.append(Part(low=waiting, high=None))
            waiting = bound
        elif operator in ("<", "<="):
            if waiting is not None and at < waiting.at:
                parts.append(Part(low=waiting, high=None))
                waiting = None
            parts.append(Part(low=waiting, high=bound))
            waiting = None
        else:
            if waiting is not None:
                parts.append(Part(low=waiting, high=None))
                waiting = None
            parts.append(Part(low=bound, high=bound))
    if waiting is not None:
        parts.append(Part(low=waiting, high=None))
    return tuple(parts)


def said_twice(branch: str, words: str, name: str) -> tuple[Range, Range | None]:
    """The range of a product's version branch, and what its full name says where it says something else.

    CISA writes every range twice, and one in twenty differs: ``<= 1.0.0`` beside "Version 1.1.0 and below".
    """
    first = read_range(branch) if branch.strip() else Range(words="", everything=True)
    rest = words[len(name) :] if words.startswith(name) else words.rpartition(": ")[2]
    second = read_range(rest.strip(" :-–,"))
    if not branch.strip() and second.is_read and not second.everything:
        return second, None
    if not second.is_read or second.everything or _outline(second) == _outline(first):
        return first, None
    return first, second


def _outline(of: Range) -> list[object]:
    """The range without the spelling of its versions."""
    return [
        None if end is None else (end.at.lead, end.at.segments, end.closed, end.wild)
        for part in of.parts
        for end in (part.low, part.high)
    ]
