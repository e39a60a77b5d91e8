"""What people of each role are shown and refused, and how somebody gets a role and loses it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.browser.conftest import NewPage, SignIn, join, picture
from tests.browser.hospital import PUMP, open_device
from tests.browser.server import Server

EVERYBODY = ["Overview", "Devices", "Listed and seen", "Tokens", "API", "Break-glass", "Why may I?", "Guided tour"]
JUDGE = ["Findings", "Risk", "Vendors", "Purchases", "Disclosure forms", "Feeds"]
MENUS = {
    "auditor": ["Map", *JUDGE, "Plan", "Scans and tests", "Captures", "Ledger", "Health", "People", "Roles"],
    "clinician": ["Findings", "Risk"],
    "clinical_engineer": ["Map", *JUDGE, "Plan", "Scans and tests", "CMMS import", "Captures", "Health"],
    "administrator": ["Purchases", "Captures", "Health", "People", "Webhooks", "Roles"],
    "privacy_officer": ["Map", *JUDGE, "Ledger", "Health", "People", "Roles"],
}
REFUSED = {
    "auditor": ["/cmms/", "/people/invite/", "/access/break-glass/request/"],
    "clinician": ["/ledger/", "/people/", "/map/", "/jobs/", "/health/", "/devices/export.csv"],
    "clinical_engineer": ["/ledger/", "/people/", "/access/roles/"],
    "administrator": ["/ledger/", "/cmms/", "/devices/export.csv"],
    "privacy_officer": ["/cmms/", "/people/invite/", "/jobs/"],
}


def menu(page: Any) -> set[str]:
    """The words of the menu."""
    return {words.strip() for words in page.locator("nav.wide li").all_inner_texts()}


@pytest.mark.parametrize("role", MENUS)
def test_a_role_is_shown_what_it_may_open_and_refused_the_rest(sign_in: SignIn, role: str) -> None:
    page = sign_in(role)
    assert menu(page) == {*EVERYBODY, *MENUS[role]}
    for words in MENUS[role]:
        page.locator("nav.wide").get_by_role("link", name=words, exact=True).click()
        assert page.locator("nav.wide [aria-current]").inner_text().strip() == words
        assert page.get_by_text("You may not open this").count() == 0
    for address in REFUSED[role]:
        answer = page.goto(address)
        assert answer.status == 403
        page.get_by_role("heading", name="You may not open this").wait_for()


def test_a_clinician_sees_a_device_and_neither_its_evidence_nor_its_conversations(sign_in: SignIn) -> None:
    page = sign_in("clinician")
    address = open_device(page, PUMP["name"])
    assert page.get_by_role("heading", name="What it is, and how sure that is").count() == 1
    assert page.get_by_role("heading", name="The evidence, down to the packet").count() == 0
    assert page.get_by_role("link", name="Conversations").count() == 0
    for rest in ("evidence/0/", "conversations/"):
        assert page.goto(address + rest).status == 403


def test_an_administrator_invites_somebody_with_a_role_gives_another_and_takes_it_back(
    server: Server, new_page: NewPage
) -> None:
    administrator = new_page()
    join(administrator, server.invitation("administrator"), "roles-administrator")
    administrator.get_by_role("link", name="People", exact=True).click()
    administrator.get_by_role("link", name="Invite somebody").click()
    administrator.get_by_label("Name", exact=True).fill("Nadia")
    administrator.get_by_label("Role").select_option(label="Clinician")
    administrator.get_by_role("button", name="Make the link").click()
    invited = new_page()
    join(invited, administrator.get_by_label("Link").input_value(), "nadia")
    assert "Map" not in menu(invited)
    administrator.get_by_role("link", name="Roles", exact=True).click()
    administrator.get_by_role("searchbox", name="Name").fill("nadia")
    administrator.get_by_role("button", name="Search").click()
    administrator.get_by_role("link", name="Nadia").click()
    administrator.get_by_role("combobox", name="Role").select_option(label="Security analyst")
    administrator.get_by_role("button", name="Give").click()
    administrator.get_by_text("Nadia is security analyst now.").wait_for()
    picture(administrator, "roles-of-somebody")
    # It holds at once, without another sign-in; so does its end.
    invited.reload()
    assert {"Map", "CMMS import"} <= menu(invited)
    row = administrator.get_by_role("row", name=re.compile("Security analyst"))
    row.get_by_role("button", name="Take back").click()
    row.wait_for(state="detached")
    invited.goto("/map/")
    invited.get_by_role("heading", name="You may not open this").wait_for()


def test_an_administrator_is_made_by_two(server: Server, new_page: NewPage) -> None:
    first, second, third = new_page(), new_page(), new_page()
    join(first, server.invitation("administrator"), "made-by-first")
    join(second, server.invitation("privacy_officer"), "made-by-second")
    join(third, server.invitation("clinical_engineer"), "made-third")
    first.goto("/access/roles/?q=made-third")
    first.get_by_role("link", name="Made-Third").click()
    first.get_by_role("combobox", name="Role").select_option(label="Administrator")
    first.get_by_role("button", name="Give").click()
    first.get_by_text("Proposed. Another administrator or a privacy officer approves").wait_for()
    third.reload()
    assert "People" not in menu(third)
    first.goto("/access/roles/")
    # Who proposed does not approve: it is not even offered.
    first.get_by_role("heading", name="Roles", exact=True).wait_for()
    assert first.get_by_role("button", name="Approve").count() == 0
    second.goto("/access/roles/")
    waiting = second.get_by_role("row", name=re.compile("Made-Third as an administrator"))
    waiting.get_by_role("button", name="Approve").click()
    waiting.wait_for(state="detached")
    third.reload()
    assert "People" in menu(third)


def test_a_person_asks_why_and_reads_the_policy_that_decided(sign_in: SignIn) -> None:
    page = sign_in("clinician")
    page.get_by_role("link", name="Why may I?").click()
    page.get_by_label("May").select_option(value="device.evidence")
    page.locator("main").get_by_label("Device").fill(PUMP["ipv4"][0])
    page.get_by_role("button", name="Ask").click()
    answer = page.locator("section[aria-live]")
    answer.get_by_text("No", exact=True).wait_for()
    answer.get_by_text(re.compile("It would be allowed to: .*Clinical engineer")).wait_for()
    picture(page, "why-not")
    page.get_by_label("May").select_option(value="device.view")
    page.get_by_role("button", name="Ask").click()
    answer.get_by_text("Yes", exact=True).wait_for()
    answer.get_by_text("clinician-sees-devices", exact=True).click()
    answer.get_by_text("permit (").wait_for()
