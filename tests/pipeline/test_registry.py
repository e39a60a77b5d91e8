"""The registry keeps clues, devices, ids and what people know better, through crashes and beside other processes."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from asepsis.devices.observed import Observed, combine
from asepsis.history.intervals import FOREVER_NS, AddressInterval
from asepsis.kernel.time import SECOND_NS
from asepsis.pipeline.registry import CaptureRecord, Registry, RegistryError
from asepsis.protocols.snmp import Snmp
from asepsis.protocols.snmp_objects import ManagedObject
from tests.devices.ward import (
    MONITOR,
    NOON,
    PC,
    PHONE_MONDAY,
    PUMP,
    ROUTER,
    arp,
    conversation,
    lease,
    observed,
    request,
    sighting,
)

ROOT = Path(__file__).resolve().parents[2]
HOUR_NS = 3600 * SECOND_NS


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.open(tmp_path / "registry.sqlite") as opened:
        yield opened


def ward(capture: str = "capture", site: str = "north") -> Observed:
    return observed(
        arp(MONITOR, "10.0.0.5"),
        request(PUMP, host_name="pump-17", vendor_class="udhcp 1.22.1"),
        conversation((PC, "10.0.0.6"), (ROUTER, "93.184.216.34"), 443, ttl=(64, 52)),
        site=site,
        capture=capture,
    )


def ids(registry: Registry, site: str | None = None) -> dict[tuple[str, ...], str]:
    return {device.macs or device.ips: device.id for device in registry.devices(site)}


def test_devices_come_back_as_they_were_folded(registry: Registry) -> None:
    registry.merge(ward())
    found = {device.macs: device for device in registry.devices()}
    assert set(found) == {(MONITOR,), (PUMP,), (PC,), (ROUTER,)}
    pump = found[PUMP,]
    assert (pump.names, pump.os, pump.site) == (("pump-17",), "Linux", "north")
    assert pump.evidence
    assert registry.device(pump.id) == pump


def test_an_empty_registry_has_no_devices(registry: Registry) -> None:
    assert registry.devices() == []
    assert registry.device("d-nothing") is None
    assert registry.device_at("north", "10.0.0.5", NOON) is None
    assert registry.count() == 0


def test_the_same_capture_twice_adds_nothing(registry: Registry) -> None:
    assert registry.merge(ward()) is True
    before = registry.devices()
    assert registry.merge(ward()) is False
    assert registry.devices() == before


def test_ids_stay_when_the_same_network_is_seen_again(registry: Registry) -> None:
    registry.merge(ward("monday"))
    before = ids(registry)
    registry.merge(ward("tuesday"))
    assert ids(registry) == before
    assert registry.redirects() == []


def test_the_order_of_captures_does_not_matter(tmp_path: Path) -> None:
    captures = [
        observed(arp(MONITOR, "10.0.0.5"), capture="one"),
        observed(lease(PUMP, "10.0.0.5", at=3600), capture="two"),
        observed(conversation((PC, "10.0.0.6"), (MONITOR, "10.0.0.5")), capture="three"),
    ]
    documents = []
    for place, order in enumerate(([0, 1, 2], [2, 1, 0], [1, 2, 0])):
        with Registry.open(tmp_path / f"{place}.sqlite") as registry:
            for number in order:
                registry.merge(captures[number])
                registry.devices()
            documents.append([{**device.document(), "id": ""} for device in registry.devices()])
    assert documents[0] == documents[1] == documents[2]


def test_keeping_in_parts_equals_folding_at_once(registry: Registry) -> None:
    from asepsis.devices.fold import fold

    parts = [ward("one"), observed(lease(PUMP, "10.0.0.9", at=60), capture="two")]
    for part in parts:
        registry.merge(part)
    at_once = [{**device.document(), "id": ""} for device in fold(combine(parts)).devices]
    assert [{**device.document(), "id": ""} for device in registry.devices()] == at_once


def test_addresses_never_tie_devices_across_sites(registry: Registry) -> None:
    registry.merge(ward("one", "north"))
    registry.merge(ward("one", "south"))
    north, south = ids(registry, "north"), ids(registry, "south")
    assert set(north) == set(south)
    assert not set(north.values()) & set(south.values())
    assert len(registry.devices()) == 8
    assert registry.device_at("south", "10.0.0.5", NOON) == south[MONITOR,]


def test_a_device_that_was_known_by_address_keeps_its_id_when_its_hardware_is_seen(registry: Registry) -> None:
    registry.merge(observed(conversation(("", "10.0.0.5"), ("", "10.0.0.6")), capture="raw"))
    before = ids(registry)
    registry.merge(observed(arp(MONITOR, "10.0.0.5"), capture="ethernet"))
    assert ids(registry)[MONITOR,] == before["10.0.0.5",]


def serial(mac: str, ip: str) -> Observed:
    objects = (
        ManagedObject(name="entPhysicalSerialNum", index="1", value="SN12345"),
        ManagedObject(name="entPhysicalMfgName", index="1", value="Acme Medical"),
    )
    return observed(sighting(Snmp(version="v2c", pdu="Response", objects=objects), mac, ip), capture=f"serial {mac}")


def test_two_devices_that_turn_out_to_be_one_leave_a_redirect(registry: Registry) -> None:
    other = "00:09:5c:00:00:02"
    registry.merge(observed(arp(MONITOR, "10.0.0.5"), arp(other, "10.0.0.7", at=5), capture="links"))
    before = ids(registry)
    registry.override(before[other,], "model", "Scan 9000", "a nurse", at_ns=1)
    registry.merge(serial(MONITOR, "10.0.0.5"))
    registry.merge(serial(other, "10.0.0.7"))
    assert ids(registry) == {(MONITOR, other): before[MONITOR,]}
    assert registry.redirects() == [(before[other,], before[MONITOR,], "merged")]
    merged = registry.device(before[other,])
    assert merged is not None
    assert (merged.id, merged.model) == (before[MONITOR,], "Scan 9000")


def test_a_person_s_own_value_wins_and_can_be_taken_back(registry: Registry) -> None:
    registry.merge(ward())
    pump = ids(registry)[PUMP,]
    registry.override(pump, "category", "infusion_pump", "biomed", at_ns=1)
    registry.override(pump, "name", "Pump of bed 4", "biomed", at_ns=1)
    for _ in range(2):
        found = registry.device(pump)
        assert found is not None
        assert (found.category, found.confidence["category"]) == ("infusion_pump", 1.0)
        assert found.names == ("Pump of bed 4", "pump-17")
        assert ("infusion_pump", "person biomed") in {(reason.value, reason.protocol) for reason in found.evidence}
        registry.merge(ward("tuesday"))
    registry.override(pump, "category", None, "biomed")
    again = registry.device(pump)
    assert again is not None
    assert again.category == "medical_device"  # as the maker's prefix says


@pytest.mark.parametrize(
    ("attribute", "text", "code"),
    [
        ("category", "toaster", "category-unknown"),
        ("role", "toaster", "role-unknown"),
        ("colour", "red", "attribute-unknown"),
        ("model", "", "override-text"),
        ("model", "x" * 201, "override-text"),
        ("model", "a\x1bb", "override-text"),
    ],
)
def test_an_override_that_means_nothing_is_refused(registry: Registry, attribute: str, text: str, code: str) -> None:
    registry.merge(ward())
    with pytest.raises(RegistryError) as raised:
        registry.override(ids(registry)[PUMP,], attribute, text, "biomed")
    assert raised.value.code == code


def test_an_override_needs_a_device(registry: Registry) -> None:
    with pytest.raises(RegistryError) as raised:
        registry.override("d-nothing", "model", "x", "biomed")
    assert raised.value.code == "device-unknown"


def moved(registry: Registry) -> tuple[str, str]:
    registry.merge(observed(lease(MONITOR, "10.0.0.5"), lease(PUMP, "10.0.0.5", at=5 * 3600)))
    known = ids(registry)
    return known[MONITOR,], known[PUMP,]


def test_a_conversation_is_given_to_whoever_held_the_address_then(registry: Registry) -> None:
    monitor, pump = moved(registry)
    assert registry.device_at("north", "10.0.0.5", NOON - HOUR_NS) == monitor
    assert registry.device_at("north", "10.0.0.5", NOON + HOUR_NS) == monitor
    assert registry.device_at("north", "10.0.0.5", NOON + 6 * HOUR_NS) == pump
    assert registry.device_at("north", "10.0.0.77", NOON) is None


def test_columns_of_conversations_get_the_same_answers(registry: Registry) -> None:
    moved(registry)
    generator = random.Random(5)
    ips = [generator.choice(["10.0.0.5", "10.0.0.2", "10.0.0.77"]) for _ in range(200)]
    times = np.array([NOON + generator.randrange(-2, 9) * HOUR_NS for _ in ips], np.int64)
    expected = [registry.device_at("north", ip, when) for ip, when in zip(ips, times.tolist(), strict=True)]
    assert registry.devices_at("north", ips, times) == expected


def test_intervals_cover_all_time_without_overlap(registry: Registry) -> None:
    monitor, pump = moved(registry)
    found = [one for one in registry.intervals("north") if one.ip == "10.0.0.5"]
    assert registry.intervals("north", ["10.0.0.5"]) == found
    assert registry.intervals(None, ["10.0.0.5", "192.0.2.99"]) == [
        one for one in registry.intervals() if one.ip == "10.0.0.5"
    ]
    assert registry.intervals("north", []) == []
    turn = NOON + 5 * HOUR_NS
    assert found == [
        AddressInterval(site="north", ip="10.0.0.5", device=monitor, from_ns=-FOREVER_NS, until_ns=turn),
        AddressInterval(site="north", ip="10.0.0.5", device=pump, from_ns=turn, until_ns=FOREVER_NS),
    ]


def test_a_day_of_minutes_stays_small(registry: Registry) -> None:
    for minute in range(60):
        seen = [arp(MONITOR, "10.0.0.5", at=60 * minute), arp(PHONE_MONDAY, "10.0.0.8", at=60 * minute)]
        registry.merge(observed(*seen, capture=f"interface:eth0:{minute}"))
        registry.devices()
    (ties,) = registry._select("SELECT count(*) FROM ties")[0]
    assert ties == 4  # two address pairs, and the two hardware addresses by themselves
    (last,) = registry._select("SELECT max(last_ns) FROM ties")[0]
    assert last == NOON + 59 * 60 * SECOND_NS


def test_counting_equals_listing_before_and_after_folding(registry: Registry) -> None:
    registry.merge(ward("one", "north"))
    registry.merge(ward("two", "south"))
    counted = (registry.count(), registry.count("north"))
    assert counted == (len(registry.devices()), len(registry.devices("north"))) == (8, 4)
    assert (registry.count(), registry.count("north"), registry.count("nowhere")) == (8, 4, 0)


def test_captures_are_remembered_with_what_is_known_of_them(registry: Registry) -> None:
    record = CaptureRecord(digest="capture", path="ward.pcap", packets=12, analyzed_ns=5)
    registry.merge(ward(), [record])
    assert registry.captures("north") == [("north", record)]
    assert registry.captures("south") == []


def test_a_file_that_is_no_registry_is_refused_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "registry.sqlite"
    path.write_bytes(b"not a database at all, but long enough to look at" * 40)
    with pytest.raises(RegistryError, match=r"registry\.sqlite"):
        Registry.open(path)


def test_a_registry_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "registry.sqlite"
    Registry.open(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(RegistryError) as raised:
        Registry.open(path)
    assert raised.value.code == "registry-format"


def test_a_folder_that_does_not_exist_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(RegistryError) as raised:
        Registry.open(tmp_path / "nowhere" / "registry.sqlite")
    assert raised.value.code == "registry-unusable"


def test_the_file_is_written_ahead_and_synced(registry: Registry) -> None:
    assert registry._select("PRAGMA journal_mode") == [("wal",)]
    assert registry._select("PRAGMA synchronous") == [(2,)]  # FULL


def test_a_merge_that_fails_leaves_nothing_behind(registry: Registry) -> None:
    whole = ward()
    broken = Observed(
        site=whole.site,
        captures=whole.captures,
        clues=(*whole.clues, whole.clues[0]._replace(weight="heavy")),  # type: ignore[arg-type] # the planted fault
        ties=whole.ties,
    )
    with pytest.raises(RegistryError):
        registry.merge(broken)
    assert registry.devices() == []
    assert registry.merge(whole) is True


def start(path: Path, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.pipeline.registry_writer", str(path), name, str(count)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"},
    )


@pytest.mark.slow
def test_two_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "registry.sqlite"
    writers = [start(path, name, 20) for name in ("1", "2")]
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    with Registry.open(path) as registry:
        assert len(registry.captures()) == 40
        assert len(registry.devices()) == 160
        assert len({device.id for device in registry.devices()}) == 160


@pytest.mark.slow
def test_a_killed_writer_leaves_whole_captures(tmp_path: Path) -> None:
    path = tmp_path / "registry.sqlite"
    writer = start(path, "1", 10_000)
    assert writer.stdout is not None
    committed = [writer.stdout.readline() for _ in range(5)]
    writer.send_signal(signal.SIGKILL)
    rest = writer.stdout.read().split()
    writer.wait(timeout=60)
    writer.stdout.close()
    with Registry.open(path) as registry:
        merged = len(registry.captures())
        # Everything that was reported is there, and at most the one that was on its way.
        assert len(committed) + len(rest) <= merged <= len(committed) + len(rest) + 1
        assert len(registry.devices()) == 4 * merged
        assert registry._select("PRAGMA integrity_check") == [("ok",)]


def test_a_registry_of_the_first_format_is_brought_up_to_date_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "registry.sqlite"
    with Registry.open(path) as registry:
        registry.merge(ward())
        pump = ids(registry)[PUMP,]
        registry.override(pump, "model", "Scan 9000", "biomed", at_ns=1)
    with sqlite3.connect(path) as connection:
        connection.execute("ALTER TABLE overrides DROP COLUMN note")
        connection.execute("ALTER TABLE captures DROP COLUMN knowledge")
        connection.execute("DROP TABLE folded")
        connection.execute("DROP TABLE events")
        connection.execute("DROP TABLE revision")
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    with Registry.open(path) as registry:
        assert ids(registry)[PUMP,] == pump
        (said,) = registry.overrides(pump)
        assert (said.value, said.by, said.note) == ("Scan 9000", "biomed", "")


def test_a_change_of_identity_is_an_event_however_many_captures_are_read_before_anybody_asks(
    registry: Registry,
) -> None:
    registry.merge(observed(arp(MONITOR, "10.0.0.5"), capture="monday"))
    registry.merge(observed(arp(PUMP, "10.0.0.5", at=100_000.0), capture="tuesday"))
    (event,) = registry.events("north")
    found = ids(registry)
    assert event.device == found[PUMP,]
    assert (event.change.attribute, event.change.after) == ("address", "10.0.0.5")
    assert event.change.before == f"held by {found[MONITOR,]}"
    assert registry.events(device=found[MONITOR,]) == []
    assert registry.events("south") == []
    # Asked again, and folded again, it is told once.
    registry.merge(observed(arp(PC, "10.0.0.6"), capture="wednesday"))
    assert registry.events("north") == [event]


def test_the_revision_grows_with_every_change_and_with_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "registry.sqlite"
    with Registry.open(path) as registry:
        empty = registry.revision()
        registry.merge(observed(request(MONITOR, host_name="icu-5"), capture="monday"))
        merged = registry.revision()
        assert merged > empty
        (device,) = registry.devices()
        assert registry.revision() == merged
        registry.merge(observed(request(MONITOR, host_name="icu-5"), capture="monday"))  # the same capture again
        assert registry.revision() == merged
        registry.override(device.id, "vendor", "Mindray", by="ada")
        assert registry.revision() > merged
    with Registry.open(path) as registry:
        assert registry.revision() > merged
