"""Pages and API about what could hurt somebody: what they show, to whom, and what a file holds."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client

from asepsis.pipeline.workspace import Workspace
from asepsis.web.devices.models import Device, DeviceRecord
from asepsis.web.exposure import listing
from asepsis.web.exposure.fleet import day_by_day, riskiest
from asepsis.web.exposure.models import Advisory, DepartmentRisk, Examined, Finding, FleetRisk, Risk
from asepsis.web.exposure.scored import scored
from asepsis.web.facilities.models import Department, DeviceGroup, Site
from asepsis.web.people.models import Person
from tests.web.conftest import MakeDevice, MakePerson, Recorded, SignedIn

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CVE = "CVE-2099-0001"


class Text(HTMLParser):
    """What a person reads of a page."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.feed(markup)

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def read(browser: Client, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return " ".join(" ".join(Text(answer.content.decode()).parts).split())


def judged(device: Device, *, score: float, rank: int, tier: str, kind: str = "telnet") -> Finding:
    """A device as a refresh leaves it: its risk, a weakness and an advisory."""
    factors = [
        {"factor": "function", "points": score * 0.66, "why": "it gives drugs into a vein"},
        {"factor": "exposure", "points": score * 0.34, "why": "3 partners in 2 other networks"},
    ]
    Risk.objects.create(
        device=device,
        score=score,
        low=score / 2,
        high=min(100, score * 1.5),
        tier=tier,
        rank=rank,
        rank_low=rank,
        rank_high=rank + 1,
        likelihood=0.5,
        harm=0.5,
        factors=factors,
        at=NOW,
    )
    document, _ = Advisory.objects.get_or_create(
        id="a" * 32,
        defaults={
            "number": "ICSMA-99-001-01",
            "title": "Pump of the future <b>",
            "publisher": "CISA",
            "category": "csaf",
            "base": 9.8,
            "vulnerabilities": [CVE],
            "search": f"icsma-99-001-01 pump {CVE}".lower(),
            "remedies": [{"category": "vendor_fix", "words": "Install version 9."}],
        },
    )
    common: dict[str, Any] = {
        "device": device,
        "site": device.site,
        "score": score,
        "first_found": NOW,
        "last_found": NOW,
        "digest": "",
        "care": "It gives drugs into a vein.",
    }
    Finding.objects.create(
        **common,
        source="advisory",
        key="a",
        advisory=document,
        answer="cannot tell",
        title=document.title,
        tells="the version",
        words="Pump <= 8",
        vulnerabilities=[CVE],
        base=9.8,
        exploited=True,
    )
    evidence = [{"what": "Telnet", "protocol": "telnet", "capture": "00", "packet": 7, "count": 2}]
    return Finding.objects.create(
        **common,
        source="weakness",
        key=kind,
        weakness=kind,
        answer="affected",
        title="Telnet is served",
        evidence=evidence,
    )


@pytest.fixture
def pumps(workspace: Workspace, make_device: MakeDevice) -> tuple[Device, Device]:
    """One pump in the north, in an intensive care unit, and one in the south."""
    north = make_device("pump0001", title="Plum", category="infusion_pump", medical=True, address="10.0.0.1")
    south = make_device("pump0002", site="south", title="Pear", category="infusion_pump", medical=True)
    icu = Department.objects.create(site=north.site, name="ICU")
    DeviceRecord.objects.create(device=north, department=icu, place="Bed 4")
    judged(north, score=50.0, rank=1, tier="critical")
    judged(south, score=30.0, rank=2, tier="high")
    Examined.objects.create(pk=1, inputs="", at=NOW, advisories=3)
    tally = {"on": NOW.date(), "critical": 1, "high": 0, "medium": 0, "low": 0, "score_sum": 50.0}
    FleetRisk.objects.create(site=north.site, **tally)
    FleetRisk.objects.create(site=south.site, **{**tally, "critical": 0, "high": 1})
    DepartmentRisk.objects.create(department=icu, **tally)
    return north, south


@pytest.fixture
def analyst(pumps: object, make_person: MakePerson, signed_in: SignedIn) -> Client:
    return signed_in(make_person("sol", "security_analyst"))


def test_the_list_says_whose_it_is_what_it_means_and_what_would_tell(analyst: Client) -> None:
    text = read(analyst, "/findings/")
    for told in ("Plum", "Critical 50", "Infusion pump", "10.0.0.1", "ICU", "Bed 4", "Pump of the future <b>"):
        assert told in text
    for told in ("ICSMA-99-001-01", "It gives drugs into a vein.", "the version would tell", "used by attackers"):
        assert told in text
    assert text.index("Plum") < text.index("Pear")


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 4),
        ("q=plum", 2),
        (f"q={CVE}", 2),
        ("q=telnet", 2),
        ("q=nothing-of-the-kind", 0),
        ("answer=affected", 2),
        ("source=advisory&exploited=true", 2),
        ("source=weakness", 2),
        ("source=report", 0),
        ("tier=critical", 2),
        ("tier=low", 0),
        ("site=nowhere", 0),
        ("site=south&weakness=telnet", 1),
        ("department=none", 2),
        ("department=1x&department=99999999999", 0),
        ("medical=true&has_fix=true", 0),
        ("device=pump0001", 2),
    ],
)
def test_filters_of_page_file_and_api_leave_the_same(analyst: Client, query: str, count: int) -> None:
    assert read(analyst, f"/findings/?{query}").count("2026-03-01") - 1 == count
    body = b"".join(analyst.get(f"/findings/export.json?{query}").streaming_content)  # type: ignore[attr-defined]
    assert len(json.loads(body)) == count
    if "department" not in query:
        assert len(analyst.get(f"/api/v1/findings?{query}").json()["items"]) == count


def test_a_search_that_finds_more_than_it_tells_says_so(analyst: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "SEARCHED_LIMIT", 1)
    monkeypatch.setattr(listing, "PER_PAGE", 1)
    text = read(analyst, "/findings/?q=telnet")
    assert "more than 1 finding " in text
    assert text.count("2026-03-01") - 1 == 1
    monkeypatch.setattr(listing, "SEARCHED_LIMIT", 2)
    first, second = (read(analyst, f"/findings/?q=telnet&page={number}") for number in (1, 2))
    for text in (first, second):
        assert "more than" not in text
        assert text.count("2026-03-01") - 1 == 1
    assert first != second


def test_what_a_search_remembers_is_shown_only_to_who_may_see_it_now(
    analyst: Client, make_person: MakePerson, signed_in: SignedIn
) -> None:
    engineer = make_person("ann", "clinical_engineer", site=Site.objects.get(name="south"))
    browser = signed_in(engineer)
    assert read(browser, "/findings/?q=telnet").count("2026-03-01") - 1 == 1
    Device.objects.filter(site__name="south").update(site=Site.objects.get(name="north"))
    Finding.objects.update(site=Site.objects.get(name="north"))
    assert read(browser, "/findings/?q=telnet").count("2026-03-01") - 1 == 0


def test_several_values_of_a_filter_add_up_and_one_that_is_none_leaves_nothing(analyst: Client) -> None:
    leaves = {
        "source=weakness&source=advisory": 4,
        "source=unheard-of": 0,
        "source=unheard-of&source=weakness": 2,
        "tier=high&tier=critical": 4,
        "tier=unheard-of": 0,
        "site=north&site=south": 4,
    }
    for query, count in leaves.items():
        assert read(analyst, f"/findings/?{query}").count("2026-03-01") - 1 == count, query


def test_grouped_each_finding_stands_once_with_its_devices(analyst: Client) -> None:
    text = read(analyst, "/findings/?by=finding")
    assert text.count("Telnet is served") == 1
    (advisory, weakness) = analyst.get("/api/v1/findings/groups").json()
    assert (advisory["devices"], advisory["sure"], advisory["exploited"]) == (2, 0, 2)
    assert (weakness["weakness"], weakness["devices"], weakness["sure"], weakness["top"]) == ("telnet", 2, 2, 50.0)


def test_a_file_holds_no_formula_and_is_recorded(analyst: Client, recorded: Recorded) -> None:
    Finding.objects.filter(device="pump0001").update(title="=cmd()")
    answer = analyst.get("/findings/export.csv?q=CANARY")
    assert list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode()))) == []  # type: ignore[attr-defined]
    answer = analyst.get("/findings/export.csv")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))  # type: ignore[attr-defined]
    assert {row["finding"] for row in rows} == {"'=cmd()", "Telnet is served", "Pump of the future <b>"}
    kept = [one for one in recorded() if one.kind == "finding.export"]
    assert len(kept) == 2
    assert "CANARY" not in repr(kept)


def test_an_advisory_tells_who_is_concerned_what_would_tell_and_what_to_do(analyst: Client) -> None:
    text = read(analyst, f"/advisories/{'a' * 32}/")
    for told in (
        "0 affected here",
        "2 that may be affected",
        "The version would tell",
        "Install version 9.",
        "Plum",
        "ICU",
    ):
        assert told in text
    told = analyst.get(f"/api/v1/advisories/{'a' * 32}").json()
    assert (told["number"], told["affected"], told["cannot_tell"]) == ("ICSMA-99-001-01", 0, 2)


def test_a_device_s_page_says_how_much_why_and_by_which_packet(analyst: Client) -> None:
    text = read(analyst, "/devices/pump0001/exposure/")
    for told in (
        "50 of 100 Critical",
        "Between 25 and 75",
        "number 1 of 2",
        "What it does for patients",
        "33.0",
        "17.0",
    ):
        assert told in text
    assert "packet 7" in text
    told = analyst.get("/api/v1/devices/pump0001/exposure").json()
    assert told["risk"]["rank"] == 1
    assert [one["evidence"][0]["packet"] for one in told["findings"] if one["evidence"]] == [7]
    # Its own page and the overview lead there.
    assert "Plum" in read(analyst, "/")


def test_the_packet_of_a_finding_is_asked_for_by_its_place_and_a_missing_capture_is_said(
    analyst: Client, recorded: Recorded
) -> None:
    number = Finding.objects.get(device="pump0001", weakness="telnet").pk
    assert "capture is not known" in read(analyst, f"/findings/{number}/evidence/0/")
    assert analyst.get(f"/findings/{number}/evidence/1/").status_code == 404
    assert analyst.get(f"/findings/{10**6}/evidence/0/").status_code == 404
    assert analyst.get(f"/api/v1/findings/{number}/evidence/0").json()["packet"] == 7
    assert [one.subject for one in recorded() if one.kind == "device.evidence"] == ["device:pump0001"] * 2


def test_risk_begins_with_the_riskiest_and_counts_tiers_places_and_days(analyst: Client) -> None:
    text = read(analyst, "/risk/")
    assert text.index("Plum") < text.index("Pear")
    assert "It gives drugs into a vein. 3 partners in 2 other networks." in text
    told = analyst.get("/api/v1/risk").json()
    assert told["tiers"] == {"critical": 1, "high": 1}
    assert [one["place"] for one in told["places"]] == ["north", "north: ICU", "south"]
    listed = analyst.get("/api/v1/risk/devices?limit=1").json()
    assert listed["items"][0]["device"] == "pump0001"
    rest = analyst.get(f"/api/v1/risk/devices?limit=1&cursor={listed['next']}").json()
    assert (rest["items"][0]["device"], rest["next"]) == ("pump0002", None)


def test_devices_that_are_risky_for_the_same_reasons_stand_on_one_line(
    analyst: Client, pumps: tuple[Device, Device], make_device: MakeDevice
) -> None:
    for number in range(3, 14):
        twin = make_device(f"pump{number:04}", title=f"Plum {number}", category="infusion_pump", site="north")
        judged(twin, score=49.0, rank=number, tier="critical")
    found = riskiest(Risk.objects.all(), 5)
    assert [[one.device_id for one in alike.risks][:3] for alike in found] == [
        ["pump0001", "pump0003", "pump0004"],
        ["pump0002"],
    ]
    assert (len(found[0].named), found[0].more) == (8, 4)
    for address in ("/", "/risk/"):
        text = read(analyst, address)
        assert text.count("It gives drugs into a vein.") == 2, address
        assert "and 4 more" in text, address


ADDRESSES = (
    *("/findings/", "/findings/?by=finding", "/risk/", "/api/v1/findings", "/api/v1/risk", "/api/v1/risk/devices"),
    *("/api/v1/findings/groups", "/api/v1/findings/choices", f"/advisories/{'a' * 32}/"),
)


def test_nobody_reads_of_devices_of_another_place(
    pumps: tuple[Device, Device], make_person: MakePerson, signed_in: SignedIn
) -> None:
    north, south = pumps
    eve = signed_in(make_person("eve", "clinical_engineer", department=Department.objects.get(name="ICU")))
    for address in ADDRESSES:
        body = eve.get(address).content.decode()
        assert south.title not in body, address
        assert "south" not in body, address
    assert eve.get("/devices/pump0002/exposure/").status_code == 404
    assert eve.get("/api/v1/devices/pump0002/exposure").status_code == 404
    other = Finding.objects.get(device=south, weakness="telnet").pk
    assert eve.get(f"/findings/{other}/evidence/0/").status_code == 404
    assert [one["place"] for one in eve.get("/api/v1/risk").json()["places"]] == ["north: ICU"]
    assert eve.get("/api/v1/risk").json()["history"] == []
    # An advisory that concerns only others is none.
    Finding.objects.filter(device=north, source="advisory").delete()
    assert eve.get(f"/advisories/{'a' * 32}/").status_code == 404


def test_roles_that_judge_nothing_are_refused(
    pumps: tuple[Device, Device], make_person: MakePerson, signed_in: SignedIn
) -> None:
    group = DeviceGroup.objects.create(name="pumps")
    group.devices.add(*pumps)
    vendor = make_person("vic", "vendor", device_group=group, expires=datetime(2099, 1, 1, tzinfo=UTC))
    for person in (make_person("ada", "administrator"), vendor):
        browser = signed_in(person)
        for address in ("/findings/", "/risk/", "/devices/pump0001/exposure/", "/api/v1/findings"):
            assert browser.get(address).status_code == 403, (person, address)
        assert "Look at these first" not in browser.get("/").content.decode()


def test_a_clinician_reads_why_and_opens_no_packet(
    pumps: tuple[Device, Device], make_person: MakePerson, signed_in: SignedIn
) -> None:
    cleo = signed_in(make_person("cleo", "clinician"))
    text = read(cleo, "/devices/pump0001/exposure/")
    assert "It gives drugs into a vein" in text
    assert "packet 7" not in text
    number = Finding.objects.get(device="pump0001", weakness="telnet").pk
    assert cleo.get(f"/findings/{number}/evidence/0/").status_code == 403
    assert cleo.get("/findings/export.csv").status_code == 403
    told = cleo.get("/api/v1/devices/pump0001/exposure").json()
    assert all(one["evidence"] == [] for one in told["findings"])


def test_mine_are_those_that_i_own(pumps: tuple[Device, Device], analyst: Client) -> None:
    DeviceRecord.objects.filter(device=pumps[0]).update(owner=Person.objects.get(username="sol"))
    assert len(analyst.get("/api/v1/findings?mine=true").json()["items"]) == 2


def test_without_a_refresh_pages_say_so(
    workspace: Workspace, make_device: MakeDevice, make_person: MakePerson, signed_in: SignedIn
) -> None:
    make_device("pump0001", title="Plum")
    browser = signed_in(make_person("sol", "security_analyst"))
    assert "Nothing to judge yet" in read(browser, "/findings/")
    assert "Nothing to judge yet" in read(browser, "/risk/")
    assert "was not worked out yet" in read(browser, "/devices/pump0001/exposure/")
    assert browser.get("/api/v1/devices/pump0001/exposure").json()["risk"] is None


def test_tenths_of_factors_add_up_to_the_score_that_is_shown() -> None:
    factors = [{"factor": str(place), "points": 1.0 / 3.0, "why": ""} for place in range(9)]
    shown = [float(one.points) for one in scored(Risk(score=3.0, factors=factors))]
    assert sum(shown) == pytest.approx(3.0)
    assert set(shown) == {0.3, 0.4}


def test_a_day_without_a_tally_is_as_the_day_before() -> None:
    rows = [
        FleetRisk(on=date(2026, 1, 1), critical=1, high=1, medium=0, low=0, score_sum=1),
        FleetRisk(on=date(2026, 1, 4), critical=0, high=1, medium=0, low=0, score_sum=1),
    ]
    days = day_by_day(rows, date(2026, 1, 5))
    assert [(one.words, one.count) for one in days] == [
        *(("2026-01-01", 2), ("2026-01-02", 2), ("2026-01-03", 2), ("2026-01-04", 1), ("2026-01-05", 1)),
    ]
