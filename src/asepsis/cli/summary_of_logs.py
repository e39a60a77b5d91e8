"""What an import of logs found, in a few lines for a person or one JSON document for a program."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Final

from asepsis.cli.summary import LISTED_CAPTURES, counted, messages_line
from asepsis.cli.text import error_text, showable

if TYPE_CHECKING:
    from asepsis.pipeline.imports_report import ImportReport, LogReport

SHOWN_FAULTS: Final = 5
"""Of each log. A log with one kind of fault has it in every line; ``--json`` names many more."""


def log_was_read(log: LogReport) -> bool:
    """True when the log was recognised, even if it ends in the middle."""
    return log.error is None or log.taken > 0


def print_import(report: ImportReport, *, as_json: bool, hint: str = "") -> None:
    """Prints to standard output; what could not be read goes to standard error with its line."""
    if as_json:
        json.dump(report.document(), sys.stdout, indent=2)
        sys.stdout.write("\n")
        return
    for line in import_lines(report, hint=hint):
        sys.stdout.write(line + "\n")
    sys.stdout.flush()
    for log in report.logs:
        for fault in log.faults[:SHOWN_FAULTS]:
            sys.stderr.write(showable(str(fault)) + "\n")
        if log.broken > SHOWN_FAULTS:
            sys.stderr.write(showable(f"{log.path}: and {log.broken - SHOWN_FAULTS:,} more broken records") + "\n")
        if log.error is not None:
            sys.stderr.write(error_text(f"{log.path}: {log.error}", log.hint))


def import_lines(report: ImportReport, *, hint: str = "") -> list[str]:
    """The lines for a person: each log (or, of many, each with broken records), then the whole."""
    read = [log for log in report.logs if log_was_read(log)]
    shown = read if len(read) <= LISTED_CAPTURES else [log for log in read if log.broken]
    lines = [_log_line(log) for log in shown]
    if not read:
        return lines
    parts = [
        counted(len(read), "log"),
        counted(report.conversations, "conversation"),
        counted(report.devices, "device"),
    ]
    lines.append(f"{', '.join(parts)} in {report.seconds:.1f} s")
    if report.messages:
        lines.append(messages_line(report.messages))
    if hint:
        lines.append(hint)
    return lines


def _log_line(log: LogReport) -> str:
    parts = [f"{showable(log.path)}: {log.kind or 'not recognised'}, {counted(log.records, 'record')}"]
    if log.already_imported:
        parts.append("imported before, nothing added")
    elif log.known:
        parts.append(f"{log.known:,} more were imported before")
    if log.passed_over:
        kinds = sorted(log.passed_over.items(), key=lambda item: (-item[1], item[0]))
        parts.append("passed over: " + ", ".join(f"{count:,} {showable(kind)}" for kind, count in kinds))
    if log.broken:
        parts.append(f"{log.broken:,} broken")
    return "; ".join(parts)
