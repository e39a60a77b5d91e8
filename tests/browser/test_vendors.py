"""A vendor's page with what was agreed, and a purchase from its first question to the decision of a second person."""

from __future__ import annotations

import re

from tests.browser.conftest import SignIn, axe, picture


def test_an_agreement_and_a_purchase_go_from_the_first_word_to_the_decision(sign_in: SignIn) -> None:
    page = sign_in("clinical_engineer")
    page.get_by_role("link", name="Vendors", exact=True).first.click()
    page.get_by_role("heading", name="Vendors", exact=True).wait_for()
    axe(page)
    picture(page, "vendors")
    page.get_by_role("link", name="ICU Medical", exact=True).click()
    page.get_by_role("heading", name="ICU Medical", exact=True).wait_for()
    page.get_by_text("Record an agreement").click()
    page.get_by_label("From").fill("2026-01-01")
    page.get_by_label("Signed for us by").fill("The director")
    page.get_by_role("button", name="Record it").click()
    page.get_by_text("The agreement is recorded.").wait_for()
    page.get_by_role("listitem").filter(has_text="signed by The director").wait_for()
    axe(page)
    picture(page, "vendor")
    page.get_by_role("link", name="Assess a purchase").click()
    assert page.get_by_label("Vendor").input_value() == "ICU Medical"
    page.get_by_label("Model").fill("LabPump A")
    page.get_by_label("What for").fill("Intensive care")
    page.get_by_role("button", name="Begin").click()
    page.get_by_role("heading", name="ICU Medical LabPump A").wait_for()
    question = page.get_by_role("group", name=re.compile("list of all components"))
    question.get_by_label("Answer").select_option("yes")
    question.get_by_label("What it rests on").fill("A letter of the vendor")
    page.get_by_role("button", name="Save the answers").click()
    page.get_by_text("Saved; answers changed: 1.").wait_for()
    axe(page)
    picture(page, "purchase")
    page.get_by_role("button", name="Hand it in").click()
    page.get_by_role("heading", name="Waits for approval").wait_for()
    address = page.url
    officer = sign_in("privacy_officer")
    officer.goto(address)
    officer.get_by_label("Decision").select_option("conditional")
    officer.get_by_label("Reason").fill("Needed, with a firewall before it")
    officer.get_by_role("button", name="Decide").click()
    officer.get_by_role("heading", name="Approved with conditions").wait_for()
    officer.get_by_text("Needed, with a firewall before it").wait_for()
    axe(officer)
    with officer.expect_download() as got:
        officer.get_by_role("link", name="PDF").click()
    assert got.value.suggested_filename == "assessment-icu-medical-labpump-a.pdf"
