"""Brings the tables of a workspace to this version: forward only, with a backup first."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import django

from asepsis.kernel.errors import AsepsisError
from asepsis.kernel.value import value
from asepsis.pipeline.workspace import Workspace
from asepsis.web.keeping.backup import snapshot

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "asepsis.web.settings")

BEFORE: Final = "before-upgrade"
"""The folder of the workspace in which the tables of before are kept."""
LEFT_BEHIND: Final = frozenset({"socialaccount"})
"""Apps that an earlier program had and this one has not: their tables stay, empty and unread."""


class UpgradeError(AsepsisError):
    """Tables that this program does not know."""


@value
class Upgrade:
    """What one upgrade did."""

    applied: tuple[str, ...]
    """Steps, as ``app.name``."""
    kept: Path | None
    """Where the tables of before are; None when nothing was done, or they are the database server's."""


def upgrade(workspace: Workspace) -> Upgrade:
    """Applies the steps that are missing.

    Raises:
        UpgradeError: The tables were written by a newer program.
    """
    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    ours = {key for key in executor.loader.disk_migrations if key is not None}
    unknown = sorted(key for key in executor.loader.applied_migrations if key not in ours and key[0] not in LEFT_BEHIND)
    if unknown:
        app, name = unknown[0]
        raise UpgradeError(
            f"the tables of {workspace.root} were written by a newer asepsis (it knew {app}.{name})",
            code="tables-newer",
            hint="Use that version or a newer one, or restore the backup of before.",
        )
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if not missing:
        return Upgrade(applied=(), kept=None)
    kept = None
    if executor.loader.applied_migrations and connection.vendor == "sqlite":
        kept = _keep(workspace)
    call_command("migrate", verbosity=0, interactive=False)
    return Upgrade(applied=tuple(f"{step.app_label}.{step.name}" for step, _ in missing), kept=kept)


def _keep(workspace: Workspace) -> Path:
    """A copy of the tables; the last three are kept."""
    folder = workspace.root / BEFORE
    folder.mkdir(mode=0o700, exist_ok=True)
    numbers = sorted(int(path.stem) for path in folder.glob("*.sqlite") if path.stem.isdigit())
    for old in numbers[:-2]:
        (folder / f"{old}.sqlite").unlink()
    kept = folder / f"{(numbers or [0])[-1] + 1}.sqlite"
    snapshot(workspace.root / "web.sqlite", kept)
    kept.chmod(0o600)
    return kept
