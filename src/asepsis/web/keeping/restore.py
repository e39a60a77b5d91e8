"""An encrypted backup -> a workspace, whole or not at all.

Everything is unpacked beside the place where it will stand, and takes its name only when the last byte was checked.
"""

from __future__ import annotations

import io
import json
import shutil
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from asepsis.crypto.strongbox import BoxKey, BoxReader, damaged
from asepsis.kernel.errors import AsepsisError
from asepsis.kernel.value import value
from asepsis.pipeline.workspace import FORMAT_VERSION as WORKSPACE_FORMAT
from asepsis.pipeline.workspace import Workspace
from asepsis.web.configuration import load
from asepsis.web.keeping.backup import COPY_BYTES, DUMP, FORMAT_VERSION, MANIFEST, database_options, run_tool

MANIFEST_LIMIT: Final = 64 * 1024
NAME_LIMIT: Final = 1024


class RestoreError(AsepsisError):
    """A backup that cannot be restored."""


@value
class Restored:
    """What one restoring brought back."""

    made: str
    """When the backup was made, ISO 8601."""
    asepsis: str
    """By which version."""
    files: int


def restore(
    source: Path, workspace: Workspace, key: BoxKey, *, said: Callable[[str], None] = lambda _: None
) -> Restored:
    """Makes the workspace that a backup holds.

    Args:
        source: The file of the backup.
        workspace: Where; nothing may be there yet, or an empty folder.
        key: What opens it.
        said: Told each file.

    Raises:
        RestoreError: Something is there already, or the backup is of a newer form.
        BoxError: It is no backup, not of this key, or damaged.
    """
    root = workspace.root
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise RestoreError(
            f"{root} is not empty, and nothing is overwritten",
            code="restore-place",
            hint="Name a folder that is not there yet: --workspace DIR; or move the old one away.",
        )
    root.parent.mkdir(parents=True, exist_ok=True)
    unpacked = Path(tempfile.mkdtemp(prefix=f".{root.name}-", dir=root.parent))
    try:
        with source.open("rb") as file:
            restored = _unpack(BoxReader(file, key), unpacked, said)
        dump = unpacked / DUMP
        if dump.exists():
            _load_dump(unpacked, dump)
            dump.unlink()
        if root.exists():
            root.rmdir()
        unpacked.replace(root)
    except OSError as error:
        raise RestoreError(
            f"it cannot be restored: {error}", code="restore-failed", hint="See whether the disk has room."
        ) from error
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)
    return restored


def _unpack(box: BoxReader, into: Path, said: Callable[[str], None]) -> Restored:
    files = 0
    document: dict[str, Any] | None = None
    buffered = io.BufferedReader(box, COPY_BYTES)
    try:
        with tarfile.open(fileobj=buffered, mode="r|") as archive:
            for entry in archive:
                content = archive.extractfile(entry) if entry.isreg() else None
                if content is None or not _is_safe(entry.name):
                    raise damaged()
                if document is None:
                    document = _manifest(entry, content)
                    continue
                _put(into, entry.name, content)
                files += 1
                said(entry.name)
    except tarfile.TarError as error:
        raise damaged() from error
    # To the last chunk, whose seal says that nothing is missing.
    while buffered.read(COPY_BYTES):
        pass
    if document is None:
        raise damaged()
    return Restored(made=str(document.get("made", "")), asepsis=str(document.get("asepsis", "")), files=files)


def _manifest(entry: tarfile.TarInfo, content: IO[bytes]) -> dict[str, Any]:
    if entry.name != MANIFEST or entry.size > MANIFEST_LIMIT:
        raise damaged()
    found = json.loads(content.read())
    if found["format"] > FORMAT_VERSION or found["workspace_format"] > WORKSPACE_FORMAT:
        raise RestoreError(
            f"the backup was made by asepsis {found['asepsis']}, which is newer than this program",
            code="restore-newer",
            hint=f"Install asepsis {found['asepsis']} or a newer one first.",
        )
    document: dict[str, Any] = found
    return document


def _is_safe(name: str) -> bool:
    """Sealed by ourselves, and looked at all the same: a name that leaves the folder is refused."""
    path = PurePosixPath(name)
    return bool(path.parts) and len(name) <= NAME_LIMIT and not path.is_absolute() and ".." not in path.parts


def _put(into: Path, name: str, content: IO[bytes]) -> None:
    path = into / name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("xb") as target:
        path.chmod(0o600)
        shutil.copyfileobj(content, target, COPY_BYTES)


def _load_dump(unpacked: Path, dump: Path) -> None:
    configuration = load(unpacked / "workspace.toml")
    chosen = configuration.database
    tools = {name: shutil.which(name) for name in ("psql", "pg_restore")}
    missing = next((name for name, path in tools.items() if path is None), None)
    if missing is not None:
        raise RestoreError(
            f"people's state goes into PostgreSQL, and {missing} is not installed here",
            code="restore-tool",
            hint="Install PostgreSQL's client programs (Debian: postgresql-client).",
        )
    question = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
    counted = run_tool(
        [str(tools["psql"]), "--tuples-only", "--no-align", "--command", question, *database_options(chosen)],
        configuration,
    )
    if counted.strip() != "0":
        raise RestoreError(
            f"the database {chosen.name} is not empty, and nothing is overwritten",
            code="restore-place",
            hint="Make an empty database, and name it in workspace.toml or ASEPSIS_DATABASE_NAME.",
        )
    line = [str(tools["pg_restore"]), "--no-owner", "--single-transaction", *database_options(chosen), str(dump)]
    run_tool(line, configuration)
