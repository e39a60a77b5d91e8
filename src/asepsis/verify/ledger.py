"""Checks an exported ledger: every entry, its proof, the signed checkpoints, and those that were kept elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

from asepsis.verify.note import WITNESS, Key, Note, Unreadable, from_base64, read_key, read_note, signed_by
from asepsis.verify.tree import Tree, is_consistent, of_leaf, root_by_inclusion, root_of

FORMAT: Final = "asepsis-ledger-export/1"
# An entry has at most 64 KiB; the first line holds a thousand checkpoints with proofs.
LINE_LIMIT_BYTES: Final = 4 * 1024 * 1024
FAULTS_LIMIT: Final = 100


@dataclass(frozen=True)
class Fault:
    """Something that is not as it was signed."""

    what: str
    position: int | None = None
    """Of the entry, where it is one entry."""


@dataclass
class Verdict:
    """What the check found."""

    origin: str = ""
    size: int = 0
    """Entries that the signed checkpoint of the export counts."""
    entries: int = 0
    """Entries that are in the export."""
    whole: bool = False
    checkpoints: int = 0
    """Checkpoints whose signature and consistency were checked."""
    witnessed: int = 0
    """How many of them a witness countersigned."""
    faults: list[Fault] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether everything is as it was signed."""
        return not self.faults

    def say(self, what: str, position: int | None = None) -> None:
        """Notes a fault; after the first hundred, they say no more."""
        if len(self.faults) < FAULTS_LIMIT:
            self.faults.append(Fault(what=what, position=position))


def verify(
    export: BinaryIO,
    *,
    key: Key | None = None,
    checkpoints: Iterable[Note] = (),
    witnesses: Sequence[Key] = (),
    progress: Callable[[int], None] = lambda entries: None,
) -> Verdict:
    """Checks an export, line by line.

    Args:
        export: The file of an export.
        key: The log's key as you know it; else the one that the export names, which only shows that it fits itself.
        checkpoints: Checkpoints of this log that were kept elsewhere, such as by a witness.
        witnesses: Keys of witnesses. Where there are any, each of ``checkpoints`` must be signed by one of them; where
            there are no ``checkpoints``, one of the export's own must be.
        progress: Told the number of entries now and then.

    Raises:
        Unreadable: The file is no export.
    """
    verdict = Verdict()
    head = _object(export.readline(LINE_LIMIT_BYTES))
    if head is None or head.get("format") != FORMAT:
        raise Unreadable("this is no export of a ledger")
    named = read_key(_text(head.get("key")))
    note = read_note(_text(head.get("checkpoint")))
    verdict.origin, verdict.size, verdict.whole = note.origin, note.size, head.get("whole") is True
    if key is not None and key != named:
        verdict.say("the export names another key than yours")
    log = named if key is None else key
    if note.origin != log.name or not signed_by(note, log):
        verdict.say("the checkpoint of the export is not signed by the key of its log")
    own = _own_checkpoints(head.get("checkpoints"), note, log, verdict)
    outside = list(checkpoints)
    _check_outside(outside, own, note, log, witnesses, verdict)
    wanted = {one.size: one.root for one in [*own, *outside] if one.size <= note.size}
    if verdict.whole:
        _Whole(note, wanted, verdict, progress).read(export)
    else:
        _some(export, note, verdict, progress)
    return verdict


def _own_checkpoints(listed: object, head: Note, log: Key, verdict: Verdict) -> list[Note]:
    notes = [head]
    verdict.checkpoints = 1
    for one in listed if isinstance(listed, list) else ():
        if not isinstance(one, dict):
            verdict.say("a checkpoint of the export cannot be read")
            continue
        try:
            note = read_note(_text(one.get("note")))
            proof = _hashes(one.get("consistency"))
        except Unreadable as error:
            verdict.say(f"a checkpoint of the export cannot be read: {error}")
            continue
        if note.origin != head.origin or not signed_by(note, log):
            verdict.say(f"the checkpoint of {note.size} entries is not signed by the key of its log")
        elif not is_consistent(note.size, head.size, note.root, head.root, proof):
            verdict.say(f"the checkpoint of {note.size} entries is no beginning of this ledger")
        else:
            verdict.checkpoints += 1
            notes.append(note)
    return notes


def _check_outside(
    outside: list[Note], own: list[Note], head: Note, log: Key, witnesses: Sequence[Key], verdict: Verdict
) -> None:
    """Checkpoints that were kept elsewhere are what shows that the end is missing, or that all was signed anew."""
    known = {note.size: note.root for note in own}
    for note in outside:
        if note.origin != head.origin or not signed_by(note, log):
            verdict.say(f"the checkpoint of {note.size} entries that you gave is not signed by the key of this log")
        elif note.size > head.size:
            verdict.say(
                f"the checkpoint that you gave counts {note.size} entries, and the export ends at {head.size}: "
                f"the last {note.size - head.size} are missing"
            )
        elif known.get(note.size, note.root) != note.root:
            verdict.say(f"the checkpoint of {note.size} entries that you gave is no beginning of this ledger")
        elif not verdict.whole and note.size not in known:
            verdict.say(
                f"an export of some entries cannot be held against the checkpoint of {note.size} entries: "
                "it is none of those that the export brings; take an export of all"
            )
        else:
            verdict.checkpoints += 1
    keys = [key for key in witnesses if key.kind == WITNESS]
    verdict.witnessed = sum(any(signed_by(note, key) for key in keys) for note in outside or own)
    if witnesses and len(keys) != len(witnesses):
        verdict.say("a key that you gave is no witness's key")
    if keys and verdict.witnessed < (len(outside) or 1):
        verdict.say("no witness whose key you gave signed the checkpoint")


class _Whole:
    """An export of all entries: hashes are proved block by block, then each entry is held against its hash."""

    def __init__(self, head: Note, wanted: dict[int, bytes], verdict: Verdict, progress: Callable[[int], None]) -> None:
        self._head = head
        self._wanted = wanted
        self._verdict = verdict
        self._progress = progress
        self._tree = Tree()
        self._first = 0
        self._given: list[bytes] = []
        self._found: list[bytes] = []

    def read(self, export: BinaryIO) -> None:
        position = 0
        while line := export.readline(LINE_LIMIT_BYTES):
            document = _object(line)
            if document is None:
                self._verdict.say(f"what follows entry {position - 1} cannot be read", position)
                continue
            if "block" in document:
                self._block(document, position)
                self._progress(position)
                continue
            claimed = document.get("position")
            if claimed != position:
                self._verdict.say(f"entry {position} should follow, and {str(claimed)[:20]} does", position)
                if not isinstance(claimed, int) or claimed < position:
                    continue
                position = claimed
            self._entry(document, position)
            position += 1
        self._end(position)

    def _entry(self, document: dict[str, Any], position: int) -> None:
        self._verdict.entries += 1
        found = of_leaf(_canonical(document.get("entry")))
        self._found.append(found)
        self._given.append(_one_hash(document.get("hash")))
        self._tree.add(found)
        root = self._wanted.get(self._tree.size)
        if root is not None and root != self._tree.root():
            self._verdict.say(f"entries up to {position} are not those of the checkpoint of {self._tree.size} entries")

    def _block(self, document: dict[str, Any], position: int) -> None:
        given, found, first = self._given, self._found, self._first
        self._given, self._found, self._first = [], [], position
        end = first + len(given)
        try:
            proof = _hashes(document.get("proof"))
        except Unreadable:
            proof = []
        proved = root_by_inclusion(root_of(given), first, end, self._head.size, proof) == self._head.root
        changed = [first + at for at, (one, other) in enumerate(zip(given, found, strict=True)) if one != other]
        for at in changed:
            self._verdict.say("this entry was changed", at)
        if not proved:
            self._verdict.say(f"entries {first} to {end - 1} are not those that were signed", first)

    def _end(self, position: int) -> None:
        if self._given:
            self._verdict.say(f"entries from {self._first} on have no proof", self._first)
        if position < self._head.size:
            self._verdict.say(f"the last {self._head.size - position} entries are missing", position)
        if position > self._head.size:
            self._verdict.say("entries follow that the checkpoint does not count", self._head.size)
        if self._tree.size == self._head.size and self._tree.root() != self._head.root and self._verdict.passed:
            self._verdict.say("the entries are not those that were signed")


def _some(export: BinaryIO, head: Note, verdict: Verdict, progress: Callable[[int], None]) -> None:
    while line := export.readline(LINE_LIMIT_BYTES):
        verdict.entries += 1
        document = _object(line) or {}
        position = document.get("position")
        if not isinstance(position, int) or isinstance(position, bool):
            verdict.say(f"line {verdict.entries + 1} cannot be read")
            continue
        leaf = of_leaf(_canonical(document.get("entry")))
        try:
            proof = _hashes(document.get("proof"))
        except Unreadable:
            proof = []
        if root_by_inclusion(leaf, position, position + 1, head.size, proof) != head.root:
            verdict.say("this entry is not what was signed at its place", position)
        if verdict.entries % 1000 == 0:
            progress(verdict.entries)


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) and line.endswith(b"\n") else None


def _canonical(entry: object) -> bytes:
    """The spelling that is hashed: keys sorted, no white space, UTF-8."""
    text = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def _text(document: object) -> str:
    if not isinstance(document, str):
        raise Unreadable("a text is missing")
    return document


def _one_hash(text: object) -> bytes:
    try:
        return from_base64(text) if isinstance(text, str) else b""
    except Unreadable:
        return b""


def _hashes(listed: object) -> list[bytes]:
    if not isinstance(listed, list) or len(listed) > 64:
        raise Unreadable("this is no proof")
    return [_one_hash(text) for text in listed]
