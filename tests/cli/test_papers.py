"""``asepsis papers`` and ``asepsis import mds2|sbom`` end to end, on the captures that come with the tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from asepsis.cli.exits import Exit
from asepsis.cli.main import run
from tests.eval.mds2_forms import Truth, as_csv, rows, true_answers
from tests.pipeline.test_papers import bill

ARCHIVE = Truth(
    name="PACS_MAIN", vendor="", model="", handles_patients=True, sends_patients_clear=True, talks_inside=True
)
SCANNER = Truth(name="CTROOM1", vendor="GE Healthcare", model="LabCT 16", handles_patients=True)


def printed(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_a_form_that_lies_about_a_device_stands_in_the_ledger_with_its_packet(
    ward: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--workspace", ward]
    lying, honest = tmp_path / "archive.csv", tmp_path / "scanner.csv"
    lying.write_bytes(as_csv(rows(ARCHIVE, {**true_answers(ARCHIVE), "TXCF-2": "Yes"}, seed=1)))
    honest.write_bytes(as_csv(rows(SCANNER, true_answers(SCANNER), seed=2)))
    capsys.readouterr()
    assert run(["import", "mds2", str(tmp_path), "--json", *where]) == Exit.DONE
    by_file = {paper["file"]: paper for paper in printed(capsys)["papers"]}
    # The form names maker and model, and the scanner says the same of itself; the other names neither.
    assert [one["tie"] for one in by_file["scanner.csv"]["devices"]] == [
        "same model; the paper speaks of every version"
    ]
    assert by_file["archive.csv"]["devices"] == []
    assert run(["papers", "tie", by_file["archive.csv"]["id"][:8], "PACS_MAIN", *where]) == Exit.DONE
    capsys.readouterr()
    assert run(["papers", "ledger", "--json", *where]) == Exit.REFUSED_OR_FOUND
    claims = printed(capsys)["claims"]
    (found,) = [claim for claim in claims if claim["standing"] == "contradicted"]
    assert (found["question"], found["paper"]) == ("TXCF-2", by_file["archive.csv"]["id"])
    assert found["evidence"]["packet"] > 0
    assert {claim["standing"] for claim in claims if claim["paper"] == by_file["scanner.csv"]["id"]} <= {
        "confirmed",
        "unseen",
    }
    assert run(["papers", "ledger", *where]) == Exit.REFUSED_OR_FOUND
    assert "answers TXCF-2 yes" in capsys.readouterr().out
    assert run(["papers", "untie", by_file["archive.csv"]["id"], "PACS_MAIN", *where]) == Exit.DONE
    assert run(["papers", "ledger", *where]) == Exit.DONE


def test_a_list_of_components_is_given_its_product_by_a_person(
    ward: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--workspace", ward]
    path = tmp_path / "bom.json"
    path.write_bytes(bill(maker=""))
    capsys.readouterr()
    assert run(["import", "sbom", str(path), *where]) == Exit.DONE
    assert "of no device here" in capsys.readouterr().out
    assert run(["papers", "--json", *where]) == Exit.DONE
    (paper,) = [one for one in printed(capsys) if one["kind"] == "sbom"]
    assert run(["papers", "product", paper["id"], "--maker", "GE", *where]) == Exit.USAGE
    words = ["--maker", "GE Healthcare", "--model", "LabCT 16"]
    assert run(["papers", "product", paper["id"], *words, *where]) == Exit.DONE
    assert "1 device, same model" in capsys.readouterr().out
    assert run(["papers", *where]) == Exit.DONE
    assert ", 1 component," in capsys.readouterr().out
    assert run(["papers", "remove", paper["id"], *where]) == Exit.DONE
    assert run(["papers", "remove", paper["id"], *where]) == Exit.REFUSED_OR_FOUND


def test_what_is_no_paper_is_refused_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--workspace", str(tmp_path / "workspace")]
    path = tmp_path / "letter.txt"
    path.write_text("we take security seriously")
    assert run(["import", "sbom", str(path), *where]) == Exit.FAILED
    assert run(["import", "mds2", str(path), *where]) == Exit.FAILED
    said = capsys.readouterr().out
    assert f"{path}: is no list of components." in said
    assert f"{path} is no MDS2 form" in said
    assert run(["import", "sbom", str(tmp_path / "nothing"), *where]) == Exit.FAILED
    assert run(["papers", *where]) == Exit.DONE
    assert "no papers" in capsys.readouterr().out
