"""The page of one device."""

from __future__ import annotations

import io

from rich.console import Console

from asepsis.cli.detail import SHOWN_EVIDENCE, device_detail, evidence_lines
from tests.cli.documents import clue, device, unknown

CAPTURES = {"0123456789abcdef0123": "ward.pcapng"}


def drawn(document: dict[str, object], width: int = 100) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=False, highlight=False)
    for part in device_detail(document, CAPTURES):
        console.print(part)
    return stream.getvalue()


def test_every_attribute_shows_value_confidence_and_the_packet_that_says_so() -> None:
    text = drawn(device())
    for part in ("ct-1", "10.20.0.14", "93%", "dicom 0.90, packet 12 of ward.pcapng", "VB20A"):
        assert part in text


def test_evidence_for_another_value_is_shown_after_that_for_the_chosen_one() -> None:
    clues = [clue("category", "printer", 0.95, protocol="smb"), clue("category", "ct", 0.9)]
    assert evidence_lines("category", "ct", clues, CAPTURES) == [
        "dicom 0.90, packet 12 of ward.pcapng",
        "but printer: smb 0.95, packet 12 of ward.pcapng",
    ]


def test_evidence_for_a_wider_word_contradicts_nothing() -> None:
    assert evidence_lines("category", "ct", [clue("category", "imaging_modality", 0.6)], CAPTURES) == [
        "also imaging_modality: dicom 0.60, packet 12 of ward.pcapng"
    ]


def test_what_a_person_says_has_no_packet() -> None:
    said = clue("category", "ct", 1.0, protocol="person ada", packet=0)
    assert evidence_lines("category", "ct", [said], {}) == ["person ada 1.00"]


def test_an_attribute_with_conflicting_clues_and_no_value_is_unknown_and_says_why() -> None:
    clues = [clue("vendor", "A", 0.5), clue("vendor", "B", 0.5)]
    text = drawn(unknown(evidence=clues))
    assert "unknown" in text
    assert "but A:" in text
    assert "but B:" in text


def test_many_clues_are_counted_not_listed() -> None:
    clues = [clue("category", "ct", 0.5, packet=packet) for packet in range(100)]
    lines = evidence_lines("category", "ct", clues, CAPTURES)
    assert len(lines) == SHOWN_EVIDENCE + 1
    assert lines[-1] == f"and {100 - SHOWN_EVIDENCE} more"


def test_a_capture_that_the_workspace_does_not_know_is_named_by_its_digest() -> None:
    assert evidence_lines("category", "ct", [clue("category", "ct", 0.9)], {}) == [
        "dicom 0.90, packet 12 of 0123456789ab"
    ]


def test_clues_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in drawn(device(evidence=[clue("model", "\x1b[2J", 0.9)], model="\x1b]0;x\x07"))
