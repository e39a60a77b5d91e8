"""HP's Printer Job Language on TCP 9100 (PJL Technical Reference, 2003): what a printer is, and what is asked of it.

In: both directions' bytes. Out: one ``Pjl`` for a command of interest or an answer. Names of users and jobs, texts on
the display and the document are never kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.fields import facts_of, text
from asepsis.protocols.message import Dissector, Malformed, Result

# The universal exit language sequence, before and after every job.
EXIT: Final = b"\x1b%-12345X"
# Commands are under 200 bytes.
LINE_LIMIT_BYTES = 1024
# Lines of one answer that are looked at.
ANSWER_LINES = 64

# Commands of chapters 4 to 9; those of the file system are also how printers are attacked.
_COMMANDS: Final = frozenset(
    (
        *("INFO", "INQUIRE", "DINQUIRE", "USTATUS", "USTATUSOFF", "ECHO", "JOB", "EOJ", "ENTER", "SET", "DEFAULT"),
        *("INITIALIZE", "RESET", "COMMENT", "RDYMSG", "OPMSG", "STMSG", "DMINFO", "DMCMD"),
        *("FSAPPEND", "FSDELETE", "FSDIRLIST", "FSDOWNLOAD", "FSINIT", "FSMKDIR", "FSQUERY", "FSUPLOAD"),
    )
)
_QUIET: Final = frozenset(("SET", "COMMENT", "ECHO", "USTATUSOFF", "EOJ"))
_CATEGORIES: Final = frozenset(
    (
        *("ID", "CONFIG", "FILESYS", "LOG", "MEMORY", "PAGECOUNT", "PRODINFO", "STATUS", "SUPPLIES", "USTATUS"),
        "VARIABLES",
    )
)
# An answer ends with a form feed.
_FORM_FEED: Final = 0x0C
_LINE_END: Final = re.compile(rb"[\n\x0c]")
_WORD: Final = re.compile(rb"[A-Za-z0-9]{1,24}")
_LANGUAGE: Final = re.compile(rb"LANGUAGE\s{0,8}=\s{0,8}([A-Za-z0-9-]{1,24})", re.IGNORECASE)
_NAMES: Final = re.compile(rb"\b(?:USERNAME|JOBNAME|JOBATTR|NAME|HOLDKEY)\s{0,8}=", re.IGNORECASE)
_PAIR: Final = re.compile(rb"^\s*([A-Za-z ]{1,40}?)\s*[=:]\s*\"?([^\"]{1,80})")
# What printers call these in an answer to INFO PRODINFO or CONFIG, in lower case without blanks.
_FIELDS: Final = {
    b"productname": "model",
    b"serialnumber": "serial_number",
    b"formatternumber": "formatter",
    b"firmwaredatecode": "firmware",
    b"firmwareversion": "firmware",
    b"code": "status",
}


@value
class Pjl:
    """One command, or the answer to one."""

    PROTOCOL: ClassVar[str] = "pjl"
    kind: str
    """The command and, of INFO and USTATUS, the category: ``INFO ID``, ``JOB``, ``FSUPLOAD``."""
    answer: bool = False
    model: str = ""
    serial_number: str = ""
    formatter: str = ""
    firmware: str = ""
    status: str = ""
    """The status code: ``10001`` is ready."""
    language: str = ""
    """What the document is written in: ``PCL``, ``POSTSCRIPT``."""
    names: bool = False
    """Whether it names a user or a job, in clear."""

    @property
    def sender_is_server(self) -> bool | None:
        """An answer comes from the printer; a command of which the answer was not seen may be its echo."""
        if self.answer:
            return True
        return False if self.kind in ("JOB", "ENTER") else None

    def facts(self) -> dict[str, Any]:
        """All that is said, but the kind."""
        return _facts(self)


_facts: Final = facts_of(Pjl, without=("kind",))


class _Side:
    """One direction."""

    __slots__ = ("answered", "command", "in_document", "lines", "pending", "said")

    def __init__(self) -> None:
        self.pending = b""
        self.in_document = False
        self.command = ""
        """The command whose answer may follow."""
        self.said: dict[str, Any] = {}
        self.lines = 0
        self.answered = False


class PjlStream:
    """Reads one conversation; see ``protocols.message.Stream``."""

    __slots__ = ("_sides",)

    def __init__(self) -> None:
        self._sides = (_Side(), _Side())

    def feed(self, sender: int, data: bytes, *, gap: bool = False) -> Sequence[Result]:
        """Takes the next bytes of one direction; see ``protocols.message.Stream.feed``."""
        side = self._sides[sender]
        results: list[Result] = []
        if gap:
            _flush(side, results)
            side.pending = b""
            side.in_document = True  # until the next exit sequence, nothing is known to be a command
        data = side.pending + data
        at = 0
        while at < len(data):
            if side.in_document:
                found = data.find(EXIT, at)
                if found < 0:
                    at = max(at, len(data) - len(EXIT) + 1)
                    break
                side.in_document = False
                at = found
            if data.startswith(EXIT, at):
                _flush(side, results)
                at += len(EXIT)
                continue
            if EXIT.startswith(data[at : at + len(EXIT)]):
                break  # the sequence may go on in the next piece
            ended = _LINE_END.search(data, at)
            end = ended.start() if ended is not None else -1
            # A job may follow its commands without a line end before the exit sequence.
            leave = data.find(EXIT, at, end if end >= 0 else len(data))
            if leave >= 0:
                end = leave
            if (end if end >= 0 else len(data)) - at > LINE_LIMIT_BYTES:
                _flush(side, results)
                results.append(Malformed(protocol="pjl", where="command", why=f"longer than {LINE_LIMIT_BYTES} bytes"))
                side.in_document = True
                continue
            if end < 0:
                break
            _read_line(side, data[at:end], results)
            at = end if leave >= 0 else end + 1
            if leave < 0 and data[end] == _FORM_FEED:
                _flush(side, results)
        side.pending = data[at:]
        return results

    def close(self) -> Sequence[Result]:
        """Reads a last line without an end."""
        results: list[Result] = []
        for side in self._sides:
            if not side.in_document and side.pending and not EXIT.startswith(side.pending):
                _read_line(side, side.pending, results)
            side.pending = b""
            _flush(side, results)
            side.in_document = True
        return results


def _read_line(side: _Side, line: bytes, results: list[Result]) -> None:
    if not line.startswith(b"@PJL"):
        if side.command:
            _read_answer(side, line)
        elif line.strip():
            side.in_document = True  # a document without ENTER LANGUAGE
        return
    _flush(side, results)
    words = _WORD.findall(line[4:])[:3]
    if not words:
        return
    command = words[0].upper().decode("ascii")
    if command not in _COMMANDS:
        command = "other"
    names = _NAMES.search(line) is not None
    if command == "ENTER":
        language = _LANGUAGE.search(line)
        results.append(Pjl(kind=command, language=text(language[1].upper()) if language else ""))
        side.in_document = True
        return
    if command in ("INFO", "USTATUS") and len(words) > 1:
        category = words[1].upper().decode("ascii")
        side.command = f"{command} {category if category in _CATEGORIES else 'other'}"
        return
    if command not in _QUIET or names:
        results.append(Pjl(kind=command, names=names))


def _read_answer(side: _Side, line: bytes) -> None:
    side.lines += 1
    if side.lines > ANSWER_LINES or not (stripped := line.strip()):
        return
    side.answered = True
    if side.command == "INFO ID":
        side.said.setdefault("model", text(stripped.strip(b'"')))
    elif pair := _PAIR.match(line):
        member = _FIELDS.get(pair[1].lower().replace(b" ", b""))
        if member is not None:
            side.said.setdefault(member, text(pair[2]))


def _flush(side: _Side, results: list[Result]) -> None:
    if side.command:
        results.append(Pjl(kind=side.command, answer=side.answered, **side.said))
        side.command = ""
        side.answered = False
        side.said = {}
        side.lines = 0


DISSECTOR: Final = Dissector(protocol="pjl", open=PjlStream)
