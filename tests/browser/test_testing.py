"""Scans and tests: a second person approves a scope, a finding is retested, a report of others is brought in."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from tests.browser.conftest import SignIn, axe, picture
from tests.browser.hospital import PUMPS


def nmap(path: Path, address: str) -> Path:
    """A report on one pump, as Nmap writes it, of a moment ago."""
    now = int(time.time())
    path.write_text(
        f'<nmaprun scanner="nmap" version="7.93" start="{now}"><host endtime="{now}"><status state="up"/>'
        f'<address addr="{address}" addrtype="mac"/><ports><port protocol="tcp" portid="23"><state state="open"/>'
        '<service name="telnet"/></port></ports></host></nmaprun>',
        encoding="utf-8",
    )
    return path


def fill(page: Any) -> None:
    """The scope of a test."""
    page.get_by_label("Title").fill("Imaging network")
    page.get_by_label("Who tests").fill("Grace, Example Ltd")
    page.get_by_label("Networks in scope, one a line").fill("10.20.30.0/24")
    page.get_by_label("Networks that stay untouched").fill("10.20.40.0/24")
    page.get_by_label("From (UTC)").fill("2026-02-01T20:00")
    page.get_by_label("To (UTC)").fill("2026-02-02T04:00")


def test_a_penetration_test_goes_from_its_scope_to_the_retest(sign_in: SignIn) -> None:
    analyst = sign_in("security_analyst")
    analyst.get_by_role("link", name="Scans and tests").click()
    analyst.get_by_role("heading", name="Propose a scan").wait_for()
    axe(analyst)
    picture(analyst, "scans")
    analyst.get_by_role("link", name="Penetration tests").click()
    fill(analyst)
    axe(analyst)
    analyst.get_by_role("button", name="Propose").click()
    analyst.get_by_text("You proposed it, so a colleague has to approve it").wait_for()
    address = analyst.url
    engineer = sign_in("clinical_engineer")
    engineer.goto(address)
    engineer.get_by_role("button", name="Approve the scope").click()
    engineer.get_by_role("heading", name="Write down a finding").wait_for()
    analyst.goto(address)
    analyst.get_by_label("What was found").fill("Default password")
    analyst.get_by_label("What shows it").fill("The page of settings opened")
    analyst.get_by_role("button", name="Write it down").click()
    analyst.get_by_role("button", name="It is said to be fixed").click()
    analyst.get_by_label("What the retest saw").fill("The password is refused")
    analyst.get_by_role("button", name="Gone").click()
    analyst.get_by_text("Gone at the retest").wait_for()
    axe(analyst)
    picture(analyst, "penetration-test")


def test_a_report_of_another_scanner_is_tied_to_a_device(sign_in: SignIn, tmp_path: Path) -> None:
    page = sign_in("security_analyst")
    page.goto("/testing/reports/")
    page.locator("input[type=file]").set_input_files(nmap(tmp_path / "ward.xml", PUMPS[0]["mac"]))
    page.get_by_role("button", name="Bring it in").click()
    page.get_by_role("heading", name="ward.xml").wait_for()
    assert page.get_by_text("by mac").count() == 1
    assert page.get_by_text("tcp 23 telnet").count() == 1
    axe(page)
