"""A patient's account: tied by two people to a number that is kept nowhere, and shown who looked, on a telephone."""

from __future__ import annotations

import re

from tests.browser.conftest import NewPage, SignIn, axe, join, picture
from tests.browser.hospital import PUMP, open_device
from tests.browser.server import Server

PHONE = {"width": 390, "height": 844}
NUMBER = "CANARY-4711"
SPELT = "canary 4711"
"""The same number as somebody else types it."""


def test_a_patient_sees_who_looked_and_nothing_of_anybody_else(
    server: Server, new_page: NewPage, sign_in: SignIn
) -> None:
    patient = new_page(viewport=PHONE, color_scheme="dark", is_mobile=True, has_touch=True)
    join(patient, server.invitation(""), "patient-of-ward")
    administrator = new_page()
    join(administrator, server.invitation("administrator"), "patient-administrator")
    administrator.goto("/access/roles/?q=patient-of-ward")
    administrator.get_by_role("link", name="Patient-Of-Ward").click()
    administrator.get_by_role("combobox", name="Role").select_option(label="Patient")
    administrator.get_by_label("Patient number (patients)").fill(NUMBER)
    administrator.get_by_role("button", name="Give").click()
    administrator.get_by_text("Proposed.").wait_for()
    assert patient.goto("/access/my-data/").status == 403
    officer = sign_in("privacy_officer")
    officer.goto("/access/roles/")
    waiting = officer.get_by_role("row", name=re.compile("Patient-Of-Ward as a patient"))
    waiting.get_by_role("button", name="Approve").click()
    waiting.wait_for(state="detached")
    clinician = new_page()
    join(clinician, server.invitation("clinician"), "patient-clinician")
    open_device(clinician, PUMP["name"])
    clinician.goto("/access/break-glass/request/")
    clinician.locator("main").get_by_label("Device").fill(PUMP["ipv4"][0])
    clinician.get_by_label("Patient number, if it serves one patient").fill(SPELT)
    clinician.get_by_label("Explanation").fill("The pump alarms and nobody from engineering answers.")
    clinician.get_by_role("button", name="Open it now").click()
    clinician.get_by_text("The privacy office was told.").wait_for()

    patient.goto("/access/my-data/")
    patient.get_by_role("heading", name="Who looked at my data", level=1).wait_for()
    opened = patient.locator("tbody tr").filter(has_text="yes")
    opened.filter(has_text="Clinician").first.wait_for()
    shown = patient.locator("main").inner_text()
    assert "CANARY" not in shown.upper()
    assert "Patient-Clinician" not in shown
    assert "nobody from engineering" not in shown
    assert patient.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    axe(patient)
    picture(patient, "who-looked")
    for address in ("/devices/", "/map/", "/ledger/", "/people/", "/jobs/", "/health/"):
        assert patient.goto(address).status == 403, address
