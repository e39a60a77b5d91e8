"""The topology file is read as written, says all that is wrong with it, and describes the promised hospital."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiooui
import pytest

from asepsis.knowledge.vocabulary import WIDER, Category
from lab.hospital import kinds, topology

SMALL = """
title: T
domain: t.example
segments:
  ward: {network: 10.1.0.0/24}
routers: {}
devices:
  - {kind: ct, name: ct, count: 2, segment: ward, models: [{vendor: X, prefix: "00:11:22", model: M, firmware: [a, b]}]}
"""


def read(tmp_path: Path, text: str, seed: int = 1) -> topology.Topology:
    file = tmp_path / "t.yaml"
    file.write_text(text)
    return topology.read(file, seed=seed)


def test_a_count_makes_numbered_devices_with_addresses_of_their_own(tmp_path: Path) -> None:
    devices = read(tmp_path, SMALL).devices
    assert list(devices) == ["ct1", "ct2"]
    assert [device.ip for device in devices.values()] == ["10.1.0.10", "10.1.0.11"]
    assert len({device.mac for device in devices.values()}) == 2


def test_the_same_seed_gives_the_same_hospital_and_another_seed_another(tmp_path: Path) -> None:
    assert read(tmp_path, SMALL, 7) == read(tmp_path, SMALL, 7)
    serials = [[one.serial for one in read(tmp_path, SMALL, seed).devices.values()] for seed in (1, 2)]
    assert serials[0] != serials[1]


def test_another_entry_changes_nothing_for_a_device(tmp_path: Path) -> None:
    more = SMALL.replace(
        "devices:\n", "devices:\n  - {kind: mr, name: mr, segment: ward, models: [{prefix: 00:aa:bb}]}\n"
    )
    assert read(tmp_path, more).devices["ct2"].mac == read(tmp_path, SMALL).devices["ct2"].mac


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("10.1.0.0/24", "10.1.0.5/24", "segments.ward.network"),
        ("10.1.0.0/24", "8.8.8.0/24", "not a private"),
        ("segment: ward", "segment: nowhere", "no segment is called nowhere"),
        ("count: 2", "count: 0", "devices[0].count"),
        ("count: 2", "cuont: 2", "devices[0].cuont"),
        ('"00:11:22"', '"00:11"', "prefix"),
        ("name: ct", "name: CT", "a name is at most 15"),
        ("routers: {}", "routers: {r: {joins: [ward]}}", "routers.r: no device"),
        ("title: T", "title: [", "not YAML"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(topology.TopologyError) as error:
        read(tmp_path, SMALL.replace(old, new))
    assert said in str(error.value)
    assert str(error.value).startswith("t.yaml: ")


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(topology.TopologyError) as error:
        read(tmp_path, SMALL.replace("segment: ward", "segment: x").replace("routers: {}", "routers: {r: {up: y}}"))
    assert len(str(error.value).splitlines()) == 3


def test_a_kind_without_a_module_is_refused(tmp_path: Path) -> None:
    with pytest.raises(topology.TopologyError, match=r"no module lab/hospital/kinds/teleporter\.py"):
        kinds.check(read(tmp_path, SMALL.replace("kind: ct", "kind: teleporter")))


def test_the_hospital_has_the_devices_that_were_promised() -> None:
    hospital = topology.read()
    kinds.check(hospital)
    there = {device.kind for device in hospital.devices.values()}
    medical = {kind for kind in there if _medical(kinds.category(kind))}
    assert len(hospital.devices) >= 120
    assert len(there) >= 30
    assert len(medical) >= 22


def _medical(word: str | None) -> bool:
    if word is None:
        return False
    wide = WIDER.get(Category(word), ())
    return bool({Category.MEDICAL_DEVICE, Category.MEDICAL_SERVER} & {*wide, Category(word)}) or word in (
        "telemedicine_cart",
        "imaging_workstation",
    )


def test_every_kind_plays_a_part_of_the_closed_list() -> None:
    known = {str(category) for category in Category}
    assert {word for kind in kinds.names() if (word := kinds.category(kind))} <= known


def test_every_kind_of_the_folder_has_a_device_and_every_router_its_name() -> None:
    hospital = topology.read()
    assert set(kinds.names()) == {device.kind for device in hospital.devices.values()}
    assert {router.device for router in hospital.routers} <= set(hospital.devices)


def test_every_hardware_address_bears_the_prefix_of_the_vendor_that_is_named() -> None:
    async def registered(mac: str) -> str | None:
        await aiooui.async_load()
        return aiooui.get_vendor(mac)

    for device in topology.read().devices.values():
        assert asyncio.run(registered(device.mac)) == (device.model.prefix_of or None), device.name


def test_some_devices_alone_keep_the_network_that_they_need() -> None:
    few = topology.read().only({"ct1"})
    assert {"ct1", "core", "edge", "infra1"} <= set(few.devices)
    assert "pacs1" not in few.devices
