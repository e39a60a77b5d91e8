"""The text of a log that may be compressed: what of it is known already, and its lines, bounded and numbered.

Logs grow, are rotated and are compressed meanwhile. So a log is known by its text, not by its file: the digest of
the text up to where it was read. A longer text that begins with a known one adds only what is new.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from asepsis.history import CaptureDigest
from asepsis.kernel.value import value
from asepsis.wire.errors import CaptureError
from asepsis.wire.source import Source, open_source

# A record of Zeek or Suricata has some hundred to some thousand bytes; with whole certificate chains, up to 100,000.
MAX_LINE_BYTES: Final = 1 << 20
_BLOCK_BYTES: Final = 1 << 20

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


@value
class Content:
    """What the text of a log is, before it is read for records."""

    size_bytes: int
    digest: str
    lines_size_bytes: int
    """Up to the last line feed: behind it may stand a line that is not whole yet."""
    lines_digest: str
    known_bytes: int
    """Length of the longest known text that it begins with; 0 for a new one."""
    error: str | None
    """Why the text ends before its file does."""


def examine(path: Path, known: Mapping[int, frozenset[str]]) -> Content:
    """Reads a log once for its digests.

    Args:
        path: The file.
        known: Lengths in bytes of texts that were taken before, with their digests.

    Raises:
        CaptureError: The file cannot be opened.
    """
    source, _ = open_source(path)
    whole = CaptureDigest()
    at_line_end = whole.copy()
    size = lines_size = known_bytes = 0
    error = None
    lengths = sorted(length for length in known if length > 0)
    block = memoryview(bytearray(_BLOCK_BYTES))
    try:
        while count := source.readinto(block):
            taken = 0
            last_line_end = bytes(block[:count]).rfind(b"\n") + 1
            stops = {last_line_end, count}
            while lengths and lengths[0] <= size + count:
                stops.add(lengths.pop(0) - size)
            for stop in sorted(stops):
                whole.update(block[taken:stop])
                taken = stop
                if whole.text() in known.get(size + stop, ()):
                    known_bytes = size + stop
                if stop == last_line_end > 0:
                    at_line_end, lines_size = whole.copy(), size + stop
            size += count
    except (CaptureError, OSError) as problem:
        error = problem.message if isinstance(problem, CaptureError) else problem.strerror or str(problem)
    finally:
        source.close()
    return Content(
        size_bytes=size,
        digest=whole.text(),
        lines_size_bytes=lines_size,
        lines_digest=at_line_end.text(),
        known_bytes=known_bytes,
        error=error,
    )


class Line(NamedTuple):
    """One line of a log."""

    number: int
    """From 1."""
    text: str | None
    """Without its end; None where it is too long."""
    is_known: bool
    """It was taken before."""
    is_whole: bool
    """A line feed ends it."""


def lines(source: Source, size_bytes: int, known_bytes: int = 0) -> Iterator[Line]:
    """The lines of the first ``size_bytes`` bytes of a text.

    Raises:
        CaptureError: The compressed stream is damaged.
        OSError: The file cannot be read.
    """
    block = memoryview(bytearray(_BLOCK_BYTES))
    number = begin = read = 0
    rest = b""
    is_too_long = False
    while read < size_bytes and (count := source.readinto(block[: size_bytes - read])):
        read += count
        pieces = (rest + bytes(block[:count])).split(b"\n")
        rest = pieces.pop()
        for piece in pieces:
            number += 1
            yield Line(number, None if is_too_long else _text(piece, number), begin < known_bytes, True)
            is_too_long = False
            begin += len(piece) + 1
        if len(rest) > MAX_LINE_BYTES:
            is_too_long = True
        if is_too_long:
            begin += len(rest)
            rest = b""
    if rest or is_too_long:
        number += 1
        yield Line(number, None if is_too_long else _text(rest, number), begin < known_bytes, False)


def _text(line: bytes, number: int) -> str | None:
    if len(line) > MAX_LINE_BYTES:
        return None
    if number == 1:
        line = line.removeprefix(_BYTE_ORDER_MARK)
    return line.removesuffix(b"\r").decode("utf-8", "replace")
