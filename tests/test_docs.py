"""The documentation says what the code does: generated pages are current, links lead somewhere, named tests exist."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tools import (
    authorisation_reference,
    cli_reference,
    configuration_reference,
    controls,
    error_reference,
    identification_reference,
    protocol_reference,
    weakness_reference,
)

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
NAMED_TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(test_\w+))?`")


def test_the_page_of_the_command_line_is_what_the_command_says() -> None:
    assert cli_reference.PAGE.read_text() == cli_reference.page(), "run: make docs"


def test_the_page_of_errors_names_every_error_of_the_sources() -> None:
    assert error_reference.PAGE.read_text() == error_reference.page(), "run: make docs"


def test_the_reference_of_settings_is_what_the_sources_say() -> None:
    assert configuration_reference.PAGE.read_text() == configuration_reference.page(), "run: make docs"


def test_the_page_of_protocols_is_what_the_modules_say() -> None:
    assert protocol_reference.PAGE.read_text() == protocol_reference.page(), "run: make docs"


def test_the_page_of_weaknesses_is_the_list_of_kinds() -> None:
    assert weakness_reference.PAGE.read_text() == weakness_reference.page(), "run: make docs"


def test_the_page_of_roles_is_what_the_policies_decide() -> None:
    assert authorisation_reference.PAGE.read_text() == authorisation_reference.page(), "run: make docs"


def test_the_page_of_identification_bears_the_numbers_and_tables_of_the_code() -> None:
    page = identification_reference.page()
    assert "<<" not in page
    assert identification_reference.PAGE.read_text() == page, "run: make docs"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_that_is_here(page: Path) -> None:
    targets = [target for target in LINK.findall(page.read_text()) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_control_of_the_threat_model_is_shown_by_a_test_that_exists() -> None:
    text = (DOCS / "security" / "threat-model.md").read_text()
    named = NAMED_TEST.findall(text)
    assert named
    absent = []
    for file, function in named:
        path = ROOT / file
        if not path.is_file() or (function and f"def {function}(" not in path.read_text()):
            absent.append(f"{file}::{function}")
    assert absent == []


def test_every_control_can_be_taken_out_and_its_page_is_written() -> None:
    assert controls.PAGE.read_text() == controls.page(), "python -m tools.controls --page"
    assert len({one.name for one in controls.CONTROLS}) == len(controls.CONTROLS)
    for one in controls.CONTROLS:
        assert (ROOT / one.file).read_text().count(one.stands) == 1, one.name
        assert one.stands != one.without
        file, function = one.test.split("::")
        assert f"def {function}(" in (ROOT / file).read_text(), one.name


@pytest.mark.slow
@pytest.mark.skipif("ASEPSIS_SOAK" not in os.environ, reason="runs a test for each control: part of make soak")
def test_every_control_is_missed_by_its_test() -> None:
    assert controls.main([]) == 0


def test_every_threat_names_a_control_and_a_test() -> None:
    rows = [
        line.strip("|").split("|")
        for line in (DOCS / "security" / "threat-model.md").read_text().splitlines()
        if line.startswith("| ") and "---" not in line and not line.startswith("| threat")
    ]
    assert rows
    for row in rows:
        assert len(row) == 3, row
        assert all(cell.strip() for cell in row), row
        assert NAMED_TEST.search(row[2]), f"no test named for: {row[0].strip()}"


def test_decision_records_have_their_own_numbers_and_say_what_was_decided() -> None:
    records = sorted((DOCS / "decisions").glob("[0-9]*.md"))
    numbers = [record.name.split("-")[0] for record in records]
    assert len(set(numbers)) == len(numbers)
    index = (DOCS / "decisions" / "README.md").read_text()
    for record in records:
        assert f"]({record.name})" in index, f"{record.name} is not in the index"
        assert "decided" in record.read_text().lower(), record.name


def test_the_readme_shows_commands_that_exist() -> None:
    from asepsis.cli.main import VERBS

    for verb in re.findall(r"^ *asepsis ([a-z]+)", (ROOT / "README.md").read_text(), flags=re.MULTILINE):
        assert verb in VERBS
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    for target in re.findall(r"^ *make ([a-z]+)", (ROOT / "README.md").read_text(), flags=re.MULTILINE):
        assert target in targets
