"""The scans of a workspace: one folder each, with the plan, the approval, the progress, the answers and the receipt.

The web writes plan and approval and reads the rest; who runs the scan needs the rights to do so, and the web never has
them.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import stat
from pathlib import Path
from typing import Any, Final

from asepsis.crypto.signing import SigningKey, signing_key_file
from asepsis.exposure.scanning.plan import Plan, ScanError, read_plan
from asepsis.pipeline.workspace import Workspace

_ID: Final = re.compile(r"[a-z0-9]{8,32}")
_FILE_LIMIT_BYTES: Final = 64 << 20


class ScanFolder:
    """One scan's folder."""

    def __init__(self, workspace: Workspace, scan: str) -> None:
        if not _ID.fullmatch(scan):
            raise ScanError(f"no id of a scan: {scan!r}", code="scan-unknown", hint="asepsis scan list")
        self.scan = scan
        self.path = workspace.scans_path / scan
        self.plan_path = self.path / "plan.json"
        self.approval_path = self.path / "approval.json"
        self.progress_path = self.path / "progress.json"
        self.answers_path = self.path / "answers.json"
        self.receipt_path = self.path / "receipt.json"
        self.stop_path = self.path / "stop"
        self.lock_path = self.path / "run"

    def make(self, plan: Plan) -> None:
        """Keeps the plan of a new scan."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=False)
        self._write(self.plan_path, plan.content())

    def plan(self) -> Plan:
        """The plan.

        Raises:
            ScanError: There is no such scan, or the plan is damaged.
        """
        content = self.read(self.plan_path)
        if content is None:
            raise ScanError(f"there is no scan {self.scan}", code="scan-unknown", hint="asepsis scan list")
        return read_plan(content)

    def keep_approval(self, envelope: bytes) -> None:
        """Lets the scan run in its time."""
        self._write(self.approval_path, envelope)

    def ask_to_stop(self) -> None:
        """Whoever runs it stops before the next device."""
        with contextlib.suppress(FileNotFoundError):
            self.stop_path.touch(mode=0o600)

    def claim(self) -> None:
        """Says that this process runs the scan.

        Raises:
            ScanError: It runs or ran already: an approval is for one run.
        """
        try:
            os.close(os.open(self.lock_path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError as error:
            raise ScanError(
                "this scan runs already or has run: an approval is for one run",
                code="scan-ran",
                hint="Propose it anew.",
            ) from error

    def tell(self, progress: dict[str, Any]) -> None:
        """Keeps how far it is."""
        self._write(self.progress_path, json.dumps(progress).encode())

    def keep_answers(self, answers: list[dict[str, Any]]) -> None:
        """Keeps what was answered."""
        self._write(self.answers_path, json.dumps(answers, indent=1).encode())

    def document(self, path: Path) -> Any:
        """A JSON file of ours; None where it is not there yet."""
        content = self.read(path)
        return None if content is None else json.loads(content)

    def read(self, path: Path) -> bytes | None:
        """A file's bytes; None where it is not there."""
        try:
            with path.open("rb") as file:
                return file.read(_FILE_LIMIT_BYTES)
        except FileNotFoundError:
            return None

    def hand_over(self) -> None:
        """Gives what a privileged run wrote to the owner of the folder, so that the web can read it."""
        with contextlib.suppress(OSError):
            owner = self.path.parent.stat()
            for file in (self.path, *self.path.iterdir()):
                _give(file, owner)

    def _write(self, path: Path, content: bytes) -> None:
        temporary = path.with_suffix(f".{secrets.token_hex(4)}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            with contextlib.suppress(OSError):
                owner = self.path.stat()
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
        temporary.replace(path)


def _give(path: Path, owner: os.stat_result) -> None:
    """Gives away what this process made, and nothing that a link in another's folder leads to."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return
    try:
        held = os.fstat(descriptor)
        is_folder = stat.S_ISDIR(held.st_mode)
        if held.st_uid == os.geteuid() and (is_folder or (stat.S_ISREG(held.st_mode) and held.st_nlink == 1)):
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
    finally:
        os.close(descriptor)


def scans(workspace: Workspace) -> list[ScanFolder]:
    """All scans of a workspace, by name."""
    if not workspace.scans_path.is_dir():
        return []
    names = sorted(path.name for path in workspace.scans_path.iterdir() if _ID.fullmatch(path.name))
    return [ScanFolder(workspace, name) for name in names]


def key_path(workspace: Workspace) -> Path:
    """The key that approvals and receipts are signed with."""
    return workspace.keys_path / "scanning.key"


def signing_key(workspace: Workspace) -> SigningKey:
    """That key, made at first use.

    Raises:
        KeyFileError: It cannot be used.
    """
    return signing_key_file(key_path(workspace))
