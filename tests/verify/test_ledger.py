"""The checker passes what was exported, and names what was changed, removed, moved, cut or signed by another."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asepsis.crypto.signing import SigningKey
from asepsis.ledger import Ledger
from asepsis.ledger.export import export_all, export_some
from asepsis.ledger.note import COSIGNATURE, Verifier, cosign
from asepsis.ledger.queries import Query, ask
from asepsis.verify.ledger import Verdict, verify
from asepsis.verify.note import Unreadable, read_key, read_note
from tests.ledger.records import record

COUNT = 700
WITNESS_KEY = SigningKey.from_seed(bytes([7]) * 32)
WITNESS = Verifier(name="witness", kind=COSIGNATURE, public_bytes=WITNESS_KEY.public_bytes)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    folder = tmp_path_factory.mktemp("exported")
    with Ledger.open(folder / "ledger", folder / "keys") as opened:
        for first in range(0, COUNT, 100):
            opened.append_all([record(number) for number in range(first, first + 100)])
            kept = opened.checkpoint()
            if first == 300:
                opened.keep(kept.with_signatures((cosign(kept, "witness", WITNESS_KEY, 1),)), 2)
        yield opened


@pytest.fixture(scope="module")
def exported(ledger: Ledger) -> list[bytes]:
    return list(export_all(ledger))


def _verdict(lines: list[bytes], **more: Any) -> Verdict:
    return verify(io.BytesIO(b"".join(lines)), **more)


def _whats(verdict: Verdict) -> list[tuple[int | None, str]]:
    return [(fault.position, fault.what) for fault in verdict.faults]


def test_a_whole_export_passes(ledger: Ledger, exported: list[bytes]) -> None:
    verdict = _verdict(exported, key=read_key(ledger.verifier.text()))
    assert verdict.passed
    assert (verdict.entries, verdict.size, verdict.whole) == (COUNT, COUNT, True)
    assert verdict.checkpoints == 8
    assert verdict.origin == ledger.origin


@pytest.mark.parametrize("size", [1, 2, 3, 255, 256, 257, 511, 512, 513])
def test_exports_of_every_shape_pass(tmp_path: Path, size: int) -> None:
    with Ledger.open(tmp_path / "ledger", tmp_path / "keys") as ledger:
        ledger.append_all([record(number) for number in range(size)])
        verdict = _verdict(list(export_all(ledger)))
    assert verdict.passed
    assert verdict.entries == size


def test_a_selection_passes(ledger: Ledger) -> None:
    page = ask(ledger, Query(actor="person:3"), limit=1000)
    verdict = _verdict(list(export_some(ledger, page.entries)))
    assert verdict.passed
    assert (verdict.entries, verdict.size, verdict.whole) == (140, COUNT, False)


def _entry_line(lines: list[bytes], position: int) -> int:
    return next(at for at, line in enumerate(lines) if line.startswith(b'{"position":%d,' % position))


def _changed(lines: list[bytes], at: int, change: Callable[[dict[str, Any]], None]) -> list[bytes]:
    document = json.loads(lines[at])
    change(document)
    return [*lines[:at], json.dumps(document).encode() + b"\n", *lines[at + 1 :]]


@pytest.mark.parametrize("position", [0, 255, 256, 300, COUNT - 1])
def test_a_changed_entry_is_named(exported: list[bytes], position: int) -> None:
    changed = _changed(
        exported, _entry_line(exported, position), lambda line: line["entry"].update(actor="person:innocent")
    )
    assert (position, "this entry was changed") in _whats(_verdict(changed))


def test_a_changed_entry_with_its_hash_changed_too_is_found_in_its_block(exported: list[bytes]) -> None:
    from base64 import b64encode

    from asepsis.ledger.merkle import leaf_hash
    from asepsis.ledger.record import canonical

    def change(line: dict[str, Any]) -> None:
        line["entry"]["actor"] = "person:innocent"
        line["hash"] = b64encode(leaf_hash(canonical(line["entry"]))).decode()

    whats = _whats(_verdict(_changed(exported, _entry_line(exported, 300), change)))
    assert (256, "entries 256 to 511 are not those that were signed") in whats


def test_a_removed_entry_is_named(exported: list[bytes]) -> None:
    at = _entry_line(exported, 300)
    assert (300, "entry 300 should follow, and 301 does") in _whats(_verdict([*exported[:at], *exported[at + 1 :]]))


def test_swapped_entries_are_named(exported: list[bytes]) -> None:
    at = _entry_line(exported, 300)
    swapped = [*exported[:at], exported[at + 1], exported[at], *exported[at + 2 :]]
    assert (300, "entry 300 should follow, and 301 does") in _whats(_verdict(swapped))

    def as_if(line: dict[str, Any]) -> None:
        line["position"] = 300 if line["position"] == 301 else 301

    renumbered = _changed(_changed(swapped, at, as_if), at + 1, as_if)
    assert (256, "entries 256 to 511 are not those that were signed") in _whats(_verdict(renumbered))


def test_a_cut_export_is_found(exported: list[bytes]) -> None:
    at = _entry_line(exported, 600)
    whats = _whats(_verdict(exported[:at]))
    assert (600, "the last 100 entries are missing") in whats


def test_a_ledger_cut_and_signed_anew_shows_beside_a_checkpoint_kept_elsewhere(ledger: Ledger, tmp_path: Path) -> None:
    """Even with the key: this is what the second host is for."""
    kept = read_note(ledger.head().text())
    forged_folder = tmp_path / "forged"
    with Ledger.open(forged_folder, ledger.path.parents[1] / "keys") as forged:
        forged.origin = ledger.origin
        forged.verifier = ledger.verifier
        forged.append_all([record(number) for number in range(600)])
        lines = list(export_all(forged))
        assert _verdict(lines).passed
        assert _whats(_verdict(lines, checkpoints=[kept])) == [
            (
                None,
                "the checkpoint that you gave counts 700 entries, and the export ends at 600: the last 100 are missing",
            )
        ]
        forged.append_all([record(number) for number in range(1000, 1200)])
        whats = [what for _, what in _whats(_verdict(list(export_all(forged)), checkpoints=[kept]))]
        assert whats == ["entries up to 699 are not those of the checkpoint of 700 entries"]


def test_a_key_that_is_not_yours_is_said(exported: list[bytes]) -> None:
    other = Verifier(name="other", kind=1, public_bytes=SigningKey.generate().public_bytes)
    whats = [what for _, what in _whats(_verdict(exported, key=read_key(other.text())))]
    assert "the export names another key than yours" in whats
    assert "the checkpoint of the export is not signed by the key of its log" in whats


def test_a_witness_must_have_signed_where_one_is_asked_for(ledger: Ledger, exported: list[bytes]) -> None:
    witness = read_key(WITNESS.text())
    verdict = _verdict(exported, witnesses=[witness])
    assert verdict.passed
    assert verdict.witnessed == 1
    stranger = Verifier(name="witness", kind=COSIGNATURE, public_bytes=SigningKey.generate().public_bytes)
    for keys, notes in (([read_key(stranger.text())], []), ([witness], [read_note(ledger.head().text())])):
        whats = [what for _, what in _whats(_verdict(exported, witnesses=keys, checkpoints=notes))]
        assert whats == ["no witness whose key you gave signed the checkpoint"]


def test_a_changed_entry_of_a_selection_is_named(ledger: Ledger) -> None:
    lines = list(export_some(ledger, ask(ledger, Query(actor="person:3"), limit=5).entries))
    changed = _changed(lines, 2, lambda line: line["entry"].update(actor="person:innocent"))
    position = json.loads(lines[2])["position"]
    assert _whats(_verdict(changed)) == [(position, "this entry is not what was signed at its place")]
    moved = _changed(lines, 2, lambda line: line.update(position=position - 1))
    assert _whats(_verdict(moved)) == [(position - 1, "this entry is not what was signed at its place")]


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_changed_byte_passes_unseen(ledger: Ledger, data: st.DataObject) -> None:
    lines = b"".join(export_some(ledger, ask(ledger, Query(actor="person:3"), limit=3).entries))
    body_at = lines.index(b'"entry":')
    at = data.draw(st.integers(body_at, len(lines) - 1))
    byte = data.draw(st.integers(0x21, 0x7E).filter(lambda one: one != lines[at]))
    changed = lines[:at] + bytes([byte]) + lines[at + 1 :]
    verdict = verify(io.BytesIO(changed))
    if verdict.passed:
        # Only a spelling that means the same may pass: the value that is hashed is the same.
        assert [json.loads(line) for line in changed.splitlines()[1:]] == [
            json.loads(line) for line in lines.splitlines()[1:]
        ]


def test_another_spelling_of_the_same_hash_is_no_hash(ledger: Ledger) -> None:
    lines = list(export_some(ledger, ask(ledger, Query(actor="person:3"), limit=1).entries))
    proof = json.loads(lines[1])["proof"]
    # 32 bytes leave two bits of the last letter before "=" without use: "A" and "B" would say the same.
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    proof[0] = f"{proof[0][:-2]}{letters[letters.index(proof[0][-2]) + 1]}="
    changed = _changed(lines, 1, lambda line: line.update(proof=proof))
    position = json.loads(lines[1])["position"]
    assert _whats(_verdict(changed)) == [(position, "this entry is not what was signed at its place")]


@pytest.mark.parametrize("content", [b"", b"{}\n", b"[]\n", b"\xff\xfe\n", b'{"format":"asepsis-ledger-export/1"}\n'])
def test_what_is_no_export_is_said(content: bytes) -> None:
    with pytest.raises(Unreadable):
        verify(io.BytesIO(content))


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_lines_are_faults_and_never_errors(exported: list[bytes], data: st.DataObject) -> None:
    at = data.draw(st.integers(1, len(exported) - 1))
    damaged = data.draw(
        st.one_of(
            st.binary(max_size=60).map(lambda some: some.replace(b"\n", b"") + b"\n"),
            st.recursive(st.one_of(st.none(), st.integers(), st.text(max_size=5)), st.lists, max_leaves=5).map(
                lambda value: (
                    json.dumps({"position": value, "proof": value, "hash": value, "entry": value}).encode() + b"\n"
                )
            ),
        )
    )
    assert not _verdict([*exported[:at], damaged, *exported[at + 1 :]]).passed
