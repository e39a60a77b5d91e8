from __future__ import annotations

from datetime import UTC, datetime

from asepsis.web.devices.models import Change, Freshness, Link
from tests.web.conftest import MakeDevice, MakePerson, SignedIn

THEN = datetime(2026, 1, 2, tzinfo=UTC)


def test_figures_count_what_the_person_may_see_and_nothing_else(
    make_person: MakePerson, make_device: MakeDevice, signed_in: SignedIn
) -> None:
    here = make_device("pump000001", category="infusion_pump", medical=True, status="overdue", conflicts=1)
    make_device("printer001", category="printer", patient_messages=3)
    make_device("nobody0001")
    make_device("pump000002", site="south", category="infusion_pump", medical=True)
    page = signed_in(make_person("ada", "security_analyst", site=here.site)).get("/")
    figures = page.context["figures"]
    assert (figures["devices"], figures["medical"], figures["overdue"]) == (3, 1, 1)
    assert (figures["clear"], figures["unknown"], figures["conflicts"]) == (1, 1, 1)
    assert [one["count"] for one in page.context["attention"]] == [1, 1, 1, 1, 1]


def test_what_is_spoken_is_shown_only_to_those_who_may_see_conversations(
    make_person: MakePerson, make_device: MakeDevice, signed_in: SignedIn
) -> None:
    pump = make_device("pump000001", title="Pump")
    Link.objects.create(
        site=pump.site,
        client=pump,
        client_address="10.0.0.1",
        server_address="10.0.0.2",
        client_zone="10.0.0.0/24",
        server_zone="10.0.0.0/24",
        application="hl7",
        conversations=1,
        bytes=5000,
        patient_messages=7,
        first_seen=THEN,
        last_seen=THEN,
    )
    assert "What is spoken" in signed_in(make_person("ada", "security_analyst")).get("/").content.decode()
    assert "What is spoken" not in signed_in(make_person("cleo", "clinician")).get("/").content.decode()


def test_the_page_says_how_old_its_data_are_and_what_changed(
    make_person: MakePerson, make_device: MakeDevice, signed_in: SignedIn
) -> None:
    pump = make_device("pump000001", title="Pump")
    Freshness.objects.create(site=pump.site, seen_until=THEN, refreshed=THEN, devices=1)
    Change.objects.create(device=pump, at=THEN, attribute="firmware", before="1.0", after="1.1")
    page = signed_in(make_person("ada", "clinician")).get("/").content.decode()
    assert "2026-01-02 00:00 UTC" in page
    assert "Firmware: 1.0, now 1.1" in page


def test_changes_of_devices_elsewhere_are_not_told(
    make_person: MakePerson, make_device: MakeDevice, signed_in: SignedIn
) -> None:
    here = make_device("pump000001", title="Pump")
    there = make_device("pump000002", site="south", title="Other")
    Change.objects.create(device=there, at=THEN, attribute="firmware", before="1.0", after="secret-change")
    page = signed_in(make_person("ada", "security_analyst", site=here.site)).get("/").content.decode()
    assert "secret-change" not in page
