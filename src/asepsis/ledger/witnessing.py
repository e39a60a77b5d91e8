"""Shows the ledger's checkpoints to a witness: to one that answers over HTTP, or to a folder on another host.

A folder (a share that only grows, for instance) does not sign; there each checkpoint becomes a file of its own, after
it was compared with the one before.
"""

from __future__ import annotations

import http.client
import os
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from asepsis.ledger.errors import LedgerError
from asepsis.ledger.note import Checkpoint, Verifier, read_checkpoint, read_signatures, read_size
from asepsis.ledger.store import Ledger
from asepsis.ledger.witness import ADD_CHECKPOINT, Request

TIMEOUT_SECONDS: Final = 10.0
_ANSWER_LIMIT_BYTES: Final = 16 * 1024
# A folder on another host fills by one file a checkpoint; only the end is compared.
_SUFFIX: Final = ".checkpoint"


class WitnessRefusedError(LedgerError):
    """The witness knows another past of this ledger: it was cut, rewritten, or restored from an older backup."""


def show(ledger: Ledger, checkpoint: Checkpoint, address: str, witness: Verifier | None, now_ns: int) -> Checkpoint:
    """Shows a checkpoint of the ledger to the witness at ``address``, and keeps what it signs.

    Args:
        ledger: The ledger.
        checkpoint: Its checkpoint, as ``Ledger.checkpoint`` gave it.
        address: ``http://host:port``, ``https://...``, or a folder.
        witness: The witness's key, which its signature is checked by; None for a folder.
        now_ns: The time now.

    Returns:
        The checkpoint, with the witness's signature where it gave one.

    Raises:
        WitnessRefusedError: What the witness keeps is not a beginning of this ledger.
        LedgerError: The witness cannot be reached, or its answer is not signed by its key.
    """
    if not address.startswith(("http://", "https://")):
        put_in_folder(ledger, checkpoint, Path(address))
        return checkpoint
    if witness is None:
        raise LedgerError(
            "the key of this witness is not known",
            code="witness-key",
            hint="It is printed by: asepsis ledger witness --show-key",
        )
    return ask_witness(ledger, checkpoint, address, witness, now_ns)


def ask_witness(ledger: Ledger, checkpoint: Checkpoint, address: str, witness: Verifier, now_ns: int) -> Checkpoint:
    """As ``show``, over HTTP."""
    old = max((one.size for one, _ in ledger.checkpoints() if one.is_signed_by(witness)), default=0)
    old = min(old, checkpoint.size)
    for _ in range(2):
        status, answer = _post(address, _request(ledger, old, checkpoint))
        if status == 409:
            known = read_size(answer.strip())
            if known is None or known == old or known > checkpoint.size:
                raise _refused(ledger, address, f"it has seen {answer.strip()[:20]} entries")
            # It has seen more than we remember, as after a pause or with two senders: prove from there.
            old = known
            continue
        if status == 422:
            raise _refused(ledger, address, f"the first {old} entries are not those that it has seen")
        break
    if status != 200:
        raise LedgerError(f"the witness {address} answered {status}", code="witness-answer", hint=answer[:200].strip())
    signatures = read_signatures(answer)
    signed = checkpoint.with_signatures(
        tuple(one for one in signatures or () if (one.name, one.key_id) == (witness.name, witness.key_id))
    )
    if not signed.is_signed_by(witness):
        raise LedgerError(
            f"the answer of the witness {address} is not signed by the key that you gave",
            code="witness-signature",
            hint="Compare the key with: asepsis ledger witness --show-key",
        )
    ledger.keep(signed, now_ns)
    return signed


def _request(ledger: Ledger, old: int, checkpoint: Checkpoint) -> str:
    proof = tuple(ledger.consistency(old, checkpoint.size))
    return Request(old_size=old, proof=proof, checkpoint=checkpoint).text()


def _refused(ledger: Ledger, address: str, why: str) -> WitnessRefusedError:
    return WitnessRefusedError(
        f"the witness {address} does not countersign: {why}",
        code="witness-refused",
        hint=f"Entries of {ledger.path} were removed or changed, or an older copy was restored. Keep it as evidence.",
    )


def _post(address: str, body: str) -> tuple[int, str]:
    parts = urlsplit(address)
    try:
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(
                "POST", parts.path.rstrip("/") + ADD_CHECKPOINT, body.encode(), {"Content-Type": "text/plain"}
            )
            response = connection.getresponse()
            return response.status, response.read(_ANSWER_LIMIT_BYTES).decode("utf-8", "replace")
        finally:
            connection.close()
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise LedgerError(
            f"the witness {address} cannot be reached: {error}",
            code="witness-unreachable",
            hint="Nothing is lost: show it the next checkpoint when it is back.",
        ) from error


def put_in_folder(ledger: Ledger, checkpoint: Checkpoint, folder: Path) -> Path:
    """Writes a checkpoint into a folder on another host, as a file of its own.

    Raises:
        WitnessRefusedError: The latest one there is not a beginning of this ledger.
        LedgerError: The folder cannot be read or written.
    """
    try:
        latest = _latest(folder, ledger)
        if latest is not None:
            fits = latest.size <= checkpoint.size and latest.root == ledger.root(latest.size)
            if not fits:
                raise _refused(ledger, str(folder), f"it keeps a checkpoint of {latest.size} entries that does not fit")
        path = folder / f"{checkpoint.size:020d}{_SUFFIX}"
        if not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
            try:
                os.write(descriptor, checkpoint.text().encode())
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
    except OSError as error:
        raise LedgerError(
            f"the folder {folder} cannot be used as a witness: {error.strerror}",
            code="witness-unreachable",
            hint="It must exist and be writable, and should lie on another host.",
        ) from error
    return path


def _latest(folder: Path, ledger: Ledger) -> Checkpoint | None:
    for path in sorted(folder.glob(f"*{_SUFFIX}"), reverse=True):
        checkpoint = read_checkpoint(path.read_text(encoding="utf-8", errors="replace"))
        if checkpoint is not None and checkpoint.origin == ledger.origin and checkpoint.is_signed_by(ledger.verifier):
            return checkpoint
    return None
