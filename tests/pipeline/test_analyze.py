"""The whole line: captures in, one document out, and a workspace that holds each capture once."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from asepsis.pipeline.analyze import analyze, find_captures
from asepsis.pipeline.report import AnalysisReport, Progress
from asepsis.pipeline.workspace import Workspace
from tests.wire import frames

ORU = (
    b"\x0bMSH|^~\\&|ANALYZER|LAB|HIS|WARD|20260101||ORU^R01|77|P|2.5.1\r"
    b"PID|1||4711^^^MRN||CANARY^PATIENT||19700101|M\rOBX|1|NM|2345-7^GLUCOSE^LN||98|mg/dL|||||F\r\x1c\r"
)
ACK = b"\x0bMSH|^~\\&|HIS|WARD|ANALYZER|LAB|20260101||ACK^R01|1|P|2.5.1\rMSA|AA|77\r\x1c\r"


def hl7_capture(offset: int = 0) -> bytes:
    segments = [(0, 0, ORU), (1, 0, ACK)]
    return frames.pcap(frames.conversation_frames(segments, ports=(40000 + offset, 6661)))


@pytest.fixture
def ward(tmp_path: Path) -> Path:
    folder = tmp_path / "captures"
    (folder / "night").mkdir(parents=True)
    (folder / "a.pcap").write_bytes(hl7_capture())
    (folder / "night" / "b.pcap.gz").write_bytes(gzip.compress(hl7_capture(1)))
    (folder / "notes.txt").write_text("not a capture", encoding="utf-8")
    (folder / "cut.pcap").write_bytes(hl7_capture(2)[:-5])
    (folder / "empty.pcap").write_bytes(b"")
    return folder


def run(paths: list[Path | str], workspace: Workspace | None, site: str = "main") -> AnalysisReport:
    return analyze(paths, workspace=workspace, site=site)


def test_a_folder_is_searched_and_a_damaged_file_stops_nothing_else(ward: Path) -> None:
    report = run([ward], None)
    by_name = {Path(capture.path).name: capture for capture in report.captures}
    assert set(by_name) == {"a.pcap", "b.pcap.gz", "cut.pcap", "empty.pcap"}
    assert by_name["a.pcap"].packets == 4
    assert by_name["cut.pcap"].truncated
    assert by_name["empty.pcap"].error == "the file is empty"
    assert report.messages == {"hl7": 5}
    assert report.devices == 2


def test_the_document_has_the_members_of_the_contract(ward: Path) -> None:
    document = json.loads(json.dumps(run([ward / "a.pcap"], None).document()))
    assert list(document) == ["captures", "conversations", "messages", "devices", "seconds"]
    (capture,) = document["captures"]
    assert list(capture) == [
        "path", "link_types", "packets", "decoded", "undecoded", "bytes", "truncated", "error"
    ]  # fmt: skip
    assert capture["packets"] == capture["decoded"] + sum(capture["undecoded"].values())


def test_the_same_content_adds_nothing_twice_whatever_it_is_called(ward: Path, tmp_path: Path) -> None:
    workspace = Workspace.resolve(tmp_path / "ws")
    first = run([ward / "a.pcap"], workspace)
    copy = ward / "copy.pcap"
    copy.write_bytes((ward / "a.pcap").read_bytes())
    again = run([ward / "a.pcap", copy], workspace)
    assert first.devices == again.devices == 2
    assert [capture.already_analyzed for capture in again.captures] == [True, True]
    assert again.captures[0].packets == 4, "what the file holds is told all the same"
    with workspace.history().reader() as reader:
        assert len(list(reader.conversations().rows())) == 1


def test_the_same_capture_of_another_site_is_another_capture(ward: Path, tmp_path: Path) -> None:
    workspace = Workspace.resolve(tmp_path / "ws")
    run([ward / "a.pcap"], workspace, "north")
    report = run([ward / "a.pcap"], workspace, "south")
    assert not report.captures[0].already_analyzed
    with workspace.history().reader() as reader:
        assert len(list(reader.conversations().rows())) == 2


def test_standard_input_is_a_capture_and_adds_nothing_twice(ward: Path, tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from asepsis.pipeline.analyze import analyze;"
        "from asepsis.pipeline.workspace import Workspace;"
        "r = analyze(['-'], workspace=Workspace.resolve(Path(sys.argv[1])), site='s');"
        "print(r.captures[0].packets, r.captures[0].already_analyzed)"
    )
    said = []
    for _ in range(2):
        with (ward / "a.pcap").open("rb") as capture:
            done = subprocess.run(
                [sys.executable, "-c", program, str(tmp_path / "ws")], stdin=capture, capture_output=True, text=True,
                check=True,
            )  # fmt: skip
        said.append(done.stdout.split())
    assert said == [["4", "False"], ["4", "True"]]


def test_no_text_of_a_patient_is_kept_anywhere(ward: Path, tmp_path: Path) -> None:
    workspace = Workspace.resolve(tmp_path / "ws")
    run([ward], workspace)
    for file in (tmp_path / "ws").rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert b"CANARY" not in content, file
            assert b"4711^" not in content, file
    with workspace.history().reader() as reader:
        assert "CANARY" not in repr(list(reader.messages().rows()))


def test_paths_that_are_not_there_are_reported_and_the_rest_is_read(ward: Path, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    report = run([tmp_path / "missing.pcap", ward / "a.pcap", tmp_path / "nothing"], None)
    assert [bool(capture.error) for capture in report.captures] == [True, False, True]
    assert report.captures[0].packets == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_one_clear_line(ward: Path) -> None:
    (ward / "a.pcap").chmod(0)
    assert "permission" in str(run([ward / "a.pcap"], None).captures[0].error)


def test_progress_is_told_with_growing_numbers(tmp_path: Path) -> None:
    frame = frames.ethernet(frames.ipv4(frames.udp(bytes(900)), protocol=17))
    path = tmp_path / "long.pcap"
    path.write_bytes(frames.pcap([frame] * 40_000))
    told: list[Progress] = []
    analyze([path], workspace=None, site="s", progress=told.append)
    assert told
    assert [step.packets for step in told] == sorted(step.packets for step in told)
    assert all(step.bytes_total == path.stat().st_size for step in told)


def test_rotated_captures_are_found_in_folders(tmp_path: Path) -> None:
    for name in ("w.pcap", "w.pcap1", "w.pcap.2", "w.cap.gz", "w.PCAPNG.zst", "w.txt", "pcap.md"):
        (tmp_path / name).write_bytes(b"")
    found = {Path(path).name for path, _ in find_captures([tmp_path])}
    assert found == {"w.pcap", "w.pcap1", "w.pcap.2", "w.cap.gz", "w.PCAPNG.zst"}


def test_a_message_turns_the_conversation_round_when_nothing_stronger_says_who_asked(tmp_path: Path) -> None:
    # No SYN in the capture, and the listener's acknowledgement comes first.
    packets = frames.conversation_frames([(1, 0, ACK), (0, 0, ORU)], ports=(40000, 6661), syn=False)
    path = tmp_path / "turned.pcap"
    path.write_bytes(frames.pcap(packets))
    workspace = Workspace.resolve(tmp_path / "ws")
    run([path], workspace)
    with workspace.history().reader() as reader:
        (row,) = reader.conversations().documents()
    assert row["server_port"] == 6661


def test_a_fault_of_a_protocol_module_costs_one_conversation_and_is_told(
    ward: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from asepsis.protocols.hl7.stream import Hl7Stream

    def fail(*_: object, **__: object) -> None:
        raise KeyError("planted")

    monkeypatch.setattr(Hl7Stream, "feed", fail)
    report = run([ward / "a.pcap", ward / "night"], None)
    assert [capture.packets for capture in report.captures] == [4, 4]
    assert "hl7 could not read packet 3 (KeyError)" in str(report.captures[0].error)
