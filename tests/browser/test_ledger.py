"""What was done stands in the ledger, with its proof, and an export of it is checked without us."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.browser.conftest import SignIn, picture
from tests.browser.hospital import PUMP, open_device


def verified(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "asepsis.cli", "verify", "ledger", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_an_access_stands_in_the_ledger_with_its_proof(sign_in: SignIn) -> None:
    device = open_device(sign_in("clinical_engineer"), PUMP["name"]).rstrip("/").rsplit("/", 1)[-1]
    page = sign_in("auditor")
    page.get_by_role("link", name="Ledger", exact=True).click()
    picture(page, "ledger")
    page.locator("main").get_by_label("Device").fill(f"device:{device}")
    page.get_by_role("button", name="Find").click()
    row = page.get_by_role("row", name=re.compile(f"clinical-engineer.*device.view.*{device}", re.IGNORECASE)).first
    row.get_by_role("link").first.click()
    page.get_by_text("Proved", exact=True).wait_for()
    page.get_by_role("img", name=re.compile("lead from entry")).wait_for()
    page.get_by_text("As a FHIR AuditEvent").click()
    page.get_by_text('"resourceType": "AuditEvent"').wait_for()
    picture(page, "ledger-entry")


def test_an_export_is_checked_offline_and_a_changed_byte_shows(sign_in: SignIn, tmp_path: Path) -> None:
    page = sign_in("privacy_officer")
    page.goto("/ledger/")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Export", exact=True).click()
    exported = tmp_path / "ledger.jsonl"
    waiting.value.save_as(exported)
    good = verified(exported)
    assert good.returncode == 0, good.stdout + good.stderr
    whole = exported.read_text(encoding="utf-8")
    # One letter within one entry.
    text = re.search(r'"entry":\{[^\n]*?:"([a-z]{4,})', whole)
    assert text is not None
    place = text.start(1) + 1
    changed = tmp_path / "changed.jsonl"
    changed.write_text(whole[:place] + ("x" if whole[place] != "x" else "y") + whole[place + 1 :], encoding="utf-8")
    bad = verified(changed)
    assert bad.returncode == 1, bad.stdout + bad.stderr


def test_every_entry_is_checked_when_somebody_asks_for_it(sign_in: SignIn) -> None:
    page = sign_in("privacy_officer")
    page.goto("/ledger/checkpoints/")
    page.get_by_role("button", name="Check every entry now").click()
    page.get_by_text("Every entry is being hashed anew.").wait_for()
    # The page renews itself until the job has ended.
    page.locator("#examinations .status.good").first.wait_for()
    picture(page, "ledger-checked")
