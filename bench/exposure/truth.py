"""What a version text of an advisory means, read by other eyes than the matcher's: nothing of it is used here.

Only the plainest forms are read; a text in another form has no truth, and a device of its product must not be called
safe.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_ALL = re.compile(r"^(vers:[\w.-]+/\*|\*|all versions)(\s*\([^)]*\))?$", re.I)
# An edition (2nd) is no version of software.
_NUMBERED = r"(?!\d+(?:st|nd|rd|th)\b)[A-Za-z]{0,12}[- _]?\d[\w.\-]*(?: (?:MR )?(?:Build|SR|SP|Service Pack|D|R) ?\d+)?"
_BOUND = re.compile(rf"^(<=|>=|<|>)\s*({_NUMBERED})$")
_ONE = re.compile(rf"^({_NUMBERED})$")
_AND = re.compile(rf"^(?:versions?\s+)?({_NUMBERED})\s+(?:and|or)\s+(?:prior|below|earlier|lower|older|previous)", re.I)
_SAID = re.compile(r"^(?:all\s+)?(?:(?:software|firmware)\s+)?(?:versions?\s+|releases?\s+)?", re.I)
_BEFORE = re.compile(
    rf"^(prior to|before|earlier than|below|up to(?: and including)?)\s+(?:version\s+)?({_NUMBERED})$", re.I
)
_FROM_TO = re.compile(rf"^(?:from\s+)?({_NUMBERED})\s*(?:through|thru|to|until|–|\s-\s)\s*({_NUMBERED})$", re.I)
_LAST = re.compile(r"\d+(?!.*\d)")


class Truth:
    """The ranges of one version text; ``known`` is False where it was not read."""

    def __init__(self, text: str) -> None:
        self.everything = bool(_ALL.match(text.strip()))
        self.bounds: list[list[tuple[str, str]]] = []
        self.known = self.everything
        if self.everything:
            return
        text = re.sub(r"\s\([^)]*\)", "", text).strip()
        below = _AND.match(text)
        if below:
            self.bounds, self.known = [[("<=", below.group(1))]], True
            return
        said = _SAID.sub("", text)
        before, span = _BEFORE.match(said), _FROM_TO.match(said)
        if before:
            operator = "<=" if before.group(1).lower().startswith("up") else "<"
            self.bounds, self.known = [[(operator, before.group(2))]], True
            return
        if span:
            self.bounds, self.known = [[(">=", span.group(1)), ("<=", span.group(2))]], True
            return
        if not re.search(r"[<>|]", text):
            text = re.sub(r",\s*(?:and\s+)?|\s+and\s+|\s+or\s+|;\s*", "|", said)
        lower: tuple[str, str] | None = None
        for piece in _without_wildcards(text).split("|"):
            bound, one = _BOUND.match(piece.strip()), _ONE.match(piece.strip())
            if bound and bound.group(1)[0] == ">":
                lower = (bound.group(1), bound.group(2))
                continue
            if bound:
                self.bounds.append([*([lower] if lower else []), (bound.group(1), bound.group(2))])
            elif one and not lower:
                self.bounds.append([("=", one.group(1))])
            else:
                self.bounds = []
                return
            lower = None
        if lower:
            self.bounds.append([lower])
        self.known = bool(self.bounds)

    def holds(self, version: str) -> bool | None:
        """Whether a version is inside; None where that is not plain."""
        if not self.known:
            return None
        if self.everything:
            return True
        found = [self._row(version, row) for row in self.bounds]
        if True in found:
            return True
        return None if None in found and False not in found else False

    def _row(self, version: str, row: list[tuple[str, str]]) -> bool | None:
        for operator, at in row:
            if _form(version) != _form(at):
                # Of a list of single versions, one with other numbers is none, whatever its form.
                return False if operator == "=" and _key(version) != _key(at) else None
            here, there = _key(version), _key(at)
            if not {"<": here < there, "<=": here <= there, ">": here > there, ">=": here >= there, "=": here == there}[
                operator
            ]:
                return False
        return True

    def planted(self) -> Iterator[str]:
        """Versions just inside and just outside of every end."""
        if self.everything:
            yield from ("1.0", "9.9.9")
            return
        for row in self.bounds:
            for _, at in row:
                yield at
                yield _moved(at, 1)
                if _LAST.search(at) and int(_LAST.search(at).group()) > 0:  # type: ignore[union-attr] # just searched
                    yield _moved(at, -1)


def _without_wildcards(text: str) -> str:
    """``14.x`` as ``>= 14 | < 15``, and ``<= 11.x`` as ``< 12``."""
    text = re.sub(r"<=\s*([\d.]*?)(\d+)\.\s?x", lambda found: f"< {found[1]}{int(found[2]) + 1}", text, flags=re.I)
    return re.sub(
        r"(?<![\d.])([\d.]*?)(\d+)\.\s?x",
        lambda found: f">= {found[1]}{found[2]} | < {found[1]}{int(found[2]) + 1}",
        text,
        flags=re.I,
    )


def _moved(version: str, by: int) -> str:
    """The next or last version: its last number by one."""
    if version[-1:].isalpha() and version[-2:-1].isdigit() and by > 0 and version[-1] not in "zZ":
        return version[:-1] + chr(ord(version[-1]) + by)
    return _LAST.sub(lambda match: str(int(match.group()) + by).zfill(len(match.group())), version, count=1)


def _form(version: str) -> str:
    """The signs around the numbers, without dots: U61 and 2.6 are of different forms."""
    return re.sub(r"[\d.]+", "0", version.lower().removeprefix("v").rstrip("abcdefghijklmnopqrstuvwxyz"))


def _key(version: str) -> tuple[tuple[int, ...], str]:
    numbers = [int(number) for number in re.findall(r"\d+", version)]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    letter = re.search(r"\d([a-z])$", version.lower())
    return tuple(numbers), letter.group(1) if letter else ""
