"""Files on their way in: a body that is read while it arrives, and files that have no name until they are kept.

A form with files goes from the network straight into the file that will be kept: nothing of it is held in memory or
written a second time. Until it is kept the file has no name, so that the system takes it away with whoever wrote it,
however that ends.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import errno
import os
import shutil
import tempfile
import threading
from pathlib import Path
from typing import IO, Any, Final

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http.request import UnreadablePostError

from asepsis.web.edge import Receive

# What history, registry and database need to go on; a full disk would stop the ledger, and with it everything.
DISK_RESERVE_BYTES: Final = 1024**3
# So often it is looked whether others fill the disk meanwhile.
LOOKED_AT_BYTES: Final = 64 * 1024**2
NO_ROOM: Final = "asepsis.no_room"
"""The key of the scope that says that the disk had no room for what was sent."""
UNFINISHED: Final = "asepsis.unfinished"
"""The key of the scope under which whoever writes a file stands until it is whole."""
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class NoRoomError(UnreadablePostError):
    """The disk has no room for a file; nothing of the form is seen by its view."""


class ArrivingBody:
    """The body of a request as a stream that a thread reads while the loop receives it."""

    def __init__(self, receive: Receive, loop: asyncio.AbstractEventLoop) -> None:
        """A body of which nothing was received yet.

        Args:
            receive: Gives the next part of it, on the loop.
            loop: Where to ask for parts.
        """
        self._receive = receive
        self._loop = loop
        self._guard = threading.Lock()
        self._waiting: concurrent.futures.Future[Any] | None = None
        self._rest = memoryview(b"")
        self._is_whole = False
        self.is_broken = False
        """The client left, was too slow, or sent too much: there is nobody to answer here."""

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes, or with -1 all that come; nothing where the body has ended.

        Raises:
            OSError: It broke off.
        """
        if size < 0:
            return b"".join(iter(lambda: self.read(1 << 20), b""))
        while not self._rest and not self._is_whole:
            self._rest = memoryview(self._next())
        part, self._rest = self._rest[:size], self._rest[size:]
        return bytes(part)

    def readline(self, size: int = -1) -> bytes:
        """A line; nobody reads forms with files by lines, but a stream has them."""
        line = bytearray()
        while (size < 0 or len(line) < size) and (sign := self.read(1)):
            line += sign
            if sign == b"\n":
                break
        return bytes(line)

    def close(self) -> None:
        """Lets go of what was read and not used."""
        self._rest = memoryview(b"")

    async def skip(self) -> None:
        """Receives what nobody read, so that the client comes to read the answer; its size is limited already."""
        while not self._is_whole and not self.is_broken:
            self._took(await self._receive())

    def abandon(self) -> None:
        """Wakes the thread that waits for a part which will never come."""
        with self._guard:
            self.is_broken = self.is_broken or not self._is_whole
            if self._waiting is not None:
                self._waiting.cancel()

    def _next(self) -> bytes:
        with self._guard:
            if self.is_broken:
                raise OSError(errno.ECONNRESET, "the request broke off")
            self._waiting = asyncio.run_coroutine_threadsafe(_awaited(self._receive), self._loop)
        try:
            return self._took(self._waiting.result())
        except concurrent.futures.CancelledError as error:
            self.is_broken = True
            raise OSError(errno.ECONNRESET, "the request broke off") from error

    def _took(self, message: Any) -> bytes:
        if message["type"] != "http.request":
            self.is_broken = True
            raise OSError(errno.ECONNRESET, "the request broke off")
        self._is_whole = not message.get("more_body", False)
        return bytes(message.get("body", b""))


async def _awaited(receive: Receive) -> Any:
    return await receive()


class ArrivedFile(UploadedFile[bytes]):
    """A file without a name, on the disk of the workspace."""

    def __init__(self, name: str | None, content_type: str | None, charset: str | None, extra: Any) -> None:
        # Django closes it with the request, and what was not kept is gone.
        super().__init__(_nameless(), name, content_type, 0, charset, extra)

    def keep_as(self, path: Path) -> bool:
        """Gives the file a name; False where its disk is another, or gives none to files that had none."""
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self.flush()
            number = self.fileno()
            os.fsync(number)
            # linkat(2), "AT_SYMLINK_FOLLOW": the way to name a file that was opened with O_TMPFILE.
            os.link(f"/proc/self/fd/{number}", path.name, dst_dir_fd=folder, follow_symlinks=True)
            os.fsync(folder)
        except OSError:
            return False
        finally:
            os.close(folder)
        return True


def _nameless() -> IO[bytes]:
    """A file without a name that may get one; where the disk has no such files, one that never will."""
    try:
        # Not by ``tempfile``, which asks for O_EXCL: open(2) says that such a file can never be named.
        number = os.open(tempfile.gettempdir(), os.O_TMPFILE | os.O_RDWR, 0o600)
    except OSError:
        return tempfile.TemporaryFile()
    return os.fdopen(number, "w+b")


class ArrivingFileHandler(FileUploadHandler):
    """Writes files of a form to the disk as they come, while there is room."""

    def __init__(self, request: Any = None) -> None:
        super().__init__(request)
        self.file: ArrivedFile | None = None
        self._scope: dict[str, Any] = getattr(request, "scope", {})
        self._expected = 0
        self._unlooked = 0

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803 - as Django names it
        content_length: int,
        boundary: Any,
        encoding: Any = None,
    ) -> None:
        """Learns how much comes."""
        self._expected = max(content_length, 0)

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begins a file, where there is room for all that was announced."""
        super().new_file(*args, **kwargs)
        self._look(self._expected)
        self.file = ArrivedFile(self.file_name, self.content_type, self.charset, self.content_type_extra)
        # Django tells nobody when a body breaks off, and what it raised would hold the file for a long time.
        self._scope[UNFINISHED] = self

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Writes a part."""
        assert self.file is not None
        try:
            self.file.write(raw_data)
        except OSError as error:
            if error.errno not in _FULL:
                raise
            self._refuse()
        self._expected -= len(raw_data)
        self._unlooked += len(raw_data)
        if self._unlooked >= LOOKED_AT_BYTES:
            self._look(0)
        return None

    def file_complete(self, file_size: int) -> UploadedFile[bytes] | None:
        """The whole file."""
        file, self.file = self.file, None
        assert file is not None
        self._scope.pop(UNFINISHED, None)
        file.flush()
        file.seek(0)
        file.size = file_size
        return file

    def upload_interrupted(self) -> None:
        """Lets go of a file that will not be whole."""
        self._drop()

    def _look(self, coming: int) -> None:
        self._unlooked = 0
        if shutil.disk_usage(tempfile.gettempdir()).free < max(coming, 0) + DISK_RESERVE_BYTES:
            self._refuse()

    def _refuse(self) -> None:
        self._drop()
        self._scope[NO_ROOM] = True
        raise NoRoomError("the disk has no room")

    def _drop(self) -> None:
        if self.file is not None:
            file, self.file = self.file, None
            file.close()
