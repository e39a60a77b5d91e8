"""Publishers' documents from the browser: a folder is sent, its progress shows, and what it changed for the devices."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from tests.browser.conftest import SignIn, axe, picture
from tests.browser.hospital import PUMP
from tests.exposure.documents import csaf

NUMBER = "WALK-26-001"
DESK = {"width": 1280, "height": 860}


def folder(path: Path) -> Path:
    """An advisory that clears every version of the recorded pump, so that its risk stays, and a file that was cut."""
    answers = PUMP["answers"]
    advisory = csaf([(answers["vendor"], answers["model"], "vers:all/*")], number=NUMBER, status="known_not_affected")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("white/2026/walk.json", json.dumps(advisory))
        archive.writestr("white/2026/cut.json", '{"document": ')
    return path


def test_a_folder_is_sent_and_what_it_changed_for_the_devices_is_told(sign_in: SignIn, tmp_path: Path) -> None:
    page = sign_in("security_analyst", viewport=DESK)
    page.goto("/feeds/")
    page.get_by_label("Document, or a folder as zip").set_input_files(folder(tmp_path / "advisories.zip"))
    page.get_by_role("button", name="Take in").click()
    page.wait_for_url("**/jobs/*-*/")
    page.locator(".status.done").wait_for()
    page.reload()
    # The broken document is told by its place in the archive, and the rest was taken.
    page.get_by_text("1 new").wait_for()
    page.get_by_text("advisories.zip/white/2026/cut.json").wait_for()
    axe(page)
    picture(page, "feeds-taken")
    page.get_by_role("link", name="Feeds: what it changed for your devices").click()
    changes = page.locator("#changes")
    changes.get_by_text(NUMBER).first.wait_for()
    # What stands below the table of a source is not hidden by it.
    source = page.locator("#source-1")
    source.get_by_text("Last looked at").wait_for()
    table, below = source.locator(".scroll").bounding_box(), source.locator("ul.rows").first.bounding_box()
    assert table["y"] + table["height"] <= below["y"]
    assert changes.get_by_text("not affected", exact=True).count() == changes.get_by_text(NUMBER).count()
    assert page.locator("#add").get_by_role("link", name="advisories.zip").count() == 1
    axe(page)
    picture(page, "feeds")


def test_what_is_no_document_is_refused_with_the_reason(sign_in: SignIn, tmp_path: Path) -> None:
    page = sign_in("security_analyst", viewport=DESK)
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 that is none")
    page.goto("/feeds/")
    page.get_by_label("Document, or a folder as zip").set_input_files(tmp_path / "broken.zip")
    page.get_by_role("button", name="Take in").click()
    page.locator(".status.failed").wait_for()
    page.get_by_text("broken.zip cannot be unpacked").wait_for()
