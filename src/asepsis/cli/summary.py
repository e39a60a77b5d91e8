"""What an analysis found, in a few lines for a person or one JSON document for a program."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from asepsis.cli.text import error_text, showable
from asepsis.pipeline.report import AnalysisReport, CaptureReport

if TYPE_CHECKING:
    from asepsis.pipeline.workspace import Workspace

LISTED_CAPTURES: Final = 20
"""A folder may hold thousands of captures. Up to so many are listed one by one, then only those with a fault."""

NEXT: Final = "next: asepsis devices"


def was_read(capture: CaptureReport) -> bool:
    """True when the capture gave at least its format away: a file cut in the middle was read, a text file was not."""
    return capture.error is None or capture.packets > 0


def print_report(report: AnalysisReport, *, as_json: bool, hint: str = "") -> None:
    """Prints to standard output; captures that could not be read go to standard error, one line each."""
    if as_json:
        json.dump(report.document(), sys.stdout, indent=2)
        sys.stdout.write("\n")
        return
    for line in report_lines(report, hint=hint):
        sys.stdout.write(line + "\n")
    sys.stdout.flush()
    for capture in report.captures:
        if not was_read(capture):
            sys.stderr.write(error_text(f"{capture.path}: {capture.error}", capture.hint))


def finish(report: AnalysisReport, *, as_json: bool, workspace: Workspace | None, site: str) -> None:
    """Ends ``analyze`` and ``watch``: the report, and for a person at a terminal the devices of the site."""
    kept = workspace is not None and any(was_read(capture) for capture in report.captures)
    to_a_person = sys.stdout.isatty() and not as_json
    print_report(report, as_json=as_json, hint=NEXT if kept and not to_a_person else "")
    if workspace is not None and kept and to_a_person:
        from asepsis.cli.listing import print_site

        print_site(workspace, site)


def report_lines(report: AnalysisReport, *, hint: str = "", root: Path | None = None) -> list[str]:
    """The lines for a person: each capture (or, of many, each with a fault), then the whole.

    Args:
        report: What the pipeline answers.
        hint: A last line, what to do next.
        root: Paths are shown relative to this folder.
    """
    read = [capture for capture in report.captures if was_read(capture)]
    shown = read if len(read) <= LISTED_CAPTURES else [capture for capture in read if _faults(capture)]
    lines = [_capture_line(capture, root) for capture in shown]
    if not read:
        return lines
    packets = sum(capture.packets for capture in read)
    size = sum(capture.bytes for capture in read)
    parts = [
        counted(len(read), "capture"),
        f"{counted(packets, 'packet')} ({_size(size)})",
        counted(report.conversations, "conversation"),
        counted(report.devices, "device"),
    ]
    lines.append(f"{', '.join(parts)} in {report.seconds:.1f} s")
    if report.messages:
        lines.append(messages_line(report.messages))
    if hint:
        lines.append(hint)
    return lines


def _capture_line(capture: CaptureReport, root: Path | None) -> str:
    path = capture.path if root is None else str(Path(capture.path).relative_to(root))
    link = ", ".join(capture.link_types) or "no packets"
    head = f"{showable(path)}: {counted(capture.packets, 'packet')}, {link}"
    return "; ".join([head, *_faults(capture)])


def _faults(capture: CaptureReport) -> list[str]:
    faults = []
    if capture.already_analyzed:
        faults.append("analysed before, nothing added")
    if capture.error:
        faults.append(showable(capture.error))
    elif capture.truncated:
        faults.append("the file ends inside a packet; all before it was read")
    if capture.undecoded:
        reasons = sorted(capture.undecoded.items(), key=lambda item: (-item[1], item[0]))
        counted = ", ".join(f"{count:,} {showable(reason)}" for reason, count in reasons)
        faults.append(f"not decoded: {counted}")
    return faults


def messages_line(messages: Mapping[str, int]) -> str:
    """``messages: dns 172, dicom 76``, the most first."""
    by_count = sorted(messages.items(), key=lambda item: (-item[1], item[0]))
    return "messages: " + ", ".join(f"{protocol} {count:,}" for protocol, count in by_count)


def counted(number: int, noun: str) -> str:
    """``1 device``, ``1,200 devices``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _size(size_bytes: int) -> str:
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size_bytes >= factor:
            return f"{size_bytes / factor:.1f} {unit}"
    return f"{size_bytes} bytes"
