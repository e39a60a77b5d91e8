"""The plan in a browser: what to do first, a risk that two people accept, and the way into other systems."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.browser.conftest import WAIT_MILLISECONDS, SignIn, axe, picture

LOOKED_AT_MILLISECONDS = 500


def open_plan(page: Any) -> None:
    """Opens the plan, which is made within a minute of the devices."""
    for _ in range(WAIT_MILLISECONDS // LOOKED_AT_MILLISECONDS):
        page.goto("/plan/")
        if page.get_by_role("region", name="Work", exact=True).count():
            return
        page.wait_for_timeout(LOOKED_AT_MILLISECONDS)
    raise AssertionError("there is no plan")


def test_the_first_work_is_read_accepted_by_a_second_person_and_exported(sign_in: SignIn) -> None:
    page = sign_in("clinical_engineer")
    open_plan(page)
    axe(page)
    picture(page, "plan")
    first = page.get_by_role("region", name="Work", exact=True).get_by_role("link").first
    title = first.inner_text()
    first.click()
    page.get_by_role("heading", name=title, exact=True).wait_for()
    axe(page)
    picture(page, "plan-item")
    page.get_by_text("Propose to accept this risk for a time").click()
    page.get_by_label("Why can this risk be lived with").fill(
        "They stand in a room of their own until they are mended."
    )
    page.get_by_label("Until").fill(f"{datetime.now(UTC) + timedelta(days=60):%Y-%m-%d}")
    page.get_by_role("button", name="Propose").click()
    page.get_by_text("You proposed it, so a colleague has to approve it").wait_for()
    address = page.url
    colleague = sign_in("security_analyst")
    colleague.goto(address)
    colleague.get_by_role("button", name="Accept the risk").click()
    colleague.get_by_text("It ends by itself then").wait_for()
    colleague.goto("/plan/")
    colleague.locator("summary", has_text="Export").click()
    with colleague.expect_download() as caught:
        colleague.get_by_role("link", name="Changes for ServiceNow (JSON)").click()
    document = json.loads(Path(caught.value.path()).read_text(encoding="utf-8"))
    assert document["records"]
    # Others that use the same hospital find it as it was.
    colleague.goto(address)
    colleague.get_by_role("button", name="Withdraw").click()
    colleague.get_by_text("Propose to accept this risk for a time").wait_for()
