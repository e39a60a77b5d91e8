"""``asepsis mds2`` end to end, on the captures that come with the tests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from asepsis.cli.exits import Exit
from asepsis.cli.main import run
from tests.eval.mds2_forms import Truth, as_csv, as_workbook, rows, true_answers

WARD = Path(__file__).resolve().parents[1] / "recordings"
ARCHIVE = Truth(
    name="PACS_MAIN", vendor="", model="", handles_patients=True, sends_patients_clear=True, talks_inside=True
)


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> str:
    workspace = str(tmp_path_factory.mktemp("mds2") / "workspace")
    assert run(["analyze", str(WARD), "--site", "lab", "--workspace", workspace]) == Exit.DONE
    return workspace


def test_a_lie_about_the_archive_is_contradicted_with_its_packet(
    ward: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = true_answers(ARCHIVE)
    honest, lying = tmp_path / "honest.xlsx", tmp_path / "lying.csv"
    honest.write_bytes(as_workbook(rows(ARCHIVE, answers, seed=1)))
    lying.write_bytes(as_csv(rows(ARCHIVE, {**answers, "TXCF-2": "Yes"}, seed=1)))
    where = ["--device", "PACS_MAIN", "--workspace", ward]
    assert run(["mds2", "check", str(honest), *where]) == Exit.DONE
    capsys.readouterr()
    assert run(["mds2", "check", str(lying), "--json", *where]) == Exit.REFUSED_OR_FOUND
    found = [claim for claim in json.loads(capsys.readouterr().out) if claim["standing"] == "contradicted"]
    assert [claim["question"] for claim in found] == ["TXCF-2"]
    assert found[0]["evidence"]["packet"] > 0
    assert run(["mds2", "compare", str(honest), str(lying)]) == Exit.REFUSED_OR_FOUND
    assert capsys.readouterr().out == "TXCF-2: no, now yes\n"
    assert run(["mds2", "check", str(lying), *where]) == Exit.REFUSED_OR_FOUND
    assert "contradicted  TXCF-2" in capsys.readouterr().out


def test_a_form_is_printed_and_what_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    form = tmp_path / "form.csv"
    form.write_bytes(as_csv(rows(ARCHIVE, true_answers(ARCHIVE), seed=1)))
    assert run(["mds2", "read", str(form)]) == Exit.DONE
    assert "HN 1-2019" in capsys.readouterr().out
    form.write_text("nothing")
    assert run(["mds2", "read", str(form)]) == Exit.FAILED
    assert str(form) in capsys.readouterr().err
