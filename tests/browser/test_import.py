"""The list of the maintenance system: uploaded, mapped, previewed, proposed, approved, and beside what was seen."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.browser.conftest import SignIn, picture
from tests.browser.hospital import PUMPS, open_device

WRONG = {"answers": {"vendor": "Somebody Else", "model": "Bellows 3"}}


def asset_list(path: Path) -> Path:
    """A CSV as a maintenance system writes one: two good rows, one not seen, one that contradicts, two mistakes."""
    one, two, three = PUMPS[:3]
    lines = [
        "Equipment No;Maker;Type name;Hardware;Responsible unit;Risk",
        f"CE-1;{one['answers']['vendor']};{one['answers']['model']};{one['mac']};Intensive care;high",
        f"CE-2;{two['answers']['vendor']};{two['answers']['model']};{two['mac']};Intensive care;high",
        f"CE-3;Somebody Else;Bellows 3;{three['mac']};Intensive care;high",
        "CE-4;Somebody Else;Bellows 3;02:00:00:00:00:09;Wards;low",
        "CE-5;Somebody Else;Bellows 3;not-an-address;Wards;low",
        "CE-6;Somebody Else;Bellows 3;02:00:00:00:00:0a;Wards;purple",
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def figure(page: Any, words: str) -> int:
    """One of the large numbers on top."""
    return int(page.locator(".figures li", has_text=words).locator("strong").inner_text())


def test_a_list_is_mapped_previewed_proposed_and_approved_by_a_second_person(sign_in: SignIn, tmp_path: Path) -> None:
    page = sign_in("clinical_engineer")
    page.get_by_role("link", name="CMMS import").click()
    page.locator("input[type=file]").set_input_files(asset_list(tmp_path / "assets.csv"))
    page.get_by_role("button", name="Upload and preview").click()
    page.get_by_role("heading", name="assets.csv").wait_for()
    # Headings that are usual are known; the others a person maps.
    assert page.get_by_label("Maker").input_value() == "vendor"
    page.get_by_label("Type name").select_option(label="Model")
    page.get_by_label("Hardware").select_option(label="Hardware (MAC) address")
    page.get_by_label("Responsible unit").select_option(label="Department")
    page.get_by_label("Risk").select_option(label="Criticality")
    page.get_by_role("button", name="Preview again").click()
    mistakes = page.locator("section", has=page.get_by_role("heading", name="Errors"))
    assert mistakes.get_by_role("row", name=re.compile("^6 Hardware")).count() == 1
    assert mistakes.get_by_role("row", name=re.compile("^7 Risk")).count() == 1
    assert figure(page, "rows are a device that was seen") == 3
    assert figure(page, "contradict") == 1
    picture(page, "import")
    page.get_by_role("button", name="Propose").click()
    page.get_by_text("You proposed it, so a colleague has to approve it").wait_for()
    address = page.url
    assert page.get_by_role("button", name="Apply").count() == 0
    # Nothing changed yet.
    page.goto("/cmms/reconciliation/?show=tied")
    assert page.get_by_text("CE-1").count() == 0
    colleague = sign_in("clinical_engineer", who="two")
    colleague.get_by_role("link", name="CMMS import").click()
    colleague.get_by_role("row", name=re.compile("waits for approval|proposed", re.IGNORECASE)).get_by_role(
        "link", name="assets.csv"
    ).click()
    colleague.get_by_role("button", name="Apply").click()
    colleague.get_by_role("heading", name="Listed and seen").wait_for()
    assert figure(colleague, "listed and seen") == 3
    assert figure(colleague, "contradict each other") == 1
    unseen = figure(colleague, "listed, not seen")
    assert colleague.locator("tbody tr").count() == unseen > 0
    assert colleague.get_by_role("row", name=re.compile("CE-4")).count() == 1
    colleague.get_by_role("link", name=re.compile("contradict each other")).click()
    colleague.get_by_role("row", name=re.compile("CE-3")).get_by_text("listed Somebody Else").wait_for()
    picture(colleague, "reconciliation")
    open_device(colleague, PUMPS[0]["name"])
    record = colleague.locator("#record")
    record.locator("dd", has_text="CE-1").wait_for()
    record.locator("dd", has_text="Intensive care").wait_for()
    page.goto(address)
    page.get_by_text(re.compile("applied", re.IGNORECASE)).first.wait_for()


def test_a_file_that_is_no_list_is_refused_with_the_reason(sign_in: SignIn, tmp_path: Path) -> None:
    page = sign_in("clinical_engineer")
    page.goto("/cmms/")
    wrong = tmp_path / "photo.csv"
    wrong.write_bytes(bytes(range(256)))
    page.locator("input[type=file]").set_input_files(wrong)
    page.get_by_role("button", name="Upload and preview").click()
    page.locator(".errorlist").first.wait_for()
    assert page.get_by_role("link", name="photo.csv").count() == 0
