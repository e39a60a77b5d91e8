"""What opens a backup: a key file, or a passphrase that is asked for and never stands on a command line."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

if TYPE_CHECKING:
    from asepsis.crypto.strongbox import BoxKey

Function = TypeVar("Function", bound=Callable[..., Any])

PASSPHRASE_FILE_VARIABLE: Final = "ASEPSIS_PASSPHRASE_FILE"  # noqa: S105 - where a file is named


def key_options() -> Callable[[Function], Function]:
    """``--key-file``, the same on both verbs."""
    return click.option(
        "--key-file",
        type=click.Path(path_type=Path, dir_okay=False, exists=True),
        default=None,
        help=f"A file of at least 32 random bytes; else a passphrase is asked for, or read from the file that "
        f"${PASSPHRASE_FILE_VARIABLE} names.",
    )


def box_key(key_file: Path | None, *, confirm: bool) -> BoxKey:
    """The key of a box.

    Raises:
        BoxError: It is too short.
        click.UsageError: There is nobody to ask.
    """
    from asepsis.crypto import strongbox

    if key_file is not None:
        return strongbox.key_file(key_file.read_bytes()[: strongbox.KEY_FILE_LIMIT + 1])
    named = os.environ.get(PASSPHRASE_FILE_VARIABLE)
    if named:
        return strongbox.passphrase(Path(named).read_text(encoding="utf-8").rstrip("\r\n"))
    if not sys.stdin.isatty():
        raise click.UsageError(f"nobody can be asked for a passphrase: use --key-file or ${PASSPHRASE_FILE_VARIABLE}")
    return strongbox.passphrase(click.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm, err=True))
