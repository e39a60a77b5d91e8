"""Who could hurt a patient: from the riskiest devices to the reason, the advisory and the packet that shows it."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from tests.browser.conftest import WAIT_MILLISECONDS, SignIn, axe, picture

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 860}


def judged(page: Any) -> Any:
    """The page Risk, once the risk of the recorded hospital is worked out, which begins when the server does."""
    end = time.monotonic() + WAIT_MILLISECONDS / 1000
    while True:
        page.goto("/risk/")
        first = page.get_by_role("heading", name="Devices to look at first")
        if first.is_visible() or time.monotonic() > end:
            first.wait_for()
            return page.locator("ol.riskiest")
        page.wait_for_timeout(500)


def test_a_clinical_engineer_finds_the_riskiest_pump_its_reasons_its_advisory_and_the_packet(sign_in: SignIn) -> None:
    page = sign_in("security_analyst", viewport=DESK)
    riskiest = judged(page).locator("li").first
    assert "a life may hang on it" in riskiest.inner_text()
    picture(page, "risk")
    axe(page)
    page.get_by_role("link", name="Findings", exact=True).first.click()
    page.get_by_role("heading", name="Findings", level=1).wait_for()
    axe(page)
    page.locator("summary", has_text="Found by").click()
    page.get_by_role("checkbox", name=re.compile("^Advisory ")).check()
    page.get_by_role("link", name=re.compile("Found by: Advisory")).wait_for()
    picture(page, "findings")
    # The advisory: whom it concerns here.
    page.locator("#rows td a[href*='/advisories/']").first.click()
    page.get_by_role("heading", name="Affected here").wait_for()
    axe(page)
    picture(page, "advisory")
    # One of those: its score, whose parts add up, and the advisory's own words.
    page.locator("section", has=page.get_by_role("heading", name="Affected here")).get_by_role("link").first.click()
    page.get_by_role("heading", name=re.compile("^What could go wrong with")).wait_for()
    axe(page)
    picture(page, "device-exposure")
    points = [float(text) for text in page.locator("table.factors td.number").all_inner_texts()]
    assert sum(points[:-1]) == pytest.approx(points[-1])
    assert page.get_by_text("known affected").first.is_visible()
    # The packet that shows its version; what it carries stays masked.
    page.locator("#findings").get_by_role("link", name=re.compile("^packet")).first.click()
    page.get_by_role("heading", name="The bytes").wait_for()
    assert page.get_by_role("region", name="Hex dump").is_visible()
    page.get_by_text("is masked, because it may be of a patient").wait_for()


def test_on_a_telephone_in_the_dark_a_clinician_reads_why(sign_in: SignIn) -> None:
    page = sign_in("clinician", viewport=PHONE, color_scheme="dark")
    judged(page).get_by_role("link").first.click()
    page.get_by_role("heading", name="How much harm it could do").wait_for()
    for address in (page.url, "/risk/", "/findings/", "/findings/?by=finding"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], address
        axe(page)
