"""Reads the lines of one log into an intake and accounts for every record: taken, passed over or broken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from asepsis.kernel.errors import AsepsisError
from asepsis.pipeline.imports_fields import FieldError, Fields
from asepsis.pipeline.imports_intake import Intake
from asepsis.pipeline.imports_lines import Line
from asepsis.pipeline.imports_report import LogReport

# A file whose first so many records are all broken is no such log; nobody needs the list of all its lines.
HOPELESS_RECORDS: Final = 100


class NotSuchALogError(AsepsisError):
    """The file is no log of that sensor."""


def read_zeek(path: Path, numbered: Iterable[Line], intake: Intake, log: LogReport) -> None:
    """Reads a log of Zeek.

    Raises:
        NotSuchALogError: It is none.
    """
    from asepsis.pipeline.zeek import TAKERS
    from asepsis.pipeline.zeek_format import ZeekFormat

    form = ZeekFormat(path)
    for record in form.records(numbered):
        log.records += 1
        log.known = form.known
        log.ends_broken = False
        log.kind = f"zeek {record.kind}" if record.kind else log.kind
        try:
            if record.fields is None:
                raise FieldError("", record.why)
            taker = TAKERS.get(record.kind)
            if taker is not None and taker(intake, record.fields, record.line.number):
                log.taken += 1
            else:
                log.passed_over[record.kind or "unknown"] += 1
        except FieldError as error:
            log.fault(record.line.number, error.field, error.why, is_whole=record.line.is_whole)
            _give_up_on(log, is_recognised=form.recognised, sensor="Zeek")
    log.known = form.known
    if not form.recognised and not log.known:
        raise _no_log("Zeek")


def read_eve(_path: Path, numbered: Iterable[Line], intake: Intake, log: LogReport) -> None:
    """Reads an EVE log of Suricata.

    Raises:
        NotSuchALogError: It is none.
    """
    from asepsis.pipeline.eve import EveReader
    from asepsis.pipeline.zeek_format import parse_json

    reader = EveReader(intake)
    is_recognised = False
    log.kind = "eve"
    for line in _new(numbered, log):
        log.records += 1
        log.ends_broken = False
        try:
            if line.text is None:
                raise FieldError("", "it is longer than any record")
            event = Fields(parse_json(line.text))
            kind = event.text("event_type")
            if not kind:
                raise FieldError("event_type", "it is missing")
            is_recognised = True
            if reader.take(kind, event, line.number):
                log.taken += 1
            else:
                log.passed_over[kind[:64]] += 1
        except FieldError as error:
            log.fault(line.number, error.field, error.why, is_whole=line.is_whole)
            _give_up_on(log, is_recognised=is_recognised, sensor="Suricata")
    if not is_recognised and not log.known:
        raise _no_log("Suricata")


def _new(numbered: Iterable[Line], log: LogReport) -> Iterator[Line]:
    """The lines that hold a record and were not taken before."""
    for line in numbered:
        if line.text is not None and not line.text.strip():
            continue
        if line.is_known:
            log.known += 1
        else:
            yield line


def _give_up_on(log: LogReport, *, is_recognised: bool, sensor: str) -> None:
    if not is_recognised and not log.known and log.broken >= HOPELESS_RECORDS:
        raise _no_log(sensor)


def _no_log(sensor: str) -> NotSuchALogError:
    return NotSuchALogError(
        f"it is no log of {sensor}",
        code="import-no-log",
        hint="Zeek writes tab-separated text with a header or JSON lines, Suricata JSON lines.",
    )
