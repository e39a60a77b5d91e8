"""Rows are brought up to date a few at a time, and those that say the same are left alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asepsis.pipeline.registry import Registry
from asepsis.pipeline.workspace import Workspace
from asepsis.web.devices import writing
from asepsis.web.devices.models import Change, Device, Link
from asepsis.web.devices.projection import is_stale, refresh
from asepsis.web.devices.writing import write_changes, write_devices, write_links
from asepsis.web.facilities.models import Site
from tests.devices.ward import MONITOR, observed, request
from tests.web.conftest import MakeDevice

WHEN = datetime(2026, 1, 1, tzinfo=UTC)


def link(site: Site, client: Device | None, address: str, server: str, application: str = "dns") -> Link:
    return Link(
        site=site,
        client=client,
        client_address=address,
        server_address=server,
        client_zone="a",
        server_zone="b",
        application=application,
        conversations=1,
        bytes=2,
        first_seen=WHEN,
        last_seen=WHEN,
    )


def kept() -> list[tuple[str, str | None, str, str]]:
    return sorted(
        Link.objects.values_list("site__name", "client", "client_address", "server_address"),
        key=lambda row: tuple(part or "" for part in row),
    )


def test_a_row_that_says_the_same_is_not_written_again(make_device: MakeDevice) -> None:
    pump, printer = make_device("pump000001"), make_device("printer001")
    printer.vendor = "HP"
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert write_devices([pump, printer]) == {"pump000001", "printer001"}
    written = [query["sql"] for query in asked.captured_queries if query["sql"].startswith("INSERT")]
    assert len(written) == 1
    assert "printer001" in written[0]
    assert "pump000001" not in written[0]
    assert Device.objects.get(pk="printer001").vendor == "HP"


def test_no_transaction_is_longer_than_a_few_rows(make_device: MakeDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "LINKS_AT_ONCE", 3)
    pump = make_device("pump000001")
    rows = [link(pump.site, None, f"10.0.0.{number}", "10.0.1.1") for number in range(10)]
    sizes = []
    insert = writing._insert

    def counted(rows: Sequence[writing.Prepared]) -> None:
        sizes.append(len(rows))
        insert(rows)

    monkeypatch.setattr(writing, "_insert", counted)
    write_links(rows)
    assert max(sizes) == 3
    assert len(kept()) == 10


def test_changes_are_added_and_those_that_are_told_no_more_go(make_device: MakeDevice) -> None:
    pump = make_device("pump000001")

    def change(after: str) -> Change:
        return Change(device=pump, at=WHEN, attribute="firmware", before="1", after=after)

    write_changes([change("2"), change("3")])
    first = Change.objects.get(after="3").pk
    write_changes([change("3"), change("4")])
    assert sorted(Change.objects.values_list("after", flat=True)) == ["3", "4"]
    assert Change.objects.get(after="3").pk == first


ENDS = st.tuples(st.sampled_from(["north", "south"]), st.sampled_from(["pump000001", ""]), st.sampled_from("ABC"))


@pytest.mark.django_db
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(ENDS, unique=True), st.lists(ENDS, unique=True), st.integers(1, 3))
def test_links_are_those_of_the_last_time_whatever_stood_there(
    make_device: MakeDevice,
    monkeypatch: pytest.MonkeyPatch,
    before: list[tuple[str, str, str]],
    after: list[tuple[str, str, str]],
    at_once: int,
) -> None:
    monkeypatch.setattr(writing, "LINKS_AT_ONCE", at_once)
    sites = {name: Site.objects.get_or_create(name=name)[0] for name in ("north", "south")}
    pump = Device.objects.filter(pk="pump000001").first() or make_device("pump000001")

    def links(ends: list[tuple[str, str, str]]) -> list[Link]:
        return [link(sites[site], pump if device else None, "10.0.0.1", server) for site, device, server in ends]

    write_links(links(before))
    write_links(links(after))
    assert kept() == sorted(
        ((site, device or None, "10.0.0.1", server) for site, device, server in after),
        key=lambda row: tuple(part or "" for part in row),
    )


@pytest.mark.django_db(transaction=True)
def test_a_server_notices_what_was_analysed_beside_it(workspace: Workspace) -> None:
    assert not is_stale(workspace)  # there is nothing to look at yet
    with Registry.open(workspace.registry_path) as registry:
        registry.merge(observed(request(MONITOR, host_name="icu-5"), capture="monday"))
    assert is_stale(workspace)
    assert refresh(workspace).devices == 1
    assert not is_stale(workspace)
    with Registry.open(workspace.registry_path) as registry:
        (device,) = registry.devices()
        registry.override(device.id, "vendor", "Mindray", by="ada")
    assert is_stale(workspace)
