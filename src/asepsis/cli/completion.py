"""Shell completion: what a shell needs to know to complete ``asepsis``, and where it looks for it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from click.shell_completion import get_completion_class

from asepsis.kernel.errors import AsepsisError

PLACES: Final[dict[str, str]] = {
    "bash": ".local/share/bash-completion/completions/asepsis",
    "zsh": ".zfunc/_asepsis",
    "fish": ".config/fish/completions/asepsis.fish",
}
"""Where each shell looks by itself, under the home folder (zsh: once ``fpath`` names ``~/.zfunc``)."""


def shell_in_use() -> str:
    """The shell of ``$SHELL``.

    Raises:
        AsepsisError: It is none that can be taught.
    """
    shell = Path(os.environ.get("SHELL", "")).name
    if shell not in PLACES:
        raise AsepsisError(
            f"no completion for the shell {shell or '(SHELL is not set)'}",
            code="shell-unknown",
            hint=f"Set SHELL to one of: {', '.join(PLACES)}",
        )
    return shell


def show_completion() -> str:
    """The script for the shell in use."""
    from asepsis.cli.main import COMPLETION_VARIABLE, application

    kind = get_completion_class(shell_in_use())
    assert kind is not None
    return kind(application, {}, "asepsis", COMPLETION_VARIABLE).source()


def install_completion() -> str:
    """Writes the script where the shell looks for it, and says so."""
    shell = shell_in_use()
    path = Path.home() / PLACES[shell]
    script = show_completion()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(script + "\n", encoding="utf-8")
    except OSError as error:
        raise AsepsisError(
            f"cannot write {path}: {error.strerror}",
            code="completion-unwritable",
            hint="Put it elsewhere yourself; it is printed by: asepsis --show-completion",
        ) from error
    more = '\nzsh: have "fpath+=~/.zfunc; autoload -Uz compinit; compinit" in ~/.zshrc' if shell == "zsh" else ""
    return f"{shell} completion written to {path}; it works in new shells{more}"
