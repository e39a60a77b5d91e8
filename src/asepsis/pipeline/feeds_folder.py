"""A folder of publishers' documents, read file by file: an offline copy of CISA's, a vendor's, FIRST's, the FDA's.

Beside a document may lie its digest (``.sha256``, ``.sha512``, CSAF 2.0 section 7.1.18); one that does not agree is
refused.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from asepsis.exposure.advisory import Problem
from asepsis.exposure.feeds.document import DOCUMENT_LIMIT_BYTES
from asepsis.exposure.feeds.reading import Document, read_document
from asepsis.kernel.value import value
from asepsis.pipeline.feeds_error import FeedsError

# CISA has published some four thousand advisories; the largest vendors some ten thousand.
FILES_LIMIT: Final = 500_000
_ENDINGS: Final = (".json", ".json.gz", ".csv", ".csv.gz", ".txt")
_DIGESTS: Final = (".sha256", ".sha512")
# Files of a CSAF provider that say where documents are, and are none (CSAF 2.0, 7.1.7 to 7.1.15).
_OF_PROVIDERS: Final = frozenset(("provider-metadata.json", "aggregator.json", "index.txt", "changes.csv"))
# A digest file is one line.
_DIGEST_LIMIT_BYTES: Final = 4096


@value
class Unread:
    """A file that was not taken."""

    path: str
    problem: Problem


def read_folder(folder: Path, known: frozenset[str] = frozenset()) -> Iterator[Document | Unread | str]:
    """The documents of a folder and of the folders in it, by their paths.

    Args:
        folder: A folder, or one file.
        known: SHA-256 digests of files that were taken before: their paths are given in place of documents.

    Raises:
        FeedsError: There is no such folder.
    """
    if not folder.exists():
        raise FeedsError(f"{folder}: no such file or folder", code="feeds-folder", hint="asepsis feeds update --help")
    files = [folder] if folder.is_file() else _files(folder)
    for path in files:
        name = str(path)
        try:
            size = path.stat().st_size
            if size > DOCUMENT_LIMIT_BYTES:
                why = f"is larger than {DOCUMENT_LIMIT_BYTES // 2**20} MiB"
                yield Unread(path=name, problem=Problem(where="", why=why))
                continue
            content = path.read_bytes()
            refused = _refused(path, content)
        except OSError as error:
            yield Unread(path=name, problem=Problem(where="", why=error.strerror or str(error)))
            continue
        if refused is not None:
            yield Unread(path=name, problem=refused)
        elif hashlib.sha256(content).hexdigest() in known:
            yield name
        else:
            found = read_document(content, name)
            yield Unread(path=name, problem=found) if isinstance(found, Problem) else found


def _files(folder: Path) -> list[Path]:
    """Files that may be documents; links are not followed, so that a folder cannot lead out of itself."""
    found: list[Path] = []
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(root, name)
            if name.lower().endswith(_ENDINGS) and name not in _OF_PROVIDERS and not path.is_symlink():
                found.append(path)
                if len(found) >= FILES_LIMIT:
                    return found
    return found


def _refused(path: Path, content: bytes) -> Problem | None:
    """Why a digest beside the file forbids to take it; None where it agrees or there is none."""
    for ending in _DIGESTS:
        beside = path.with_name(path.name + ending)
        if not beside.is_file():
            continue
        with beside.open("rb") as file:
            said = file.read(_DIGEST_LIMIT_BYTES).decode("ascii", "replace").split()
        if not said or said[0].lower() != hashlib.new(ending[1:], content).hexdigest():
            return Problem(where="", why=f"differs from the digest in {beside.name}: it was cut or altered")
    return None
