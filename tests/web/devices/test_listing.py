from __future__ import annotations

import csv
import io
import json

import pytest
from django.test import Client

from asepsis.web.devices.models import DeviceRecord, SavedView
from asepsis.web.facilities.models import Department
from tests.web.conftest import MakeDevice, MakePerson, Recorded, SignedIn


@pytest.fixture
def ada(make_person: MakePerson, make_device: MakeDevice, signed_in: SignedIn) -> Client:
    pump = make_device(
        "pump000001", title="Plum", category="infusion_pump", medical=True, vendor="B. Braun", status="online"
    )
    make_device("mon0000001", title="Monitor", category="patient_monitor", medical=True, vendor="Philips", conflicts=2)
    make_device("nobody0001", title="Nobody", status="silent", patient_messages=4)
    make_device("pump000002", title="Elsewhere", site="south", category="infusion_pump", vendor="BD")
    ward = Department.objects.create(site=pump.site, name="Ward 3")
    DeviceRecord.objects.create(device=pump, department=ward, criticality="high", place="Bed 4")
    return signed_in(make_person("ada", "security_analyst"))


def titles(browser: Client, query: str) -> list[str]:
    page = browser.get(f"/devices/{query}")
    assert page.status_code == 200
    return [row.record.title for row in page.context["table"].paginated_rows]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?category=infusion_pump", ["Elsewhere", "Plum"]),
        ("?category=infusion_pump&category=patient_monitor", ["Elsewhere", "Monitor", "Plum"]),
        ("?category=unknown", ["Nobody"]),
        ("?vendor=none", ["Nobody"]),
        ("?vendor=BD&vendor=Philips", ["Elsewhere", "Monitor"]),
        ("?site=south", ["Elsewhere"]),
        ("?status=silent", ["Nobody"]),
        ("?medical=true", ["Monitor", "Plum"]),
        ("?clear=true", ["Nobody"]),
        ("?conflicts=true", ["Monitor"]),
        ("?criticality=high", ["Plum"]),
        ("?criticality=none", ["Elsewhere", "Monitor", "Nobody"]),
        ("?department=none", ["Elsewhere", "Monitor", "Nobody"]),
        ("?department=drop%20table", []),
        ("?since=2026-01-02", ["Elsewhere", "Monitor", "Nobody", "Plum"]),
        ("?since=2026-01-03", []),
        ("?since=never", ["Elsewhere", "Monitor", "Nobody", "Plum"]),
        ("?sort=-title", ["Plum", "Nobody", "Monitor", "Elsewhere"]),
        ("?sort=no-such-column", ["Elsewhere", "Monitor", "Nobody", "Plum"]),
        ("?q=plum%20infusion", ["Plum"]),
        ("?columns=title,vendor,no-such", ["Elsewhere", "Monitor", "Nobody", "Plum"]),
    ],
)
def test_the_list_is_narrowed_and_sorted_as_asked(ada: Client, query: str, expected: list[str]) -> None:
    assert titles(ada, query) == expected


def test_choices_say_how_many_there_are(ada: Client) -> None:
    shown = {facet.name: facet for facet in ada.get("/devices/").context["facets"]}
    kinds = {choice.value: choice.count for choice in shown["category"].choices}
    assert kinds == {"infusion_pump": 2, "patient_monitor": 1, "unknown": 1}
    assert {choice.words: choice.count for choice in shown["criticality"].choices} == {
        "Not said": 3,
        "High": 1,
    }


def test_every_filter_can_be_taken_away(ada: Client) -> None:
    narrowed = ada.get("/devices/?category=infusion_pump&site=south&q=else").context["narrowed"]
    assert [one.words for one in narrowed] == ["Kind: Infusion pump", "Site: south", "Search: else"]
    assert narrowed[0].without == "?site=south&q=else"


def test_only_the_chosen_columns_are_shown(ada: Client) -> None:
    page = ada.get("/devices/?columns=place&columns=department").content.decode()
    assert "Bed 4" in page
    assert "Ward 3" in page
    assert "B. Braun" not in page.split("<tbody")[1]


def test_htmx_gets_the_rows_alone_and_without_it_the_whole_page(ada: Client) -> None:
    part = ada.get("/devices/?q=plum", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert 'id="rows"' in part
    assert "<html" in ada.get("/devices/?q=plum").content.decode()


def test_a_list_says_how_old_it_is(ada: Client) -> None:
    assert "seen until" in ada.get("/devices/").content.decode()


def test_csv_has_all_that_fits_and_no_formula(ada: Client, make_device: MakeDevice) -> None:
    make_device("evil000001", title="=cmd|' /C calc'!A0", vendor="+1", model="-2", category="infusion_pump")
    answer = ada.get("/devices/export.csv?category=infusion_pump&columns=title,vendor,model")
    assert answer["Content-Disposition"].startswith('attachment; filename="devices-')
    text = b"".join(answer).decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["title"] for row in rows] == ["'=cmd|' /C calc'!A0", "Elsewhere", "Plum"]
    assert (rows[0]["vendor"], rows[0]["model"]) == ("'+1", "'-2")


def test_json_is_the_same_list_for_programs(ada: Client) -> None:
    answer = ada.get("/devices/export.json?site=south")
    documents = json.loads(b"".join(answer))
    assert [(one["id"], one["category"]) for one in documents] == [("pump000002", "infusion_pump")]
    assert json.loads(b"".join(ada.get("/devices/export.json?site=west"))) == []


def test_a_file_keeps_the_order_of_the_page(ada: Client) -> None:
    answer = ada.get("/devices/export.json?sort=-title")
    titles = [one["title"] for one in json.loads(b"".join(answer))]
    assert titles == sorted(titles, reverse=True)


def test_pdf_is_a_pdf(ada: Client) -> None:
    answer = ada.get("/devices/export.pdf?category=infusion_pump")
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")


def test_every_export_is_recorded_and_other_endings_are_nothing(ada: Client, recorded: Recorded) -> None:
    ada.get("/devices/export.csv")
    assert [one.kind for one in recorded()][-1] == "device.export"
    assert ada.get("/devices/export.exe").status_code == 404


def test_who_may_not_export_gets_neither_the_file_nor_the_offer(
    make_person: MakePerson, make_device: MakeDevice, signed_in: SignedIn
) -> None:
    make_device("pump000001", title="Plum")
    browser = signed_in(make_person("cleo", "clinician"))
    assert browser.get("/devices/export.csv").status_code == 403
    assert "export.csv" not in browser.get("/devices/").content.decode()


def test_exports_hold_nothing_of_other_sites(
    make_person: MakePerson, make_device: MakeDevice, signed_in: SignedIn
) -> None:
    here = make_device("pump000001", title="Here")
    make_device("pump000002", title="There", site="south")
    browser = signed_in(make_person("ada", "security_analyst", site=here.site))
    assert b"There" not in b"".join(browser.get("/devices/export.csv"))


def test_a_view_is_saved_with_its_filters_shared_and_removed_by_its_owner_alone(
    ada: Client, make_person: MakePerson, signed_in: SignedIn
) -> None:
    ada.post("/devices/views/", {"name": "Pumps", "query": "category=infusion_pump&page=3", "shared": "on"})
    view = SavedView.objects.get()
    assert (view.name, view.query, view.shared) == ("Pumps", "category=infusion_pump", True)
    other = signed_in(make_person("nora", "network_engineer"))
    assert "Pumps" in other.get("/devices/").content.decode()
    assert other.post(f"/devices/views/{view.pk}/remove/").status_code == 404
    ada.post(f"/devices/views/{view.pk}/remove/")
    assert not SavedView.objects.exists()


def test_a_view_of_ones_own_is_seen_by_nobody_else(ada: Client, make_person: MakePerson, signed_in: SignedIn) -> None:
    ada.post("/devices/views/", {"name": "Mine alone", "query": "q=plum"})
    other = signed_in(make_person("nora", "network_engineer"))
    assert "Mine alone" not in other.get("/devices/").content.decode()
    assert "Mine alone" in ada.get("/devices/").content.decode()
