"""Every page: nothing that keeps out a screen reader or a keyboard, in both colours, on a telephone and on a wall."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.browser.conftest import WAIT_MILLISECONDS, SignIn, axe, picture
from tests.browser.hospital import PUMP, open_device

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 860}
WALL = {"width": 2560, "height": 1440}
ANALYST = [
    "/",
    "/devices/",
    "{device}",
    "{device}evidence/0/",
    "{device}conversations/",
    "{device}exposure/",
    "/findings/",
    "/findings/?by=finding",
    "{advisory}",
    "/risk/",
    "/plan/",
    "{item}",
    "{windows}",
    "/testing/",
    "/testing/reports/",
    "/testing/engagements/",
    "/papers/",
    "/vendors/",
    "{vendor}",
    "/purchases/",
    "/feeds/",
    "/map/",
    "{map}",
    "/health/",
    "/tour/",
    "/cmms/",
    "/cmms/reconciliation/",
    "/jobs/",
    "/access/break-glass/",
    "/access/break-glass/request/",
    "/tokens/",
    "/webhooks/",
    "/api/",
    "/access/why/?action=device.view",
    "/account/",
]
OFFICER = [
    "/ledger/",
    "/ledger/1/",
    "/ledger/checkpoints/",
    "/people/",
    "{person}",
    "/access/roles/",
    "{roles}",
    "/cmms/",
]
PAGES = {"security_analyst": ANALYST, "privacy_officer": OFFICER}
LOOKS = {"telephone": (PHONE, "dark"), "desk": (DESK, "light")}


JUDGED = {
    "advisory": ("/findings/", "a[href^='/advisories/']"),
    "item": ("/plan/", "[role=region][aria-label=Work] a"),
    "vendor": ("/vendors/", "tbody a"),
}
"""Where the first of its kind is listed, and its link there; exposure is worked out within a minute of the devices."""


def first(page: Any, listed: str, link: str) -> str:
    """The address of the first link of that kind, as soon as the list has one."""
    page.goto(listed)
    end = time.monotonic() + WAIT_MILLISECONDS / 1000
    while not page.locator(link).count() and time.monotonic() < end:
        page.wait_for_timeout(500)
        page.goto(listed)
    return str(page.locator(link).first.get_attribute("href"))


def addresses(page: Any, role: str) -> dict[str, str]:
    """The pages of this role, those of single things with the things' own addresses."""
    if role == "privacy_officer":
        page.goto("/people/")
        person = page.locator("tbody a").first.get_attribute("href")
        known = {"person": person, "roles": f"/access{person}"}
    else:
        device = open_device(page, PUMP["name"]).split("/devices/", 1)[1]
        known = {"device": f"/devices/{device}", "map": f"/map/device/{device}", "windows": f"/plan/windows/{device}"}
        known |= {name: first(page, *where) for name, where in JUDGED.items()}
    return {pattern: pattern.format(**known) for pattern in PAGES[role]}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("role", PAGES)
def test_every_page_fits_and_keeps_nobody_out(sign_in: SignIn, role: str, look: str) -> None:
    size, scheme = LOOKS[look]
    page = sign_in(role, viewport=size, color_scheme=scheme)
    wrong = []
    for pattern, address in addresses(page, role).items():
        page.goto(address)
        if (needs := page.evaluate("document.documentElement.scrollWidth")) > size["width"]:
            wrong.append(f"{pattern} is {needs} wide")
        axe(page)
        picture(page, f"{look}-{pattern.strip('/{}').replace('/', '-').replace('?', '-') or 'overview'}")
    assert wrong == []


def test_the_keyboard_reaches_content_menu_filters_table_and_a_device(sign_in: SignIn) -> None:
    page = sign_in("security_analyst", viewport=DESK)
    page.goto("/devices/?category=infusion_pump")

    def on() -> str:
        """What has the focus; what has it is seen to have it."""
        told = page.evaluate("""() => {
            const one = document.activeElement, look = getComputedStyle(one), box = one.getBoundingClientRect();
            const seen = look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 2 && box.width > 0;
            return [one.matches("main") || seen, (one.innerText || one.name || one.ariaLabel || "").trim()];
        }""")
        assert told[0], told
        return str(told[1])

    def tab_to(words: str) -> list[str]:
        """Presses Tab until that is reached: what was passed."""
        passed: list[str] = []
        while len(passed) < TABS_LIMIT:
            page.keyboard.press("Tab")
            passed.append(on())
            # A region that is scrolled has the focus too, and all its text.
            if passed[-1].startswith(words) and len(passed[-1]) < WORDS_LIMIT:
                return passed
        raise AssertionError(passed)

    assert tab_to("Skip to the content") == ["Skip to the content"]
    passed = tab_to("Guided tour")
    assert {"Asepsis", "Overview", "Devices", "Map"} <= set(passed)
    page.goto("/devices/?category=infusion_pump")
    tab_to("Skip to the content")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    passed = tab_to("Kind")
    assert "q" in passed
    page.keyboard.press("Enter")
    page.get_by_role("checkbox", name="Infusion pump").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("checkbox", name="Infusion pump").wait_for(state="hidden")
    assert on().startswith("Kind")
    tab_to("Device")
    page.keyboard.press("Enter")
    page.wait_for_url("**sort=**")
    page.locator("#rows").get_by_role("link", name=PUMP["name"], exact=True).focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name=PUMP["name"], exact=True).wait_for()


TABS_LIMIT = 60
"""More stops than a page has before its table."""
WORDS_LIMIT = 40


@pytest.mark.parametrize("address", ["/", "/devices/", "/map/"])
def test_a_wall_screen_is_used(sign_in: SignIn, address: str) -> None:
    page = sign_in("security_analyst", viewport=WALL, color_scheme="dark")
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth") <= WALL["width"]
    used = page.locator("main > :last-child").evaluate("one => one.getBoundingClientRect().right")
    assert used > 0.95 * WALL["width"]
    picture(page, f"wall-{address.strip('/') or 'overview'}")


def test_type_grows_with_a_screen_on_the_wall(sign_in: SignIn) -> None:
    page = sign_in("security_analyst", viewport={"width": 3840, "height": 2160})
    assert float(page.evaluate("getComputedStyle(document.documentElement).fontSize").removesuffix("px")) >= 24
    assert page.evaluate("document.documentElement.scrollWidth") <= 3840
    page.set_viewport_size(DESK)
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "16px"
