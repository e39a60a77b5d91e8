"""A form that lies about pumps of the recorded hospital: sent, contradicted, and the packet opened."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

from tests.browser.conftest import WAIT_MILLISECONDS, SignIn, axe, picture
from tests.browser.hospital import PUMP, PUMPS
from tests.eval.mds2_forms import Truth, as_workbook, rows, true_answers

MAKER, MODEL = PUMP["answers"]["vendor"], PUMP["answers"]["model"]
TRUTH = Truth(
    name=PUMP["name"],
    vendor=MAKER,
    model=MODEL,
    handles_patients=True,
    sends_patients_clear=True,
    talks_inside=True,
    speaks_tls=True,
)
ALIKE = [pump["name"] for pump in PUMPS if pump["answers"]["model"] == MODEL]


def until_set_beside_the_traffic(page: Any) -> None:
    """Loads the page again until the server has worked on what changed; it looks every few seconds."""
    end = time.monotonic() + WAIT_MILLISECONDS / 1000
    while page.get_by_text("Something changed a moment ago").count() and time.monotonic() < end:
        page.wait_for_timeout(1000)
        page.reload()
    assert page.get_by_text("Something changed a moment ago").count() == 0


def test_a_form_that_lies_is_contradicted_and_its_packet_is_opened(sign_in: SignIn, tmp_path: Path) -> None:
    page = sign_in("clinical_engineer")
    page.get_by_role("link", name="Disclosure forms").first.click()
    page.get_by_role("heading", name="Disclosure forms", level=1).wait_for()
    form = tmp_path / "pump.xlsx"
    # The truth but for one answer: patients' data are not encrypted before they are sent.
    form.write_bytes(as_workbook(rows(TRUTH, {**true_answers(TRUTH), "TXCF-2": "Yes"}, seed=3)))
    page.locator("input[type=file]").set_input_files(form)
    page.get_by_role("button", name="Add").click()
    page.get_by_role("heading", name=f"{MAKER} {MODEL}", level=1).wait_for()
    for name in ALIKE:
        page.locator("#devices").get_by_role("link", name=name, exact=True).wait_for()
    until_set_beside_the_traffic(page)
    lie = page.locator("article", has=page.get_by_text("TXCF-2"))
    lie.get_by_text("Contradicted", exact=True).wait_for()
    lie.get_by_text(re.compile("Whoever can listen")).wait_for()
    assert page.locator("article").get_by_text("Contradicted", exact=True).count() == 1
    axe(page)
    picture(page, "disclosure-form")
    lie.get_by_role("link", name=re.compile("^Packet")).first.click()
    page.get_by_role("heading", name=re.compile("^TXCF-2")).wait_for()
    page.get_by_role("heading", name="The bytes").wait_for()
    assert page.locator(".dump tbody tr").count() > 3
    axe(page)
    page.get_by_role("link", name="Disclosure forms", exact=True).first.click()
    page.get_by_role("row", name=re.compile(f"{MODEL}.*1 contradicted")).first.wait_for()
    axe(page)
    picture(page, "disclosure-forms")
