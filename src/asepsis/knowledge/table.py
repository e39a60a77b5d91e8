"""Reads one table of facts and finds the row that fits a text.

A row says what it matches (``exact``, ``prefix``, ``suffix`` of a domain name, or ``contains``; never a regular
expression, so that no text of a stranger can make matching slow) and what follows from it. Tables are read when
first asked for, one ``json.loads`` a table.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

MATCHES = ("exact", "prefix", "suffix", "contains")
# Members of a row that are no part of what follows from it; ``example`` is for the checker.
_NO_FACT = frozenset((*MATCHES, "example"))

# A banner or a name is rarely longer than 100 signs; a longer one is cut, so that nobody can make us search megabytes.
LONGEST_TEXT = 400

# A contained text shorter than this fits half of everything.
SHORTEST_PART = 3

# What a table remembers of earlier answers; a hospital shows some thousand different texts of one sort.
REMEMBERED_ANSWERS = 8192

# A row that names no weight is worth this much: more likely right than wrong, and not beyond doubt.
DEFAULT_WEIGHT = 0.5

# A version is the run of signs after the matched text, up to one of these.
_VERSION_ENDS = frozenset(" ,;()/\t\r\n\"'")
LONGEST_VERSION = 40


class Fact(NamedTuple):
    """What follows when a row fits. An empty text says nothing.

    A named tuple, because a thousand of them are made before the first answer.
    """

    category: str = ""
    role: str = ""
    vendor: str = ""
    model: str = ""
    os: str = ""
    version: str = ""
    """Which attribute the text behind the match belongs to: ``firmware``, ``os`` or ``model``; empty for none."""
    kind: str = ""
    """A word that only some tables use, such as ``toolkit``."""
    weight: float = DEFAULT_WEIGHT
    source: str = ""


class Match(NamedTuple):
    """A fitting row and the version text behind the match, where the row asks for one."""

    fact: Fact
    version: str = ""


class Table:
    """One table: our rows, and before them a site's own. Matching ignores case."""

    __slots__ = ("_answers", "_own", "_rows", "name")

    def __init__(self, name: str, rows: list[dict[str, Any]]) -> None:
        self.name = name
        self._rows = Rows(rows)
        self._own: Rows | None = None
        self._answers: dict[str, Match | None] = {}

    def set_own(self, rows: list[dict[str, Any]]) -> None:
        """Puts a site's own rows before ours; none where the list is empty."""
        self._own = Rows(rows) if rows else None
        self._answers.clear()

    def find(self, text: str) -> Match | None:
        """The row that fits ``text`` best: exact before suffix before prefix before contains, longer before shorter."""
        try:
            return self._answers[text]
        except KeyError:
            pass
        if len(self._answers) >= REMEMBERED_ANSWERS:
            self._answers.clear()
        cut = text[:LONGEST_TEXT]
        answer = self._own.find(cut) if self._own is not None else None
        if answer is None:
            answer = self._rows.find(cut)
        self._answers[text] = answer
        return answer


class Rows:
    """Rows of one table, indexed by the four ways to match."""

    __slots__ = ("_contains", "_exact", "_first_signs", "_prefixes", "_suffixes")

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._exact: dict[str, Fact] = {}
        self._suffixes: dict[str, Fact] = {}
        prefixes: list[tuple[str, Fact]] = []
        contains: list[tuple[str, Fact]] = []
        for row in rows:
            words = {key: text for key, text in row.items() if key not in _NO_FACT}
            fact = Fact(**words)
            if "exact" in row:
                self._exact[row["exact"].lower()] = fact
            elif "suffix" in row:
                self._suffixes[row["suffix"].lower()] = fact
            elif "prefix" in row:
                prefixes.append((row["prefix"].lower(), fact))
            else:
                contains.append((row["contains"].lower(), fact))
        # The longest text is the most exact statement, so it is tried first.
        self._prefixes = sorted(prefixes, key=lambda pair: (-len(pair[0]), pair[0]))
        # Contained texts by their first three signs: a text of n signs costs n look-ups, however many rows there are.
        self._contains: dict[str, list[tuple[str, Fact]]] = {}
        for part, fact in sorted(contains, key=lambda pair: (-len(pair[0]), pair[0])):
            self._contains.setdefault(part[:SHORTEST_PART], []).append((part, fact))
        # Prefixes by their first sign: most texts fit none.
        self._first_signs = frozenset(start[0] for start, _ in self._prefixes)

    def find(self, text: str) -> Match | None:
        """The row that fits best, of a text that is not too long."""
        lower = text.lower()
        fact = self._exact.get(lower)
        if fact is not None:
            return Match(fact=fact)
        if self._suffixes:
            rest = lower.rstrip(".")
            while rest:
                fact = self._suffixes.get(rest)
                if fact is not None:
                    return Match(fact=fact)
                _, _, rest = rest.partition(".")
        if lower[:1] in self._first_signs:
            for start, fact in self._prefixes:
                if lower.startswith(start):
                    return Match(fact=fact, version=_version(text, len(start)) if fact.version else "")
        return self._search_inside(text, lower) if self._contains else None

    def _search_inside(self, text: str, lower: str) -> Match | None:
        """The longest contained text that fits; among equals the first in the text."""
        best: tuple[int, int, Fact] | None = None
        for at in range(len(lower) - SHORTEST_PART + 1):
            for part, fact in self._contains.get(lower[at : at + SHORTEST_PART], ()):
                if (best is None or len(part) > best[0]) and _is_word(lower, at, part):
                    best = (len(part), at, fact)
        if best is None:
            return None
        length, at, fact = best
        return Match(fact=fact, version=_version(text, at + length) if fact.version else "")


def _is_word(text: str, at: int, part: str) -> bool:
    """True when ``part`` stands at ``at`` and not inside a longer word: ``signa`` is not in ``signal``."""
    end = at + len(part)
    if not text.startswith(part, at):
        return False
    if at and part[0].isalnum() and text[at - 1].isalpha():
        return False
    return end == len(text) or not (part[-1].isalpha() and text[end].isalpha())


def _version(text: str, start: int) -> str:
    end = start
    limit = min(len(text), start + LONGEST_VERSION)
    while end < limit and text[end] not in _VERSION_ENDS:
        end += 1
    return text[start:end]


def folder() -> Path:
    """The folder of the tables inside the package (a path of its own: importlib.resources costs 20 ms to import)."""
    return Path(__file__).with_name("tables")


def rows(text: str) -> list[dict[str, Any]]:
    """The rows of a table's text; raises ``ValueError`` where a row is no JSON (``lint`` says which)."""
    lines = [line for line in text.split("\n") if line and not line.startswith("#")]
    parsed: list[dict[str, Any]] = json.loads("[" + ",".join(lines) + "]")
    return parsed


class OwnTables:
    """A site's own rows, by table; see ``own``."""

    def __init__(self) -> None:
        self.digest = ""
        """Of the whole folder; empty where there is none."""
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._read: dict[str, Table] = {}

    def set(self, tables: dict[str, list[dict[str, Any]]], digest: str) -> None:
        """Takes other rows, for the tables that were read as well."""
        self._rows, self.digest = tables, digest
        for name, known in self._read.items():
            known.set_own(self.rows(name))

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The site's own rows of a table."""
        return self._rows.get(name, [])

    def table(self, name: str) -> Table:
        """The named table with the site's own rows, read once."""
        known = self._read.get(name)
        if known is None:
            known = self._read[name] = Table(name, rows((folder() / f"{name}.jsonl").read_text(encoding="utf-8")))
            known.set_own(self.rows(name))
        return known


OWN = OwnTables()
"""Which tables a process goes by; only ``own.use`` changes it."""


def table(name: str) -> Table:
    """The named table, read once."""
    return OWN.table(name)


def find(name: str, text: str) -> Match | None:
    """The row of the table ``name`` that fits ``text`` best, or None."""
    return OWN.table(name).find(text)
