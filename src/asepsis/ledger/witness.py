"""The witness: keeps the latest checkpoint of each log it knows, and countersigns a later one that only adds to it.

It runs on another host than the ledger. Who cuts or rewrites the ledger, even with its key, cannot show the witness a
proof that the new tree contains the old one. As c2sp.org/tlog-witness specifies it, over HTTP.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from asepsis.crypto.signing import SigningKey
from asepsis.kernel.value import value
from asepsis.ledger.errors import LedgerError
from asepsis.ledger.merkle import EMPTY_ROOT, PROOF_LIMIT, verify_consistency
from asepsis.ledger.note import (
    COSIGNATURE,
    NOTE_LIMIT_BYTES,
    Checkpoint,
    Verifier,
    cosign,
    from_base64,
    read_checkpoint,
    read_size,
)

ADD_CHECKPOINT: Final = "/add-checkpoint"
SIZE_TYPE: Final = "text/x.tlog.size"
# A proof of 63 lines of 45 signs, and a note.
REQUEST_LIMIT_BYTES: Final = 64 * 46 + NOTE_LIMIT_BYTES
# A ledger asks once a minute; one that says nothing holds a thread no longer than this.
_REQUEST_TIMEOUT_SECONDS: Final = 10.0


@value
class Request:
    """What a log asks: countersign this checkpoint, here is the proof from the one that you know."""

    old_size: int
    proof: tuple[bytes, ...]
    checkpoint: Checkpoint

    def text(self) -> str:
        """As it is sent."""
        lines = "".join(f"{b64encode(hash_).decode()}\n" for hash_ in self.proof)
        return f"old {self.old_size}\n{lines}\n{self.checkpoint.text()}"


def read_request(text: str) -> Request | None:
    """The request of a body, or None where it is none."""
    head, blank, note = text.partition("\n\n")
    first, *lines = head.split("\n")
    old_size = read_size(first.removeprefix("old ")) if first.startswith("old ") else None
    checkpoint = read_checkpoint(note)
    if not blank or old_size is None or checkpoint is None or len(lines) > PROOF_LIMIT:
        return None
    hashes = [from_base64(line) for line in lines]
    proof = tuple(hash_ for hash_ in hashes if hash_ is not None)
    if len(proof) != len(hashes):
        return None
    return Request(old_size=old_size, proof=proof, checkpoint=checkpoint)


@value
class Answer:
    """What the witness says: a status of HTTP, a type and a body."""

    status: int
    body: str
    type: str = "text/plain; charset=utf-8"


class Witness:
    """Keeps its state in a folder. Safe for threads and for several processes."""

    def __init__(self, folder: Path, name: str, key: SigningKey, logs: Sequence[Verifier]) -> None:
        self.verifier = Verifier(name=name, kind=COSIGNATURE, public_bytes=key.public_bytes)
        """The public key of this witness, by which others check its signatures."""
        self._folder = folder
        self._key = key
        self._logs: Mapping[str, Verifier] = {log.name: log for log in logs}

    def answer(self, body: str, now_seconds: int) -> Answer:
        """Answers one ``add-checkpoint`` (c2sp.org/tlog-witness).

        Raises:
            OSError: Its state cannot be kept; then nothing was countersigned.
        """
        request = read_request(body)
        if request is None:
            return Answer(status=400, body="this is no request to add a checkpoint\n")
        checkpoint = request.checkpoint
        log = self._logs.get(checkpoint.origin)
        if log is None:
            return Answer(status=404, body="this log is not known here\n")
        if not checkpoint.is_signed_by(log):
            return Answer(status=403, body="this checkpoint is not signed by its log\n")
        if request.old_size > checkpoint.size:
            return Answer(status=400, body="the old size is above the new one\n")
        with self._locked(checkpoint.origin) as path:
            known = self._known(path)
            size, root = (known.size, known.root) if known is not None else (0, EMPTY_ROOT)
            if request.old_size != size:
                return Answer(status=409, body=f"{size}\n", type=SIZE_TYPE)
            if size == checkpoint.size and root != checkpoint.root:
                return Answer(status=409, body=f"{size}\n", type=SIZE_TYPE)
            if not verify_consistency(size, checkpoint.size, root, checkpoint.root, request.proof):
                return Answer(status=422, body="the proof does not show that this log only grew\n")
            signature = cosign(checkpoint, self.verifier.name, self._key, now_seconds)
            _replace(path, checkpoint.with_signatures((signature,)).text())
        return Answer(status=200, body=signature.line())

    def latest(self, origin: str) -> Checkpoint | None:
        """The latest checkpoint of a log that was countersigned here, with the signature."""
        with self._locked(origin) as path:
            return self._known(path)

    def _known(self, path: Path) -> Checkpoint | None:
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        checkpoint = read_checkpoint(text)
        if checkpoint is None or not checkpoint.is_signed_by(self.verifier):
            raise LedgerError(
                f"{path} is no checkpoint that this witness countersigned",
                code="witness-damaged",
                hint="Restore it from a backup: a witness that forgets sees nothing.",
            )
        return checkpoint

    @contextmanager
    def _locked(self, origin: str) -> Iterator[Path]:
        # A name of a log may hold signs that no file may bear.
        path = self._folder / f"{sha256(origin.encode()).hexdigest()[:32]}.checkpoint"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield path
        finally:
            os.close(descriptor)


def _replace(path: Path, text: str) -> None:
    """Replaces a file and forces it to the disk: a countersigned size must never be forgotten."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, text.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def serve(
    witness: Witness, address: tuple[str, int], say: Callable[[str], None] = lambda line: None
) -> ThreadingHTTPServer:
    """A server that is bound and answers when its ``serve_forever`` is called.

    Args:
        witness: Who answers.
        address: Host and port; port 0 takes a free one.
        say: Told one line for each answer.

    Raises:
        OSError: The address cannot be bound.
    """

    class Handler(BaseHTTPRequestHandler):
        timeout = _REQUEST_TIMEOUT_SECONDS
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:  # the name that http.server asks for
            length = self.headers.get("Content-Length", "")
            if self.path != ADD_CHECKPOINT or not length.isdigit() or len(length) > 9:
                self._send(Answer(status=404, body="POST /add-checkpoint\n"))
            elif int(length) > REQUEST_LIMIT_BYTES:
                self._send(Answer(status=413, body="too long\n"))
            else:
                body = self.rfile.read(int(length)).decode("utf-8", "replace")
                try:
                    self._send(witness.answer(body, int(time.time())))
                except (OSError, LedgerError):
                    self._send(Answer(status=500, body="the witness cannot keep its state\n"))

        def _send(self, answer: Answer) -> None:
            content = answer.body.encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.type)
            self.send_header("Content-Length", str(len(content)))
            # What was not read of a refused body must not be taken for the next request.
            self.send_header("Connection", "close")
            self.close_connection = True
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name that http.server gives it
            say(f"{self.client_address[0]} {format % args}")

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    return Server(address, Handler)
