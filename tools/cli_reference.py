"""Writes ``docs/reference/cli.md`` from the command itself: ``make docs``.

``tests/test_docs.py`` fails when the page and the command differ.
"""

from __future__ import annotations

from pathlib import Path

import click

from asepsis.cli.main import VERBS, application

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "cli.md"

HEAD = """\
# The command line

Written by `make docs` from the command itself.

One command with verbs. What a program reads is printed by `--json`; progress and errors go to standard error; nothing
is sent to devices, but by `asepsis scan run --apply`. Exit codes: 0 done, 1 refused or found (as the verb says),
2 usage, 3 failed, 130 interrupted.

`asepsis --install-completion` teaches bash, zsh or fish to complete verbs, options and paths.
"""


def help_text(command: click.Command, name: str) -> str:
    """What ``name --help`` prints on a terminal of 80 columns."""
    context = click.Context(command, info_name=name, terminal_width=80, max_content_width=80)
    context.help_option_names = ["-h", "--help"]
    return command.get_help(context)


def page() -> str:
    """The whole page."""
    parts = [HEAD, section("asepsis", application)]
    context = click.Context(application, info_name="asepsis")
    for verb in VERBS:
        command = application.get_command(context, verb)
        assert command is not None
        parts.append(section(f"asepsis {verb}", command))
        if isinstance(command, click.Group):
            parts += [section(f"asepsis {verb} {name}", sub) for name, sub in command.commands.items()]
    return "\n".join(parts)


def section(name: str, command: click.Command) -> str:
    """One heading with the help below it."""
    return f"## `{name}`\n\n```\n{help_text(command, name)}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
