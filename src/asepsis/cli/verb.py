"""A verb of the command: a click command that teaches by example and that knows the options every verb shares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])

DEFAULT_SITE: Final = "main"


class Invocation:
    """What one run of the command carries from its first option to its last error line."""

    def __init__(self) -> None:
        self.debug = False
        """True when an unexpected error is to be shown with its traceback."""


def _set_debug(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    invocation = context.find_object(Invocation)
    if wanted and invocation is not None:
        invocation.debug = True


def debug_option() -> click.Option:
    """``--debug``, understood before and after the verb."""
    return click.Option(
        ["--debug"],
        is_flag=True,
        expose_value=False,
        callback=_set_debug,
        help="Show the traceback of an unexpected error.",
    )


class Verb(click.Command):
    """One verb; ``examples`` are pairs of a command line and what it does."""

    def __init__(self, *args: Any, examples: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)
        self.params.append(debug_option())

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click's; an error also knows its verb, and how this verb takes a device that was named without more."""
        if not isinstance(self, click.Group) and any("--device" in option.opts for option in self.params):
            left = self._left(ctx, args)
            if left:
                called = f"{ctx.command_path} --device {left[0]}"
                raise click.UsageError(f"{left[0]!r} is one word too many; if it is a device: {called}", ctx)
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            # An option without its word ends the parser before click knows the verb.
            error.ctx = error.ctx or ctx
            raise

    def _left(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The words that no argument and no option of the verb takes."""
        if any(isinstance(one, click.Argument) for one in self.params):
            return []
        try:
            return self.make_parser(ctx).parse_args(list(args))[1]
        except click.UsageError:
            return []

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the examples where click would write an epilog."""
        if self.examples:
            with formatter.section("Examples"):
                for line, meaning in self.examples:
                    formatter.write(f"{'':{formatter.current_indent}}{line}\n")
                    formatter.write(f"{'':{formatter.current_indent}}    {meaning}\n")


class VerbGroup(Verb, click.Group):
    """A verb that has verbs of its own and may also do something without one."""


def site_option(meaning: str, *, default: str | None = None) -> Callable[[Function], Function]:
    """``--site NAME``; ``meaning`` says what it does for this verb."""
    return click.option("--site", metavar="NAME", default=default, show_default=default is not None, help=meaning)


def workspace_option() -> Callable[[Function], Function]:
    """``--workspace DIR``, the same on every verb that keeps or reads something."""
    return click.option(
        "--workspace",
        metavar="DIR",
        type=click.Path(path_type=Path, file_okay=False),
        default=None,
        help="Where devices and history are kept; else $ASEPSIS_HOME, else ./asepsis-workspace.",
    )


def json_option(meaning: str = "Print one JSON document.") -> Callable[[Function], Function]:
    """``--json``, the same on every verb that prints."""
    return click.option("--json", "as_json", is_flag=True, help=meaning)
