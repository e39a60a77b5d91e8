"""JSON of strangers as values: bounded in size and depth, and read field by field with a note of what does not fit.

A ``Field`` is a place in a document. Asking it for a text, a list or a member never raises: what is there and is of
another type is noted once as a ``Problem`` with its place, and the answer is empty.
"""

from __future__ import annotations

import gzip
import io
import json
import math
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Any, Final

from asepsis.exposure.advisory import Problem

# The largest advisory of CISA is 300 kB, the largest SBOM we saw 30 MB, CISA's catalogue of exploited vulnerabilities
# 2 MB, FIRST's scores 20 MB when unpacked.
DOCUMENT_LIMIT_BYTES: Final = 128 * 2**20
_BLOCK_BYTES: Final = 1 << 20
# Deeper nesting is an attack on readers: CSAF and CycloneDX nest branches and components a dozen deep.
DEPTH_LIMIT: Final = 60
# Members of one list: the largest vendor's product tree has some ten thousand.
LIST_LIMIT: Final = 1_000_000
TEXT_LIMIT: Final = 20_000
PROBLEMS_LIMIT: Final = 100
# What values take in memory once they are read (CPython 3.11, 64 bits): an object of one member, a list, any other
# value. A megabyte that is packed well would else become gigabytes: 128 MiB of "{}," are 45 million objects.
_OBJECT_BYTES: Final = 240
_LIST_BYTES: Final = 72
_VALUE_BYTES: Final = 60
# The densest documents of publishers need 3 MiB for each MiB of theirs, and none is larger than 40 MiB.
ROOM_LIMIT_BYTES: Final = 512 * 2**20
# Of a zip archive that holds one document. Python's reader makes an object for each before it can be asked.
ENTRIES_LIMIT: Final = 1000


class Notes:
    """The problems of one document, the first hundred of them."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def add(self, where: str, why: str) -> None:
        """Notes one problem."""
        if len(self.problems) < PROBLEMS_LIMIT:
            self.problems.append(Problem(where=where[:300], why=why))


class Field:
    """One place in a document."""

    __slots__ = ("content", "notes", "where")

    def __init__(self, content: Any, where: str, notes: Notes) -> None:
        self.content = content
        self.where = where
        self.notes = notes

    def get(self, name: str) -> Field:
        """A member; one that is absent is a field without content."""
        content = self.content
        if isinstance(content, dict):
            return Field(content.get(name), f"{self.where}/{name}", self.notes)
        if content is not None:
            self.notes.add(self.where, f"is {_kind(content)}, not an object")
        return Field(None, f"{self.where}/{name}", self.notes)

    def text(self, name: str = "") -> str:
        """A text, cut where it is too long; empty where there is none."""
        field = self.get(name) if name else self
        content = field.content
        if isinstance(content, str):
            return content[:TEXT_LIMIT].encode("utf-8", "replace").decode("utf-8")
        if content is not None:
            field.notes.add(field.where, f"is {_kind(content)}, not a text")
        return ""

    def number(self, name: str = "") -> float | None:
        """A finite number, None where there is none."""
        field = self.get(name) if name else self
        content = field.content
        if isinstance(content, int | float) and not isinstance(content, bool):
            try:
                found = float(content)
            except OverflowError:
                found = math.inf
            if math.isfinite(found):
                return found
        if content is not None:
            field.notes.add(field.where, f"is {_kind(content)}, not a finite number")
        return None

    def items(self, name: str = "") -> Iterator[Field]:
        """The members of a list; none where there is no list."""
        field = self.get(name) if name else self
        content = field.content
        if isinstance(content, list):
            if len(content) > LIST_LIMIT:
                field.notes.add(field.where, f"has {len(content)} members; the first {LIST_LIMIT} were read")
            for place, item in enumerate(content[:LIST_LIMIT]):
                yield Field(item, f"{field.where}/{place}", field.notes)
        elif content is not None:
            field.notes.add(field.where, f"is {_kind(content)}, not a list")

    def texts(self, name: str = "") -> tuple[str, ...]:
        """The texts of a list."""
        return tuple(text for text in (item.text() for item in self.items(name)) if text)

    @property
    def is_there(self) -> bool:
        """Whether the document has anything here."""
        return self.content is not None


def _kind(content: Any) -> str:
    return {dict: "an object", list: "a list", str: "a text", bool: "true or false"}.get(type(content), "a number")


def unpacked(content: bytes) -> bytes | Problem:
    """The content of a gzip file or of a zip archive of one file, or the content itself; a bomb is a problem."""
    if content[:4] == b"PK\x03\x04":
        return _unzipped(content)
    if content[:2] != b"\x1f\x8b":
        return content if len(content) <= DOCUMENT_LIMIT_BYTES else _too_large()
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            plain = _bounded(packed)
    except (OSError, EOFError, zlib.error) as error:
        return Problem(where="", why=f"cannot be unpacked: {error}")
    return plain if len(plain) <= DOCUMENT_LIMIT_BYTES else _too_large()


def _bounded(packed: IO[bytes] | gzip.GzipFile) -> bytes:
    """What is packed, up to one byte beyond the limit; a reader that is asked for it all at once takes room for all."""
    found = bytearray()
    while len(found) <= DOCUMENT_LIMIT_BYTES:
        block = packed.read(min(_BLOCK_BYTES, DOCUMENT_LIMIT_BYTES + 1 - len(found)))
        if not block:
            break
        found += block
    return bytes(found)


def entries_at_most(file: IO[bytes]) -> int:
    """How many entries the directory of a zip archive can have, counted without reading it as one (APPNOTE 4.3.12).

    Signatures within packed files count too, so that it is seldom less than exact and never too few.
    """
    file.seek(0)
    found, end = 0, b""
    while block := file.read(_BLOCK_BYTES):
        block = end + block
        found += block.count(_ENTRY)
        end = block[-len(_ENTRY) + 1 :]
    file.seek(0)
    return found


_ENTRY: Final = b"PK\x01\x02"


def _unzipped(content: bytes) -> bytes | Problem:
    """The one file of a zip archive, as the FDA packs its tables."""
    entries = content.count(_ENTRY)
    if entries > ENTRIES_LIMIT:
        return Problem(where="", why=f"is a zip archive of {entries} files: unpack it, and name the folder")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(names) != 1:
                return Problem(where="", why=f"is a zip archive of {len(names)} files: unpack it, and name the folder")
            with archive.open(names[0]) as packed:
                # The size that the archive states is not believed.
                plain = _bounded(packed)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, ValueError) as error:
        # An archive with a password, or packed in a way that is not known here, is a RuntimeError of the library.
        return Problem(where="", why=f"cannot be unpacked: {error}"[:300])
    return plain if len(plain) <= DOCUMENT_LIMIT_BYTES else _too_large()


def _too_large() -> Problem:
    return Problem(where="", why=f"is larger than {DOCUMENT_LIMIT_BYTES // 2**20} MiB")


def read_json(content: bytes, notes: Notes) -> Field | Problem:
    """The root of a JSON document, or why there is none."""
    plain = unpacked(content)
    if isinstance(plain, Problem):
        return plain
    if _room(plain) > ROOM_LIMIT_BYTES:
        return Problem(where="", why=f"holds more values than there is room for ({ROOM_LIMIT_BYTES // 2**20} MiB)")
    if _depth(plain) > DEPTH_LIMIT:
        return Problem(where="", why=f"is nested deeper than {DEPTH_LIMIT} levels")
    try:
        root = json.loads(plain.decode("utf-8-sig"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        return Problem(where="", why=f"is no JSON: {error}"[:300])
    if not isinstance(root, dict):
        return Problem(where="", why=f"is {_kind(root)}, not an object")
    return Field(root, "", notes)


def _no_number(word: str) -> None:
    """NaN and Infinity are no JSON (RFC 8259, 6); what bears one has no number."""


def _room(content: bytes) -> int:
    """At most so many bytes its values take; signs within texts count too."""
    return content.count(b"{") * _OBJECT_BYTES + content.count(b"[") * _LIST_BYTES + content.count(b",") * _VALUE_BYTES


_ESCAPED: Final = re.compile(rb"\\.", re.S)
_TEXT: Final = re.compile(rb'"[^"]*"')
_NO_BRACKET: Final = bytes(sign for sign in range(256) if sign not in b"[]{}")


def _depth(content: bytes) -> int:
    """How deep brackets nest outside texts: asked before parsing, because a parser meets the depth on its own stack."""
    if content.count(b"[") + content.count(b"{") <= DEPTH_LIMIT:
        return 0
    deepest = depth = 0
    for sign in _TEXT.sub(b"", _ESCAPED.sub(b"", content)).translate(None, _NO_BRACKET):
        if sign in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        else:
            depth -= 1
    return deepest
