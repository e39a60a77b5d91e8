"""The rows say what the registry and the history say, on the recorded hospital."""

from __future__ import annotations

import pytest

from asepsis.pipeline.demo import analyze_benign, recording
from asepsis.pipeline.registry import Registry
from asepsis.pipeline.workspace import Workspace
from asepsis.web.devices.models import Change, Device, Freshness, Link
from asepsis.web.devices.projection import refresh, refresh_device
from asepsis.web.devices.zones import GROUPS, LOCAL, OUTSIDE, UNPLACED, zone_of


@pytest.fixture
def hospital(workspace: Workspace, db: None) -> Workspace:
    analyze_benign(recording(), workspace=workspace)
    refresh(workspace)
    return workspace


def test_the_recorded_hospital_becomes_rows_with_zones_links_and_ages(hospital: Workspace) -> None:
    with Registry.open(hospital.registry_path) as registry:
        known = {device.id: device for device in registry.devices()}
    assert set(Device.objects.values_list("pk", flat=True)) == set(known)
    pump = Device.objects.filter(category="infusion_pump").order_by("-patient_messages")[0]
    assert pump.zone.startswith("10.")
    assert pump.zone.endswith("/24")
    assert pump.patient_messages > 0
    spoken = Link.objects.filter(client=pump, application="hl7").first()
    assert spoken is not None
    assert spoken.patient_messages > 0
    assert spoken.client_zone == pump.zone
    assert Link.objects.filter(application="tls", patient_messages__gt=0).count() == 0
    assert Freshness.objects.get().devices == len(known)
    assert Change.objects.count() > 0


def test_refreshing_again_changes_nothing(hospital: Workspace) -> None:
    before = sorted(Link.objects.values_list("client_address", "server_address", "application", "bytes"))
    refresh(hospital)
    assert sorted(Link.objects.values_list("client_address", "server_address", "application", "bytes")) == before


def test_a_correction_shows_in_its_row_and_traffic_stays(hospital: Workspace) -> None:
    pump = Device.objects.filter(category="infusion_pump").order_by("-bytes")[0]
    with Registry.open(hospital.registry_path) as registry:
        registry.override(pump.pk, "model", "Model nine", by="ada")
    refresh_device(hospital, pump.pk)
    again = Device.objects.get(pk=pump.pk)
    assert (again.model, again.bytes, again.peers) == ("Model nine", pump.bytes, pump.peers)
    assert "model nine" in again.search


@pytest.mark.parametrize(
    ("address", "zone"),
    [
        ("10.40.20.121", "10.40.20.0/24"),
        ("2001:db8::1", "2001:db8::/64"),
        ("224.0.0.251", GROUPS),
        ("255.255.255.255", GROUPS),
        ("ff02::fb", GROUPS),
        ("fe80::1", LOCAL),
        ("169.254.3.4", LOCAL),
        ("8.8.8.8", OUTSIDE),
        ("0.0.0.0", UNPLACED),
        ("", UNPLACED),
        ("no address", UNPLACED),
    ],
)
def test_every_address_lies_in_one_zone(address: str, zone: str) -> None:
    assert zone_of(address) == zone
