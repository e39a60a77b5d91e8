"""When care cannot wait for a role: one device is opened with a reason, ended, and reviewed."""

from __future__ import annotations

from tests.browser.conftest import NewPage, SignIn, join, picture
from tests.browser.hospital import PUMP, open_device
from tests.browser.server import Server

REASON = "The pump alarms at bed 4 and nobody from engineering answers."


def test_the_glass_is_broken_with_a_reason_ended_and_reviewed_by_the_privacy_office(
    server: Server, new_page: NewPage, sign_in: SignIn
) -> None:
    page = new_page()
    # Asks for a sign-in of the last minutes, so it is one of this test's own.
    join(page, server.invitation("clinician"), "glass-clinician")
    address = open_device(page, PUMP["name"])
    assert page.goto(address + "evidence/0/").status == 403
    page.get_by_role("link", name="Break-glass").click()
    page.get_by_role("link", name="Break the glass").click()
    page.locator("main").get_by_label("Device").fill(PUMP["ipv4"][0])
    page.get_by_label("Explanation").fill("emergency")
    page.get_by_role("button", name="Open it now").click()
    # One word tells a reviewer nothing: the browser itself holds it back.
    assert page.get_by_label("Explanation").evaluate("field => field.validity.tooShort")
    page.get_by_label("Explanation").fill(REASON)
    picture(page, "break-glass")
    page.get_by_role("button", name="Open it now").click()
    page.get_by_text("The privacy office was told.").wait_for()
    page.get_by_role("heading", name="The evidence, down to the packet").wait_for()
    assert page.goto(address + "evidence/0/").status == 200
    # It opens one device and changes nothing.
    other = open_device(page, "pump3")
    assert page.goto(other + "evidence/0/").status == 403
    officer = sign_in("privacy_officer")
    officer.get_by_role("link", name="of break-glass wait").click()
    row = officer.get_by_role("row", name="Glass-Clinician")
    row.get_by_role("link").first.click()
    officer.get_by_text(REASON).wait_for()
    officer.get_by_text("It can be reviewed once it is over or ended.").wait_for()
    page.goto("/access/break-glass/")
    page.get_by_role("row", name="Glass-Clinician").get_by_role("link").first.click()
    page.get_by_role("button", name="End it now").click()
    page.get_by_text("ended early").wait_for()
    assert page.get_by_role("button", name="Close").count() == 0
    assert page.goto(address + "evidence/0/").status == 403
    officer.reload()
    officer.get_by_label("Finding").select_option(index=0)
    officer.get_by_label("Remark").fill("Seen with the ward.")
    picture(officer, "review")
    officer.get_by_role("button", name="Close").click()
    officer.get_by_text("Seen with the ward.").wait_for()
    officer.goto("/access/break-glass/")
    officer.get_by_role("row", name="Glass-Clinician").get_by_text("justified").first.wait_for()
