from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from asepsis.web.devices.models import DeviceRecord, SavedView
from asepsis.web.facilities.models import Department, DeviceGroup
from asepsis.web.people.models import Person, RoleGrant
from tests.web.conftest import MakeDevice, MakePerson, SignedIn

WRITTEN = ("CANARY-WARD", "canary-owner", "CANARY-PLACE", "CANARY-NUMBER")
ALL = "columns=title,department,criticality,owner,place,asset_number"
Enter = Callable[..., Client]


@pytest.fixture
def enter(make_person: MakePerson, make_device: MakeDevice, signed_in: SignedIn) -> Enter:
    """``enter("auditor", "vendor")``: the browser of somebody of these roles; two devices bear records."""
    owner = make_person("canary-owner")
    group = DeviceGroup.objects.create(name="Pumps")
    for number, criticality in ((1, "low"), (2, "high")):
        pump = make_device(f"pump{number}", title=f"Pump {number}", category="infusion_pump")
        ward, _ = Department.objects.get_or_create(site=pump.site, name="CANARY-WARD")
        DeviceRecord.objects.create(
            device=pump,
            department=ward,
            owner=owner,
            place="CANARY-PLACE",
            asset_number=f"CANARY-NUMBER-{3 - number}",
            criticality=criticality,
        )
        group.devices.add(pump)
    keeper = make_person("keeper")
    SavedView.objects.create(owner=keeper, name="View of CANARY-WARD", query=f"department={ward.pk}", shared=True)
    SavedView.objects.create(owner=keeper, name="Everything", query="sort=title", shared=True)

    def sign_in(*roles: str) -> Client:
        person: Person = make_person("asks")
        for role in roles:
            scope = {"device_group": group, "expires": timezone.now() + timedelta(days=1)} if role == "vendor" else {}
            RoleGrant.objects.create(person=person, role=role, **scope)
        return signed_in(person)

    return sign_in


def told(browser: Client, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200, address
    return (b"".join(answer) if answer.streaming else answer.content).decode()


def titles(browser: Client, query: str) -> list[str]:
    return [row.record.title for row in browser.get(f"/devices/?{query}").context["table"].paginated_rows]


@pytest.mark.parametrize(
    "role",
    ["clinical_engineer", "security_analyst", "network_engineer", "clinician", "privacy_officer", "auditor"],
)
def test_the_hospital_s_own_people_read_what_it_wrote_down_in_the_list(enter: Enter, role: str) -> None:
    page = told(enter(role), f"/devices/?{ALL}")
    for written in (*WRITTEN, "High"):
        assert written in page


def test_a_vendor_s_list_tells_nothing_that_the_hospital_wrote_down(enter: Enter) -> None:
    browser = enter("vendor")
    for address in ("/", "/devices/", f"/devices/?{ALL}", "/devices/?columns=owner&columns=place&sort=owner"):
        page = told(browser, address)
        assert "Pump 1" in page, address
        for hidden in (*WRITTEN, "High", "Criticality", "Asset number", 'value="owner"', 'value="place"'):
            assert hidden not in page, (address, hidden)
    part = browser.get(f"/devices/?{ALL}", headers={"HX-Request": "true"}).content.decode()
    assert "Pump 1" in part
    assert not [written for written in (*WRITTEN, "High") if written in part]


def test_neither_a_filter_nor_an_order_lets_a_vendor_conclude_what_is_written(enter: Enter) -> None:
    browser = enter("vendor")
    ward = Department.objects.get(name="CANARY-WARD").pk
    for query in (
        "criticality=high",
        "criticality=none",
        f"department={ward}",
        "department=none",
        f"{ALL}&sort=asset_number",
        f"{ALL}&sort=-criticality",
    ):
        assert titles(browser, query) == ["Pump 1", "Pump 2"], query
        page = told(browser, f"/devices/?{query}")
        assert not [written for written in (*WRITTEN, "High") if written in page], query
    assert browser.get("/api/v1/devices?criticality=high").status_code == 422
    assert browser.get(f"/api/v1/devices?department={ward}").status_code == 422


def test_saved_views_and_choices_tell_a_vendor_nothing_that_is_written(enter: Enter) -> None:
    browser = enter("vendor")
    assert [view["name"] for view in browser.get("/api/v1/saved-views").json()] == ["Everything"]
    assert [view.name for view in browser.get("/devices/").context["views"]] == ["Everything"]
    choices = told(browser, "/api/v1/devices/choices")
    assert not [written for written in ("CANARY", "department", "criticality") if written in choices]


@pytest.mark.parametrize("base", ["/devices/export", "/api/v1/devices/export"])
@pytest.mark.parametrize("roles", [("auditor",), ("auditor", "vendor")])
def test_a_file_bears_what_is_written_only_for_who_may_read_it(
    enter: Enter, base: str, roles: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = enter(*roles)
    for ending in ("csv", "json"):
        text = told(browser, f"{base}.{ending}?{ALL}")
        assert "Pump 1" in text
        found = [written for written in (*WRITTEN, "high") if written in text]
        assert found == ([] if "vendor" in roles else [*WRITTEN, "high"])
    printed: list[str] = []

    class Paper:
        def __init__(self, *, string: str, url_fetcher: object) -> None:
            printed.append(string)

        def write_pdf(self) -> bytes:
            return b"%PDF"

    monkeypatch.setattr("weasyprint.HTML", Paper)
    assert browser.get(f"{base}.pdf?{ALL}").status_code == 200
    assert "Pump 1" in printed[0]
    found = [written for written in (*WRITTEN, "high") if written in printed[0]]
    assert found == ([] if "vendor" in roles else [*WRITTEN, "high"])
    if "vendor" in roles:
        ordered = browser.get(f"{base}.json?sort=asset_number")
        if base.startswith("/api"):
            assert ordered.status_code == 422
            assert browser.get(f"{base}.csv?criticality=high").status_code == 422
        else:
            assert told(browser, f"{base}.json?sort=asset_number") == told(browser, f"{base}.json?sort=title")
            assert told(browser, f"{base}.json?criticality=high") == told(browser, f"{base}.json")
