"""What the verbs of the ledger print."""

from __future__ import annotations

import sys
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from asepsis.cli.text import showable
from asepsis.kernel.errors import AsepsisError
from asepsis.kernel.time import iso_from_ns

if TYPE_CHECKING:
    from asepsis.ledger import Ledger
    from asepsis.ledger.checking import Check
    from asepsis.ledger.note import Checkpoint, Verifier
    from asepsis.pipeline.workspace import Workspace
    from asepsis.verify.ledger import Verdict

Document = dict[str, Any]

_FAULTS_SHOWN: Final = 20


def opened(workspace: Workspace) -> Ledger:
    """The ledger of a workspace, which must be there.

    Raises:
        AsepsisError: There is none.
    """
    from asepsis.ledger import Ledger
    from asepsis.ledger.schema import FILE_NAME

    if not (workspace.ledger_path / FILE_NAME).exists():
        raise AsepsisError(
            f"nothing is recorded in {workspace.root} yet",
            code="ledger-missing",
            hint="The ledger is made when somebody first uses the web: asepsis serve",
        )
    return Ledger.open(workspace.ledger_path, workspace.keys_path)


def verifier_of(text: str | None) -> Verifier | None:
    """The key of an option.

    Raises:
        AsepsisError: It is none.
    """
    from asepsis.ledger.note import read_verifier

    if text is None:
        return None
    verifier = read_verifier(text)
    if verifier is None:
        raise AsepsisError(
            f"{text[:60]!r} is no key of a log or a witness",
            code="witness-key",
            hint="It has the form name+id+key; copy the whole line.",
        )
    return verifier


def status_document(ledger: Ledger, waiting: int) -> Document:
    """Where the ledger stands."""
    size = ledger.size()
    kept = [
        {
            "size": checkpoint.size,
            "kept": iso_from_ns(time_ns),
            "signatures": [one.name for one in checkpoint.signatures],
        }
        for checkpoint, time_ns in ledger.checkpoints(10)
    ]
    return {
        "path": str(ledger.path),
        "origin": ledger.origin,
        "key": ledger.verifier.text(),
        "entries": size,
        "root": b64encode(ledger.root(size)).decode(),
        "checkpoints": kept,
        "break_glass_waiting": waiting,
    }


def print_status(document: Document) -> None:
    """In words."""
    lines = [
        f"{document['entries']} entries in {document['path']}",
        f"root  {document['root']}",
        f"key   {document['key']}",
    ]
    kept = document["checkpoints"]
    if kept:
        witnesses = ", ".join(kept[0]["signatures"][1:]) or "no witness"
        lines.append(
            f"last kept checkpoint: {kept[0]['size']} entries, {kept[0]['kept']}, countersigned by {witnesses}"
        )
    else:
        lines.append("no checkpoint was kept yet: asepsis ledger checkpoint")
    if document["break_glass_waiting"]:
        lines.append(f"{document['break_glass_waiting']} records of broken glass wait to be moved into the ledger")
    for line in lines:
        sys.stdout.write(showable(line) + "\n")


def checkpoint_document(checkpoint: Checkpoint) -> Document:
    """A checkpoint, and the note as it is signed."""
    return {
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": b64encode(checkpoint.root).decode(),
        "signatures": [signature.name for signature in checkpoint.signatures],
        "note": checkpoint.text(),
    }


def check_document(check: Check) -> Document:
    """What a check from inside found."""
    return {
        "passed": check.passed,
        "entries": check.entries,
        "root": b64encode(check.root).decode(),
        "checkpoints": check.checkpoints,
        "findings": [{"first": one.first, "last": one.last, "what": one.what} for one in check.findings],
    }


def print_check(check: Check) -> None:
    """In words."""
    if check.passed:
        sys.stdout.write(f"{check.entries} entries are what {check.checkpoints} signed checkpoints say.\n")
    for finding in check.findings[:_FAULTS_SHOWN]:
        span = f"entry {finding.first}" if finding.first == finding.last else f"entries {finding.first}-{finding.last}"
        sys.stdout.write(f"{span}: {finding.what}\n")
    _more(len(check.findings))


def verdict_document(verdict: Verdict) -> Document:
    """What the check of an export found."""
    return {
        "passed": verdict.passed,
        "origin": verdict.origin,
        "size": verdict.size,
        "entries": verdict.entries,
        "whole": verdict.whole,
        "checkpoints": verdict.checkpoints,
        "witnessed": verdict.witnessed,
        "faults": [{"position": one.position, "what": one.what} for one in verdict.faults],
    }


def print_verdict(verdict: Verdict, path: Path, *, key_given: bool) -> None:
    """In words."""
    if verdict.passed:
        part = "all" if verdict.whole else "some"
        sys.stdout.write(
            f"{showable(path.name)}: {verdict.entries} entries ({part} of {verdict.size}) are what was signed; "
            f"{verdict.checkpoints} checkpoints fit, {verdict.witnessed} of them countersigned by a witness.\n"
        )
        if not key_given:
            sys.stdout.write("The key was taken from the export itself; give the one that you know with --key.\n")
    for fault in verdict.faults[:_FAULTS_SHOWN]:
        where = "" if fault.position is None else f"entry {fault.position}: "
        sys.stdout.write(showable(f"{where}{fault.what}") + "\n")
    _more(len(verdict.faults))


def _more(count: int) -> None:
    if count > _FAULTS_SHOWN:
        sys.stdout.write(f"and {count - _FAULTS_SHOWN} more\n")
