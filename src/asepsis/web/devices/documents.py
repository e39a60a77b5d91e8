"""Files that people keep with a device: in the workspace under their digest, given back and never shown."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path
from typing import Any, Final

from django.core.files.uploadedfile import UploadedFile

from asepsis.pipeline.workspace import Workspace

LARGEST_BYTES: Final = 20 << 20
"""A manual with pictures; more belongs elsewhere."""
HEAD_BYTES: Final = 4096
FOLDER: Final = "documents"

_BY_HEAD: Final[tuple[tuple[bytes, str], ...]] = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)
_TEXTS: Final = {".txt": "text/plain", ".csv": "text/csv", ".md": "text/plain"}


def kind_of(name: str, head: bytes) -> str:
    """The media type that the first bytes show; empty for what is not taken."""
    for begins, kind in _BY_HEAD:
        if head.startswith(begins):
            return kind
    kind = _TEXTS.get(Path(name).suffix.lower(), "")
    if not kind or b"\0" in head:
        return ""
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # A sign may be cut in two where the head ends.
        return kind if error.start >= len(head) - 3 else ""
    return kind


def refusal(file: UploadedFile[Any]) -> str:
    """Why a file is not taken; empty when it is."""
    if (file.size or 0) > LARGEST_BYTES:
        return f"The file is larger than {LARGEST_BYTES >> 20} MiB."
    if not file.size:
        return "The file is empty."
    head = file.read(HEAD_BYTES)
    file.seek(0)
    if not kind_of(file.name or "", head):
        return "Only PDF, PNG, JPEG, text and CSV files are taken, and the content must be what the name says."
    return ""


def place(workspace: Workspace, sha256: str, folder: str = FOLDER) -> Path:
    """Where the bytes of a document lie."""
    return workspace.root / folder / sha256[:2] / sha256


def keep(workspace: Workspace, file: UploadedFile[Any], name: str = FOLDER) -> str:
    """Writes a file durably under its digest; the same content is kept once.

    Args:
        workspace: Where.
        file: What somebody sent.
        name: The folder in the workspace: files of devices go when no device names them, others stay.

    Returns:
        Its SHA-256, in hexadecimal digits.
    """
    folder = workspace.root / name
    folder.mkdir(mode=0o700, exist_ok=True)
    temporary = folder / f".{secrets.token_hex(8)}"
    digest = hashlib.sha256()
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as written:
            for chunk in file.chunks():
                digest.update(chunk)
                written.write(chunk)
            written.flush()
            os.fsync(written.fileno())
        target = place(workspace, digest.hexdigest(), name)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    return digest.hexdigest()
