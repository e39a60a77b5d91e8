"""``asepsis verify``: checks of what was exported, which share no code with what wrote it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from asepsis.cli.exits import Exit
from asepsis.cli.verb import Verb, VerbGroup, json_option
from asepsis.kernel.errors import AsepsisError


@click.group(
    cls=VerbGroup,
    name="verify",
    short_help="Check what was exported.",
    examples=[
        ("asepsis verify ledger ledger.jsonl", "is every entry what was signed"),
        ("asepsis verify receipt plan.json receipt.json", "did only what was approved leave in a scan"),
    ],
)
def command() -> None:
    """Check exports. These checks share no code with what writes, and need no workspace and no network."""


@command.command(
    cls=Verb,
    name="ledger",
    short_help="Check an exported ledger, entry by entry.",
    examples=[
        ("asepsis verify ledger ledger.jsonl --key KEY", "with the key as you know it"),
        (
            "asepsis verify ledger ledger.jsonl --checkpoint kept.checkpoint",
            "with a checkpoint that was kept elsewhere",
        ),
        ("asepsis verify ledger ledger.jsonl --checkpoint kept.checkpoint --witness-key KEY", "that a witness signed"),
    ],
)
@click.argument("export", metavar="EXPORT", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--key", metavar="KEY", help="The ledger's public key; else the one that the export names.")
@click.option(
    "--checkpoint",
    "checkpoints",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="A checkpoint that was kept elsewhere. May be given several times.",
)
@click.option(
    "--witness-key", "witnesses", metavar="KEY", multiple=True, help="A witness's public key: it must have signed."
)
@json_option()
def ledger(
    export: Path, key: str | None, checkpoints: tuple[Path, ...], witnesses: tuple[str, ...], as_json: bool
) -> int:
    """Check that every entry of EXPORT is what was signed, at its place, with none missing.

    A ledger that was cut and signed anew looks whole by itself: give a checkpoint that was kept elsewhere.
    Exits with 0 when everything fits, with 1 and the entry when something does not.
    """
    from asepsis.cli.ledger import print_verdict, verdict_document
    from asepsis.verify.ledger import verify
    from asepsis.verify.note import Unreadable, read_key, read_note

    try:
        with export.open("rb") as file:
            verdict = verify(
                file,
                key=None if key is None else read_key(key),
                checkpoints=[read_note(path.read_text(encoding="utf-8", errors="replace")) for path in checkpoints],
                witnesses=[read_key(text) for text in witnesses],
            )
    except OSError as error:
        raise AsepsisError(f"{error.filename}: {error.strerror}", code="export-unreadable") from error
    except Unreadable as error:
        raise AsepsisError(
            f"{export}: {error}",
            code="export-unreadable",
            hint="It is written by: asepsis ledger export -o FILE; keys and checkpoints must be copied whole.",
        ) from error
    if as_json:
        json.dump(verdict_document(verdict), sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        print_verdict(verdict, export, key_given=key is not None)
    return Exit.DONE if verdict.passed else Exit.REFUSED_OR_FOUND


@command.command(
    cls=Verb,
    name="receipt",
    short_help="Check what left in a scan against its plan, packet by packet.",
    examples=[("asepsis verify receipt plan.json receipt.json --key KEY", "with the key as you know it")],
)
@click.argument("plan", metavar="PLAN", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("receipt", metavar="RECEIPT", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--key", metavar="KEY", help="The public key, 64 hexadecimal digits; else the one that RECEIPT names.")
@json_option()
def receipt(plan: Path, receipt: Path, key: str | None, as_json: bool) -> int:
    """Check that every packet of RECEIPT belongs to PLAN, that budgets held, and that nobody left out got any.

    Exits with 0 when everything fits, with 1 and the packets when something does not.
    """
    from asepsis.cli.scans import print_verdict, verdict_document
    from asepsis.verify.note import Unreadable
    from asepsis.verify.receipt import verify

    try:
        known = None if key is None else bytes.fromhex(key)
    except ValueError as error:
        raise click.UsageError("--key must be 64 hexadecimal digits") from error
    try:
        verdict = verify(plan.read_bytes(), receipt.read_bytes(), key=known)
    except OSError as error:
        raise AsepsisError(f"{error.filename}: {error.strerror}", code="export-unreadable") from error
    except Unreadable as error:
        raise AsepsisError(f"{receipt}: {error}", code="export-unreadable", hint="Copy both files whole.") from error
    if as_json:
        json.dump(verdict_document(verdict), sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        print_verdict(verdict, key_given=key is not None)
    return Exit.DONE if verdict.passed else Exit.REFUSED_OR_FOUND
