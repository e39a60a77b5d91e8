from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as some

from asepsis.web.devices.models import Device, DeviceRecord, Link
from asepsis.web.facilities.models import Department
from asepsis.web.map.layout import HEIGHT, LONGEST_COLUMN, THICK, THIN, WIDTH, Edge, Node, beside, ring, sides
from tests.web.conftest import MakeDevice, MakePerson, SignedIn

THEN = datetime(2026, 1, 2, tzinfo=UTC)


def link(client: Device, server: Device | None, application: str, volume: int, patients: int = 0) -> None:
    Link.objects.create(
        site=client.site,
        client=client,
        server=server,
        client_address=client.address,
        server_address=server.address if server else "198.51.100.7",
        client_zone=client.zone,
        server_zone=server.zone if server else "outside",
        application=application,
        conversations=2,
        bytes=volume,
        patient_messages=patients,
        first_seen=THEN,
        last_seen=THEN,
    )


@pytest.fixture
def ward(make_device: MakeDevice) -> tuple[Device, Device, Device]:
    pump = make_device("pump000001", title="Pump", zone="10.0.1.0/24", address="10.0.1.5", medical=True)
    engine = make_device("engine0001", title="Engine", zone="10.0.2.0/24", address="10.0.2.5")
    far = make_device("faraway001", title="Secret elsewhere", site="south", zone="10.9.0.0/24", address="10.9.0.1")
    link(pump, engine, "hl7", 9000, patients=4)
    link(pump, None, "tls", 500)
    link(far, None, "dns", 100)
    link(engine, far, "ssh", 50)
    return pump, engine, far


def test_groups_come_first_with_their_sums(
    ward: tuple[Device, Device, Device], make_person: MakePerson, signed_in: SignedIn
) -> None:
    page = signed_in(make_person("nora", "network_engineer")).get("/map/")
    rows = {(row.source, row.target): row for row in page.context["rows"]}
    assert rows[("10.0.1.0/24", "10.0.2.0/24")].clear == 4
    assert ("10.0.1.0/24", "outside") in rows
    words = {one.node.words for one in page.context["picture"].nodes}
    assert words == {"10.0.1.0/24", "10.0.2.0/24", "10.9.0.0/24", "outside"}
    assert "The same as a table" in page.content.decode()


def test_it_is_narrowed_by_application_and_by_patient_data_in_clear(
    ward: tuple[Device, Device, Device], make_person: MakePerson, signed_in: SignedIn
) -> None:
    browser = signed_in(make_person("nora", "network_engineer"))
    assert [row.applications for row in browser.get("/map/?application=tls").context["rows"]] == ["TLS"]
    assert [row.applications for row in browser.get("/map/?clear=on").context["rows"]] == ["HL7"]


def test_an_opened_network_shows_its_devices(
    ward: tuple[Device, Device, Device], make_person: MakePerson, signed_in: SignedIn
) -> None:
    page = signed_in(make_person("nora", "network_engineer")).get("/map/?open=10.0.1.0/24")
    assert {one.node.words for one in page.context["picture"].nodes} == {"Pump", "10.0.2.0/24", "outside"}


def test_departments_group_as_well(
    ward: tuple[Device, Device, Device], make_person: MakePerson, signed_in: SignedIn
) -> None:
    pump, _, _ = ward
    icu = Department.objects.create(site=pump.site, name="ICU")
    DeviceRecord.objects.create(device=pump, department=icu)
    browser = signed_in(make_person("nora", "network_engineer"))
    page = browser.get("/map/?by=department&application=hl7")
    assert [(row.source, row.target) for row in page.context["rows"]] == [("ICU", "no department")]
    opened = browser.get("/map/?by=department&open=no department&application=hl7")
    assert {one.node.words for one in opened.context["picture"].nodes} == {"Engine", "ICU"}


def test_of_another_site_nothing_is_drawn_but_the_network_that_ones_own_devices_talk_to(
    ward: tuple[Device, Device, Device], make_person: MakePerson, signed_in: SignedIn
) -> None:
    pump, _, far = ward
    browser = signed_in(make_person("nora", "network_engineer", site=pump.site))
    page = browser.get("/map/")
    assert "DNS" not in [row.applications for row in page.context["rows"]]
    for address in ("/map/", "/map/?open=10.9.0.0/24", "/map/device/engine0001/"):
        assert "Secret elsewhere" not in browser.get(address).content.decode()
    assert browser.get(f"/map/device/{far.pk}/").status_code == 404


def test_a_neighbourhood_stands_between_those_that_ask_and_those_that_are_asked(
    ward: tuple[Device, Device, Device], make_person: MakePerson, signed_in: SignedIn
) -> None:
    page = signed_in(make_person("nora", "network_engineer")).get("/map/device/engine0001/")
    placed = {one.node.words: one.x for one in page.context["picture"].nodes}
    assert placed["Pump"] < placed["Engine"] < placed["Secret elsewhere"]


@given(some.integers(min_value=0, max_value=32), some.data())
def test_the_same_data_give_the_same_picture_within_its_frame(count: int, data: some.DataObject) -> None:
    nodes = [Node(key=str(n), words=str(n), count=n + 1, address="") for n in range(count)]
    places = some.integers(min_value=0, max_value=max(count - 1, 0))
    edges = [
        Edge(
            source=str(data.draw(places)),
            target=str(data.draw(places)),
            weight=data.draw(some.integers(min_value=0, max_value=10**12)),
            words="",
        )
        for _ in range(min(count, 6))
    ]
    drawn = ring(nodes, edges)
    assert drawn == ring(nodes, edges)
    for one in drawn.nodes:
        assert one.radius <= one.x <= WIDTH - one.radius
        assert one.radius <= one.y <= HEIGHT - one.radius
    assert all(THIN <= line.width <= THICK for line in drawn.lines)


def test_a_server_of_thousands_is_drawn_with_its_busiest() -> None:
    middle = Node(key="middle", words="DNS", count=1, address="")
    many = [Node(key=str(n), words=str(n), count=1, address="") for n in range(2000)]
    edges = [Edge(source=node.key, target="middle", weight=1, words="") for node in many]
    drawn = sides(middle, many, [], edges)
    assert len(drawn.nodes) == LONGEST_COLUMN + 1
    assert len(drawn.lines) == LONGEST_COLUMN


def test_names_of_many_groups_point_outwards_and_none_stands_on_its_head() -> None:
    nodes = [Node(key=str(n), words=str(n), count=1, address="") for n in range(32)]
    drawn = ring(nodes, [])
    assert len({one.turn for one in drawn.nodes}) > 8
    assert all((one.turn + 90) % 360 <= 180.001 for one in drawn.nodes)
    assert {one.turn for one in ring(nodes[:8], []).nodes} == {0.0}


def test_devices_of_a_group_stand_beside_the_groups_in_an_order_with_few_crossings() -> None:
    devices = [Node(key=f"device:{n}", words=str(n), count=1, address="") for n in range(4)]
    groups = [Node(key=f"group {n}", words=str(n), count=9, address="") for n in range(4)]
    edges = [Edge(source=f"device:{n}", target=f"group {3 - n}", weight=10, words="") for n in range(4)]
    among = Edge(source="device:0", target="device:3", weight=1, words="")
    drawn = beside(devices, groups, [*edges, among])
    heights = {one.node.key: one.y for one in drawn.nodes}
    assert sorted(heights, key=heights.__getitem__)[:2] in (["device:3", "group 0"], ["group 0", "device:3"])
    assert all(heights[edge.source] == heights[edge.target] for edge in edges)
    assert len(drawn.lines) == 5
    assert all(one.radius <= one.y <= drawn.height - one.radius for one in drawn.nodes)


def test_an_opened_network_of_hundreds_shows_its_busiest_and_the_rest_as_one(
    make_device: MakeDevice, make_person: MakePerson, signed_in: SignedIn
) -> None:
    server = make_device("server0001", title="Server", zone="10.0.2.0/24", address="10.0.2.5")
    for n in range(40):
        pump = make_device(f"pump{n:06d}", title=f"Pump {n}", zone="10.0.1.0/24", address=f"10.0.1.{n + 1}")
        link(pump, server, "hl7", 1000 + n)
    page = signed_in(make_person("nora", "network_engineer")).get("/map/?open=10.0.1.0/24")
    placed = {one.node.words: one.node.count for one in page.context["picture"].nodes}
    assert "Pump 39" in placed
    assert "Pump 0" not in placed
    assert placed["others"] == 40 - (len(placed) - 2)
    assert "10.0.2.0/24" in placed
