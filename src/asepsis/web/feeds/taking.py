"""Takes in what people send: a document, or a folder of them in a zip archive."""

from __future__ import annotations

import re
import shutil
import tempfile
import time
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpRequest

from asepsis.exposure.feeds.document import DOCUMENT_LIMIT_BYTES, entries_at_most
from asepsis.kernel.errors import AsepsisError
from asepsis.pipeline.advisories import update_feeds
from asepsis.pipeline.feeds import Update
from asepsis.web.authorisation.actions import Action
from asepsis.web.jobs.upload import FEEDS_LIMIT_BYTES, shown_name
from asepsis.web.ledger.record import record
from asepsis.web.settings import WORKSPACE

# CISA publishes some four thousand documents, each with its digests and its signature.
FILES_LIMIT: Final = 20_000
# Of all files, unpacked: what is packed twenty times smaller than it is, is no document.
UNPACKED_LIMIT_BYTES: Final = 1024 * 2**20
_PARTS_LIMIT: Final = 12
SCRATCH: Final = "feeds-sent"
"""Where archives are unpacked, in the workspace; empty while nobody sends any."""
_NO_NAME: Final = re.compile(r"[^A-Za-z0-9._+-]")


class SentError(AsepsisError):
    """What was sent cannot be taken in."""


def take(request: HttpRequest, file: UploadedFile[Any]) -> tuple[Update, list[dict[str, Any]]]:
    """Takes in what somebody sends, and says what that changes for the devices.

    Raises:
        SentError: It is too large, or an archive that cannot be unpacked.
        FeedsError: The store cannot be written.
    """
    name = shown_name(file.name or "")
    if (file.size or 0) > FEEDS_LIMIT_BYTES:
        raise _refused(f"{name} is larger than {FEEDS_LIMIT_BYTES >> 20} MiB")
    with tempfile.TemporaryDirectory(prefix="feeds-", dir=_scratch()) as scratch:
        folder = Path(scratch)
        _unpack(file, name, folder)
        update, changes = update_feeds(WORKSPACE, folder, time.time_ns(), shown_as=name)
    what = {
        "file": name,
        "added": len(update.added),
        "replaced": len(update.replaced),
        "unread": len(update.unread),
        "step": "taken",
    }
    with transaction.atomic():
        record(request, Action.FEED_MANAGE, subject="feeds", what=what)
    return update, changes


def _scratch() -> Path:
    place = WORKSPACE.root / SCRATCH
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def _unpack(file: UploadedFile[Any], name: str, folder: Path) -> None:
    file.seek(0)
    if file.read(4) != b"PK\x03\x04":
        file.seek(0)
        with (folder / _plain(name)).open("wb") as target:
            shutil.copyfileobj(file, target, 1 << 20)
        return
    if entries_at_most(file) > 2 * FILES_LIMIT:
        raise _refused(f"{name} holds more than {FILES_LIMIT:,} files")
    try:
        with zipfile.ZipFile(file) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(entries) > FILES_LIMIT:
                raise _refused(f"{name} holds {len(entries):,} files, and no more than {FILES_LIMIT:,} are taken")
            left = UNPACKED_LIMIT_BYTES
            for entry in entries:
                with archive.open(entry) as packed:
                    left -= _copy(packed, _placed(folder, entry.filename), left, name)
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
