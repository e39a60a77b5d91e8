"""What ``asepsis analyze`` says to a person and to a program."""

from __future__ import annotations

import json
from typing import Any

import pytest

from asepsis.cli.summary import LISTED_CAPTURES, print_report, report_lines, was_read
from asepsis.pipeline.report import AnalysisReport, CaptureReport


def capture(path: str = "ward.pcapng", **changes: Any) -> CaptureReport:
    members: dict[str, Any] = {
        "path": path,
        "link_types": ["ETHERNET"],
        "packets": 1000,
        "decoded": 1000,
        "bytes": 812_345_678,
        **changes,
    }
    return CaptureReport(**members)


def test_a_whole_capture_is_one_line_and_the_sum_another() -> None:
    report = AnalysisReport(
        captures=[capture()], conversations=41, devices=1, seconds=2.34, messages={"hl7": 2, "arp": 7}
    )
    assert report_lines(report, hint="next: asepsis devices") == [
        "ward.pcapng: 1,000 packets, ETHERNET",
        "1 capture, 1,000 packets (812.3 MB), 41 conversations, 1 device in 2.3 s",
        "messages: arp 7, hl7 2",
        "next: asepsis devices",
    ]


def test_every_fault_of_a_capture_is_named() -> None:
    cut = capture(decoded=988, undecoded={"other EtherType": 10, "empty packet": 2}, truncated=True)
    line = report_lines(AnalysisReport(captures=[cut]))[0]
    assert "the file ends inside a packet" in line
    assert "not decoded: 10 other EtherType, 2 empty packet" in line


def test_of_many_captures_only_those_with_a_fault_are_listed() -> None:
    captures = [capture(f"{number}.pcap") for number in range(LISTED_CAPTURES + 1)]
    captures.append(capture("cut.pcap", truncated=True))
    lines = report_lines(AnalysisReport(captures=captures))
    assert [line.split(":")[0] for line in lines[:-1]] == ["cut.pcap"]


def test_what_could_not_be_read_goes_to_standard_error_with_its_path(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = capture("notes.txt", link_types=[], packets=0, decoded=0, bytes=0, error="is no capture")
    print_report(AnalysisReport(captures=[wrong, capture()]), as_json=False)
    shown = capsys.readouterr()
    assert shown.err == "error: notes.txt: is no capture\n"
    assert "notes.txt" not in shown.out


def test_a_program_gets_one_document_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = capture("notes.txt", link_types=[], packets=0, decoded=0, bytes=0, error="is no capture")
    print_report(AnalysisReport(captures=[wrong]), as_json=True)
    shown = capsys.readouterr()
    assert json.loads(shown.out)["captures"][0]["error"] == "is no capture"
    assert shown.err == ""


def test_a_file_cut_in_the_middle_was_read_and_a_text_file_was_not() -> None:
    assert was_read(capture(error="ends inside a block", truncated=True))
    assert not was_read(capture(packets=0, error="is no capture"))


def test_a_hostile_file_name_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in "".join(report_lines(AnalysisReport(captures=[capture("\x1b[2J.pcap")])))
