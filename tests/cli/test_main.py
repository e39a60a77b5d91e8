"""How the command ends: exit codes, one line for each error, quiet where the reader left."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import click
import pytest

from asepsis.cli.exits import EXIT_OF_ERROR, Exit
from asepsis.cli.main import VERBS, application, run
from asepsis.cli.verb import Verb, debug_option
from asepsis.kernel.errors import AsepsisError

ASEPSIS = [sys.executable, "-m", "asepsis.cli"]


def command_that(action: Callable[[], int | None]) -> click.Command:
    """A group with one verb that does ``action``, ended as every verb is."""

    @click.command(cls=Verb, name="act")
    def act() -> int | None:
        return action()

    group = click.Group(name="asepsis", params=[debug_option()])
    group.add_command(act)
    return group


def fail(error: Exception) -> Callable[[], int]:
    def action() -> int:
        raise error

    return action


@pytest.mark.parametrize("code", list(Exit))
def test_a_verb_that_answers_a_code_ends_with_it(code: Exit) -> None:
    assert run(["act"], command_that(lambda: code)) == code


def test_a_verb_that_answers_nothing_is_done() -> None:
    assert run(["act"], command_that(lambda: None)) == Exit.DONE


def test_an_error_is_one_line_and_its_hint_another(capsys: pytest.CaptureFixture[str]) -> None:
    error = AsepsisError("ward.pcap: is no capture", code="capture-unknown", hint="pcap and pcapng are read")
    assert run(["act"], command_that(fail(error))) == Exit.FAILED
    shown = capsys.readouterr()
    assert shown.err == "error: ward.pcap: is no capture\n  hint: pcap and pcapng are read\n"
    assert shown.out == ""


@pytest.mark.parametrize(("code", "exit_code"), EXIT_OF_ERROR.items())
def test_errors_of_the_table_end_with_its_code(code: str, exit_code: Exit) -> None:
    assert run(["act"], command_that(fail(AsepsisError("wrong", code=code)))) == exit_code


def test_an_unexpected_error_is_one_line_that_says_where_to_report_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["act"], command_that(fail(ZeroDivisionError("division by zero")))) == Exit.FAILED
    shown = capsys.readouterr().err
    assert shown.startswith("error: unexpected ZeroDivisionError: division by zero\n  hint: Run it again with --debug")
    assert "Traceback" not in shown


@pytest.mark.parametrize("arguments", [["--debug", "act"], ["act", "--debug"]])
def test_debug_lets_the_traceback_through(arguments: list[str]) -> None:
    with pytest.raises(ZeroDivisionError):
        run(arguments, command_that(fail(ZeroDivisionError())))


def test_an_interruption_ends_with_130_and_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    assert run(["act"], command_that(interrupted)) == Exit.INTERRUPTED
    assert "Traceback" not in capsys.readouterr().err


def test_an_error_message_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    run(["act"], command_that(fail(AsepsisError("\x1b[2J.pcap", code="capture-unknown"))))
    assert "\x1b" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["analyse"], "there is no verb 'analyse'; did you mean 'analyze'?"),
        (["analyze"], "Missing argument 'PATH...'"),
        (["devices", "--sight", "x"], "No such option"),
        (["devices", "--json", "--csv"], "--json and --csv contradict each other"),
        (["conversations", "--format", "parquet"], "--format parquet needs a file: -o FILE"),
        (["conversations", "--format", "xml"], "'xml' is not one of"),
        (["watch", "lo", "--seconds", "0"], "0"),
        (["import", "cmdb", "x"], "No such command 'cmdb'"),
        (["risk", "pump1"], "if it is a device: asepsis risk --device pump1"),
        (["plan", "--item"], "asepsis plan --help"),
        (["plan", "--jira", "the pumps"], "'the pumps' is no key of a project"),
    ],
)
def test_a_wrong_command_line_ends_with_2_and_says_where_the_help_is(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == Exit.USAGE
    shown = capsys.readouterr().err
    assert said in shown
    assert "--help" in shown


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    from asepsis import __version__

    assert run(["--version"]) == Exit.DONE
    assert capsys.readouterr().out == f"asepsis {__version__}\n"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_teaches_by_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = application.get_command(click.Context(application), verb)
    assert command is not None
    for name in command.commands if isinstance(command, click.Group) else ("",):
        arguments = [word for word in (verb, name, "--help") if word]
        assert run(arguments) == Exit.DONE
        shown = capsys.readouterr().out
        assert f"Examples:\n  asepsis {verb}" in shown
        assert max(len(line) for line in shown.splitlines()) <= 100


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_that_prints_has_json(verb: str) -> None:
    command = application.get_command(click.Context(application), verb)
    assert command is not None
    verbs = command.commands.values() if isinstance(command, click.Group) else [command]
    for one in verbs:
        assert any("--json" in parameter.opts for parameter in one.params)


def test_a_reader_that_leaves_early_hears_no_complaint() -> None:
    with subprocess.Popen([*ASEPSIS, "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()  # long before the command has started and printed
        assert running.stderr.read() == ""
    assert running.returncode == 0


def test_starting_imports_neither_the_engine_nor_what_draws_tables() -> None:
    code = (
        "import sys\n"
        "from asepsis.cli.main import run\n"
        "run(['analyze', '--help'])\n"
        "heavy = {'numpy', 'numba', 'rich', 'pyarrow', 'duckdb', 'structlog', 'asepsis.pipeline', 'asepsis.wire'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout.splitlines()[-1] == "[]"
