"""The second reader of health devices' messages, and that a difference between the two readers is seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.accuracy import bedside
from bench.accuracy.apdu import walk
from tests.protocols import test_astm, test_phd

MEDICAL = Path(__file__).resolve().parent.parent.parent / ".cache" / "shared" / "medical"

WHOLE = [
    test_phd.association(400),
    test_phd.answer(3),
    test_phd.CONFIGURATION,
    test_phd.CONFIGURED,
    test_phd.DEVICE,
    test_phd.REPORT,
    test_phd.REPORT_VAR,
    test_phd.GROUPED,
    test_phd.GROUPED_BY_PERSON,
    test_phd.DATA,
    test_phd.RELEASE,
]


@pytest.mark.parametrize("apdu", WHOLE, ids=range(len(WHOLE)))
def test_the_second_reader_gives_every_byte_a_name(apdu: bytes) -> None:
    fields, covered, damage = walk(apdu)
    assert (covered, damage) == (len(apdu), "")
    in_order = sorted((one for several in fields.values() for one in several), key=lambda one: one.at)
    assert b"".join(one.raw for one in in_order) == apdu


@pytest.mark.parametrize("apdu", WHOLE[:2] + WHOLE[5:7], ids=["AARQ", "AARE", "fixed", "variable"])
def test_both_readers_agree_on_what_the_standard_allows(apdu: bytes) -> None:
    read = bedside.compare("x", apdu)
    assert read.right, read.different


def test_a_fact_that_differs_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(bedside.SYSTEMS, 0x00800000, "something else")
    read = bedside.compare("x", test_phd.association(400))
    assert read.different == ["system_type: something else / agent"]
    assert not read.right


def test_a_damaged_file_of_which_we_do_not_say_so_is_not_right() -> None:
    read = bedside.compare("x", test_phd.REPORT + b"\0")
    assert read.damage
    assert not read.malformed  # the beginning of another message may follow in a conversation
    assert not read.right


def test_a_header_is_read_a_second_time() -> None:
    sender, version, records = bedside.header(b"".join(piece for side, piece in test_astm.UPLOAD if side == 0))
    assert (sender, version) == ("Chem 9^3.1.4^SN0042", "LIS2-A2")
    assert records == {"H": 1, "P": 1, "O": 1, "R": 2, "L": 1}


@pytest.mark.slow
@pytest.mark.skipif(not MEDICAL.is_dir(), reason="the archive of medical messages is not unpacked")
def test_everything_at_hand_is_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bedside, "PAGE", tmp_path / "MEDICAL.md")
    assert bedside.write(MEDICAL) == []
