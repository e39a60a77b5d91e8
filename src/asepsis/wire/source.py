"""Where capture bytes come from: a file, standard input, or either of them compressed.

A source gives bytes by ``readinto``, says how far it is, and never holds more than a block.
"""

from __future__ import annotations

import os
import sys
import zlib
from pathlib import Path
from typing import IO, Protocol, cast

from asepsis.wire.errors import CaptureError

GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"

# Compressed input is read in pieces of this size.
COMPRESSED_BLOCK = 256 * 1024

# A capture shrinks to a fifth, one of nothing but scans to a fiftieth. What grows more than this is made to keep us
# busy: gzip reaches 1,032, zstd 32,000.
EXPANSION_LIMIT = 250
# So much is unpacked before anybody counts, since the first frames of a file may all be alike.
EXPANSION_FREE_BYTES = 1 << 30


class Source(Protocol):
    """Bytes in order."""

    def readinto(self, target: memoryview) -> int:
        """Fills ``target`` as far as bytes are at hand; 0 at the end."""
        ...

    def position(self) -> int:
        """Bytes of the file itself read so far, for progress."""
        ...

    def close(self) -> None:
        """Gives the file back."""
        ...


class PlainSource:
    """A file descriptor as it is, with bytes that were looked at already in front."""

    def __init__(self, descriptor: int, ahead: bytes = b"", *, owned: bool = True) -> None:
        self._descriptor = descriptor
        self._ahead = ahead
        self._owned = owned
        self._position = len(ahead)

    def readinto(self, target: memoryview) -> int:
        """As ``Source.readinto``."""
        if self._ahead:
            count = min(len(target), len(self._ahead))
            target[:count] = self._ahead[:count]
            self._ahead = self._ahead[count:]
            return count
        count = os.readv(self._descriptor, [target])
        self._position += count
        return count

    def position(self) -> int:
        """As ``Source.position``."""
        return self._position

    def close(self) -> None:
        """As ``Source.close``."""
        if self._owned:
            os.close(self._descriptor)


class _Expansion:
    """Counts what comes out of a compressed stream; one that grows beyond measure raises ``CaptureError``."""

    def __init__(self, raw: Source) -> None:
        self._raw = raw
        self._expanded = 0

    def count(self, size: int) -> None:
        self._expanded += size
        if self._expanded > EXPANSION_FREE_BYTES and self._expanded > EXPANSION_LIMIT * self._raw.position():
            raise CaptureError(
                f"the compressed file grows more than {EXPANSION_LIMIT} times when it is unpacked",
                code="capture-expansion",
                hint="A capture does not. If it is one all the same, unpack it yourself and analyse what comes out.",
            )


class GzipSource:
    """Gzip with all its members (RFC 1952 2.2); a stream that ends early or is damaged raises ``CaptureError``."""

    def __init__(self, raw: Source) -> None:
        self._raw = raw
        self._expansion = _Expansion(raw)
        self._block = bytearray(COMPRESSED_BLOCK)
        self._inflater = zlib.decompressobj(wbits=31)
        self._pending = b""
        self._over = False

    def readinto(self, target: memoryview) -> int:
        """As ``Source.readinto``; raises ``CaptureError`` when the stream is damaged."""
        while not self._over:
            if not self._pending:
                count = self._raw.readinto(memoryview(self._block))
                if count == 0:
                    self._over = True
                    if not self._inflater.eof:
                        raise CaptureError("the gzip stream ends early", code="capture-compressed-truncated")
                    return 0
                self._pending = bytes(self._block[:count])
            if self._inflater.eof:
                if not self._pending.startswith(GZIP_MAGIC[: len(self._pending)]):
                    self._over = True  # padding behind the last member
                    return 0
                self._inflater = zlib.decompressobj(wbits=31)
            try:
                data = self._inflater.decompress(self._pending, len(target))
            except zlib.error as error:
                self._over = True
                raise CaptureError(f"the gzip stream is damaged: {error}", code="capture-compressed") from error
            self._pending = self._inflater.unused_data if self._inflater.eof else self._inflater.unconsumed_tail
            if data:
                self._expansion.count(len(data))
                target[: len(data)] = data
                return len(data)
        return 0

    def position(self) -> int:
        """As ``Source.position``."""
        return self._raw.position()

    def close(self) -> None:
        """As ``Source.close``."""
        self._raw.close()


class _Reader:
    """What the zstandard package reads from."""

    def __init__(self, raw: Source) -> None:
        self._raw = raw
        self.ended = False

    def read(self, size: int = -1) -> bytes:
        block = bytearray(COMPRESSED_BLOCK if size < 0 else size)
        count = self._raw.readinto(memoryview(block))
        self.ended = count == 0
        return bytes(block[:count])


class ZstdSource:
    """Zstandard with all its frames; damage raises ``CaptureError``."""

    def __init__(self, raw: Source) -> None:
        import zstandard

        self._raw = raw
        self._expansion = _Expansion(raw)
        self._error = zstandard.ZstdError
        # 128 MiB is what the zstd command accepts by default (--long=27); a larger window is an attack on memory.
        decompressor = zstandard.ZstdDecompressor(max_window_size=1 << 27)
        self._stream = decompressor.stream_reader(
            cast(IO[bytes], _Reader(raw)), read_across_frames=True, read_size=COMPRESSED_BLOCK
        )

    def readinto(self, target: memoryview) -> int:
        """As ``Source.readinto``; raises ``CaptureError`` when the stream is damaged."""
        try:
            count = int(self._stream.readinto(target))
        except self._error as error:
            raise CaptureError(f"the zstd stream is damaged: {error}", code="capture-compressed") from error
        self._expansion.count(count)
        return count

    def position(self) -> int:
        """As ``Source.position``."""
        return self._raw.position()

    def close(self) -> None:
        """As ``Source.close``."""
        self._raw.close()


def open_source(path: Path | str) -> tuple[Source, int]:
    """Opens a file (or ``-``, standard input), through its compression.

    Returns:
        The source and its size in bytes on disk, 0 when that is unknown.

    Raises:
        CaptureError: When it cannot be opened or read.
    """
    if str(path) == "-":
        descriptor, owned, size = sys.stdin.fileno(), False, 0
    else:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise _cannot_open(Path(path), error) from error
        owned, size = True, os.fstat(descriptor).st_size
        if os.fstat(descriptor).st_mode & 0o170000 == 0o040000:
            os.close(descriptor)
            raise CaptureError(f"{path}: is a folder", code="capture-folder")
    try:
        magic = b""
        while len(magic) < 4:
            more = os.read(descriptor, 4 - len(magic))
            if not more:
                break
            magic += more
    except OSError as error:
        if owned:
            os.close(descriptor)
        raise _cannot_open(Path(path), error) from error
    raw = PlainSource(descriptor, magic, owned=owned)
    if magic.startswith(GZIP_MAGIC):
        return GzipSource(raw), size
    if magic == ZSTD_MAGIC:
        return ZstdSource(raw), size
    return raw, size


def _cannot_open(path: Path, error: OSError) -> CaptureError:
    """One clear line and what to do."""
    if isinstance(error, FileNotFoundError):
        return CaptureError(
            f"{path}: no such file or folder",
            code="capture-missing",
            hint="Check the path; a folder of captures works too.",
        )
    if isinstance(error, PermissionError):
        return CaptureError(
            f"{path}: permission denied",
            code="capture-permission",
            hint=f"Make it readable for you: sudo chmod a+r {path}",
        )
    return CaptureError(f"{path}: {error.strerror or error}", code="capture-unreadable")
