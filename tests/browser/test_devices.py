"""Finding devices, and one of them down to the packet that gave it away."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

from tests.browser.conftest import SignIn, picture
from tests.browser.hospital import PUMP, PUMPS, open_device


def rows(page: Any, count: int) -> Any:
    """The list, as soon as it says that it has so many devices."""
    found = page.locator("#rows")
    found.get_by_text(f"{count} device{'' if count == 1 else 's'}", exact=True).wait_for()
    return found


def test_a_new_user_finds_the_infusion_pumps_and_the_packet_that_gave_one_away(sign_in: SignIn) -> None:
    page = sign_in("security_analyst")
    page.get_by_role("link", name="Guided tour").click()
    picture(page, "tour")
    page.get_by_role("link", name="Show the pumps").click()
    assert rows(page, len(PUMPS)).locator("tbody tr").count() == len(PUMPS)
    page.get_by_role("link", name="Guided tour").click()
    page.get_by_role("link", name="Open the pump").click()
    assert page.locator(".identity").get_by_role("row", name=re.compile("Infusion pump")).count() == 1
    hardware = page.locator("dt", has_text="Hardware").locator("+ dd").inner_text()
    (pump,) = [host for host in PUMPS if host["mac"] == hardware]
    page.get_by_role("link", name="Guided tour").click()
    page.get_by_role("link", name="Open the packet").click()
    page.get_by_role("heading", name="Category: Infusion pump").wait_for()
    # It is this pump's own packet, and what it carries is masked until somebody asks for it.
    dump = page.get_by_role("region", name="Hex dump")
    assert pump["mac"].replace(":", " ") in dump.inner_text()
    assert pump["answers"]["model"] not in text_column(dump)
    picture(page, "evidence")
    page.get_by_role("link", name="Show it").click()
    page.get_by_text("That you opened it is written in the ledger").wait_for()
    assert pump["answers"]["model"] in text_column(dump)
    picture(page, "packet")


def text_column(dump: Any) -> str:
    """What the bytes are as text, line after line."""
    return "".join(dump.locator("tbody tr td:last-child").all_inner_texts())


def test_searching_and_filtering_narrow_the_list_while_one_types_and_are_taken_away_one_by_one(sign_in: SignIn) -> None:
    page = sign_in("security_analyst")
    page.goto("/devices/")
    page.evaluate("window.stayed = true")
    page.locator("summary", has_text="Kind").click()
    page.get_by_role("checkbox", name=re.compile("^Infusion pump ")).check()
    rows(page, len(PUMPS))
    vendor = PUMP["answers"]["vendor"]
    same = [host for host in PUMPS if host["answers"]["vendor"] == vendor]
    assert 0 < len(same) < len(PUMPS)
    page.locator("#q").press_sequentially(vendor)
    rows(page, len(same))
    assert page.evaluate("window.stayed")
    # The address says the same, so that it can be sent to a colleague.
    page.reload()
    assert rows(page, len(same)).get_by_role("link", name=PUMP["name"], exact=True).count() == 1
    page.get_by_role("link", name=re.compile("Search: ")).click()
    rows(page, len(PUMPS))
    page.get_by_role("link", name="Kind: Infusion pump").click()
    page.locator("#rows .chips").wait_for(state="detached")
    page.goto("/devices/?q=nobody-is-called-like-this")
    page.get_by_text("No device fits").wait_for()


def test_columns_and_order_are_chosen_and_kept_as_a_view_that_others_see(sign_in: SignIn) -> None:
    page = sign_in("clinical_engineer")
    page.goto("/devices/?category=infusion_pump")
    page.locator("summary", has_text="Columns").click()
    page.get_by_role("checkbox", name="Serial number").check()
    page.get_by_role("columnheader", name="Serial number").wait_for()
    page.get_by_role("checkbox", name="Last seen").uncheck()
    page.get_by_role("columnheader", name="Last seen").wait_for(state="detached")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Serial number").click()
    page.get_by_role("columnheader", name="Serial number").and_(page.locator("[aria-sort=ascending]")).wait_for()
    serials = page.locator("tbody td", has_text=re.compile(r"^LAB\d+$")).all_inner_texts()
    assert serials == sorted(host["answers"]["serial"] for host in PUMPS)
    page.get_by_text("Save this view").click()
    page.locator("#view-name").fill("Pumps by serial number")
    page.get_by_label("Everybody sees it").check()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("The view “Pumps by serial number” is saved.").wait_for()
    colleague = sign_in("security_analyst")
    colleague.goto("/devices/")
    colleague.get_by_role("link", name=re.compile("Pumps by serial number")).click()
    assert rows(colleague, len(PUMPS)).get_by_role("columnheader", name="Serial number").count() == 1
    assert colleague.get_by_text("Remove “Pumps").count() == 0
    page.get_by_text("Save this view").click()
    page.get_by_role("button", name="Remove “Pumps by serial number”").click()
    page.get_by_text("is removed").wait_for()
    colleague.reload()
    assert colleague.get_by_role("link", name=re.compile("Pumps by serial number")).count() == 0


def test_the_list_leaves_as_csv_json_and_pdf_with_what_it_was_narrowed_to(sign_in: SignIn, tmp_path: Path) -> None:
    page = sign_in("auditor")
    page.goto("/devices/?category=infusion_pump&columns=title,serial,address")

    def downloaded(kind: str) -> Path:
        page.locator("summary", has_text="Export").click()
        with page.expect_download() as waiting:
            page.get_by_role("link", name=re.compile(f"^{kind}")).click()
        page.locator("summary", has_text="Export").click()
        path = tmp_path / str(waiting.value.suggested_filename)
        waiting.value.save_as(path)
        return path

    serials = sorted(host["answers"]["serial"] for host in PUMPS)
    with downloaded("CSV").open(newline="", encoding="utf-8-sig") as file:
        lines = list(csv.DictReader(file))
    assert sorted(line["serial"] for line in lines) == serials
    objects = json.loads(downloaded("JSON").read_text(encoding="utf-8"))
    assert sorted(one["serial"] for one in objects) == serials
    printed = downloaded("PDF").read_bytes()
    assert printed.startswith(b"%PDF-")
    assert printed.rstrip().endswith(b"%%EOF")


def test_what_people_know_is_written_beside_what_was_seen(sign_in: SignIn, tmp_path: Path) -> None:
    page = sign_in("clinical_engineer")
    address = open_device(page, "pump2")
    page.locator("#record summary", has_text="Edit").click()
    page.get_by_label("Place").fill("Bed 4")
    page.get_by_label("Criticality").select_option(label="Sustains life")
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator("#record dd", has_text="Bed 4").wait_for()
    page.get_by_text("Add a note").click()
    page.get_by_label("Note").fill("The battery is changed in spring.")
    page.get_by_role("button", name="Add", exact=True).first.click()
    page.get_by_text("The battery is changed in spring.").wait_for()
    manual = tmp_path / "manual.txt"
    manual.write_text("Press and hold.")
    page.get_by_text("Add a document").click()
    page.locator("input[type=file]").set_input_files(manual)
    page.locator("form", has=page.locator("input[type=file]")).get_by_role("button", name="Add").click()
    page.get_by_role("link", name="manual.txt").wait_for()
    reader = sign_in("network_engineer")
    reader.goto(address)
    assert reader.get_by_text("The battery is changed in spring.").count() == 1
    assert reader.get_by_text("Add a note").count() == 0


def test_the_map_opens_a_network_a_device_and_its_page(sign_in: SignIn) -> None:
    page = sign_in("network_engineer")
    page.goto("/map/")
    picture(page, "map")
    pump = PUMP["ipv4"][0]
    network = pump.rsplit(".", 1)[0] + ".0/24"
    page.locator("svg.map a text", has_text=network).click()
    page.get_by_role("heading", name=network).wait_for()
    page.locator("svg.map a text", has_text=re.compile(f"^{PUMP['name']}$")).click()
    page.get_by_role("heading", name=f"Neighbourhood of {PUMP['name']}").wait_for()
    assert page.get_by_role("cell", name=re.compile("HL7")).count() > 0
    picture(page, "neighbourhood")
    page.get_by_role("link", name="Its page").click()
    page.get_by_role("heading", name=PUMP["name"], exact=True).wait_for()
    page.get_by_role("link", name="Conversations").click()
    page.get_by_role("heading", name=f"Conversations of {PUMP['name']}").wait_for()
