"""A folder of publishers' documents, read file by file: an offline copy of CISA's, a vendor's, FIRST's, the FDA's.

Beside a document may lie its digest (``.sha256``, ``.sha512``, CSAF 2.0 section 7.1.18) and its signature (``.asc``,
7.1.19); one that does not agree is refused. A folder that mirrors a provider holds its ``provider-metadata.json`` and
its keys too: the keys count that this file names.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from asepsis.crypto.openpgp import KEY_LIMIT_BYTES, SIGNATURE_LIMIT_BYTES, Keyring, SignatureState, read_keys
from asepsis.exposure.advisory import Problem
from asepsis.exposure.feeds.document import DOCUMENT_LIMIT_BYTES
from asepsis.exposure.feeds.provider import PROVIDER_FILE, read_provider
from asepsis.exposure.feeds.reading import Document, Kind, read_document
from asepsis.kernel.value import value
from asepsis.pipeline.feeds_error import FeedsError

# CISA has published some four thousand advisories; the largest vendors some ten thousand.
FILES_LIMIT: Final = 500_000
_ENDINGS: Final = (".json", ".json.gz", ".json.zip", ".csv", ".csv.gz", ".txt", ".zip")
_KEYS: Final = (".asc", ".gpg", ".pgp")
# Files that may be keys: a mirror has a signature beside every document, and few keys.
KEY_FILES_LIMIT: Final = 1000
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


def read_folder(
    folder: Path,
    known: frozenset[str] = frozenset(),
    *,
    pinned: Keyring | None = None,
    now: datetime | None = None,
    kinds: frozenset[Kind] | None = None,
    shown_as: str = "",
) -> Iterator[Document | Unread | str]:
    """The documents of a folder and of the folders in it, by their paths.

    Args:
        folder: A folder, or one file.
        known: SHA-256 digests of files that were taken before: their paths are given in place of documents.
        pinned: Keys that a person has laid down; they count beside those that the folder's own description names.
        now: For which moment keys are judged; now, when it is None.
        kinds: Only these kinds of documents; others are told as not taken.
        shown_as: What people call the folder, where its own path says nothing to anybody.

    Raises:
        FeedsError: There is no such folder.
    """
    if not folder.exists():
        raise FeedsError(f"{folder}: no such file or folder", code="feeds-folder", hint="asepsis feeds update --help")
    files = [folder] if folder.is_file() else _files(folder)
    keys = (pinned or Keyring()).joined(_keys_of(folder))
    moment = now or datetime.now(UTC)
    for path in files:
        name = f"{shown_as}/{path.relative_to(folder)}" if shown_as else str(path)
        try:
            size = path.stat().st_size
            if size > DOCUMENT_LIMIT_BYTES:
                why = f"is larger than {DOCUMENT_LIMIT_BYTES // 2**20} MiB"
                yield Unread(path=name, problem=Problem(where="", why=why))
                continue
            content = path.read_bytes()
            refused = _refused(path, content)
            signature = _signature(path, content, keys, moment)
        except OSError as error:
            yield Unread(path=name, problem=Problem(where="", why=error.strerror or str(error)))
            continue
        if refused is not None:
            yield Unread(path=name, problem=refused)
        elif signature is not None and signature.forbids:
            yield Unread(path=name, problem=Problem(where="", why=f"its signature is refused: {signature}"))
        elif hashlib.sha256(content).hexdigest() in known:
            yield name
        else:
            found = read_document(content, name, signature=str(signature or ""))
            if isinstance(found, Document) and kinds is not None and found.kind not in kinds:
                found = Problem(where="", why=f"is {found.kind}, not {' or '.join(sorted(kinds))}")
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


def _signature(path: Path, content: bytes, keys: Keyring, now: datetime) -> SignatureState | None:
    """What the signature beside a file is worth; None where there is none."""
    beside = path.with_name(path.name + ".asc")
    if not beside.is_file() or beside.is_symlink():
        return None
    with beside.open("rb") as file:
        return keys.check(content, file.read(SIGNATURE_LIMIT_BYTES + 1), now)


def _keys_of(folder: Path) -> Keyring:
    """The keys in a folder that its ``provider-metadata.json`` names by their fingerprints."""
    described = folder / PROVIDER_FILE
    if not described.is_file() or described.is_symlink():
        return Keyring()
    with described.open("rb") as file:
        provider = read_provider(file.read(KEY_LIMIT_BYTES), "")
    if isinstance(provider, Problem):
        return Keyring()
    return keys_in(folder).only(key.fingerprint for key in provider.keys)


def keys_in(folder: Path) -> Keyring:
    """Every key in the files of a folder and of the folders in it."""
    found = Keyring()
    tried = 0
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(root, name)
            # A signature bears the name of its document; a key bears its own.
            if not name.lower().endswith(_KEYS) or Path(root, path.stem).is_file() or path.is_symlink():
                continue
            tried += 1
            if tried > KEY_FILES_LIMIT:
                return found
            with path.open("rb") as file:
                found = found.joined(read_keys(file.read(KEY_LIMIT_BYTES + 1)))
    return found
