"""The workspace: the one folder that holds what Asepsis keeps: history, registry of devices, keys, settings.

``--workspace DIR``, or else ``ASEPSIS_HOME``, or else ``./asepsis-workspace``. It is made when something is
first written into it; verbs that only read find an empty one where there is none yet.
"""

from __future__ import annotations

import os
import secrets
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from asepsis.history import History
from asepsis.kernel.errors import AsepsisError
from asepsis.pipeline.own_knowledge import use_knowledge

ENVIRONMENT_VARIABLE: Final = "ASEPSIS_HOME"
DEFAULT_FOLDER: Final = "asepsis-workspace"
SETTINGS_NAME: Final = "workspace.toml"
FORMAT_VERSION: Final = 1

# Only the owner may look: a workspace says which device is weak and where.
_FOLDER_MODE: Final = 0o700


class WorkspaceError(AsepsisError):
    """The folder cannot be used as a workspace."""


class Workspace:
    """A folder with a known layout. Making the object reads and writes nothing."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._history = History(self.history_path)

    @classmethod
    def resolve(cls, explicit: Path | None = None, environment: Mapping[str, str] = os.environ) -> Workspace:
        """The workspace that the user means, checked, whether it exists yet or not.

        Args:
            explicit: What ``--workspace`` says.
            environment: Where ``ASEPSIS_HOME`` is looked up.

        Raises:
            WorkspaceError: The folder exists and is no workspace, or one of a newer format, or cannot be read.
        """
        workspace = cls.place(explicit, environment)
        workspace.check()
        return workspace

    @classmethod
    def place(cls, explicit: Path | None = None, environment: Mapping[str, str] = os.environ) -> Workspace:
        """As ``resolve``, unchecked: for what must work on a workspace that something is wrong with."""
        named = environment.get(ENVIRONMENT_VARIABLE)
        return cls((explicit or Path(named or DEFAULT_FOLDER)).absolute())

    @property
    def settings_path(self) -> Path:
        """The file that makes the folder a workspace."""
        return self.root / SETTINGS_NAME

    @property
    def history_path(self) -> Path:
        """Conversations and messages."""
        return self.root / "history"

    @property
    def registry_path(self) -> Path:
        """The registry of devices, an SQLite database."""
        return self.root / "registry.sqlite"

    @property
    def feeds_path(self) -> Path:
        """Advisories and other documents of publishers, an SQLite database."""
        return self.root / "feeds.sqlite"

    @property
    def judged_path(self) -> Path:
        """What was worked out of advisories and devices before, an SQLite database; it may be removed at any time."""
        return self.root / "judged.sqlite"

    @property
    def papers_path(self) -> Path:
        """Disclosure forms and lists of components of makers, an SQLite database."""
        return self.root / "papers.sqlite"

    @property
    def feeds_download_path(self) -> Path:
        """Files of publishers that were fetched and not taken in yet."""
        return self.root / "feeds-download"

    @property
    def feeds_keys_path(self) -> Path:
        """Public keys of publishers that a person has laid down; there only where somebody made it."""
        return self.root / "feeds-keys"

    @property
    def knowledge_path(self) -> Path:
        """Tables of the site's own, whose rows win over ours; there only where somebody made it."""
        return self.root / "knowledge"

    @property
    def reports_path(self) -> Path:
        """Reports of other scanners, an SQLite database; there only where there are any."""
        return self.root / "scan-reports.sqlite"

    @property
    def scans_path(self) -> Path:
        """Scans that were planned, approved or run; there only where there are any."""
        return self.root / "scans"

    @property
    def ledger_path(self) -> Path:
        """The folder of the ledger: who did what."""
        return self.root / "ledger"

    @property
    def keys_path(self) -> Path:
        """Private keys; only their owner may read the folder."""
        return self.root / "keys"

    @property
    def exists(self) -> bool:
        """Whether anything was ever kept here."""
        return self.settings_path.exists()

    def history(self) -> History:
        """The history of this workspace."""
        return self._history

    def check(self) -> None:
        """Makes sure that the folder is a workspace of a known format, or that one can be made there.

        Raises:
            WorkspaceError: It is neither.
        """
        use_knowledge(self.knowledge_path)
        try:
            settings = tomllib.loads(self.settings_path.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            self._check_room()
            return
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise WorkspaceError(
                f"{self.settings_path}: {error}",
                code="workspace-settings",
                hint="Correct the file, or restore it from a backup.",
            ) from error
        except OSError as error:
            raise self._unreadable(error) from error
        version = settings.get("format")
        if type(version) is not int or version < 1:
            raise WorkspaceError(
                f"{self.settings_path}: 'format' must be a whole number from 1",
                code="workspace-settings",
                hint="Correct the file, or restore it from a backup.",
            )
        if version > FORMAT_VERSION:
            raise WorkspaceError(
                f"the workspace {self.root} is of format {version}, and this program knows up to {FORMAT_VERSION}",
                code="workspace-newer",
                hint="Use the version of asepsis that wrote it, or a newer one.",
            )

    def open(self) -> Workspace:
        """For verbs that need something to be there.

        Returns:
            Itself.

        Raises:
            WorkspaceError: Nothing was ever kept here, or the folder is not a workspace.
        """
        self.check()
        if not self.exists:
            raise WorkspaceError(
                f"there is no workspace in {self.root} yet",
                code="workspace-missing",
                hint="Put something in first: asepsis analyze ward.pcapng",
            )
        return self

    def create(self) -> Workspace:
        """Makes the folder, its layout and its settings where they are not there yet.

        Returns:
            Itself.

        Raises:
            WorkspaceError: The folder is not a workspace, or cannot be written.
        """
        self.check()
        try:
            self.root.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
            self.history_path.mkdir(exist_ok=True)
            self.keys_path.mkdir(mode=_FOLDER_MODE, exist_ok=True)
            # An existing folder keeps the mode that it had, and umask may have taken bits away from a new one.
            self.keys_path.chmod(_FOLDER_MODE)
            if not self.exists:
                # Under its name only when whole: another process may be making the same workspace.
                temporary = self.settings_path.with_suffix(f".{secrets.token_hex(4)}")
                temporary.write_text(f"format = {FORMAT_VERSION}\n", encoding="utf-8")
                temporary.replace(self.settings_path)
        except OSError as error:
            raise WorkspaceError(
                f"the workspace {self.root} cannot be written: {error.strerror}",
                code="workspace-unwritable",
                hint=f"Name a folder that you may write: --workspace DIR, or {ENVIRONMENT_VARIABLE}.",
            ) from error
        return self

    def _check_room(self) -> None:
        """Nothing here says "workspace": then there must be nothing else here either."""
        try:
            foreign = next((path.name for path in self.root.iterdir() if not _is_ours(path)), None)
        except FileNotFoundError:
            return
        except NotADirectoryError as error:
            raise WorkspaceError(
                f"{self.root} is not a folder",
                code="workspace-not-a-folder",
                hint="Name a folder for the workspace: --workspace DIR.",
            ) from error
        except OSError as error:
            raise self._unreadable(error) from error
        if foreign is not None:
            raise WorkspaceError(
                f"{self.root} is no workspace: it has no {SETTINGS_NAME} and holds other things, such as {foreign!r}",
                code="workspace-foreign",
                hint="Name an empty folder or one that does not exist yet.",
            )

    def _unreadable(self, error: OSError) -> WorkspaceError:
        return WorkspaceError(
            f"the workspace {self.root} cannot be read: {error.strerror}",
            code="workspace-unreadable",
            hint="Ask its owner for permission, or name another one: --workspace DIR.",
        )


def _is_ours(path: Path) -> bool:
    """What a process has made that makes this workspace right now, and what file systems and desktops put anywhere."""
    ours = path.name in ("history", "keys", "knowledge", "ledger", "scans") or path.name.startswith("workspace.")
    return ours or path.name == "lost+found" or path.name.startswith(".")
