"""One person after another, from the first link to the checked export, on each database that the product keeps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import NewPage, at_home, join
from tests.browser.hospital import PUMP, PUMPS, open_device
from tests.browser.server import Server, copied
from tests.browser.test_break_glass import REASON
from tests.browser.test_import import asset_list, figure
from tests.browser.test_ledger import verified
from tests.web.cluster import Cluster, ClusterError


def new_cluster() -> Cluster:
    """A PostgreSQL of one's own, or the reason why there is none."""
    try:
        return Cluster()
    except (ClusterError, KeyError) as absent:
        pytest.skip(f"no PostgreSQL to start: {absent}")


@pytest.fixture(params=["sqlite", "postgresql"])
def own_server(request: pytest.FixtureRequest, analysed: Path, tmp_path: Path) -> Iterator[Server]:
    """A server that nobody has used, on this database."""
    made = Server(copied(analysed, tmp_path), new_cluster() if request.param == "postgresql" else None)
    try:
        made.start()
        yield made
    finally:
        made.stop()


def test_from_the_first_link_to_the_checked_export(own_server: Server, new_page: NewPage, tmp_path: Path) -> None:
    administrator = new_page(of=own_server)
    join(administrator, own_server.first_administrator, "root")

    def invited(name: str, role: str) -> Any:
        administrator.goto("/people/invite/")
        administrator.get_by_label("Name", exact=True).fill(name)
        administrator.get_by_label("Role").select_option(label=role)
        administrator.get_by_role("button", name="Make the link").click()
        page = new_page(of=own_server)
        join(page, administrator.get_by_label("Link").input_value(), name)
        return page

    # Signing out and in again by the passkey.
    engineer = invited("engineer", "Clinical engineer")
    engineer.get_by_role("button", name="Sign out", exact=True).click()
    engineer.get_by_role("button", name="Sign in with a passkey").click()
    at_home(engineer)
    # The pumps, and the packet that gave one away.
    engineer.goto("/devices/")
    engineer.locator("summary", has_text="Kind").click()
    engineer.get_by_role("checkbox", name=re.compile("^Infusion pump ")).check()
    engineer.locator("#rows").get_by_text(f"{len(PUMPS)} devices", exact=True).wait_for()
    address = open_device(engineer, PUMP["name"])
    engineer.get_by_role("region", name="Evidence").get_by_role("row", name=re.compile("Infusion pump")).get_by_role(
        "link"
    ).click()
    dump = engineer.get_by_role("region", name="Hex dump")
    assert PUMP["mac"].replace(":", " ") in dump.inner_text()
    # A list by one, approved by another.
    engineer.goto("/cmms/")
    engineer.locator("input[type=file]").set_input_files(asset_list(tmp_path / "assets.csv"))
    engineer.get_by_role("button", name="Upload and preview").click()
    engineer.get_by_label("Hardware").select_option(label="Hardware (MAC) address")
    engineer.get_by_role("button", name="Propose").click()
    engineer.get_by_text("You proposed it").wait_for()
    colleague = invited("colleague", "Clinical engineer")
    colleague.goto(engineer.url)
    colleague.get_by_role("button", name="Apply").click()
    colleague.get_by_role("heading", name="Listed and seen").wait_for()
    assert figure(colleague, "listed and seen") == 3
    # Break-glass, ended and reviewed.
    clinician = invited("clinician", "Clinician")
    assert clinician.goto(address + "evidence/0/").status == 403
    clinician.goto("/access/break-glass/request/")
    clinician.locator("main").get_by_label("Device").fill(PUMP["ipv4"][0])
    clinician.get_by_label("Explanation").fill(REASON)
    clinician.get_by_role("button", name="Open it now").click()
    clinician.get_by_text("The privacy office was told.").wait_for()
    assert clinician.goto(address + "evidence/0/").status == 200
    officer = invited("officer", "Privacy officer")
    officer.get_by_role("link", name="of break-glass wait").click()
    officer.get_by_role("row", name="Clinician").get_by_role("link").first.click()
    officer.get_by_role("button", name="End it now").click()
    officer.get_by_label("Finding").select_option(index=0)
    officer.get_by_role("button", name="Close").click()
    officer.locator("dt", has_text="Review").wait_for()
    assert clinician.goto(address + "evidence/0/").status == 403
    # What was done is in the ledger, and its export is whole.
    officer.goto("/ledger/?kind=break_glass.request")
    officer.get_by_role("row", name=re.compile("break_glass.request")).get_by_role("link").first.click()
    officer.get_by_text("Proved", exact=True).wait_for()
    officer.goto("/ledger/")
    with officer.expect_download() as waiting:
        officer.get_by_role("link", name="Export", exact=True).click()
    exported = tmp_path / "ledger.jsonl"
    waiting.value.save_as(exported)
    told = verified(exported)
    assert told.returncode == 0, told.stdout + told.stderr
    assert "break_glass.review" in exported.read_text(encoding="utf-8")
