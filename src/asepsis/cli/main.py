"""Where the ``asepsis`` command begins: finds the verb, runs it, turns every error into one line and an exit code.

Start-up is counted: a verb's module is imported when it is asked for, and what a verb needs when it runs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final, NoReturn

import click

from asepsis import __version__
from asepsis.cli.exits import Exit, exit_of
from asepsis.cli.text import error_text
from asepsis.cli.verb import Invocation, debug_option
from asepsis.kernel.errors import AsepsisError

REPORT_TO: Final = "the project's issue tracker (see SECURITY.md first if it may be a security issue)"

COMPLETION_VARIABLE: Final = "_ASEPSIS_COMPLETE"
"""The variable by which a shell asks this command for completions; click derives it from the command's name."""

VERBS: Final[dict[str, str]] = {
    "demo": "demo",
    "serve": "serve",
    "analyze": "analyze",
    "watch": "watch",
    "devices": "devices",
    "device": "device",
    "events": "events",
    "conversations": "conversations",
    "weaknesses": "weaknesses",
    "risk": "risk",
    "plan": "plan",
    "mds2": "mds2",
    "papers": "papers",
    "design": "design",
    "import": "imports",
    "feeds": "feeds",
    "findings": "findings",
    "scan": "scan",
    "knowledge": "knowledge",
    "ledger": "ledger",
    "verify": "verify",
    "people": "people",
    "backup": "backup",
    "restore": "restore",
    "upgrade": "upgrade",
    "doctor": "doctor",
}
"""Verb to module of ``asepsis.cli.verbs``, in the order of ``--help``. Each module names its command ``command``."""


class Asepsis(click.Group):
    """All verbs; each is imported when it is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs in the order a newcomer meets them, not the alphabet's."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a verb, or None when there is no such verb."""
        module = VERBS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = import_module(f"asepsis.cli.verbs.{module}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, and a word that is nearly a verb is answered with the verb."""
        wanted = args[0]
        if wanted not in VERBS and not wanted.startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(wanted, VERBS, n=1)
            more = f"; did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"there is no verb {wanted!r}{more}", ctx)
        return super().resolve_command(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Where to begin, and what the exit codes mean."""
        with formatter.section("Examples"):
            indent = f"{'':{formatter.current_indent}}"
            formatter.write(f"{indent}asepsis demo\n{indent}    the devices of the recorded lab hospital\n")
            formatter.write(f"{indent}asepsis analyze ward.pcapng\n{indent}    who is on this capture\n")
            formatter.write(f"{indent}asepsis devices --json\n{indent}    the list, for a program\n")
        with formatter.section("Exit codes"):
            formatter.write_text("0 done; 1 refused or found; 2 usage; 3 failed; 130 interrupted")


def _completion(install: bool) -> click.Option:
    def react(context: click.Context, _: click.Parameter, wanted: bool) -> None:
        if wanted and not context.resilient_parsing:
            from asepsis.cli.completion import install_completion, show_completion

            click.echo(install_completion() if install else show_completion())
            context.exit()

    return click.Option(
        ["--install-completion" if install else "--show-completion"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=react,
        help="Teach your shell (bash, zsh, fish) to complete this command."
        if install
        else "Print what --install-completion would write.",
    )


def _version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        click.echo(f"asepsis {__version__}")
        context.exit()


application = Asepsis(
    name="asepsis",
    help="See every device on a hospital's network: what it is, how sure that is, and why.\n\n"
    "Asepsis reads captures and live traffic, and sends nothing to devices, but for scans that two people approved. "
    "It is not a medical device.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    params=[
        click.Option(
            ["--version"], is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print the version."
        ),
        _completion(install=True),
        _completion(install=False),
        debug_option(),
    ],
)


def main() -> NoReturn:
    """The console script."""
    # A thread pool for linear algebra costs 45 ms of CPU at NumPy's import, and nothing here multiplies matrices.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str], command: click.Command = application) -> int:
    """Runs one command line and gives its exit code; errors become one line on standard error."""
    if COMPLETION_VARIABLE in os.environ:
        application.main(prog_name="asepsis")  # answers the shell and exits
    invocation = Invocation()
    try:
        # Not click's own main, which turns a broken pipe into an exit code that looks like "refused".
        with command.make_context("asepsis", list(arguments), obj=invocation) as context:
            answer = command.invoke(context)
        sys.stdout.flush()
        return int(answer) if isinstance(answer, int) else Exit.DONE
    except click.exceptions.Exit as ending:
        return ending.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return Exit.USAGE
    except AsepsisError as error:
        _say(error.message, error.hint)
        return exit_of(error)
    except click.UsageError as error:
        _say(error.format_message(), f"{error.ctx.command_path if error.ctx else 'asepsis'} --help")
        return Exit.USAGE
    except click.ClickException as error:
        _say(error.format_message())
        return Exit.FAILED
    except (KeyboardInterrupt, click.Abort):
        sys.stderr.write("\n")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        return _reader_left()
    except Exception as error:
        if invocation.debug:
            raise
        _say(_unexpected(error), f"Run it again with --debug and take what it prints to {REPORT_TO}.")
        return Exit.FAILED


def _reader_left() -> Exit:
    """Whoever read our output (``head``, a pager) has seen enough; that is no failure."""
    # Python would complain once more when it closes standard output at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return Exit.DONE


def _unexpected(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return f"unexpected {type(error).__name__}: {error}" if str(error) else f"unexpected {type(error).__name__}"


def _say(message: str, hint: str = "") -> None:
    sys.stderr.write(error_text(message, hint))
