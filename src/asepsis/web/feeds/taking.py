"""Takes in what people send: a document, or a folder of them in a zip archive; kept first, then read by a job."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
import time
import uuid
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO, Final

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from asepsis.exposure.feeds.document import DOCUMENT_LIMIT_BYTES, entries_at_most
from asepsis.kernel.errors import AsepsisError
from asepsis.pipeline.advisories import update_feeds
from asepsis.pipeline.feeds import Update
from asepsis.web.arriving import DISK_RESERVE_BYTES, ArrivedFile
from asepsis.web.jobs.models import Job
from asepsis.web.jobs.upload import FEEDS_LIMIT_BYTES, shown_name
from asepsis.web.people.models import Person
from asepsis.web.settings import WORKSPACE

# CISA publishes some four thousand documents, each with its digests and its signature.
FILES_LIMIT: Final = 20_000
# Of all files, unpacked: what is packed twenty times smaller than it is, is no document.
UNPACKED_LIMIT_BYTES: Final = 1024 * 2**20
SENT: Final = ".sent"
LEFT_SECONDS: Final = 3600.0
"""Of a file that no job waits for: longer than any takes to be received."""
_PARTS_LIMIT: Final = 12
SCRATCH: Final = "feeds-sent"
"""Where files lie that were sent, and archives are unpacked, in the workspace; empty while nobody sends any."""
_NO_NAME: Final = re.compile(r"[^A-Za-z0-9._+-]")


class SentError(AsepsisError):
    """What was sent cannot be taken in."""


def accept(file: UploadedFile[Any], *, person: Person, begun: Callable[[Job], object] = lambda _: None) -> Job:
    """Keeps what somebody sends and begins the job that takes it in.

    Args:
        file: As the browser sent it; it is not held in memory.
        person: Who sent it.
        begun: Told of the job in the transaction that makes it.

    Raises:
        SentError: It is too large, or the disk has no room.
    """
    from asepsis.web.feeds.work import take_documents

    name = shown_name(file.name or "")
    size = file.size or 0
    if size > FEEDS_LIMIT_BYTES:
        raise _refused(f"{name} is larger than {FEEDS_LIMIT_BYTES >> 20} MiB")
    folder = scratch()
    if shutil.disk_usage(folder).free < size + UNPACKED_LIMIT_BYTES + DISK_RESERVE_BYTES:
        raise SentError(
            "the disk of the server has no room for it",
            code="feeds-disk",
            hint="Ask who keeps the server to make room.",
        )
    path = folder / f"{uuid.uuid4().hex}{SENT}"
    try:
        # What arrived on this disk gets its name, instead of being written a second time.
        if not (isinstance(file, ArrivedFile) and file.keep_as(path)):
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
                file.seek(0)
                shutil.copyfileobj(file, target, 1 << 20)
        with transaction.atomic():
            job = Job.objects.create(
                kind=Job.DOCUMENTS, title=name, arguments={"path": str(path), "name": name}, started_by=person
            )
            job.task = str(take_documents.enqueue(str(job.pk)).id)
            job.save(update_fields=["task"])
            begun(job)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return job


def take(path: Path, name: str, tell: Callable[[float, str], object]) -> Update:
    """Takes in what was sent.

    Args:
        path: Where it was kept.
        name: Its own name.
        tell: Told which share is done, 0..1, and what is being done.

    Raises:
        SentError: An archive that cannot be unpacked.
        FeedsError: The store cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="feeds-", dir=scratch()) as place, path.open("rb") as file:
        folder = Path(place)
        count = _unpack(
            file, name, folder, lambda done, of: tell(0.3 * done / of, f"{done:,} of {of:,} files unpacked")
        )
        update, _ = update_feeds(
            WORKSPACE,
            folder,
            time.time_ns(),
            shown_as=name,
            tell=lambda done: tell(0.3 + 0.6 * min(done / count, 1.0), f"{done:,} documents read"),
        )
    return update


def sweep(*, left_seconds: float = LEFT_SECONDS) -> None:
    """Removes what jobs left that were ended in the middle.

    Args:
        left_seconds: How old that is at least: what is being received just now has no job yet.
    """
    waiting = Job.objects.filter(kind=Job.DOCUMENTS, state=Job.State.WAITING).values_list("arguments", flat=True)
    wanted = {one["path"] for one in waiting}
    now = time.time()
    for path in scratch().iterdir():
        with contextlib.suppress(FileNotFoundError):
            if str(path) in wanted or now - path.stat(follow_symlinks=False).st_mtime < left_seconds:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()


def scratch() -> Path:
    """Where files lie that were sent and are not taken in yet."""
    place = WORKSPACE.root / SCRATCH
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def _unpack(file: BinaryIO, name: str, folder: Path, tell: Callable[[int, int], object]) -> int:
    """Unpacks an archive, or puts the one document into the folder; gives the number of files."""
    if file.read(4) != b"PK\x03\x04":
        file.seek(0)
        with (folder / _plain(name)).open("wb") as target:
            shutil.copyfileobj(file, target, 1 << 20)
        return 1
    if entries_at_most(file) > 2 * FILES_LIMIT:
        raise _refused(f"{name} holds more than {FILES_LIMIT:,} files")
    try:
        with zipfile.ZipFile(file) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(entries) > FILES_LIMIT:
                raise _refused(f"{name} holds {len(entries):,} files, and no more than {FILES_LIMIT:,} are taken")
            left = UNPACKED_LIMIT_BYTES
            for number, entry in enumerate(entries):
                tell(number, len(entries))
                with archive.open(entry) as packed:
                    left -= _copy(packed, _placed(folder, entry.filename), left, name)
            return max(1, len(entries))
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, ValueError) as error:
        # An archive with a password, or packed in a way that is not known here, is a RuntimeError of the library.
        raise _refused(f"{name} cannot be unpacked: {error}"[:300]) from error


def _copy(packed: IO[bytes], path: Path, left: int, name: str) -> int:
    """Unpacks one file; the size that the archive states is not believed."""
    # One byte more than a document may have: who reads it sees that it is too large.
    most = min(left, DOCUMENT_LIMIT_BYTES + 1)
    size = 0
    with path.open("wb") as target:
        while size < most and (block := packed.read(min(1 << 20, most - size))):
            size += len(block)
            target.write(block)
    if size >= left:
        raise _refused(f"{name} holds more than {UNPACKED_LIMIT_BYTES >> 20} MiB when it is unpacked")
    return size


def _placed(folder: Path, name: str) -> Path:
    """Where a file of the archive is put: always within the folder, under a name of plain signs."""
    parts = [_plain(part) for part in PurePosixPath(name.replace("\\", "/")).parts if part not in ("/", ".", "..")]
    path = folder.joinpath(*(parts or ["document"])[-_PARTS_LIMIT:])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        path = folder / f"other-{_plain(name)}"
    return path


def _plain(name: str) -> str:
    return _NO_NAME.sub("_", name)[-120:].lstrip(".") or "document"


def _refused(message: str) -> SentError:
    return SentError(message, code="feeds-sent", hint="On the server: asepsis feeds update FOLDER.")
