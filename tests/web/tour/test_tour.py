from __future__ import annotations

from asepsis.pipeline.demo import analyze_benign, recording
from asepsis.pipeline.workspace import Workspace
from asepsis.web.devices.projection import refresh
from tests.web.conftest import MakePerson, SignedIn


def test_every_step_leads_to_a_page_and_the_way_ends_at_the_packet(
    make_person: MakePerson, signed_in: SignedIn, workspace: Workspace
) -> None:
    analyze_benign(recording(), workspace=workspace)
    refresh(workspace)
    browser = signed_in(make_person("ada", "security_analyst"))
    steps = browser.get("/tour/").context["steps"]
    assert [step.icon for step in steps] == ["overview", "devices", "heart", "packet", "map"]
    for step in steps:
        assert browser.get(step.address).status_code == 200
    assert "is masked" in browser.get(steps[3].address).content.decode()


def test_who_sees_no_pump_is_led_to_the_list(
    make_person: MakePerson, signed_in: SignedIn, workspace: Workspace
) -> None:
    steps = signed_in(make_person("cleo", "clinician")).get("/tour/").context["steps"]
    assert [step.icon for step in steps] == ["overview", "devices"]
