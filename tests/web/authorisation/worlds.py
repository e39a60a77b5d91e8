"""Random small hospitals: people, devices and circumstances, few enough of each that they meet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from asepsis.web.authorisation.actions import Purpose
from asepsis.web.authorisation.facts import (
    HOSPITAL,
    PLACED_ROLES,
    Circumstances,
    DeviceFacts,
    Grant,
    OpenBreakGlass,
    Scope,
    Subject,
    VendorAccess,
)

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
SITES = ("1", "2")
DEPARTMENTS = {"11": "1", "12": "1", "21": "2"}
DEVICES = ("a", "b", "c", "d")
GROUPS = ("7", "8")

scopes = st.sampled_from(
    [HOSPITAL, *(Scope(site=site) for site in SITES)]
    + [Scope(site=site, department=department) for department, site in DEPARTMENTS.items()]
)
ends = st.sampled_from([NOW - timedelta(seconds=1), NOW, NOW + timedelta(seconds=1)])
grants = st.builds(Grant, role=st.sampled_from(PLACED_ROLES), scope=scopes, expires_at=st.none() | ends)
opened = st.builds(OpenBreakGlass, until=ends, device=st.sampled_from(DEVICES))
subjects = st.builds(
    Subject,
    id=st.just("me"),
    active=st.sampled_from([True, True, True, False]),
    grants=st.lists(grants, max_size=3).map(tuple),
    vendor=st.none() | st.none() | st.builds(VendorAccess, group=st.sampled_from(GROUPS), until=ends),
    patient=st.none() | st.just("p"),
    break_glass=st.lists(opened, max_size=2).map(tuple),
)
circumstances = st.builds(
    Circumstances,
    assurance_level=st.sampled_from([1, 2, 2, 3]),
    device_bound=st.booleans(),
    signed_in_seconds_ago=st.sampled_from([1, 600, 601]),
    now=st.just(NOW),
    purpose=st.sampled_from(Purpose),
    network_address=st.none() | st.sampled_from(["10.1.0.7", "192.0.2.1", "2001:db8::7"]),
)


# A department may stand on a device of another site, as after a wrong import: both sides must then say the same.
placements = st.builds(
    Scope, site=st.none() | st.sampled_from(SITES), department=st.none() | st.sampled_from(sorted(DEPARTMENTS))
)


def device(id_: str) -> st.SearchStrategy[DeviceFacts]:
    """One device somewhere, in some groups."""
    return st.builds(
        DeviceFacts,
        id=st.just(id_),
        scope=placements,
        groups=st.lists(st.sampled_from(GROUPS), max_size=2, unique=True).map(tuple),
    )


inventories = st.tuples(*(device(id_) for id_ in DEVICES))

OWN_POLICIES = """
// What a hospital might add.
@id("management-network")
@says("Packets are opened from the management network only.")
forbid (principal, action == Action::"packet.view", resource)
unless { context has network && context.network.isInRange(ip("10.1.0.0/16")) };

@id("icu-is-seen-by-analysts")
@says("Every security analyst sees the devices of department 21, and whoever analyses for the hospital the device d.")
permit (principal, action in [Action::"device.list", Action::"device.view"], resource in Scope::"department/21")
unless { principal.security_analyst_of.isEmpty() };

@id("one-device-is-nobodys")
@says("Device c is shown to the clinical engineers of its place only.")
forbid (principal, action in [Action::"device.list", Action::"packet.view"], resource == Device::"c")
unless { resource in principal.clinical_engineer_of || principal.break_glass_devices.contains(resource) };

@id("group-8-for-research")
@says("Devices of group 8 are not listed for research, but for device a.")
forbid (principal, action in Action::"read", resource is Device in DeviceGroup::"8")
when { context.purpose == Purpose::"HRESCH" && !(resource == Device::"a" || resource in [Scope::"site/1"]) };
"""
