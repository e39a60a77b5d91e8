"""``asepsis ledger``: where it stands, its check from inside, export, checkpoints, and the witness on another host."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from asepsis.cli.exits import Exit
from asepsis.cli.moment import nanoseconds
from asepsis.cli.text import showable
from asepsis.cli.verb import Verb, VerbGroup, json_option, workspace_option
from asepsis.kernel.errors import AsepsisError

if TYPE_CHECKING:
    from asepsis.ledger import Entry, Ledger
    from asepsis.ledger.queries import Query

WITNESS_PORT: Final = 8731


@click.group(
    cls=VerbGroup,
    name="ledger",
    invoke_without_command=True,
    short_help="Who did what: check, export, show to a witness.",
    examples=[
        ("asepsis ledger", "how many entries, the root of their tree, the key"),
        ("asepsis ledger check", "is everything still as it was signed"),
        ("asepsis ledger export -o ledger.jsonl", "everything, to be checked elsewhere by asepsis verify ledger"),
        ("asepsis ledger checkpoint --witness https://witness:8731 --witness-key KEY", "let another host countersign"),
    ],
)
@json_option()
@workspace_option()
@click.pass_context
def command(context: click.Context, as_json: bool, workspace: Path | None) -> int:
    """Show where the ledger stands: every access and every change that was made through Asepsis.

    Entries are leaves of a Merkle tree (RFC 6962) whose root is signed at every commit, so that none can be changed
    or taken out unseen. A witness on another host keeps checkpoints, so that a cut end shows too.
    """
    if context.invoked_subcommand is not None:
        return Exit.DONE

    from asepsis.cli.ledger import opened, print_status, status_document
    from asepsis.ledger.journal import BreakGlassJournal
    from asepsis.pipeline.workspace import Workspace

    store = Workspace.resolve(workspace).open()
    with opened(store) as ledger:
        journal = BreakGlassJournal.open(store.ledger_path, store.keys_path)
        document = status_document(ledger, journal.waiting())
    if as_json:
        json.dump(document, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        print_status(document)
    return Exit.DONE


@command.command(
    cls=Verb,
    name="check",
    short_help="Hash every entry anew and compare it with what was signed.",
    examples=[("asepsis ledger check", "exits with 1 where something was changed")],
)
@json_option()
@workspace_option()
def check(as_json: bool, workspace: Path | None) -> int:
    """Hash every entry anew and compare it with the signed checkpoints.

    This finds what was changed in the file without the key. Exits with 0 when nothing was found, else with 1.
    """
    from asepsis.cli.ledger import check_document, opened, print_check
    from asepsis.ledger import checking
    from asepsis.pipeline.workspace import Workspace

    with opened(Workspace.resolve(workspace).open()) as ledger:
        found = checking.check(ledger)
    if as_json:
        json.dump(check_document(found), sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        print_check(found)
    return Exit.DONE if found.passed else Exit.REFUSED_OR_FOUND


@command.command(
    cls=Verb,
    name="export",
    short_help="Write entries with their proofs, checkpoints and the public key.",
    examples=[
        ("asepsis ledger export -o ledger.jsonl", "everything"),
        (
            "asepsis ledger export --subject device:ab3d5 --since 2026-01-01 -o pump.jsonl",
            "what was done to one device",
        ),
    ],
)
@click.option("-o", "--output", metavar="FILE", required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--actor", metavar="ID", help="Only what this person, token or program did.")
@click.option("--subject", metavar="ID", help="Only what was done to this.")
@click.option("--kind", metavar="KIND", help="Only records of this kind, such as device.read.")
@click.option("--since", "since_ns", metavar="TIME", callback=nanoseconds, help="Only from TIME on (ISO 8601).")
@click.option("--before", "before_ns", metavar="TIME", callback=nanoseconds, help="Only before TIME (ISO 8601).")
@json_option()
@workspace_option()
def export(
    output: Path,
    actor: str | None,
    subject: str | None,
    kind: str | None,
    since_ns: int | None,
    before_ns: int | None,
    as_json: bool,
    workspace: Path | None,
) -> int:
    """Write entries into FILE, one JSON line each, with what is needed to check them anywhere.

    The check is asepsis verify ledger FILE. It shares no code with what writes the ledger.
    """
    from asepsis.cli.ledger import opened
    from asepsis.ledger.export import export_all, export_some
    from asepsis.ledger.queries import Query
    from asepsis.pipeline.workspace import Workspace

    query = Query(actor=actor, subject=subject, kind=kind, since_ns=since_ns, before_ns=before_ns)
    with opened(Workspace.resolve(workspace).open()) as ledger:
        lines = export_all(ledger) if query == Query() else export_some(ledger, _found(ledger, query))
        try:
            with output.open("wb") as file:
                file.writelines(lines)
        except OSError as error:
            raise AsepsisError(f"cannot write {output}: {error.strerror}", code="export-unwritable") from error
        key = ledger.verifier.text()
    if as_json:
        json.dump({"path": str(output), "bytes": output.stat().st_size, "key": key}, sys.stdout, indent=2)
        sys.stdout.write("\n")
    return Exit.DONE


def _found(ledger: Ledger, query: Query) -> Iterator[Entry]:
    from asepsis.ledger.queries import PAGE_LIMIT, ask

    before: int | None = None
    while True:
        page = ask(ledger, query, before=before, limit=PAGE_LIMIT)
        yield from page.entries
        if page.next is None:
            return
        before = page.next


@command.command(
    cls=Verb,
    name="checkpoint",
    short_help="Keep the signed checkpoint; show it to a witness.",
    examples=[
        ("asepsis ledger checkpoint > today.checkpoint", "print it, to be kept elsewhere"),
        ("asepsis ledger checkpoint --witness /mnt/other-host/checkpoints", "put it into a folder on another host"),
        ("asepsis ledger checkpoint --witness https://witness:8731 --witness-key KEY", "let a witness countersign it"),
    ],
)
@click.option("--witness", metavar="ADDRESS", help="An http(s) address of a witness, or a folder on another host.")
@click.option("--witness-key", metavar="KEY", help="The witness's public key, for an address.")
@json_option()
@workspace_option()
def checkpoint(witness: str | None, witness_key: str | None, as_json: bool, workspace: Path | None) -> int:
    """Keep and print the checkpoint of the last commit: how many entries, the root of their tree, signed.

    With --witness it is shown to another host. Exits with 1 when the witness knows another past of this ledger.
    """
    from asepsis.cli.ledger import checkpoint_document, opened, verifier_of
    from asepsis.ledger.witnessing import show
    from asepsis.pipeline.workspace import Workspace

    key = verifier_of(witness_key)
    with opened(Workspace.resolve(workspace).open()) as ledger:
        now_ns = time.time_ns()
        kept = ledger.checkpoint(now_ns)
        if witness is not None:
            kept = show(ledger, kept, witness, key, now_ns)
    if as_json:
        json.dump(checkpoint_document(kept), sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        sys.stdout.write(kept.text())
    return Exit.DONE


@command.command(
    cls=Verb,
    name="witness",
    short_help="Be the witness of a ledger on another host.",
    examples=[
        ("asepsis ledger witness --state /var/lib/witness --log KEY", "countersign checkpoints of that ledger"),
        ("asepsis ledger witness --state /var/lib/witness --show-key", "the public key that others need"),
    ],
)
@click.option("--state", metavar="DIR", required=True, type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--log", "logs", metavar="KEY", multiple=True, help="The public key of a ledger; asepsis ledger prints it."
)
@click.option("--name", metavar="NAME", default="asepsis-witness", show_default=True, help="The name of this witness.")
@click.option("--listen", metavar="HOST:PORT", default=f"127.0.0.1:{WITNESS_PORT}", show_default=True)
@click.option("--show-key", is_flag=True, help="Print the public key of this witness and exit.")
@json_option("Print the key and the address as one JSON line.")
def witness(state: Path, logs: tuple[str, ...], name: str, listen: str, show_key: bool, as_json: bool) -> int:
    """Keep the latest checkpoint of each ledger, and countersign a later one that only adds to it.

    Run it on another host than the ledger. It speaks plain HTTP (c2sp.org/tlog-witness): put it behind TLS, or into
    a network of its own; what it answers is signed. Ctrl-C ends it.
    """
    import threading

    from asepsis.cli.ledger import verifier_of
    from asepsis.cli.live import stop_signals
    from asepsis.crypto.signing import signing_key_file
    from asepsis.ledger.note import is_name
    from asepsis.ledger.witness import Witness, serve

    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise click.UsageError(f"--listen takes HOST:PORT, not {listen!r}")
    if not is_name(name):
        raise click.UsageError("--name takes printable signs without space and plus")
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    verifiers = [verifier for text in logs if (verifier := verifier_of(text)) is not None]
    one = Witness(state, name, signing_key_file(state / "witness.key"), verifiers)
    if show_key:
        sys.stdout.write((json.dumps({"key": one.verifier.text()}) if as_json else one.verifier.text()) + "\n")
        return Exit.DONE
    if not verifiers:
        raise click.UsageError("--log KEY names the ledger to be witness of")
    try:
        server = serve(one, (host.strip("[]"), int(port)), say=_say)
    except OSError as error:
        raise AsepsisError(f"cannot listen on {listen}: {error.strerror}", code="witness-address") from error
    bound = f"{host}:{server.server_address[1]}"
    if as_json:
        sys.stdout.write(json.dumps({"key": one.verifier.text(), "address": bound}) + "\n")
    else:
        sys.stdout.write(f"witness {one.verifier.text()}\nlistening on {bound}\n")
    sys.stdout.flush()
    with server, stop_signals() as stop:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        while not stop():
            time.sleep(0.2)
        server.shutdown()
    return Exit.DONE


def _say(line: str) -> None:
    sys.stderr.write(showable(line) + "\n")
