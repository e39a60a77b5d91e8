"""A workspace -> one encrypted file, while it is served.

Databases are copied by SQLite's own way, which gives one moment of each. They go in an order in which the later may
know more than the earlier and none may know less: what the web says was recorded is in the ledger, and what the
registry says was analysed is in the history.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import secrets
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final

from asepsis import __version__
from asepsis.crypto.strongbox import SCRYPT_LOG_N, BoxKey, BoxWriter
from asepsis.history.manifest import MANIFEST_NAME
from asepsis.kernel.errors import AsepsisError
from asepsis.kernel.value import value
from asepsis.pipeline.workspace import FORMAT_VERSION as WORKSPACE_FORMAT
from asepsis.pipeline.workspace import Workspace
from asepsis.web.configuration import Configuration, load, secret

FORMAT_VERSION: Final = 1
MANIFEST: Final = "backup.json"
DUMP: Final = "database.dump"
DATABASE_ENDING: Final = ".sqlite"
# In this order; every other database comes after them.
FIRST_DATABASES: Final = ("registry.sqlite", "web.sqlite")
# What is only there while something runs, or is made anew.
LAST_NAME: Final = "last-backup.json"
LEFT_OUT: Final = ("uploads", "feeds-sent", LAST_NAME)
LEFT_OUT_ENDINGS: Final = ("-wal", "-shm", "-journal", ".lock", "judged.sqlite")
CAPTURES: Final = "captures"
COPY_BYTES: Final = 1024 * 1024


class BackupError(AsepsisError):
    """A backup that cannot be made."""


@value
class Backup:
    """What one backup holds."""

    files: int
    bytes: int
    """Of the content, before it is sealed."""


def backup(
    workspace: Workspace,
    target: Path,
    key: BoxKey,
    *,
    captures: bool = True,
    log_n: int = SCRYPT_LOG_N,
    said: Callable[[str], None] = lambda _: None,
) -> Backup:
    """Writes the backup of a workspace; ``target`` appears when it is whole.

    Args:
        workspace: Which, also while it is served.
        target: A file that is not there yet.
        key: What will open it.
        captures: Whether captures that people sent go along; evidence names packets in them.
        log_n: The work of a guess at the passphrase, as a power of two.
        said: Told each file.

    Raises:
        BackupError: The file is there already, or something cannot be read or written.
    """
    workspace.open()
    configuration = load(workspace.settings_path)
    if target.exists():
        raise BackupError(f"{target} is there already", code="backup-exists", hint="Name a file that is not there yet.")
    if workspace.root in target.absolute().parents:
        raise BackupError(
            f"{target} lies in the workspace itself", code="backup-place", hint="Name a place on another disk."
        )
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            box = BoxWriter(file, key, log_n=log_n)
            made = _write(box, workspace, configuration, captures=captures, said=said)
            box.finish()
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except (OSError, sqlite3.Error) as error:
        raise BackupError(
            f"the backup cannot be made: {error}", code="backup-failed", hint="See whether the disks have room."
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    _remember(workspace)
    return made


def _remember(workspace: Workspace) -> None:
    """Says in the workspace that a backup was made, for the page of health; the backup itself holds nothing of it."""
    said = json.dumps({"at": datetime.now(UTC).isoformat()})
    with contextlib.suppress(OSError):  # the backup is good without it
        (workspace.root / LAST_NAME).write_text(said, encoding="utf-8")


def _write(
    box: BoxWriter, workspace: Workspace, configuration: Configuration, *, captures: bool, said: Callable[[str], None]
) -> Backup:
    files = size = 0
    with (
        tarfile.open(fileobj=box, mode="w|", format=tarfile.PAX_FORMAT) as archive,
        tempfile.TemporaryDirectory(prefix=".backup-", dir=workspace.root) as scratch,
        # Compaction takes no file away while this is open.
        workspace.history().reader(),
    ):
        document = {
            "format": FORMAT_VERSION,
            "workspace_format": WORKSPACE_FORMAT,
            "asepsis": __version__,
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "engine": configuration.database.engine,
            "captures": captures,
        }
        _add(archive, MANIFEST, io.BytesIO(json.dumps(document).encode()), None)
        if configuration.database.engine == "postgresql":
            dump = Path(scratch) / DUMP
            _dump(configuration, dump)
            with dump.open("rb") as content:
                size += _add(archive, DUMP, content, dump.stat().st_size)
            dump.unlink()
            files += 1
        for path in _paths(workspace.root, captures=captures):
            name = path.relative_to(workspace.root).as_posix()
            source = path
            try:
                if path.suffix == DATABASE_ENDING:
                    source = Path(scratch) / "copy"
                    snapshot(path, source)
                with source.open("rb") as content:
                    size += _add(archive, name, content, os.fstat(content.fileno()).st_size)
            except FileNotFoundError:
                continue  # it was made and removed while we looked
            finally:
                if source is not path:
                    source.unlink(missing_ok=True)
            files += 1
            said(name)
    return Backup(files=files, bytes=size)


def snapshot(database: Path, target: Path) -> None:
    """One moment of an SQLite database that others may be writing, as a database of its own."""
    source = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=60)
    copy = sqlite3.connect(target)
    try:
        source.backup(copy)
        # One file, that needs no other beside it to be read.
        copy.execute("PRAGMA journal_mode=DELETE")
    finally:
        copy.close()
        source.close()


def _paths(root: Path, *, captures: bool) -> Iterator[Path]:
    """The files of a workspace, databases first, and the history's manifest before what it names."""

    def rank(path: Path) -> tuple[int, str]:
        name = path.relative_to(root).as_posix()
        if name in FIRST_DATABASES:
            return FIRST_DATABASES.index(name), name
        if path.suffix == DATABASE_ENDING:
            return len(FIRST_DATABASES), name
        return len(FIRST_DATABASES) + (1 if path.name == MANIFEST_NAME else 2), name

    found = []
    for folder, folders, names in os.walk(root):
        here = Path(folder)
        if here == root:
            out = LEFT_OUT if captures else (*LEFT_OUT, CAPTURES)
            folders[:] = [name for name in folders if name not in out]
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [
            here / name
            for name in names
            if not name.startswith(".") and not name.endswith(LEFT_OUT_ENDINGS) and not (here / name).is_symlink()
        ]
    yield from sorted(found, key=rank)


def _add(archive: tarfile.TarFile, name: str, content: IO[bytes], size: int | None) -> int:
    entry = tarfile.TarInfo(name)
    entry.mode = 0o600
    entry.size = size if size is not None else len(content.read())
    if size is None:
        content.seek(0)
    archive.addfile(entry, content)
    return entry.size


def _dump(configuration: Configuration, target: Path) -> None:
    tool = shutil.which("pg_dump")
    if tool is None:
        raise BackupError(
            "people's state is in PostgreSQL, and pg_dump is not installed here",
            code="backup-tool",
            hint="Install PostgreSQL's client programs of the server's version (Debian: postgresql-client).",
        )
    chosen = configuration.database
    line = [tool, "--format=custom", "--no-owner", "--no-privileges", f"--file={target}", *database_options(chosen)]
    run_tool(line, configuration)


def database_options(chosen: object) -> list[str]:
    """How PostgreSQL's programs are told which database; never the password, which others could see."""
    host, port, user, name = (getattr(chosen, part) for part in ("host", "port", "user", "name"))
    return [f"--host={host}", f"--port={port}", f"--username={user}", "--no-password", f"--dbname={name}"]


def run_tool(line: list[str], configuration: Configuration) -> str:
    """Runs a program of PostgreSQL and gives what it printed.

    Raises:
        BackupError: It failed.
    """
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}
    if configuration.database.password_file:
        environment["PGPASSWORD"] = secret(configuration.database.password_file, what="the password of the database")
    done = subprocess.run(line, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise BackupError(
            f"{Path(line[0]).name} failed: {reason}",
            code="backup-tool",
            hint="Its version must be at least the server's, and the database reachable.",
        )
    return done.stdout
